#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 1,000 re-applies under continuous traffic: allowed packets lost, allowed connections broken, forbidden
# packets let through. All three must be zero.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
ROUNDS=${ROUNDS:-1000} RATE=${RATE:-5000}
a=$(document 2000 1) b=$(document 2000 2)
fwdctl apply "$a" || exit 1


# The far end counts what must not arrive.
in_ns inet nft -f - <<-'NFT'
	table inet probe {
		counter forbidden {}
		chain input { type filter hook input priority 0; udp dport 7002 counter name forbidden; }
	}
NFT
ip netns exec inet "$BUILD/trafgen" sink 7001 2 >"$W/allowed" &
sink=$!
wait_for 5 grep -q ready "$W/allowed"
in_ns inet python3 "$TOP/tests/netns/srv.py" 5001 '' >"$W/srv.log" &
wait_for 5 grep -q ready "$W/srv.log"
in_ns lan curl -sN http://203.0.113.10:5001/stream >"$W/stream" 2>/dev/null &
stream=$!
wait_for 5 test -s "$W/stream"
ip netns exec lan "$BUILD/trafgen" udp 203.0.113.10 7001 "$RATE" "${SECONDS_MAX:-600}" >"$W/sender" &
allowed=$!
ip netns exec lan "$BUILD/trafgen" udp 203.0.113.10 7002 "$RATE" "${SECONDS_MAX:-600}" >"$W/sender2" &
forbidden=$!

begin=$EPOCHREALTIME
for ((i = 0; i < ROUNDS; i++)); do
	if [ $((i % 2)) = 0 ]; then doc=$b; else doc=$a; fi
	fwdctl apply "$doc" >"$W/apply.log" 2>&1 || { cat "$W/apply.log"; exit 1; }
done
took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print b - a}')
size=$(stat -c %s "$W/stream")
broken=1
wait_for 3 bash -c "[ \$(stat -c %s $W/stream) -gt $size ]" && kill -0 $stream 2>/dev/null && broken=0
kill $allowed $forbidden
wait $sink
read -r _ got _ highest <<<"$(grep received "$W/allowed")"
leak=$(in_ns inet nft list counter inet probe forbidden | awk '/packets/ {print $2}')
printf '  %s re-applies of 2,000 rules in %.1f s under %s + %s datagrams/s\n' "$ROUNDS" "$took" "$RATE" "$RATE"
figure "allowed packets lost of $highest" "$((highest - got))" 0 $((highest == got))
figure "allowed connections broken" "$broken" 0 $((broken == 0))
figure "forbidden packets let through" "$leak" 0 $((leak == 0))
exit 0
