#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A card of the set-up that is not there is in status, the events and the audit log: once for each change.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

net_up
fwd_start
mgmtd_start
box_real
answers "$W/answers.json"
check 'the gateway is set up' sk setup --answers "$W/answers.json"
SATO=$(sk --json account show sato | rows 'd["uid"]')
EVE=$STATE/mgmtd/eve.json
restarted() {
	kill "$MGMTD"
	wait "$MGMTD" 2>/dev/null
	mgmtd_start
}
looked() { # what is wrong with the ports is known to be that
	wait_for 30 grep -qx "$1" "$STATE/mgmtd/ports.json"
}
row() { as "$SATO" --json audit list | grep -q "$1"; }
mac=$(in_ns gw cat /sys/class/net/lan0/address)

in_ns gw ip link set lan0 down
in_ns gw ip link set lan0 name lan9
restarted
check 'a card that is not what it was is an event' \
	wait_for 30 grep -q '"event_type":"audit".*"the card has another name now.*"op":"port.missing".*port lan (lan0, '"$mac" "$EVE"
check '… and an audit row of the system' eval 'row "port.missing.*port lan (lan0, $mac)" && row "the card has another name now"'
check '… beside the warning' bash -c "ip netns exec gw '$BUILD/sekisho' --lang en status | grep -q 'port lan (lan0, $mac): the card has another name'"
check '… and is remembered' looked '{"lan0":"the card has another name now.*"}'
in_ns gw ip link set lan9 address 52:54:00:0a:0b:0c
restarted
check 'at the next start it is another thing: that is told, too' wait_for 30 grep -q 'there is no such card.*port.missing.*port lan' "$EVE"
check '… and is remembered' looked '{"lan0":"there is no such card"}'
restarted
in_ns gw ip link set wan0 down
in_ns gw ip link set wan0 name wan9
check 'another port is told by itself' wait_for 60 grep -q 'port.missing.*port wan' "$EVE"
check 'what did not change was told once' test "$(grep -c 'there is no such card.*port.missing.*port lan' "$EVE")" = 1
in_ns gw ip link set lan9 address "$mac"
in_ns gw ip link set lan9 name lan0
in_ns gw ip link set wan9 name wan0
restarted
check 'that they are back is told' wait_for 30 eval 'grep -q "port.found.*port lan" "$EVE" && grep -q "port.found.*port wan" "$EVE"'
check '… in the audit log, too' row "port.found.*port lan (lan0, $mac)"
check '… and nothing is left' looked '{}'

kill "$SETUP"
finish
