#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate: how long until an admitted device's first frame passes, until a closed one's last has passed, until an unknown
# device is told of; alone and with 8,000 devices admitted. Frames every 0.2 ms are the resolution.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../netns/lib_gate.sh"
sandbox "$@"
gate_net
A=02:c1:00:00:00:01 B=02:c2:00:00:00:02
device a lan1 $A 11
device b lan2 $B 12
device c lan3 02:c3:00:00:00:03 13
fwd_start
gate_policy >/dev/null
ports enforce lan1 lan2 lan3 >/dev/null
admit lan2 $B >/dev/null
in_ns a ip neigh replace 10.9.0.12 lladdr $B dev eth0
cat >"$W/arrive.py" <<'PY'
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x800))
s.bind(("eth0", 0x800))
while s.recv(2048):
    print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000, flush=True)
PY
cat >"$W/one.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("eth0", 0))
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e3, flush=True)
s.send(b"\xff" * 6 + mac + b"\x08\x06" + bytes(46))
PY
measure() {
	ip netns exec a "$BUILD/trafgen" udp 10.9.0.12 7001 5000 120 >"$W/sender" &
	local traffic=$! name median p99 worst aim
	rm -f "$W/pipe"
	mkfifo "$W/pipe"
	ip netns exec b python3 "$W/arrive.py" >"$W/pipe" &
	local arrive=$!
	ip netns exec gw python3 "$TOP/tests/bench/gate_latency.py" "${ROUNDS:-200}" lan1 $A \
		ip netns exec c python3 "$W/one.py" <"$W/pipe" >"$W/result"
	kill $arrive
	kill $traffic
	while read -r name median p99 worst; do
		case $name in open | close) aim=5 ;; told) aim=1000 ;; *) aim=5 ;; esac
		figure "$1: $name, ms (99 %: $p99, worst: $worst)" "$median" "$aim" \
			"$(awk -v a="$median" -v b="$aim" 'BEGIN {print a < b}')"
	done <"$W/result"
}
measure "3 ports"
python3 - >"$W/rows.json" <<'PY'
import json
print(json.dumps({"rows": [{"port": "lan3", "mac": "06:00:00:00:%02x:%02x" % (i >> 8, i & 255), "seconds": 3000,
                            "state": "admitted"} for i in range(8000)]}))
PY
ip netns exec gw python3 - "$W/rows.json" <<'PY'
import json, socket, struct, sys, time
v = json.load(open(sys.argv[1]))["rows"]
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("/run/sekisho/fwd.sock")
begin = time.time()
for i in range(0, len(v), 500):
    body = json.dumps({"op": "nac.admit", "args": {"rows": v[i:i + 500]}}).encode()
    s.send(b"SKIP" + struct.pack(">BBHII", 1, 1, 0, 1, len(body)) + body)
    d = json.loads(s.recv(1 << 20)[16:])
    assert d["code"] == 0, d
print("  8,000 devices admitted in %.2f s" % (time.time() - begin))
PY
measure "8,000 devices"
exit 0
