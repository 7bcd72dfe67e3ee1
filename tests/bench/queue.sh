#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What handing every packet to user space costs before anything is inspected: bulk TCP through the gateway with a
# listener that accepts, one that decodes and one that reads every byte, against plain forwarding under the same
# policy; the same with single datagrams of 1400 bytes; and the time it adds to a small request. Interleaved, medians.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
in_ns inet iperf3 -s -p 5201 >"$W/iperf" 2>&1 &
in_ns inet python3 - <<-'PY' &
	import socket
	s = socket.create_server(("203.0.113.10", 5202))
	while True:
	    c, _ = s.accept()
	    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	    while c.recv(1):
	        c.sendall(b"x")
PY
ROUNDS=${ROUNDS:-5} SECS=${SECS:-2} QUEUES=${QUEUES:-2}
for mode in off on; do
	cat >"$W/doc.$mode" <<-JSON
		{"generation": 1, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
		 "inspection": {"mode":"$mode","fail":"closed","queues":$QUEUES}, "zones": [
		 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
		 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
		 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"5201,5202"},
		 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"5201"}]}
	JSON
done
iperf() { # ARGS…
	in_ns lan iperf3 -c 203.0.113.10 -p 5201 -t "$SECS" -J "$@" |
		python3 -c 'import json,sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e6))'
}
rtt() { # microseconds at the median
	in_ns lan python3 - <<-'PY'
		import socket, time
		c = socket.create_connection(("203.0.113.10", 5202))
		c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		t = []
		for _ in range(2000):
		    a = time.perf_counter()
		    c.sendall(b"x")
		    c.recv(1)
		    t.append(time.perf_counter() - a)
		print(round(sorted(t)[1000] * 1e6, 1))
	PY
}
measure() { # NAME
	iperf >>"$W/bulk.$1"
	iperf -u -b 0 -l 1400 >>"$W/mtu.$1"
	rtt >>"$W/rtt.$1"
}
with_queue() { # NAME ARGS…
	local q
	ip netns exec gw "$BUILD/queueio" "${@:2}" "103:$QUEUES" >"$W/last.$1" &
	q=$!
	wait_for 5 grep -q ready "$W/last.$1"
	measure "$1"
	kill -TERM $q
	wait $q
}
for ((i = 0; i < ROUNDS; i++)); do
	fwdctl apply "$W/doc.off" >/dev/null || exit 1
	measure plain
	fwdctl apply "$W/doc.on" >/dev/null || exit 1
	with_queue accept
	with_queue decode --decode
	with_queue touch --touch
done
m() { median <"$W/$1"; }
for how in accept decode touch; do
	ratio "bulk, super-packets, Mbit/s: $how : plain" "$(m bulk.$how)" "$(m bulk.plain)" '>=0.5'
done
for how in accept touch; do
	ratio "datagrams of 1400 bytes, what arrives, Mbit/s: $how : plain" "$(m mtu.$how)" "$(m mtu.plain)" '>=0.2'
done
added=$(awk -v a="$(m rtt.accept)" -v b="$(m rtt.plain)" 'BEGIN {printf "%.1f", a - b}')
figure "round trip of one byte: accept - plain, µs" "$added" "two passes under 60" "$(awk -v a="$added" 'BEGIN {print a < 60}')"
for how in accept decode touch; do echo "  $how: $(tail -n 1 "$W/last.$how")"; done
exit 0
