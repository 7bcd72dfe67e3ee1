#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Admission, with 5,000 registered devices: from EAP success to the first forwarded frame, from a revocation to the last
# one, from an unknown device's first frame to the event, nacd's memory; and 5,000 made-up supplicants on one port while
# registered devices enter on every port. Real hostapd and wpa_supplicant; frames every 0.2 ms are the resolution.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../netns/lib_nac.sh"
sandbox "$@"
for p in hostapd wpa_supplicant; do
	command -v $p >/dev/null || { echo "  $p is not installed"; exit 0; }
done
nac_net 1 2 3
gate_start >/dev/null
nacd_start
M1=00:1b:21:00:00:01 M2=00:1b:21:00:00:02 M3=00:1b:21:00:00:03
P=$W/pki GEN=0
pki "$P" server pc-001 pc-002 pc-003
document() { # FILE METHOD-OF-1 STATE-OF-1 METHOD-OF-2 DEVICES
	GEN=$((GEN + 1))
	python3 - "$@" $GEN "$P" >"$1" <<-'PY'
	import json, sys
	method, state, method2, count, generation, pki = sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]), int(sys.argv[6]), sys.argv[7]
	devices = [{"number": i, "name": f"pc-{i:03}", "kind": "pc", "macs": [f"00:1b:21:00:{i >> 8:02x}:{i & 255:02x}"],
	            "methods": ["dot1x"], "identities": [f"pc-{i:03}"], "owner": "田中 一郎", "department": "総務部",
	            "location": "本社 2 階", "state": "active", "zones": ["lan"]} for i in range(1, count + 1)]
	devices[0].update(methods=[method], state=state)
	devices[1].update(methods=[method2])
	ports = [{"name": f"lan{i}", "mode": "enforce", "zone": "lan", "dot1x": True, "mac": True} for i in (1, 2, 3)]
	print(json.dumps({"format": "sekisho-admission", "version": 1, "generation": generation, "ports": ports,
	                  "networks": [{"interface": "lan0", "zone": "lan", "sensor": True}],
	                  "eap": {"tls": {"ca": pki + "/ca.pem", "cert": pki + "/server.pem", "key": pki + "/server.key"}},
	                  "devices": devices}, ensure_ascii=False))
	PY
}
latency() { ip netns exec gw python3 "$TOP/tests/bench/nac_latency.py" "$@" || echo "  FAILED: $*"; }
below() { awk -v a="$1" -v b="$2" 'BEGIN {print (a < b) ? 1 : 0}'; }
memory() { nac status | sed -n 's/.*"memory": \([0-9]*\).*/\1/p'; }
running() { [ "$(nac status | grep -o '"hostapd": "running"' | wc -l)" = 3 ]; }
print_figures() { # NAME TEXT AIM WORST-AIM, of lines "name median 99% worst"
	local name median p99 worst
	while read -r name median p99 worst; do
		[ "$name" = "$1" ] || continue
		figure "$2, ms (99 %: $p99, worst: $worst)" "$median" "< $3, worst < $4" \
			$(($(below "$median" "$3") * $(below "$worst" "$4")))
	done <"$W/result"
}

# ---- memory ---------------------------------------------------------------------------------------------
document "$W/few.json" dot1x active mac 3
check_quiet nac apply "$W/few.json"
wait_for 10 running || echo "  FAILED: hostapd does not run"
few=$(memory)
document "$W/in.json" dot1x active mac 5000
check_quiet nac apply "$W/in.json"
for i in 1 2 3 4 5; do check_quiet nac apply "$W/in.json"; done # what is left behind by changes counts
many=$(memory)
figure "memory of nacd, 5,000 devices, KiB (3 devices: $((few / 1024)))" $((many / 1024)) "< 32768" "$(below "$many" $((32 << 20)))"

