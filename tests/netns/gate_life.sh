#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the gate outlives: changes by others, all rules gone, the death of fwd, a restart of the machine, ports that come and
# go, and its own changes of mode. Nobody gets in by any of it, and no admitted device loses a frame by ours.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_gate.sh"
sandbox "$@"
gate_net
A=02:c1:00:00:00:01 B=02:c2:00:00:00:02 C=02:c3:00:00:00:03
device a lan1 $A 11
device b lan2 $B 12
device c lan3 $C 13
read -ra OPTS <<<"--no-owner ${SK_FWD_OPTS:-}"
fwd_start "${OPTS[@]}"
gate_policy >"$W/apply.out"
no() { ! "$@"; }
nft() { in_ns gw nft "$@"; }
drift_count() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["drift_count"])'; }
# What the tables say, without what comes and goes by itself.
listing() {
	for f in netdev inet; do nft -s list table $f sekisho_nac 2>/dev/null; done |
		sed -E 's/ expires [0-9a-z]+//; s/timeout [0-9hms]+ :/timeout :/; s/timeout [0-9hms]+ comment/timeout comment/' |
		python3 -c '
import re, sys
t = re.sub(r"(set (seen|eapol_rate|e_\w+) \{[^{}]*)elements = \{[^}]*\}", r"\1", sys.stdin.read())
print("\n".join(sorted(l.strip().rstrip(",") for l in re.sub(r"elements = \{ ", "\n", t).replace(" }", "").split("\n") if l.strip())))'
}
same() { listing >"$W/now" && cmp -s "$W/good" "$W/now"; }
GATE_EXTRA=',"quarantine":true,"page_port":8099' check "ports are enforced" ports enforce lan1 lan2 lan3
check "admitted" nac admit "{\"rows\":[$(row lan1 $A 3000),$(row lan2 $B 3000)]}"
check "they speak" wait_for 5 pg a 10.9.0.12
check "one is quarantined" admit lan3 02:c3:00:00:00:33 3000 quarantined
listing >"$W/good"

# ---- every way to bend it
bent() {
	local name=$1 before
	shift
	before=$(drift_count)
	if ! "$@" >"$W/bend.out" 2>&1; then
		not_ok "$name (could not be done)"
		sed 's/^/#   /' "$W/bend.out" | head -n 5
		return
	fi
	if ! wait_for 4 eval '[ "$(drift_count)" -gt '"$before"' ]'; then
		not_ok "$name: is noticed"
	elif ! wait_for 4 same; then
		not_ok "$name: is undone"
		diff "$W/good" "$W/now" | sed 's/^/#   /' | head -n 20
	else
		ok "$name"
	fi
}
T="netdev sekisho_nac"
bent "rule: inserted" nft insert rule $T in_lan3 accept
bent "rule: appended" nft add rule $T out_lan3 accept
bent "rules: a chain flushed" nft flush chain $T in_lan3
bent "rules: the table flushed" nft flush table $T
bent "chain: policy accept" nft "chain $T in_lan3 { policy accept; }"
bent "chain: added" nft add chain $T extra
bent "chain: a base chain before ours" nft "add chain $T early { type filter hook ingress device lan3 priority -500; policy accept; }"
bent "chain: a base chain removed" nft "flush chain $T in_lan3; delete chain $T in_lan3"
bent "map: a device put in" nft add element $T dev_in "{ \"lan3\" . $C timeout 1h : accept }"
bent "map: a device taken out" nft delete element $T dev_in "{ \"lan1\" . $A }"
bent "map: a quarantined device let in" nft "delete element $T dev_in { \"lan3\" . 02:c3:00:00:00:33 }; add element $T dev_in { \"lan3\" . 02:c3:00:00:00:33 timeout 50m : accept }"
bent "map: a device without end" nft add element $T dev_in "{ \"lan3\" . $C : accept }"
bent "map: everything to a port" nft "delete element $T all_out { \"lan3\" }; add element $T all_out { \"lan3\" timeout 1h : accept }"
bent "map: for everybody" nft add element $T dev_in '{ * : accept }'
bent "map: flushed" nft flush map $T dev_out
bent "set: added" nft "add set $T mine { type ether_addr; }"
bent "the page: a rule removed" nft flush chain inet sekisho_nac forward
bent "the page: its table removed" nft delete table inet sekisho_nac
bent "table: put to sleep" nft "add table $T { flags dormant; }"
bent "table: removed" nft delete table $T
bent "everything: flush ruleset" nft flush ruleset
check "afterwards: the admitted speak" wait_for 5 pg a 10.9.0.12
refuse "afterwards: the other does not" pg c 10.9.0.1
in_ns gw "$BUILD/fwdctl" events 1 >"$W/events" 2>&1
check "reported with the process" grep -q '"table":"netdev sekisho_nac".*\|.*"process":"nft"' "$W/events"

