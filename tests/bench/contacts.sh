#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What noticing contacts costs: new connections a second and throughput with fwd listening for new connections, to
# the same rules without it (fwd away, so the kernel does not even write the notices); fwd's own CPU time meanwhile.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start --no-owner
doc=$(document 200 1)
fwdctl apply "$doc" >/dev/null || exit 1
in_ns inet "$BUILD/trafgen" accept 5001 >"$W/accept" &
in_ns inet iperf3 -s -p 5201 >"$W/iperf" 2>&1 &
wait_for 5 grep -q ready "$W/accept"
ROUNDS=${ROUNDS:-7} SECS=${SECS:-2}

rate() { in_ns lan "$BUILD/trafgen" connect 203.0.113.10 5001 "$SECS" 32 | sed 's/.*per_second //'; }
bulk() {
	in_ns lan iperf3 -c 203.0.113.10 -p 5201 -t "$SECS" -J |
		python3 -c 'import json,sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e6))'
}
ticks() { awk '{print $14 + $15}' "/proc/$(pgrep -P $$ -f 'sekisho-fwd --state' | head -n 1)/stat" 2>/dev/null || echo 0; }
for ((i = 0; i < ROUNDS; i++)); do
	before=$(ticks)
	rate >>"$W/rate.with"
	echo $((($(ticks) - before) * 100 / SECS / $(getconf CLK_TCK))) >>"$W/cpu"
	bulk >>"$W/bulk.with"
	kill $FWD
	wait $FWD
	rate >>"$W/rate.without"
	bulk >>"$W/bulk.without"
	rm -f /run/sekisho/fwd.sock
	fwd_start --no-owner
done
ratio "new connections/s, contacts noticed : not" "$(median <"$W/rate.with")" "$(median <"$W/rate.without")" '>=0.95'
ratio "established throughput, contacts noticed : not" "$(median <"$W/bulk.with")" "$(median <"$W/bulk.without")" '>=0.97'
figure "fwd's CPU during it, % of a core" "$(median <"$W/cpu")" '<=5' "$(median <"$W/cpu" | awk '{print $1 <= 5}')"
fwdctl status | grep -o '"contacts":{[^}]*}' | sed 's/^/  # /'
exit 0