# ---- EAP success to the first frame -----------------------------------------------------------------------
wait_for 5 reach 2 10.9.0.1
in_ns c1 ip neigh replace 10.9.0.12 lladdr $M2 dev eth0
tls 1 "$P" pc-001
wait_for 15 reach 1 10.9.0.12 || echo "  FAILED: no way in"
ip netns exec c1 "$BUILD/trafgen" udp 10.9.0.12 7001 5000 600 >/dev/null &
traffic=$!
supplicant_stop 1
in_ns gw ip link set lan1 down
in_ns gw ip link set lan1 up
latency eap "${ROUNDS:-8}" "$W/wpa1.conf" >"$W/result"
print_figures eap "802.1X: EAP success to first forwarded frame" 5 100

# ---- revoked ------------------------------------------------------------------------------------------------
document "$W/in.json" mac active mac 5000
document "$W/out.json" mac revoked mac 5000
check_quiet nac apply "$W/in.json"
wait_for 5 reach 1 10.9.0.1
latency close "${ROUNDS:-20}" $M1 "$W/in.json" "$W/out.json" >"$W/result"
print_figures close "close to last frame" 5 100
print_figures close+apply "close, then the document, to last frame" 5 100
# Nobody waits for these: what is urgent is closed by name first.
sed -n 's/^apply \(.*\) .* .*/  the document alone (5,000 devices) to last frame, ms  \1/p; s/^approve \(.*\) .* .*/  approved: the document to first frame, ms             \1/p' "$W/result"
kill $traffic

# ---- told -----------------------------------------------------------------------------------------------------
latency told 40 >"$W/result"
print_figures told "unknown device's first frame to event" 1000 1000

# ---- made-up supplicants ----------------------------------------------------------------------------------------
# enter: three real supplicants, one on each port, at once; how long each takes, in seconds, into $W/took
enter() {
	local n begin
	for n in 1 2 3; do check_none nac_op close "{\"mac\":\"00:1b:21:00:00:0$n\",\"seconds\":0}"; done
	rm -f "$W"/in[123]
	begin=$(date +%s%N)
	for n in 1 2 3; do tls $n "$P" pc-00$n; done
	wait_for 40 all_in
	for n in 1 2 3; do
		awk -v a="$begin" -v b="$(stat -c %.9Y "$W/in$n" 2>/dev/null)" 'BEGIN {printf b ? "%.1f\n" : "-\n", b - a / 1e9}'
	done >"$W/took"
	for n in 1 2 3; do supplicant_stop $n; done
}
all_in() { # notes when each came in
	local n
	ctl op nac.list >"$W/rows"
	for n in 1 2 3; do
		[ -e "$W/in$n" ] || ! grep -q "\"mac\":\"00:1b:21:00:00:0$n\"" "$W/rows" || : >"$W/in$n"
	done
	[ -e "$W/in1" ] && [ -e "$W/in2" ] && [ -e "$W/in3" ]
}
check_none() { "$@" >/dev/null 2>&1; return 0; }
document "$W/in.json" dot1x active dot1x 5000
check_quiet nac apply "$W/in.json"
enter
mapfile -t quiet <"$W/took"
check_none nac_op close "{\"mac\":\"$M3\",\"seconds\":0}"
sent=$(in_ns c1 cat /sys/class/net/eth0/statistics/tx_packets)
ip netns exec c1 python3 "$TOP/tests/netns/gate_frames.py" eapol eth0 5000 500 >/dev/null & # 10 s of it
flood=$!
wait_for 5 eval '[ $(($(in_ns c1 cat /sys/class/net/eth0/statistics/tx_packets) - sent)) -gt 500 ]'
enter
kill -0 $flood 2>/dev/null || echo "  the flood was over before all were in"
wait $flood
mapfile -t flooded <"$W/took"
for n in 1 2 3; do
	figure "5,000 made-up supplicants on lan1: lan$n enters, s (without: ${quiet[n - 1]})" "${flooded[n - 1]}" "< 10" \
		"$([ "${flooded[n - 1]}" = - ] && echo 0 || below "${flooded[n - 1]}" 10)"
done
figure "memory of nacd after all of it, KiB" $(($(memory) / 1024)) "< 32768" "$(below "$(memory)" $((32 << 20)))"
exit 0