# ---- fwd is dead, and all rules are flushed: the bridge alone
kill -KILL $FWD
wait $FWD 2>/dev/null
refuse "fwd killed: the gate stands" pg c 10.9.0.1
check "fwd killed: the admitted speak" pg a 10.9.0.12
nft flush ruleset
hear gw gw marked br0 3
hear a a marked eth0 3
for dst in $A $B ff:ff:ff:ff:ff:ff 33:33:00:00:00:01; do frames c send eth0 $C $dst all; done
in_ns c ip link set eth0 down
in_ns c ip link set eth0 address $A
in_ns c ip link set eth0 up
for dst in $B ff:ff:ff:ff:ff:ff; do frames c send eth0 $A $dst all; done
in_ns c ip link set eth0 down
in_ns c ip link set eth0 address $C
in_ns c ip link set eth0 up
check "no rule at all: no frame reaches the gateway" is 0 heard gw
check "no rule at all: nor a neighbour" is 0 heard a
check "no rule at all: the admitted speak" pg a 10.9.0.12
rm -f /run/sekisho/fwd.sock
fwd_start "${OPTS[@]}"
check "fwd is back: it enforces what the file says" wait_for 5 eval '[ "$(port_status lan3 mode)" = enforce ] && nft list table netdev sekisho_nac'
refuse "nobody is admitted, since nobody can say who was" pg a 10.9.0.12
check "nacd says it" nac sync "{\"rows\":[$(row lan1 $A 3000),$(row lan2 $B 3000)]}"
check "and they speak" wait_for 5 pg a 10.9.0.12

# ---- fwd is killed, the tables stay: rows with what is left of their time
check "for a while" admit lan3 $C 4
kill -KILL $FWD
wait $FWD 2>/dev/null
rm -f /run/sekisho/fwd.sock
check "fwd killed: admitted stay" pg c 10.9.0.1
check "fwd killed: until their time" wait_for 8 no pg c 10.9.0.1
fwd_start "${OPTS[@]}"
check "fwd is back: the rows are" is "lan1 admitted, lan2 admitted" eval "nac list '{}' | python3 -c 'import json,sys
print(\", \".join(r[\"port\"] + \" \" + r[\"state\"] for l in sys.stdin for r in json.loads(l).get(\"rows\", [])))'"
check "their time went on" is true eval "nac list '{}' | python3 -c 'import json,sys
print(\"true\" if all(r[\"left\"] < 3000 for l in sys.stdin for r in json.loads(l).get(\"rows\", [])) else \"false\")'"
check "and they speak" pg a 10.9.0.12

# ---- modes, while datagrams pass
ip netns exec b "$BUILD/trafgen" sink 7001 3 >"$W/sink" &
sink=$!
wait_for 5 grep -q ready "$W/sink"
ip netns exec a "$BUILD/trafgen" udp 10.9.0.12 7001 5000 120 >"$W/sender" &
traffic=$!
hear b b marked eth0 120
for ((i = 0; i < 60; i++)); do
	case $((i % 4)) in
	0) ports enforce lan1 lan2 lan3 ;;
	1) GATE_EXTRA=',"quarantine":true,"page_port":8099' ports enforce lan1 lan2 lan3 ;;
	2) ports enforce lan1 lan2 lan3 && admit lan1 $A 2000 ;;
	*) nac sync "{\"rows\":[$(row lan1 $A 3000),$(row lan2 $B $((2000 + i)))]}" ;;
	esac >"$W/mode.out" 2>&1 || { not_ok "change $i"; cat "$W/mode.out"; }
	frames c send eth0 $C $B arp-request ipv4-udp eapol-unicast
