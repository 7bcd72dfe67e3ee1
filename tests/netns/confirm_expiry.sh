#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A lock-out returns by itself, with mgmtd alive, dead, or fwd killed in between; an expired rule leaves
# the kernel and its live connections are cut, with and without mgmtd; a suspended one at once.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80,443,8080 53

stream() { # NAME PORT SOURCE: a live connection; $W/NAME.out grows while it lives
	in_ns lan curl -sN --interface "$3" "http://203.0.113.10:$2/stream" >"$W/$1.out" 2>/dev/null &
	wait_for 5 test -s "$W/$1.out"
}
grows() { # FILE: within two seconds
	local a
	a=$(stat -c %s "$1")
	wait_for 2 bash -c "[ \$(stat -c %s $1) -gt $a ]"
}
stands_still() { ! grows "$1"; }

n=$(rule_add --source 192.168.10.10 --destination any --direction 'lan->wan' --protocol tcp --port 80)
apply || not_ok "apply"
stream first 80 192.168.10.10
check "confirm: a live connection" grows "$W/first.out"

# An apply nobody confirms; what a deny rule forbids is cut while it is alive.
rule_add --kind deny --source any --destination any --direction 'lan->wan' --protocol any --port any >/dev/null
check "confirm: apply on trial for 6 s" as $TANAKA apply --confirm 6
refuse "confirm: new connections are cut off during the trial" tcp_try lan 203.0.113.10 80 192.168.10.10
refuse "confirm: a second apply during the trial is refused" as $TANAKA apply --confirm 3
check "confirm: the live connection is cut by the deny rule" stands_still "$W/first.out"
check "confirm: it returns by itself" wait_for 12 tcp_try lan 203.0.113.10 80 192.168.10.10
check "confirm: status tells of the return" wait_for 5 bash -c \
	"$(declare -f sk); BUILD=$BUILD; sk --json status | grep -q '\"state\": *\"running\"'"

# The same with mgmtd killed right after the apply.
as $TANAKA apply --confirm 3 >/dev/null || not_ok "confirm: apply before killing mgmtd"
kill -9 $MGMTD; wait $MGMTD 2>/dev/null
check "confirm: fwd returns without mgmtd" wait_for 8 tcp_try lan 203.0.113.10 80 192.168.10.10
rm -f /run/sekisho/mgmt.sock
mgmtd_start
check "confirm: mgmtd finds the same state after its restart" bash -c \
	"$(declare -f sk); BUILD=$BUILD; sk --json status | grep -q '\"state\": *\"running\"'"

# fwd killed during the trial: its restart is the return.
as $TANAKA apply --confirm 60 >/dev/null || not_ok "confirm: apply before killing fwd"
refuse "confirm: trial is in force" tcp_try lan 203.0.113.10 80 192.168.10.10
kill -9 $FWD; wait $FWD 2>/dev/null
refuse "confirm: the kernel keeps filtering while fwd is dead" tcp_try lan 203.0.113.10 80 192.168.10.10
rm -f /run/sekisho/fwd.sock
fwd_start
check "confirm: a restarted fwd is back at the confirmed policy" wait_for 5 tcp_try lan 203.0.113.10 80 192.168.10.10

# Confirmed at last.
check "confirm: apply" as $TANAKA apply --confirm 30
check "confirm: confirm" as $TANAKA confirm
refuse "confirm: the deny rule stays" tcp_try lan 203.0.113.10 80 192.168.10.10
d=$(as $KANSA --json rule list | python3 -c 'import json,sys
print([r["number"] for r in json.load(sys.stdin) if r["kind"]=="deny" and r["number"]>1000][0])')
as $TANAKA rule remove "$d" --reason 'test over' >/dev/null && as $SATO rule approve "$d" >/dev/null && apply
check "confirm: removed again" tcp_try lan 203.0.113.10 80 192.168.10.10

# Expiry, with mgmtd. (The first stream was cut by the trials that denied it.)
stream still 80 192.168.10.10
soon=$(date -d '+15 seconds' +%FT%T)
e=$(rule_add --source 192.168.10.11 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 443 \
	--expiry "$soon")
apply || not_ok "expiry: apply"
stream exp 443 192.168.10.11
check "expiry: alive before" grows "$W/exp.out"
check "expiry: the live connection is cut at $soon" wait_for 25 stands_still "$W/exp.out"
refuse "expiry: no new connection" tcp_try lan 203.0.113.10 443 192.168.10.11
check "expiry: the record stays, expired" wait_for 5 bash -c \
	"$(declare -f as); BUILD=$BUILD; as $KANSA --json rule show $e | grep -q '\"state\": *\"expired\"'"
check "expiry: another rule's live connection is untouched" grows "$W/still.out"

# Expiry without mgmtd.
soon=$(date -d '+15 seconds' +%FT%T)
e=$(rule_add --source 192.168.10.11 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 8080 \
	--expiry "$soon")
apply || not_ok "expiry: apply without mgmtd"
stream exp2 8080 192.168.10.11
check "expiry_alone: alive before" grows "$W/exp2.out"
kill -9 $MGMTD; wait $MGMTD 2>/dev/null
check "expiry_alone: fwd cuts it by itself" wait_for 25 stands_still "$W/exp2.out"
refuse "expiry_alone: no new connection" tcp_try lan 203.0.113.10 8080 192.168.10.11
rm -f /run/sekisho/mgmt.sock
mgmtd_start
check "expiry_alone: mgmtd records it after its restart" wait_for 5 bash -c \
	"$(declare -f as); BUILD=$BUILD; as $KANSA --json rule show $e | grep -q '\"state\": *\"expired\"'"

# Suspension is immediate.
check "suspend: an administrator stops a rule" as $TANAKA rule suspend "$n" --reason 'incident'
check "suspend: its live connection is cut" wait_for 5 stands_still "$W/still.out"
refuse "suspend: no new connection" tcp_try lan 203.0.113.10 80 192.168.10.10
check "suspend: resume" as $TANAKA rule resume "$n" --reason 'over'
apply || not_ok "suspend: apply"
check "suspend: passes again" tcp_try lan 203.0.113.10 80 192.168.10.10
check "audit: the chain verifies" as $KANSA audit verify
finish
