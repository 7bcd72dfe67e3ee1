#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A device that nobody admitted does what it can: 100,000 frames of all kinds, with its own, its neighbours', the gateway's
# and random addresses; thousands of EAPOL frames and of reports. Nothing crosses, the admitted lose nothing, registered
# devices still reach the authenticator, and what is told stays bounded.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_gate.sh"
sandbox "$@"
gate_net
A=02:c1:00:00:00:01 B=02:c2:00:00:00:02 C=02:c3:00:00:00:03
device a lan1 $A 11
device b lan2 $B 12
device c lan3 $C 13
GW=$(in_ns gw cat /sys/class/net/br0/address)
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
fwd_start "${OPTS[@]}"
gate_policy >"$W/apply.out"
COUNT=${COUNT:-100000}
check "ports are enforced" ports enforce lan1 lan2 lan3
check "two are admitted" nac admit "{\"rows\":[$(row lan1 $A),$(row lan2 $B)]}"
check "they speak to each other" wait_for 5 pg a 10.9.0.12

# ---- frames of every kind
ip netns exec b "$BUILD/trafgen" sink 7001 3 >"$W/sink" &
sink=$!
wait_for 5 grep -q ready "$W/sink"
hear gw gw marked br0 30
hear a a marked eth0 30
hear b b marked eth0 30
ip netns exec a "$BUILD/trafgen" udp 10.9.0.12 7001 2000 60 >"$W/sender" &
traffic=$!
nac_events 60
check "$COUNT frames by a device that is not admitted" frames c fuzz eth0 "$COUNT" 1 "$C,$A,$B,$GW" "$A,$B,$GW,$C"
kill "$(cat "$W/hear.gw.pid")" "$(cat "$W/hear.a.pid")" "$(cat "$W/hear.b.pid")" 2>/dev/null
check "none reaches the gateway" is 0 heard gw
check "none reaches a neighbour" is 0 heard a
check "none reaches another" is 0 heard b
check "they arrived and were dropped" more_than $((COUNT * 9 / 10)) eval 'echo $(($(port_status lan3 dropped) + $(port_status lan3 eapol) + $(port_status lan3 flood)))'
kill $traffic
wait $traffic $sink 2>/dev/null
check "the admitted lost nothing" python3 - "$W/sink" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
words = re.search(r"received (\d+)\D+(\d+)", text)
assert words and int(words[1]) > 1000 and words[1] == words[2], text
PY
kill $SUB
check "told of some" more_than 10 grep -c lan3 "$W/frames"
check "and not of each" is true eval '[ $(grep -c lan3 "$W/frames") -lt 5000 ] && echo true'
check "the neighbours are where they were" eval "in_ns gw bridge fdb show dev lan1 | grep -q '$A.*static' && in_ns gw bridge fdb show dev lan2 | grep -q '$B.*static'"
check "the bridge learned nothing at the port" is 0 eval "in_ns gw bridge fdb show dev lan3 | grep -cv 'permanent'"
check "they still speak to each other" pg a 10.9.0.12

# ---- EAPOL of 5,000 invented devices
check "registered" nac known "{\"macs\":[\"$C\",\"02:00:00:00:00:77\"]}"
hear pae gw hear lan3 60 0x888e
frames c eapol eth0 5000 2000 >"$W/eapol" &
flood=$!
for _ in 1 2 3 4 5; do
	frames c start eth0 $C
done
frames a start eth0 $A
hear other gw hear lan2 5 0x888e
frames b start eth0 $B
check "a device of another port reaches its authenticator" is 1 heard other
wait $flood
frames c start eth0 $C
sleep 0.2
kill "$(cat "$W/hear.pae.pid")"
check "a registered device reaches the authenticator through 5,000 invented ones" is 6 heard pae $C
check "of the invented ones few do" is true eval '[ "$(heard pae)" -lt 150 ] && echo true'
check "the rest is counted" more_than 4000 port_status lan3 flood
# The invented ones keep their places for half a minute.
hear pae gw hear lan3 60 0x888e
for ((i = 0; i < 40; i++)); do
	frames c start eth0 02:c3:00:00:00:99
	wait_for 1 false
	[ "$(port_status lan3 eapol)" = "${last:-}" ] || [ -z "${last:-}" ] || break
	last=$(port_status lan3 eapol)
done
kill "$(cat "$W/hear.pae.pid")"
check "after it, a device that nobody registered reaches it too" more_than 0 heard pae 02:c3:00:00:00:99
hear pae gw hear lan3 4 0x888e
mapfile -t many < <(yes eapol-unicast | head -n 200)
frames c send eth0 $C 01:80:c2:00:00:03 "${many[@]}"
check "one device alone: held to its rate" is true eval '[ "$(heard pae $C)" -lt 150 ] && echo true'
finish
