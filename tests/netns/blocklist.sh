#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Listed addresses: stopped in both directions, over IPv4 and IPv6, as single addresses, networks and ranges; those of
# monitored lists pass and are reported; allowed ones always pass; live connections end; every event names feed and
# entry. Single changes, learned addresses, bad documents. All of it without the manager, over a kill, a restart and
# the loss of the table; and while the list is replaced nothing that both lists hold gets through.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
for h in 20 21 22 23 24 25 26 27 28 29 30; do
	in_ns inet ip addr add 203.0.113.$h/24 dev eth0
	in_ns inet ip addr add 2001:db8:113::$h/64 dev eth0 nodad
done
in_ns gw ip route add default via 203.0.113.10
in_ns gw ip -6 route add default via 2001:db8:113::10
serve inet 80 53
serve dmz 80 53
serve gw 22 5353
TRY=1.5
read -ra OPTS <<<"--no-owner ${SK_FWD_OPTS:-}"

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
stop() { kill "${1:--TERM}" $FWD 2>/dev/null; wait $FWD 2>/dev/null; rm -f /run/sekisho/fwd.sock; }
events() { ctl events 600 >"$W/events" 2>&1 & EVENTS=$!; }
GEN=0
policy() { # BLOCKLIST
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"generation": $GEN, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "blocklist": {"enabled": $1}, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "ping": true, "manage": true},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"any","port":"any"},
	 {"number":1002,"from":"wan","to":"dmz","protocol":"any","port":"any"},
	 {"number":1003,"from":"gateway","to":"wan","protocol":"any","port":"any"},
	 {"number":1004,"from":"lan","to":"dmz","protocol":"any","port":"any"}]}
	JSON
	ctl apply "$W/doc.json" 0 >"$W/apply.log" 2>&1 || { cat "$W/apply.log"; return 1; }
}
LIST=100
list() { # lines on stdin
	LIST=$((LIST + 1))
	python3 "$TOP/tests/netns/mkblocklist.py" $LIST drop,feodo,new=monitor >"$W/list" && ctl blocklist "$W/list"
}
change() { # REMOVE ADD
	ctl op blocklist.change "{\"base\":$LIST,\"generation\":$((LIST + 1)),\"remove\":[$1],\"add\":[$2]}" &&
		LIST=$((LIST + 1))
}
field() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["blocklist"]["'"$1"'"])'; }
is() { [ "$(field "$1")" = "$2" ]; }
verdict() { ctl op blocklist.test "{\"address\":\"$1\"}" | grep -q "\"verdict\":\"$2\""; }
# event TYPE CONDITION: one with reason blocklist for which the Python expression holds (e, s = e["sekisho"])
event() {
	wait_for 4 python3 - "$W/events" "$1" "$2" <<-'PY'
	import json, sys
	for line in open(sys.argv[1]):
	    e = json.loads(line)
	    s = e.get("sekisho", {})
	    if e["event_type"] == sys.argv[2] and s.get("reason") == "blocklist" and eval(sys.argv[3]):
	        sys.exit(0)
	sys.exit(1)
	PY
}
at_once() { # COMMAND…: fails, and in less than half a second
	local begin=$EPOCHREALTIME
	"$@" >/dev/null 2>&1 && return 1
	awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {exit b - a > 0.5}'
}
counter() { ctl counters | python3 -c '
import json, sys
v = {r[0]: r[1] for l in sys.stdin for r in json.loads(l).get("counters", [])}
print(v.get(int(sys.argv[1]), 0))' "$1"; }

fwd_start "${OPTS[@]}"
check "policy" policy true
events
check "nothing is listed: passes" tcp_try lan 203.0.113.10 80
check "a list" list <<'L'
4 203.0.113.20 0
4 203.0.113.22-203.0.113.24 1
4 203.0.113.28/31 2
4 203.0.113.29 -
4 198.18.0.0/15 1
4 198.51.100.0/24 0
4 172.31.0.0/17 0
6 2001:db8:113::20 0
6 2001:db8:113::22-2001:db8:113::24 1
6 2001:db8:113::28 2
6 2001:db8:777::/48 0
6 2001:db8:113::26/127 0
6 2001:db8:113::26 -
d bad.example 0
u bad.example/x 0
L
check "status" eval 'is generation $LIST && is entries 13'

# ---- outbound
for a in 203.0.113.20 203.0.113.23 2001:db8:113::20 2001:db8:113::23; do
	check "out: $a is refused at once" at_once tcp_try lan $a 80
	refuse "out: $a by UDP" udp_try lan $a 53
done
for a in 203.0.113.21 203.0.113.25 2001:db8:113::25 203.0.113.29 2001:db8:113::26; do
	check "out: $a is not listed, or allowed" tcp_try lan $a 80
done
check "out: 2001:db8:113::27 is the other half of an allowed entry" at_once tcp_try lan 2001:db8:113::27 80
check "out: monitored passes" tcp_try lan 203.0.113.28 80
check "out: monitored passes over IPv6" tcp_try lan 2001:db8:113::28 80
check "the gateway itself is refused" at_once tcp_try gw 203.0.113.20 80
check "the gateway reaches others" tcp_try gw 203.0.113.21 80
check "inside nobody is looked up" tcp_try lan 192.168.20.10 80
check "event: outbound" event drop 's["feed"] == "drop" and s["entry"] == "203.0.113.20" and s["rule"] == 19 and
	s["direction"] == "outbound" and s["rejected"] and e["dest_ip"] == "203.0.113.20" and "ether" in e'
check "event: a range" event drop 's["feed"] == "feodo" and s["entry"] == "203.0.113.22-203.0.113.24"'
check "event: IPv6" event drop 's["feed"] == "feodo" and s["entry"] == "2001:db8:113::22-2001:db8:113::24"'
check "event: monitored" event allow 's["feed"] == "new" and s["entry"] == "203.0.113.28/31" and s["rule"] == 20 and
	s["would_drop"] is True and s["direction"] == "outbound"'
check "event: the gateway's own" event drop 's["entry"] == "203.0.113.20" and "in_iface" not in e'

# ---- inbound
tracked() { in_ns gw conntrack -L -s "$1" 2>/dev/null | grep -q .; }
for a in 203.0.113.20 203.0.113.24; do refuse "in: $a" tcp_try inet 192.168.20.10 80 $a; done
for a in 2001:db8:113::20 2001:db8:113::22; do refuse "in: $a" tcp_try inet 2001:db8:20::10 80 $a; done
if command -v conntrack >/dev/null; then
	refuse "in: not even tracked" tracked 203.0.113.20
else
	skip "in: not even tracked" "conntrack is not installed"
fi
check "in: others" tcp_try inet 192.168.20.10 80 203.0.113.21
check "in: allowed" tcp_try inet 192.168.20.10 80 203.0.113.29
check "in: monitored" tcp_try inet 192.168.20.10 80 203.0.113.28
refuse "in: to the gateway" tcp_try inet 203.0.113.1 22 203.0.113.20
check "in: to the gateway, others" tcp_try inet 203.0.113.1 22 203.0.113.21
check "event: inbound" event drop 's["feed"] == "drop" and s["entry"] == "203.0.113.20" and s["direction"] == "inbound" and
	e["src_ip"] == "203.0.113.20" and "rejected" not in s'
check "event: monitored, inbound" event allow 's["entry"] == "203.0.113.28/31" and s["direction"] == "inbound"'
check "counted" eval '[ "$(counter 19)" -gt 10 ] && [ "$(counter 20)" -ge 4 ]'
check "asked: listed" verdict 198.19.2.3 block
check "asked: monitored" verdict 203.0.113.28 monitor
check "asked: allowed" verdict 203.0.113.29 allowed
check "asked: nothing" verdict 203.0.113.21 none

# ---- live connections
# A client that goes on sending, and ends when it is told that it cannot.
cat >"$W/talk.py" <<'PY'
import socket, sys, time
s = socket.create_connection((sys.argv[1], 80), 3)
s.sendall(b"GET /stream HTTP/1.1\r\n")
s.settimeout(0.1)
end = time.time() + 60
while time.time() < end:
    try:
        s.send(b"x")
        sys.stdout.buffer.write(s.recv(4096))
        sys.stdout.flush()
    except TimeoutError:
        pass
    except OSError:
        break
PY
stream() { # NAME ADDR
	: >"$W/stream-$1"
	in_ns lan python3 "$W/talk.py" "$2" >"$W/stream-$1" 2>/dev/null &
	eval "TALK_$1=$!"
	wait_for 5 test -s "$W/stream-$1"
}
ended() { wait_for 3 eval '! kill -0 $TALK_'"$1"' 2>/dev/null'; }
stream a 203.0.113.25
stream b 2001:db8:113::25
stream c 203.0.113.27
check "one change: added" change '' '["4","203.0.113.25","drop"],["6","2001:db8:113::25","feodo"]'
check "its live connection is told" ended a
check "over IPv6, too" ended b
check "connections are ended" wait_for 2 eval '[ "$(field cut)" -ge 1 ]'
check "another one goes on" eval 'a=$(stat -c %s "$W/stream-c"); wait_for 2 eval "[ \$(stat -c %s $W/stream-c) -gt $a ]"'
check "it is refused" at_once tcp_try lan 203.0.113.25 80
check "event: the added entry" event drop 's["entry"] == "203.0.113.25"'
LINES='4 203.0.113.20 0
4 203.0.113.27 1
4 203.0.113.28/31 2
6 2001:db8:113::20 0
6 2001:db8:113::22-2001:db8:113::24 1'
check "a new list" list <<<"$LINES"
check "the live connection to what it adds is told" ended c
check "what it no longer lists passes" tcp_try lan 203.0.113.25 80
check "over IPv6, too" tcp_try lan 2001:db8:113::25 80
check "what both list does not" at_once tcp_try lan 203.0.113.20 80

# ---- single changes
check "one change: removed" change '["4","203.0.113.20","drop"]' ''
check "passes" tcp_try lan 203.0.113.20 80
check "one change: allowed goes before" change '' '["4","203.0.113.27",null]'
check "passes" tcp_try lan 203.0.113.27 80
check "one change: no longer allowed" change '["4","203.0.113.27",null]' '["4","203.0.113.20","drop"],["d","x.example","drop"]'
check "is refused again" at_once tcp_try lan 203.0.113.27 80
check "a network, the first of its length" change '' '["4","203.0.113.0/24","new"],["6","2001:db8:888::/48","drop"]'
check "it is monitored" eval 'verdict 203.0.113.21 monitor && tcp_try lan 203.0.113.21 80'
check "event: the network" event allow 's["entry"] == "203.0.113.0/24"'
for bad in "{\"base\":1,\"generation\":2}" "{\"base\":$LIST,\"generation\":2,\"add\":[[\"4\",\"203.0.113.0/24\",\"drop\"]]}" \
	"{\"base\":$LIST,\"generation\":2,\"remove\":[[\"4\",\"1.2.3.4\",\"drop\"]]}" \
	"{\"base\":$LIST,\"generation\":2,\"add\":[[\"4\",\"nonsense\",\"drop\"]]}" \
	"{\"base\":$LIST,\"generation\":2,\"add\":[[\"4\",\"1.2.3.4\",\"unknown\"]]}" \
	"{\"base\":$LIST,\"generation\":2,\"add\":[[\"4\",\"9.9.9.9\",\"drop\"],[\"4\",\"203.0.113.20\",\"feodo\"]]}"; do
	refuse "refused: $bad" ctl op blocklist.change "$bad"
done
check "another generation is told apart" eval 'ctl op blocklist.change "{\"base\":1,\"generation\":2}" 2>&1 | grep -q "^fwdctl: -116 base"'
check "nothing changed" eval 'is generation $LIST && verdict 9.9.9.9 none && verdict 203.0.113.20 block'

# ---- bad documents
python3 "$TOP/tests/netns/mkblocklist.py" 999 drop >"$W/good" <<<'4 203.0.113.21 0'
head -c -20 "$W/good" >"$W/cut"
sed 's/203.0.113.21/203.0.113.22/' "$W/good" >"$W/altered"
grep -v end "$W/good" >"$W/endless"
printf '\x00\xff{' >"$W/noise"
: >"$W/empty"
for f in cut altered endless noise empty; do refuse "bad document: $f" ctl blocklist "$W/$f"; done
check "nothing changed" eval 'is generation $LIST && verdict 203.0.113.21 monitor && at_once tcp_try lan 203.0.113.20 80'

# ---- learned addresses
learn() { ctl op blocklist.learn "{\"rows\":[{\"address\":\"$1\",\"name\":\"$2\",\"feed\":\"names\",\"ttl\":$3}]}" | grep -q "\"$4\":1"; }
check "learned" learn 203.0.113.26 bad.example 600 learned
check "learned over IPv6, for 6 s" learn 2001:db8:113::29 worse.example 6 learned
check "it is refused" at_once tcp_try lan 203.0.113.26 80
check "over IPv6" at_once tcp_try lan 2001:db8:113::29 80
check "event: learned" event drop 's["feed"] == "names" and s["entry"] == "bad.example" and e["dest_ip"] == "203.0.113.26"'
check "it passes when its time is up" wait_for 12 tcp_try lan 2001:db8:113::29 80
check "forgotten" eval 'ctl op blocklist.forget "{\"addresses\":[\"203.0.113.26\"]}" | grep -q "\"forgotten\":1"'
check "what is forgotten passes" tcp_try lan 203.0.113.26 80
check "once only" eval 'ctl op blocklist.forget "{\"addresses\":[\"203.0.113.26\"]}" | grep -q "\"forgotten\":0"'
refuse "forgetting needs an address" ctl op blocklist.forget '{"addresses":["bad.example"]}'
check "learned again" learn 203.0.113.26 bad.example 600 learned
check "never the gateway itself" learn 203.0.113.1 bad.example 60 refused
check "an allowed address" change '' '["4","203.0.113.30",null]'
check "is not learned" learn 203.0.113.30 bad.example 60 refused

# ---- switched off and on
check "the policy switches it off" policy false
check "off: passes" eval 'tcp_try lan 203.0.113.20 80 && tcp_try inet 192.168.20.10 80 203.0.113.27'
check "off: the sets are gone" eval '! in_ns gw nft list sets | grep -q "bl4_32"'
check "off: the list may change" list <<<"$LINES"
check "on" policy true
check "on: refused" at_once tcp_try lan 203.0.113.20 80
check "learned ones are still there" at_once tcp_try lan 203.0.113.26 80

# ---- death and loss
check "a change before the kill" change '["4","203.0.113.27","feodo"]' '["4","203.0.113.21","drop"]'
stop -KILL
check "killed: the kernel goes on" at_once tcp_try lan 203.0.113.21 80
check "killed: others pass" tcp_try lan 203.0.113.27 80
fwd_start "${OPTS[@]}"
check "started again, nobody else needed: the list and its change" eval 'is generation $LIST && is changes 1 &&
	verdict 203.0.113.21 block && verdict 203.0.113.27 none'
check "started again: refused" at_once tcp_try lan 203.0.113.21 80
check "started again: passes" tcp_try lan 203.0.113.27 80
stop
in_ns gw nft delete table inet sekisho
fwd_start "${OPTS[@]}"
check "started without a table: refused" at_once tcp_try lan 203.0.113.21 80
check "started without a table: in" eval '! tcp_try inet 192.168.20.10 80 203.0.113.21'
ours() { in_ns gw nft list table inet sekisho >"$W/table" 2>&1 && grep -q 'bl4_32' "$W/table"; }
in_ns gw nft delete table inet sekisho
check "the table is deleted: it comes back with the list" wait_for 5 ours
check "and stops" at_once tcp_try lan 203.0.113.21 80
set4() { in_ns gw nft list sets | sed -n 's/.*set \(bl4_32[^ ]*\) .*/\1/p'; }
check "an element is taken out" eval 'before=$(field sets); in_ns gw nft delete element inet sekisho "$(set4)" "{ 203.0.113.21 }"'
check "it comes back" wait_for 5 eval 'in_ns gw nft get element inet sekisho "$(set4)" "{ 203.0.113.21 }"'
check "and stops" at_once tcp_try lan 203.0.113.21 80
check "a set is emptied" in_ns gw nft flush set inet sekisho "$(set4)"
check "and filled again" wait_for 5 eval 'at_once tcp_try lan 203.0.113.21 80'
drifts() { ctl status | grep -o 'drift_count":[0-9]*'; }
steady() { local a; a=$(drifts); read -rt 0.4 <> <(:) || :; [ "$a" = "$(drifts)" ]; }
wait_for 5 steady
before=$(drifts)
check "our own change is no drift" eval 'change "" "[\"4\",\"203.0.113.24\",\"drop\"],[\"4\",\"198.18.0.0/15\",\"drop\"]" && list <<<"$LINES"'
wait_for 5 steady
check "none was seen" eval '[ "$before" = "$(drifts)" ]'
cp $STATE/fwd/blocklist "$W/kept"
stop
echo broken >$STATE/fwd/blocklist
fwd_start "${OPTS[@]}"
check "a damaged list: the one before it, and said so" eval '[ "$(field generation)" -gt 100 ] && ctl status | grep -q damaged'
stop
cp "$W/kept" $STATE/fwd/blocklist
fwd_start "${OPTS[@]}"
check "policy text has the sets" eval 'ctl text | grep -q "set bl4_32_1024"'
check "policy text: nft takes it" eval 'ctl text >"$W/text"; in_ns inet nft -c -f "$W/text"'

# ---- replaced under traffic: what all lists hold never gets through, what none holds never is stopped
cat >"$W/stream.py" <<'PY'
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
dst = [(a, 7777) for a in sys.argv[1:]]
end = time.time() + 120
while time.time() < end:
    for a in dst:
        try:
            s.sendto(b"x", a)
        except OSError:
            pass
    time.sleep(0.0005)
PY
cat >"$W/sink.py" <<'PY'
import collections, signal, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: whom it was sent to
s.bind(("0.0.0.0", 7777))
seen = collections.Counter()
signal.signal(signal.SIGTERM, lambda *a: (print(dict(seen), flush=True), sys.exit(0)))
print("ready", flush=True)
while True:
    _, anc, _, _ = s.recvmsg(100, 100)
    seen[socket.inet_ntoa(anc[0][2][8:12])] += 1
PY
ip netns exec inet python3 "$W/sink.py" >"$W/sink" & SINK=$!
wait_for 5 grep -q ready "$W/sink"
ip netns exec lan python3 "$W/stream.py" 203.0.113.20 203.0.113.22 203.0.113.26 & SEND=$!
ok=0
for round in 1 2 3 4 5 6; do
	# The address is one entry, part of a network, in a range, beside thousands of others: other sets each time.
	case $((round % 6)) in
	0) lines="4 203.0.113.20 0" ;;
	1) lines="4 203.0.113.20 1
$(for ((i = 0; i < 250; i++)); do for ((j = 1; j < 8; j++)); do echo "4 20.0.$j.$i 0"; done; done)" ;;
	2) lines="4 203.0.113.20/31 0" ;;
	3) lines="4 203.0.113.0/27 0
4 203.0.113.22 -
4 203.0.113.26 -" ;;
	4) lines="4 203.0.0.0/16 0
4 203.0.113.22 -
4 203.0.113.26 -" ;;
	5) lines="4 203.0.112.0-203.0.113.21 1" ;;
	esac
	list <<<"$lines" >"$W/list.out" 2>&1 && ok=$((ok + 1)) || cat "$W/list.out"
done
kill $SEND
wait $SEND 2>/dev/null
kill $SINK
wait $SINK
check "six lists under traffic" [ $ok = 6 ]
# 203.0.113.26 is a learned address of the run before: no longer, since that was another process.
check "none of what all hold got through, others did: $(tail -n 1 "$W/sink")" \
	eval '! grep -q "203.0.113.20" "$W/sink" && grep -q "203.0.113.22" "$W/sink"'
kill $EVENTS 2>/dev/null
finish