done
kill "$(cat "$W/hear.b.pid")"
check "60 changes under traffic: nobody else got in" is 0 heard b
for ((i = 0; i < 20; i++)); do
	ports observe lan1 lan2 lan3 >"$W/mode.out"
	ports enforce lan1 lan2 lan3 >"$W/mode.out"
done
kill $traffic
wait $traffic $sink 2>/dev/null
check "and the admitted lost nothing, between observe and enforce neither" python3 - "$W/sink" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
words = re.search(r"received (\d+)\D+(\d+)", text)
print(text)
assert words and int(words[1]) > 1000 and words[1] == words[2], text
PY
check "observe" ports observe lan1 lan2 lan3
nac_events 4
check "observe: everybody passes" wait_for 5 pg c 10.9.0.1
wait $SUB
check "observe: and is told" grep -q $C "$W/frames"
check "observe: the bridge is open" eval "in_ns gw bridge -d link show dev lan3 | grep -q 'learning on.*locked off'"
check "enforce: at once" ports enforce lan1 lan2 lan3
refuse "enforce: is out" pg c 10.9.0.1
check "off" ports off lan1 lan2 lan3
check "off: everybody passes" wait_for 5 pg c 10.9.0.1
check "enforce again" ports enforce lan1 lan2 lan3
refuse "enforce again: is out" pg c 10.9.0.1

# ---- ports come and go
admit lan3 $C >"$W/check.out"
check "admitted" wait_for 5 pg c 10.9.0.1
ip netns del c
check "a port that went away takes its devices along" wait_for 5 no eval "nac list '{}' | grep -q lan3"
check "and is told to be absent" wait_for 5 is False port_status lan3 present
hear a a marked eth0 5
device c lan3 $C 13
frames c send eth0 $C $B all
refuse "plugged in again: closed from the first frame" pg c 10.9.0.1
check "plugged in again: no frame got through" is 0 heard a
check "plugged in again: locked" wait_for 5 is True port_status lan3 locked
check "admitted again" admit lan3 $C
check "admitted again: in" wait_for 5 pg c 10.9.0.1
check "a port that never was" ports enforce lan1 lan2 lan3 lan4
hear a a marked eth0 5
device d lan4 02:c4:00:00:00:04 14
frames d send eth0 02:c4:00:00:00:04 $B all
refuse "a new port: closed from the first frame" pg d 10.9.0.1
check "a new port: no frame got through" is 0 heard a
check "a new port: locked" wait_for 5 is True port_status lan4 locked
check "a new port: admits" admit lan4 02:c4:00:00:00:04
check "a new port: in" wait_for 5 pg d 10.9.0.1
in_ns gw ip link set lan4 nomaster
in_ns gw ip link set lan4 master br0
check "out of the bridge and back: locked, with its device" wait_for 5 eval "[ \"\$(port_status lan4 locked)\" = True ] && pg d 10.9.0.1"

# ---- a start of the machine: no table, no rows, fwd before the ports
kill $FWD
wait $FWD
rm -f /run/sekisho/fwd.sock
nft flush ruleset
in_ns gw ip link set lan4 type bridge_slave locked off learning on
fwd_start "${OPTS[@]}"
refuse "after a start: closed before nacd lives" pg d 10.9.0.1
check "after a start: locked" wait_for 5 is True port_status lan4 locked
check "a port is let go" ports enforce lan1 lan2 lan3
check "let go: passes" wait_for 5 pg d 10.9.0.1
check "let go: not locked" eval "in_ns gw bridge -d link show dev lan4 | grep -q 'learning on.*locked off'"

# ---- held by its owner: nothing of this can be done
kill $FWD
wait $FWD
rm -f /run/sekisho/fwd.sock
nft flush ruleset
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
fwd_start "${OPTS[@]}"
if [ "$(ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["owner"])')" = True ]; then
	admit lan1 $A >"$W/check.out"
	listing >"$W/good"
	for c in "insert rule $T in_lan3 accept" "flush chain $T in_lan3" "chain $T in_lan3 { policy accept; }" \
		"add element $T dev_in { \"lan3\" . $C timeout 1h : accept }" "delete table $T"; do
		refuse "owner: $c" nft "$c"
	done
	nft flush ruleset
	check "owner: the table is untouched" same
else
	skip "owner" "this kernel has no persistent owner flag"
fi
finish
