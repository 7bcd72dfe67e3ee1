#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A feed of 100,000 addresses from its publisher's HTTPS server to the kernel: fetched, parsed, held against its last
# version, merged, handed over and loaded. From the command that asks for it until the firewall has its last entry.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/../netns/lib_feeds.sh"
sandbox "$@"
ROUNDS=${ROUNDS:-5} N=${N:-100000}
gateway_up
publisher_up
feed_start
# list SEED MARK: N addresses, nine in ten of them the same whatever the seed; MARK is one of them
list() {
	python3 - "$1" "$2" "$N" <<'PY' >"$W/www/list.txt"
import random, sys
seed, mark, n = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
out = {mark}
for r, k in ((random.Random(0), n * 9 // 10), (random.Random(seed), n)):
    while len(out) < k:
        out.add(f"{r.randint(20, 99)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}")
print("\n".join(sorted(out)))
PY
}
since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.3f\n", b - a}'; }
has() { tested "$1" "$2" big; }
as $TANAKA setting set blocklist.max_entries 3000000 --purpose bench >/dev/null
list 1 203.0.113.101
begin=$EPOCHREALTIME
as $TANAKA blocklist add big --url https://localhost:8443/list.txt --format addresses >/dev/null || exit 1
wait_for 60 has 203.0.113.101 monitor || exit 1
first=$(since "$begin")
as $TANAKA blocklist mode big block --reason bench >/dev/null
wait_for 60 has 203.0.113.101 block || exit 1
for ((i = 2; i < ROUNDS + 2; i++)); do
	list "$i" "203.0.113.$((100 + i))"
	begin=$EPOCHREALTIME
	as $TANAKA blocklist update big >/dev/null || exit 1
	wait_for 60 has "203.0.113.$((100 + i))" block || exit 1
	since "$begin" >>"$W/took"
done
took=$(median <"$W/took")
figure "a feed of $N addresses, fetched for the first time" "$first s" "<3 s" \
	"$(awk -v t="$first" 'BEGIN {print t < 3}')"
figure "again with one in ten another" "$took s" "<3 s" "$(awk -v t="$took" 'BEGIN {print t < 3}')"
for ((i = 0; i < ROUNDS; i++)); do
	begin=$EPOCHREALTIME
	as $TANAKA blocklist entry add "198.51.100.$i" --purpose bench >"$W/entry"
	since "$begin" >>"$W/one"
	grep -q 'from now on' "$W/entry" || echo "  one entry: not at once"
	sleep 1.5 # until the next document is in force
done
one=$(median <"$W/one")
figure "one entry of our own, the command included" "$one s" "<0.5 s" "$(awk -v t="$one" 'BEGIN {print t < 0.5}')"
exit 0
