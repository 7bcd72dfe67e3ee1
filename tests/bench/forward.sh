#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What 10,000 rules over 20 zone pairs cost: new connections a second against the same gateway with 10
# rules (both match in the last rule of the pair), and bulk throughput of established connections against
# a plain stateful ruleset in the same gateway. Interleaved, medians.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
small=$(document 200 1) big=$(document 10000 2) # 200 over 20 pairs: 10 a pair
in_ns inet "$BUILD/trafgen" accept 5001 >"$W/accept" &
in_ns inet iperf3 -s -p 5201 >"$W/iperf" 2>&1 &
wait_for 5 grep -q ready "$W/accept"
ROUNDS=${ROUNDS:-7} SECS=${SECS:-2}

rate() {
	in_ns lan "$BUILD/trafgen" connect 203.0.113.10 5001 "$SECS" 32 | sed 's/.*per_second //'
}
bulk() {
	in_ns lan iperf3 -c 203.0.113.10 -p 5201 -t "$SECS" -J |
		python3 -c 'import json,sys; print(round(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e6))'
}
for ((i = 0; i < ROUNDS; i++)); do
	for which in small big; do
		fwdctl apply "${!which}" >/dev/null || exit 1
		rate >>"$W/rate.$which"
	done
done
ratio "new connections/s, 10,000 rules : 10 in the pair" "$(median <"$W/rate.big")" "$(median <"$W/rate.small")" '>=0.9'

# Bulk: fwd's table against a plain stateful one, taking turns.
fwdctl apply "$big" >/dev/null || exit 1
kill $FWD
wait $FWD
plain() {
	in_ns gw nft -f - <<-'NFT'
		table inet plain {
			chain forward {
				type filter hook forward priority 0; policy drop;
				ct state established,related accept
				iifname "lan0" oifname "wan0" tcp dport 5201 accept
			}
		}
	NFT
}
for ((i = 0; i < ROUNDS; i++)); do
	rm -f /run/sekisho/fwd.sock
	fwd_start
	fwdctl apply "$big" >/dev/null || exit 1
	bulk >>"$W/bulk.sekisho"
	kill $FWD
	wait $FWD
	remove_table
	plain
	bulk >>"$W/bulk.plain"
	in_ns gw nft delete table inet plain
done
ratio "established throughput, 10,000 rules : plain stateful" "$(median <"$W/bulk.sekisho")" "$(median <"$W/bulk.plain")" '>=0.97'
exit 0
