#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every way to bend the table from outside: each is noticed, undone to the last rule and element, and reported with
# the process that did it; connections that were made meanwhile do not outlive the repair. With the owner flag the
# kernel refuses all of it.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
serve inet 80,81,82 53
read -ra OPTS <<<"--no-owner ${SK_FWD_OPTS:-}"

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
field() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)'"$1"')'; }
is() { [ "$(field "$1")" = "$2" ]; }
nft() { in_ns gw nft "$@"; }
cat >"$W/doc.json" <<'JSON'
{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "bogons": false},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true, "reject": true},
 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0", "fab0"]}], "rules": [
 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80,443",
  "destination":"203.0.113.10,203.0.113.20,2001:db8:113::/64"},
 {"number":1002,"from":"lan","to":"wan","protocol":"tcp","port":"82","source":"192.168.10.0/25,192.168.10.200"}]}
JSON
# What the table says, in an order of its own, without counts and without the names that a repair may renew.
listing() {
	nft -s list table inet sekisho | python3 -c '
import re, sys
text = re.sub(r"\b((?:a4|a6|p|t4|t6|if)_[0-9a-f]{16})_\d+", r"\1", sys.stdin.read())
print("\n".join(sorted(b for b in text.split("\n\t}") if not re.match(r"\s*counter ", b))))'
}
same() { listing >"$W/now" && cmp -s "$W/good" "$W/now"; }
allowed() { tcp_try lan 203.0.113.10 80; }
other() { tcp_try lan 203.0.113.10 81; }
no() { ! "$@"; }

fwd_start "${OPTS[@]}"
check "policy" ctl apply "$W/doc.json" 0
listing >"$W/good"
nft -s list ruleset >"$W/backup"
handle() { nft -a list chain inet sekisho "$1" | sed -nE "s/.*$2.*# handle ([0-9]+)\$/\1/p" | head -n 1; }
# set_with TEXT: the name of the set whose elements contain it
set_with() {
	nft list table inet sekisho | awk -v t="$1" '$1 == "set" { s = $2 } $1 == "elements" { e = 1 }
		e && index($0, t) { print s; exit } /}/ { e = 0 }'
}

# bent NAME COMMAND…: the command succeeds; soon the table is what it was, and it was reported
bent() {
	local name=$1 before
	shift
	before=$(field '["drift_count"]')
	if ! "$@" >"$W/bend.out" 2>&1; then
		not_ok "$name (could not be done)"
		sed 's/^/#   /' "$W/bend.out" | head -n 5
		return
	fi
	if ! wait_for 4 eval '[ "$(field "[\"drift_count\"]")" -gt '"$before"' ]'; then
		not_ok "$name: is noticed"
	elif ! wait_for 4 eval 'same && is "[\"in_kernel\"]" True'; then
		not_ok "$name: is undone"
		diff "$W/good" "$W/now" | sed 's/^/#   /' | head -n 20
	else
		ok "$name"
	fi
}
bent "rule: inserted" nft insert rule inet sekisho forward accept
bent "rule: appended behind the last" nft add rule inet sekisho f_lan.wan accept
bent "rule: replaced" eval 'nft replace rule inet sekisho f_lan.wan handle $(handle f_lan.wan "1001 r1") tcp dport 81 accept comment \"1001 r1\"'
bent "rule: removed" eval 'nft delete rule inet sekisho f_lan.wan handle $(handle f_lan.wan "1002 r1")'
bent "rule: segment size left as it is" eval 'nft replace rule inet sekisho forward handle $(handle forward maxseg) meta l4proto tcp tcp flags \& 0x06 == 0x02 counter name b29 comment \"b29\"'
bent "rules: a chain flushed" nft flush chain inet sekisho f_lan.wan
bent "rules: the table flushed" nft flush table inet sekisho
bent "chain: policy accept" nft 'chain inet sekisho forward { policy accept; }'
bent "chain: renamed" nft rename chain inet sekisho f_lan.wan other
bent "chain: added" nft add chain inet sekisho extra
bent "chain: a base chain added" nft 'add chain inet sekisho early { type filter hook forward priority -400; policy accept; }'
bent "chain: a base chain removed" nft 'flush chain inet sekisho forward; delete chain inet sekisho forward'
bent "chain: a base chain bent to another priority" nft 'flush chain inet sekisho input; delete chain inet sekisho input;
	add chain inet sekisho input { type filter hook input priority 300; policy drop; }'
bent "set: network added" eval 'nft add element inet sekisho $(set_with 192.168.10.200) { 10.0.0.0/8 }'
bent "set: network removed" eval 'nft delete element inet sekisho $(set_with 192.168.10.200) { 192.168.10.200 }'
bent "set: address exchanged" eval 'nft "delete element inet sekisho $(set_with 203.0.113.20) { 203.0.113.20 };
	add element inet sekisho $(set_with 203.0.113.20) { 203.0.113.99 }"'
bent "set: port exchanged" eval 'nft "delete element inet sekisho $(set_with 443) { 443 };
	add element inet sekisho $(set_with 443) { 81 }"'
bent "set: flushed" eval 'nft flush set inet sekisho $(set_with 443)'
bent "set: added" nft 'add set inet sekisho mine { type ipv4_addr; }'
bent "map: element removed" nft delete element inet sekisho d_forward '{ "lan0" . "wan0" }'
bent "map: element added" nft add element inet sekisho d_forward '{ "wan0" . "lan0" : accept }'
bent "map: element changed" nft 'delete element inet sekisho d_forward { "lan0" . "wan0" }; add element inet sekisho d_forward { "lan0" . "wan0" : accept }'
bent "map: everything" nft add element inet sekisho d_forward '{ * : accept }'
bent "map: everything else to the gateway" nft add element inet sekisho d_input '{ * : accept }'
bent "map: made anew with another type" nft 'flush chain inet sekisho forward; delete map inet sekisho d_forward;
	add map inet sekisho d_forward { type ifname : verdict; }'
bent "map: added" nft 'add map inet sekisho mine { type ifname : verdict; }'
bent "table: put to sleep" nft 'add table inet sekisho { flags dormant; }'
bent "table: removed" nft delete table inet sekisho
bent "everything: flush ruleset" nft flush ruleset
(echo 'delete table inet sekisho'; sed 's/policy drop/policy accept/; s/\bdport 82\b/dport 81/' "$W/backup") >"$W/other"
bent "everything: another version in one transaction" nft -f "$W/other"
check "afterwards: the rule lets through" allowed
refuse "afterwards: all else is denied" other

# ---- the owner flag: nothing of this can be done
stop() { kill $FWD && wait $FWD; rm -f /run/sekisho/fwd.sock; }
stop
nft delete table inet sekisho
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
fwd_start "${OPTS[@]}"
if is '["owner"]' True; then
	had=$(field '["drift_count"]')
	listing >"$W/good"
	for c in 'insert rule inet sekisho forward accept' 'flush chain inet sekisho forward' \
		'chain inet sekisho forward { policy accept; }' 'add chain inet sekisho extra' \
		'add element inet sekisho d_forward { * : accept }' 'add table inet sekisho { flags dormant; }' \
		'delete table inet sekisho'; do
		refuse "owner: $c" nft "$c"
	done
	nft flush ruleset
	check "owner: the table is untouched" same
	check "owner: nothing to repair" is '["drift_count"]' "$had"
else
	skip "owner" "this kernel has no persistent owner flag"
fi
finish
