#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 20,000 blocked connections a second for 10 s: every one stored, folded or counted as lost, while mgmtd
# answers `status` in under 100 ms.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
RATE=${RATE:-20000} SECS=${SECS:-10}
in_ns gw nft -f - <<-'NFT' # what arrives at the gateway, before any rule of ours
	table inet probe {
		counter arrived {}
		chain pre { type filter hook prerouting priority -400; iifname "lan0" udp dport >= 1024 counter name arrived; }
	}
NFT
in_ns lan ip route replace 198.18.0.0/16 via 192.168.10.1
in_ns gw ip route add 198.18.0.0/16 via 203.0.113.10
in_ns lan "$BUILD/trafgen" spray 198.18.0.0 "$RATE" "$SECS" >"$W/spray" &
spray=$!
while kill -0 $spray 2>/dev/null; do
	begin=$EPOCHREALTIME
	sk status >/dev/null
	awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print (b - a) * 1000}' >>"$W/status_ms"
	read -rt 0.2 <> <(:) || :
done
wait $spray
arrived=$(in_ns gw nft list counter inet probe arrived | awk '/packets/ {print $2}')
total() { # stored + folded (as counts) + lost
	as $KANSA --json report blocked --by reason --period today |
		python3 -c 'import json,sys; print(sum(r["count"] for r in json.load(sys.stdin)))'
}
lost() {
	sk --json status | python3 -c '
import json, sys
def walk(o):
    if isinstance(o, dict):
        for k, v in o.items():
            if k in ("lost_kernel", "lost_spool") and isinstance(v, int):
                yield v
            else:
                yield from walk(v)
print(sum(walk(json.load(sys.stdin))))'
}
accounted() { [ $(($(total) + $(lost))) -ge "$arrived" ]; }
wait_for 90 accounted
t=$(total) l=$(lost)
figure "blocked connections: $arrived arrived, accounted" "$((t + l)) ($l counted as lost)" "all" $((t + l >= arrived))
figure "status while it lasts, slowest of $(wc -l <"$W/status_ms")" "$(sort -n "$W/status_ms" | tail -n 1) ms" "<100 ms" \
	"$(sort -n "$W/status_ms" | tail -n 1 | awk '{print $1 < 100}')"
exit 0
