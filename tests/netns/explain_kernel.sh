#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `sekisho explain` against the kernel: for each connection of a matrix, what explain says must be what
# the kernel does, and the rule it names must be the one whose counter moves.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 25,80,443,8080 53
serve dmz 25,80,443,8080 53
TRY=0.4
add() { rule_add "$@" >/dev/null || not_ok "request $*"; }
add --source office-pcs --destination any --direction 'lan->wan' --protocol tcp --port 80,443
add --kind deny --source any --destination 203.0.113.11,2001:db8:113::11 --direction 'lan->wan' --protocol tcp --port 80
add --kind deny --order 2000 --source any --destination any --direction 'lan->wan' --protocol tcp --port 443
add --source 192.168.10.11 --destination 203.0.113.0/24 --direction 'lan->wan' --protocol tcp --port 8000-9000
add --source any --destination web-server --direction 'wan->dmz' --protocol tcp --port 80
add --source office-pcs --destination web-server --direction 'lan->dmz' --protocol tcp/udp --port any
add --kind dnat --source any --destination 203.0.113.1 --direction 'wan->dmz' --protocol tcp --port 8443 \
	--nat-to 192.168.20.10:443
apply || not_ok "apply"

counters() {
	as $KANSA --json rule list | python3 -c '
import json, sys
for r in json.load(sys.stdin):
    print(r["number"], r.get("hits") or 0)'
}
mismatch=0 tried=0
probe() { # NS SRC DST PORT
	local said verdict number real moved
	said=$(as $KANSA --json explain "$2" "$3" tcp "$4") || { not_ok "explain $*"; return; }
	verdict=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["verdict"])' "$said")
	number=$(python3 -c 'import json,sys; print(json.loads(sys.argv[1])["number"])' "$said")
	in_ns gw nft list counters table inet sekisho >"$W/before" 2>/dev/null
	if tcp_try "$1" "$3" "$4" "$2" 2>/dev/null; then real=accept; else real=blocked; fi
	in_ns gw nft list counters table inet sekisho >"$W/after" 2>/dev/null
	[ "$verdict" = accept ] || verdict=blocked
	moved=$(diff "$W/before" "$W/after" >/dev/null && echo no || echo yes)
	tried=$((tried + 1))
	local name=r$number
	[ "$number" -ge 1001 ] || name=b$number
	if [ "$verdict" != "$real" ] || ! counter_moved "$name"; then
		mismatch=$((mismatch + 1))
		echo "#   $1 $2 -> $3:$4 explain: $verdict by $number, kernel: $real, counters moved: $moved"
	fi
}
counter_moved() { # the packets line that follows "counter NAME {" differs
	local a b
	a=$(grep -A 1 "counter $1 {" "$W/before" | tail -n 1)
	b=$(grep -A 1 "counter $1 {" "$W/after" | tail -n 1)
	[ "$a" != "$b" ]
}
for port in 25 80 443 8080; do
	for src in 192.168.10.10 192.168.10.11; do
		for dst in 203.0.113.10 203.0.113.11 192.168.20.10; do probe lan $src $dst $port; done
	done
	for dst in 2001:db8:113::10 2001:db8:113::11 2001:db8:20::10; do probe lan 2001:db8:10::10 $dst $port; done
	for dst in 192.168.20.10 192.168.20.11 192.168.10.10; do probe inet 203.0.113.10 $dst $port; done
done
probe inet 203.0.113.10 203.0.113.1 8443
probe inet 203.0.113.10 203.0.113.1 8444
if [ $mismatch = 0 ] && [ $tried -gt 45 ]; then ok "explain agrees with the kernel on $tried connections"; else
	not_ok "explain agrees with the kernel ($mismatch of $tried differ)"; fi
finish
