#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sekisho-fwd alone, without mgmtd: apply, confirm, the way back by time and by death, a damaged document, a
# full disk, foreign changes, expiry, counters, the packet log.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
serve inet 80,81 53
FD=$STATE/fwd

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
field() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)'"$1"')'; }
is() { [ "$(field "$1")" = "$2" ]; }
stop() { kill "${1:--TERM}" $FWD 2>/dev/null; wait $FWD 2>/dev/null; rm -f /run/sekisho/fwd.sock; }
restart() { stop "${1:--TERM}"; fwd_start "${OPTS[@]}"; wait_for 10 ctl status; }
# doc GENERATION RULE…: prints the name of a description for fwdctl
doc() {
	local gen=$1 rules IFS=,
	shift
	rules="$*"
	cat >"$W/doc-$gen.json" <<-JSON
	{"generation": $gen, "site": {"reverse_path": false}, "objects": [], "rules": [$rules], "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]}]}
	JSON
	echo "$W/doc-$gen.json"
}
WEB='{"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80","log":true}'
WEB2='{"number":1002,"from":"lan","to":"wan","protocol":"tcp","port":"81"}'
BAN='{"number":1050,"kind":"deny","from":"lan","to":"wan","protocol":"tcp","port":"81","log":true}'
web() { tcp_try lan 203.0.113.10 80; }
web2() { tcp_try lan 203.0.113.10 81; }
no() { ! "$@"; }
follow() { ctl events "${1:-600}" >>"$W/events" 2>&1 & FOLLOW=$!; }
# event ACTION [FIELD VALUE]: has it been reported?
event() {
	python3 - "$W/events" "$@" <<'PY'
import json, sys
want = dict(zip(sys.argv[3::2], sys.argv[4::2]))
for line in open(sys.argv[1]):
    try:
        e = json.loads(line)
    except ValueError:
        continue
    s = e.get("sekisho", {})
    flat = {**e, **s}
    if (s.get("action") == sys.argv[2] or e["event_type"] == sys.argv[2]) and all(str(flat.get(k)) == v for k, v in want.items()):
        sys.exit(0)
sys.exit(1)
PY
}
: >"$W/events"
read -ra EXTRA <<<"${SK_FWD_OPTS:-}" # such as --no-seccomp where a sanitizer needs more calls
OPTS=(--no-owner "${EXTRA[@]}")

# ---- nothing yet
fwd_start "${OPTS[@]}"
check "start: state none" is '["state"]' none
check "start: loaded from nothing" is '["loaded_from"]' none
refuse "start: everything is denied" web
check "peers: an unknown user is refused" bash -c "! ip netns exec gw setpriv --reuid 65534 --clear-groups $BUILD/fwdctl status"
follow

# ---- apply and confirm
check "apply: final" ctl apply "$(doc 1 "$WEB")" 0
check "apply: the rule lets through" web
refuse "apply: all else is denied" web2
check "apply: confirmed at once" is '["confirmed"]["generation"]' 1
if unshare --user true 2>/dev/null; then
	check "check: a good document" ctl check "$(doc 2 "$WEB" "$WEB2")"
else
	skip "check: a good document" "no user namespaces here, as in a chroot"
fi
check "check: changes nothing" is '["generation"]' 1
check "trial: begins" ctl apply "$(doc 2 "$WEB" "$WEB2")" 60
check "trial: is in force" web2
check "trial: state" is '["state"]' confirming
ctl apply "$(doc 3 "$WEB")" 0 2>"$W/busy"
check "trial: another apply is refused" grep -q '^fwdctl: -16 ' "$W/busy"
refuse "trial: another generation cannot be confirmed" ctl confirm 7
check "trial: confirm" ctl confirm 2
check "trial: confirm again is no fault" ctl confirm 2
check "trial: confirmed" is '["confirmed"]["generation"]' 2
check "event: apply" wait_for 3 event apply generation 2
check "event: confirm" wait_for 3 event confirm generation 2
check "rollback by hand: trial" ctl apply "$(doc 3)" 60
refuse "rollback by hand: nothing passes" web
check "rollback by hand" ctl rollback
check "rollback by hand: the old policy" web
refuse "rollback by hand: once only" ctl rollback
check "rollback by time: trial" ctl apply "$(doc 4)" 2
refuse "rollback by time: nothing passes" web
check "rollback by time: returns by itself" wait_for 6 web
check "rollback by time: state" is '["state"]' running
check "event: rollback" wait_for 3 event rollback why 'not confirmed'

# ---- refused documents
ctl build "$(doc 5 "$WEB" "$WEB2")" >"$W/good"
sed 's/test traffic/test traffix/' "$W/good" >"$W/changed"
refuse "document: a changed one is refused" ctl apply "$W/changed" 0
refuse "document: a rule past its expiry is refused" ctl apply \
	"$(doc 6 '{"number":1003,"from":"lan","to":"wan","protocol":"tcp","port":"82","expires_in":-5}')" 0
refuse "document: a self-approved rule is refused" ctl apply \
	"$(doc 6 '{"number":1003,"from":"lan","to":"wan","protocol":"tcp","port":"82","approver":"tanaka"}')" 0
refuse "op: an unknown one is refused" ctl op no.such
refuse "op: an unknown argument is refused" ctl op status '{"x":1}'
check "document: still generation 2" is '["generation"]' 2

# ---- death during a trial
check "kill: trial" ctl apply "$(doc 7)" 600
stop -KILL
refuse "kill: the kernel keeps the trial" web
fwd_start "${OPTS[@]}"
check "kill: the restart rolls back" web
check "kill: generation" is '["generation"]' 2
wait $FOLLOW 2>/dev/null
follow
check "kill: event" wait_for 3 event rollback why interrupted
check "kill: no trial is left" test ! -e $FD/trial

# ---- damaged documents
check "damage: a third generation" ctl apply "$(doc 8 "$WEB")" 0
stop
printf X | dd of=$FD/confirmed bs=1 seek=60 conv=notrunc status=none
fwd_start "${OPTS[@]}"
check "damage: previous is loaded" is '["loaded_from"]' previous
check "damage: generation" is '["generation"]' 2
check "damage: is in the warnings" bash -c "$(declare -f ctl in_ns); BUILD=$BUILD; ctl status | grep -q damaged"
wait $FOLLOW 2>/dev/null
follow
check "damage: event" wait_for 3 event fallback
check "damage: applies again" ctl apply "$(doc 9 "$WEB" "$WEB2")" 0

# ---- a full disk
stop
mkdir -p /run/test/small
mount -t tmpfs -o size=64k tmpfs /run/test/small
cp -a $FD/. /run/test/small/
dd if=/dev/zero of=/run/test/small/fill bs=1k status=none 2>/dev/null
KEEP=$STATE
STATE=/run/test/full
mkdir -p $STATE && ln -sfn /run/test/small $STATE/fwd
fwd_start "${OPTS[@]}"
check "full disk: starts" is '["generation"]' 9
ctl apply "$(doc 10)" 0 2>"$W/full.out"
check "full disk: apply is refused" grep -q '^fwdctl: -28 ' "$W/full.out"
check "full disk: the kernel is untouched" web2
stop
STATE=$KEEP
umount /run/test/small

# ---- counters
count() { ctl counters | python3 -c '
import json, sys
for line in sys.stdin:
    for n, p, b, h in json.loads(line).get("counters", []):
        if n == int(sys.argv[1]): print(p if len(sys.argv) < 3 else h)' "$@"; }
at_least() { [ "$(count "$1")" -ge "$2" ]; }
fwd_start "${OPTS[@]}"
web && web && web
n=$(count 1001)
check "counters: count ($n)" test "${n:-0}" -ge 3
check "counters: the last hit is known" test "$(count 1001 hit)" -gt $(($(date +%s) - 60))
restart
check "counters: survive a restart" test "$(count 1001)" -ge "$n"
restart -KILL
in_ns gw nft delete table inet sekisho
repaired() { in_ns gw nft list table inet sekisho | grep -q 'r1'; }
follow
check "drift: a deleted table comes back" wait_for 5 repaired
check "drift: it filters again" wait_for 5 web
refuse "drift: and denies" tcp_try lan 203.0.113.10 82
check "counters: survive the table" at_least 1001 "$n"
check "drift: event names the process" wait_for 5 event drift process nft
stop
in_ns gw nft delete table inet sekisho
sed -i 's/^[^ ]* /another-boot /' $STATE/fwd/seal
fwd_start "${OPTS[@]}"
check "drift: a kernel that began empty is nobody's doing" is '["drift_count"]' 0
check "counters: survive a reboot" at_least 1001 "$n"
follow
in_ns gw nft flush chain inet sekisho forward
check "drift: a flushed chain comes back" wait_for 5 web
check "drift: is in the status" is '["drift_count"]' 1
in_ns gw nft add table inet other
in_ns gw nft 'add chain inet other c { type filter hook forward priority -5; }'
check "foreign: another table is reported" wait_for 5 bash -c "grep -q '\"foreign_table\".*inet other c' $W/events || grep -q 'inet other c' $W/events"
check "foreign: is in the status" bash -c "$(declare -f ctl in_ns); BUILD=$BUILD; ctl status | grep -q 'inet other c'"
check "foreign: is left alone" in_ns gw nft list table inet other
in_ns gw nft delete table inet other

# ---- connections
grows() { local a; a=$(stat -c %s "$1"); wait_for 2 bash -c "[ \$(stat -c %s $1) -gt $a ]"; }
still() { local a; a=$(stat -c %s "$1"); ! wait_for 2 bash -c "[ \$(stat -c %s $1) -gt $a ]"; }
stream() { in_ns lan curl -sN --max-time 60 "http://203.0.113.10:$1/stream" >"$W/stream-$1" 2>/dev/null & wait_for 5 test -s "$W/stream-$1"; }
check "cut: two streams" eval 'stream 80 && stream 81'
cut=$(ctl apply "$(doc 11 "$WEB" "$BAN")" 0 | python3 -c 'import json,sys; print(json.load(sys.stdin)["cut"])')
check "cut: the removed record's connection is ended (cut $cut)" test "$cut" -ge 1
check "cut: its stream stands still" still "$W/stream-81"
check "cut: the other stream goes on" grows "$W/stream-80"
check "list: the live one" bash -c "$(declare -f ctl in_ns); BUILD=$BUILD; ctl list 1001 | grep -q '\"dport\":80'"
check "cut by hand" bash -c "$(declare -f ctl in_ns); BUILD=$BUILD; ctl cut 1001 | grep -qE '\"cut\":[1-9]'"
SHORT='{"number":1004,"from":"lan","to":"wan","protocol":"tcp","port":"81","expires_in":4}'
check "expiry: apply" ctl apply "$(doc 12 "$WEB" "$SHORT")" 0
check "expiry: a live stream" stream 81
check "expiry: event" wait_for 10 event expire rule 1004
check "expiry: the stream stands still" still "$W/stream-81"
refuse "expiry: no new connection" web2
check "expiry: others go on" web
restart
check "expiry: left out at the next start" is '["expired_left_out"]' 1
refuse "expiry: still closed after the start" web2
pkill -P $$ -x curl 2>/dev/null

# ---- packet log
wait $FOLLOW 2>/dev/null
: >"$W/events"
follow
check "log: apply" ctl apply "$(doc 13 "$WEB" "$BAN")" 0
check "log: subscribed" wait_for 3 event apply generation 13
TRY=0.3 web2
check "log: a deny rule names itself" wait_for 3 event drop rule 1050 reason rule zone_in lan zone_out wan direction outbound
TRY=0.3 tcp_try lan 203.0.113.10 82
check "log: no rule" wait_for 3 event drop reason no_rule dest_port 82 in_iface lan0 out_iface wan0 src_ip 192.168.10.10
web
check "log: an allowed connection with its rule" wait_for 3 event allow rule 1001 revision 1 dest_port 80
for _ in 1 2 3 4 5; do TRY=0.2 tcp_try lan 203.0.113.10 83; done
wait_for 3 event drop dest_port 83
check "log: repeats are one event" test "$(grep -c '"dest_port":83' "$W/events")" = 1
check "log: and counted" test "$(field '["events"]["folded"]')" -ge 4
stop
wait $FOLLOW 2>/dev/null
check "log: their summary" python3 - "$W/events" <<'PY'
import json, sys
n = [json.loads(l) for l in open(sys.argv[1]) if '"dest_port":83' in l]
assert len(n) == 2 and n[1]["sekisho"]["count"] >= 4, n
PY
fwd_start "${OPTS[@]}"
# Nobody subscribes: kept, and delivered when somebody does.
TRY=0.3 tcp_try lan 203.0.113.10 84
: >"$W/events"
ctl events 1 no-ack >"$W/events"
check "log: kept until somebody subscribes" event drop dest_port 84
ctl events 1 >"$W/events"
check "log: sent again while not acknowledged" event drop dest_port 84
ctl events 1 >"$W/events"
refuse "log: not after that" event drop dest_port 84

# ---- the owner flag
stop
in_ns gw nft delete table inet sekisho
OPTS=("${EXTRA[@]}")
fwd_start "${OPTS[@]}"
if is '["owner"]' True; then
	refuse "owner: others may not delete the table" in_ns gw nft delete table inet sekisho
	in_ns gw nft flush ruleset
	check "owner: flush ruleset passes it over" web
	check "owner: apply" ctl apply "$(doc 14 "$WEB")" 0
	restart -KILL
	check "owner: survives a kill and is taken up again" is '["owner"]' True
	check "owner: filters" web
	refuse "owner: others still may not" in_ns gw nft flush table inet sekisho
else
	skip "owner" "this kernel has no persistent owner flag"
fi
stop
check "stop: the kernel keeps its rules" web
finish
