#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A million listed addresses: replaced under traffic (what gets lost, what gets through, the slowest packet, time and
# memory), single changes, and what the list costs a packet and a new connection, against the same gateway with an
# empty one. As long as any program on the machine listens to nf_tables, in whichever namespace, the kernel writes it a
# message for every element and takes three times as long.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
in_ns inet ip addr add 203.0.113.66/24 dev eth0
fwd_start
ROUNDS=${ROUNDS:-3} SECS=${SECS:-1} ENTRIES=${ENTRIES:-1000000}
cat >"$W/doc.json" <<'JSON'
{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"]}], "rules": [
 {"number":1001,"from":"lan","to":"wan","protocol":"any","port":"any"}]}
JSON
fwdctl apply "$W/doc.json" >/dev/null || exit 1
mk() { python3 "$TOP/tests/netns/mkblocklist.py" "$@"; }
fixed=("4 203.0.113.66 0" "4 198.51.100.0/24 0" "4 198.18.0.0/15 0")
mk 1 drop --random "$ENTRIES" 1 "${fixed[@]}" >"$W/list-1"
mk 2 drop --random "$ENTRIES" 2 "${fixed[@]}" >"$W/list-2"
mk 3 drop --random 0 3 >"$W/list-0"
number() { grep -o "\"$1\":[0-9]*" "$2" | head -n 1 | cut -d : -f 2; }
memory() { awk -v k="$1" '$1 == k ":" {print $2}' "/proc/$FWD/status"; }
cpu_ms() { awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) * 1000 / hz}' "/proc/$FWD/stat"; }
word() { sed "s/.*$1 \([0-9]*\).*/\1/" "$2"; }

fwdctl blocklist "$W/list-1" >"$W/out" || exit 1
figure "first load of $ENTRIES" "$(($(number us "$W/out") / 1000)) ms" "<2000 ms" $(($(number us "$W/out") < 2000000))

# ---- replaced under traffic, and the same traffic alone
# The forwarding path is what is timed, not when a process gets its turn: traffic has one core for itself, first
# come first served, as interrupts have theirs on a gateway; fwd works on the other.
probe() {
	if [ "$(nproc)" -gt 1 ]; then taskset -c 0 chrt -f 10 "$@"; else "$@"; fi
}
if [ "$(nproc)" -gt 1 ]; then taskset -a -p -c 1 "$FWD" >/dev/null; fi
probe ip netns exec inet "$BUILD/flowprobe" echo 9999 >"$W/echo" &
ECHO=$!
wait_for 5 grep -q ready "$W/echo"
probe ip netns exec lan "$BUILD/flowprobe" send 9999 5 203.0.113.10 203.0.113.66 >"$W/alone"
echo 5 >"/proc/$FWD/clear_refs"
base=$(memory VmRSS) cpu=$(cpu_ms)
probe ip netns exec lan "$BUILD/flowprobe" send 9999 $((ROUNDS * 4)) 203.0.113.10 203.0.113.66 >"$W/probe" &
PROBE=$!
for ((i = 0; i < ROUNDS; i++)); do
	fwdctl blocklist "$W/list-$((2 - i % 2))" >"$W/out" || exit 1
	number us "$W/out" >>"$W/times"
done
cpu=$((($(cpu_ms) - cpu) / ROUNDS)) peak=$(memory VmHWM)
wait $PROBE
kill $ECHO
wait $ECHO
if [ "$(nproc)" -gt 1 ]; then taskset -a -p -c 0-$(($(nproc) - 1)) "$FWD" >/dev/null; fi
took=$(($(median <"$W/times" | cut -d . -f 1) / 1000)) best=$(($(sort -n "$W/times" | head -n 1) / 1000))
figure "replacing $ENTRIES by as many others" "$took ms, the best $best ms, $cpu ms of them computing" "<2000 ms" $((took < 2000))
figure "memory beyond that of the list in force" "$(((peak - base) / 1024)) MiB" "<100 MiB" $((peak - base < 102400))
lost=$(word lost "$W/probe") through=$(awk '$1 == "203.0.113.66" {n = $2} END {print n + 0}' "$W/echo")
figure "allowed packets lost, of $(word sent "$W/probe")" "$lost" "0" $((lost == 0))
figure "blocked packets let through, of as many" "$through" "0" $((through == 0))
slow=$(word slowest_us "$W/probe")
figure "slowest packet there and back ($(word slowest_us "$W/alone") us without a replacement)" "$slow us" "<5000 us more" \
	$((slow < 5000 + $(word slowest_us "$W/alone")))
figure "p99.9 ($(word p999_us "$W/alone") us without)" "$(word p999_us "$W/probe") us" "<5000 us" $(($(word p999_us "$W/probe") < 5000))

# ---- single changes
g=$(fwdctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["blocklist"]["generation"])')
for ((i = 0; i < 40; i++)); do
	add="[\"4\",\"96.1.$i.77\",\"drop\"]"
	fwdctl op blocklist.change "{\"base\":$g,\"generation\":$((100 + 2 * i)),\"add\":[$add]}" >"$W/out" || exit 1
	number us "$W/out" >>"$W/single"
	g=$((101 + 2 * i))
	fwdctl op blocklist.change "{\"base\":$((g - 1)),\"generation\":$g,\"remove\":[$add]}" >"$W/out" || exit 1
	number us "$W/out" >>"$W/single"
done
one=$(median <"$W/single" | cut -d . -f 1)
figure "adding or removing one, median of 80 (worst $(sort -n "$W/single" | tail -n 1) us)" "$one us" "<5000 us" $((one < 5000))

# ---- what a packet and a connection pay
in_ns inet "$BUILD/trafgen" accept 5001 >"$W/accept" &
in_ns inet iperf3 -s -p 5201 >"$W/iperf" 2>&1 &
wait_for 5 grep -q ready "$W/accept"
rate() { in_ns lan "$BUILD/trafgen" connect 203.0.113.10 5001 "$SECS" 32 | sed 's/.*per_second //'; }
bulk() {
	in_ns lan iperf3 -c 203.0.113.10 -p 5201 -t "$SECS" -J |
		python3 -c 'import json,sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e6))'
}
for ((i = 0; i < ${PAIRS:-9}; i++)); do
	for l in 0 1; do
		fwdctl blocklist "$W/list-$l" >/dev/null || exit 1
		rate >>"$W/rate.$l"
		bulk >>"$W/bulk.$l"
	done
done
ratio "new connections/s, $ENTRIES listed : an empty list" "$(median <"$W/rate.1")" "$(median <"$W/rate.0")" '>=0.95'
ratio "throughput (Mbit/s), $ENTRIES listed : an empty list" "$(median <"$W/bulk.1")" "$(median <"$W/bulk.0")" '>=0.95'
exit 0
