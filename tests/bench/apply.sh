#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 10,000 rules through the daemon: what fwd does with a document (read, check every record, keep it on disk,
# change the kernel, look for connections to end) against `nft -f` of the equivalent text, and fwd's memory.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
ROUNDS=${ROUNDS:-5}
a=$(document 10000 1) b=$(document 10000 2)
memory() { awk -v k="$1" '$1 == k ":" {print $2}' "/proc/$FWD/status"; }
took() { # FILE COMMAND…: seconds
	local begin=$EPOCHREALTIME out=$1
	shift
	"$@" >"$W/out" || exit 1
	awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f\n", b - a}' >>"$out"
}
before=$(memory VmRSS)
fwdctl apply "$a" >"$W/out" || exit 1
first=$(($(memory VmHWM) - before))
before=$(memory VmRSS)
fwdctl apply "$b" >"$W/out" || exit 1
again=$(($(memory VmHWM) - before))
fwdctl text >"$W/text"
ip netns add plain
for ((i = 0; i < ROUNDS; i++)); do
	if [ $((i % 2)) = 0 ]; then doc=$a; else doc=$b; fi
	took "$W/fwd" fwdctl apply "$doc"
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["switch_us"] / 1e6)' "$W/out" >>"$W/switch"
	took "$W/nft" ip netns exec plain nft -f "$W/text"
	ip netns exec plain nft flush ruleset
done
ratio "the transaction : nft -f" "$(median <"$W/switch")" "$(median <"$W/nft")" '<=0.5'
ratio "the whole apply, checks and disk included : nft -f" "$(median <"$W/fwd")" "$(median <"$W/nft")" '<=1.0'
figure "extra memory of fwd, first apply" "$((first / 1024)) MiB" "<32 MiB" $((first < 32768))
figure "extra memory of fwd, next apply" "$((again / 1024)) MiB" "<32 MiB" $((again < 32768))
exit 0
