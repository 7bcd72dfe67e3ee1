#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.146, 108: a feed over HTTPS becomes rules of the kernel and names of the inspection; it begins by watching; a
# broken, shrunken or absurd update is refused and a dead server empties nothing; the allow-list always wins.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_feeds.sh"
sandbox "$@"
net_up
publisher_up
fwd_start
mkdir -p "$W/shipped" $STATE/ips
cat >"$W/shipped/sample.json" <<'J'
{"name": "sample", "title": {"en": "A sample", "ja": "見本"}, "kind": "name", "format": "domains", "interval": 3600,
 "url": "https://localhost:8443/names.txt",
 "licence": {"name": "its terms", "companies": "ask", "note": {"en": "ask first", "ja": "要確認"}}}
J
start() { mgmtd_start --rules-dir $STATE/rules --profiles "$TOP/configs/ips" --feeds "$W/shipped"; }
# Its name servers, and its way out.
printf 'search example\nnameserver 198.18.5.3\nnameserver  2001:db8:113::53\n' >"$W/resolv.conf"
mount --bind "$W/resolv.conf" /etc/resolv.conf
in_ns gw ip addr add 198.18.5.1/24 dev wan0
in_ns gw ip route add default via 198.18.5.4
start
feed_start
site_up
apply || exit 1
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 1 >>"$W/ipsd.log" 2>&1 &
IPSD=$!
serve inet 80,81 ''
rule_add --source any --destination any --direction 'lan->wan' --protocol tcp --port 80,81 >/dev/null
apply || exit 1
passes() { tcp_try lan 203.0.113.10 80; }
cut() { ! TRY=0.5 tcp_try lan 203.0.113.10 80; }
check "before any list a connection passes" passes

# ---- what comes with Sekisho is there, and off
check "a feed that is shipped is listed, not used" feed_is sample mode off
check "with what its licence says" eval 'as $KANSA --lang ja blocklist list --all | grep sample | grep -q 提供元への確認'
refuse "what is not used is not in the short list" eval 'as $KANSA blocklist list | grep -q sample'

# ---- fetched, watching
{
	echo '# a list with 200 addresses, three that no list may have, and one line that is none'
	for i in $(seq 0 199); do echo "198.51.100.$i"; done
	echo 203.0.113.10
	printf '10.0.0.1\n192.168.10.10\n127.0.0.0/8\n198.18.5.3\n198.18.5.4\n2001:db8:113::53\nrubbish\n'
} >"$W/www/list.txt"
refuse "an auditor adds no list" as $KANSA blocklist add partner --url https://localhost:8443/list.txt --format addresses
refuse "nothing but https" as $TANAKA blocklist add partner --url http://localhost/list.txt --format addresses
refuse "a format is needed" as $TANAKA blocklist add partner --url https://localhost:8443/list.txt
check "dry run" as $TANAKA blocklist add partner --url https://localhost:8443/list.txt --format addresses --dry-run
refuse "adds nothing" as $KANSA blocklist show partner
check "an administrator adds one" as $TANAKA blocklist add partner --url https://localhost:8443/list.txt \
	--format addresses --purpose 'list of our group'
check "it is fetched at once" wait_for 10 feed_is partner result ok
check "without what it may not have" feed_is partner entries 201
as $KANSA --json blocklist history partner >"$W/history"
check "which is in its history, with examples" eval 'grep -q "\"left_out\": *6" "$W/history" && grep -q 192.168.10.10 "$W/history"'
check "nor is this site's name server or router blocked" eval 'grep -q 198.18.5.3 "$W/history" && grep -q 198.18.5.4 "$W/history" &&
	grep -q 2001:db8:113::53 "$W/history"'
check "it begins in monitor mode" feed_is partner mode monitor
check "the firewall has it, by name and entry" wait_for 10 tested 203.0.113.10 monitor partner
check "it blocks nothing" passes
counted() { as $KANSA --json blocklist list | python3 -c 'import json, sys
sys.exit(not any(r["name"] == "partner" and r[sys.argv[1]] >= 1 for r in json.load(sys.stdin)))' "$1"; }
check "but says what it would have" wait_for 10 counted would_month

# ---- blocking
refuse "a requester does not switch it" as $SUZUKI blocklist mode partner block --reason x
check "an administrator does" as $TANAKA blocklist mode partner block --reason 'no false alarm in two weeks'
check "the firewall follows" wait_for 10 tested 203.0.113.10 block partner
check "the connection is cut" cut
check "and counted for the feed" wait_for 10 counted blocked_month
check "it is an event" grep -q '"action":"mode"' $STATE/mgmtd/eve.json
check "and in the audit log" eval 'as $KANSA --json audit list | grep -q blocklist.mode'

# ---- what is broken changes nothing
refused() {
	local name=$1 pattern=$2
	published list.txt
	as $TANAKA blocklist update partner >/dev/null || not_ok "$name: update"
	why() { feed_is partner result refused && as $KANSA blocklist list | grep partner | grep -q "$pattern"; }
	check "$name is refused, and the list says why" wait_for 10 why
	check "$name: the list before it stays in force" eval 'tested 203.0.113.10 block partner && feed_is partner entries 201 && cut'
}
cp "$W/www/list.txt" "$W/good.txt"
head -n 40 "$W/good.txt" >"$W/www/list.txt"
refused "a list that lost most of itself" 'shrank from 201'
check "which is an event" grep -q '"action":"refused".*"feed":"partner"' $STATE/mgmtd/eve.json
check "and a warning in the status" eval 'as $KANSA status | grep -q "could not be fetched or was refused"'
{ cat "$W/good.txt"; for i in $(seq 0 9); do for k in $(seq 0 99); do echo "100.$i.$k.1"; done; done; } >"$W/www/list.txt"
refused "a list that exploded" 'grew from 201'
{ cat "$W/good.txt"; for i in $(seq 1 30); do echo "10.1.1.$i"; done; } >"$W/www/list.txt"
refused "a list full of private addresses" 'impossible'
{ cat "$W/good.txt"; echo 0.0.0.0/0; } >"$W/www/list.txt"
refused "a list of everything" 'every address'
{ cat "$W/good.txt"; for i in $(seq 20 40); do echo "$i.0.0.0/9"; echo "$i.128.0.0/9"; done; } >"$W/www/list.txt"
refused "a list of the internet in pieces" 'covers 9 % of all IPv4'
{ cat "$W/good.txt"; for i in $(seq 1 30); do echo "<p>line $i</p>"; done; } >"$W/www/list.txt"
refused "a list that became a page" 'cannot be read'
: >"$W/www/list.txt"
refused "an empty list" 'is empty'
publisher_down
as $TANAKA blocklist update partner >/dev/null
check "a dead server is said so" wait_for 15 feed_is partner result unreachable
check "it empties nothing" eval 'tested 203.0.113.10 block partner && feed_is partner entries 201 && cut'
check "which is an event, too" grep -q '"action":"unreachable"' $STATE/mgmtd/eve.json
publisher_up

# ---- somebody looked at it
grep -v '^198.51.100.1' "$W/good.txt" >"$W/www/list.txt" # less than half is left
refused "again a much smaller list" 'shrank from 201'
refuse "it is not accepted without a reason" as $TANAKA blocklist update partner --accept
refuse "nor by a requester" as $SUZUKI blocklist update partner --accept --reason x
check "an administrator accepts it" as $TANAKA blocklist update partner --accept --reason 'the publisher confirmed it'
check "it is in use" wait_for 10 feed_is partner entries 90
check "and in the history, by name" eval 'as $KANSA blocklist history partner | grep -q "accepted by hand.*tanaka"'
refuse "once" as $TANAKA blocklist update partner --accept --reason again
check "the firewall has it" wait_for 10 tested 198.51.100.150 none

# ---- the allow-list
a=$(as $SUZUKI --json blocklist allow request 203.0.113.0/28 --purpose 'orders of parts' |
	python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
check "asked for, it changes nothing" cut
check "but why says that it was asked for" why_is 203.0.113.10 'r["allow_list"][0]["state"] == "requested"'
refuse "who asked does not approve" as $SUZUKI blocklist allow approve "$a"
refuse "nor does an administrator" as $TANAKA blocklist allow approve "$a"
check "another person does" as $SATO blocklist allow approve "$a" --comment 'site is clean'
check "the firewall follows" wait_for 10 tested 203.0.113.10 allowed
check "and the connection passes" passes
check "why says by which record, and who lists it" why_is 203.0.113.10 \
	'[(a["number"], a["value"], a["applicant"], a["approver"], a["purpose"], a["state"]) for a in r["allow_list"]] ==
	[('"$a"', "203.0.113.0/28", "suzuki", "sato", "orders of parts", "active")] and
	[(l["feed"], l["title"], l["mode"]) for l in r["listed"]] == [("partner", "partner", "block")]'
check "in Japanese, too" eval 'as $KANSA --lang ja why 203.0.113.10 | grep -q 除外リスト: && as $KANSA --lang ja why 203.0.113.10 | grep -q "モード: 遮断"'
check "an entry of our own does not go before it" eval 'as $TANAKA blocklist entry add 203.0.113.9 --purpose x >"$W/entry"'
check "and is not said to" grep -q "not blocked: number $a of the allow-list" "$W/entry"
as $TANAKA blocklist entry remove 203.0.113.9 --reason x >/dev/null
check "its removal is asked for" as $TANAKA blocklist allow remove "$a" --reason 'order done'
check "and approved" as $SATO blocklist allow approve "$a"
check "it is blocked again" wait_for 10 tested 203.0.113.10 block partner

# ---- one entry at once
check "a list is switched off" as $TANAKA blocklist disable partner --reason test
check "and out of the kernel" wait_for 10 passes
as $TANAKA blocklist entry add 203.0.113.10 --purpose 'seen in an incident' >"$W/entry"
check "an entry of our own is in force when the command returns" cut
check "and says so" grep -q 'from now on' "$W/entry"
check "why says who entered it, when and why" why_is 203.0.113.10 '[(l["who"], l["note"], l["mode"], l["since"] > 1.7e9)
	for l in r["listed"] if l["feed"] == "local"] == [("tanaka", "seen in an incident", "block", True)]'
check "and that another list, not in use, has it" why_is 203.0.113.10 '("partner", "off") in [(l["feed"], l["mode"]) for l in r["listed"]]'
refuse "an entry of half the internet is refused" as $TANAKA blocklist entry add 128.0.0.0/1 --purpose x
refuse "and all of co.jp" as $TANAKA blocklist entry add .co.jp --purpose x
check "a name goes to the inspection" eval 'as $TANAKA blocklist entry add .bad.example --purpose x >"$W/entry"'
check "which is off, and that is said" grep -q 'the inspection is off' "$W/entry"
check "with all below it" wait_for 10 tested www.bad.example block local
check "an entry is removed" as $TANAKA blocklist entry remove 203.0.113.10 --reason 'cleaned up'
check "and passes" wait_for 10 passes
check "its record stays" eval 'as $KANSA blocklist entry list --all | grep -q "cleaned up"'

# ---- names of a shipped feed, a file handed over
printf 'evil.example\nwww.evil2.example\n' >"$W/www/names.txt"
as $TANAKA blocklist enable sample >"$W/enable"
check "switching a feed on tells of its licence" grep -q 'ask first' "$W/enable"
check "its names go to the inspection" wait_for 10 tested evil.example monitor sample
printf '203.0.113.10\n203.0.113.11\n' >"$W/handed.txt"
check "a file is handed over" as $TANAKA blocklist add handed --file "$W/handed.txt" --format addresses
check "and taken" wait_for 10 feed_is handed entries 2
echo 203.0.113.12 >"$W/handed.txt"
check "and again" as $TANAKA blocklist update handed --file "$W/handed.txt"
check "with its new content" wait_for 10 tested 203.0.113.12 monitor handed

# ---- restarts, and what a disk does
generation() { as $KANSA --json status | python3 -c 'import json,sys; print(json.load(sys.stdin)["blocklist"]["generation"])'; }
before=$(generation)
kill -9 "$MGMTD"
wait "$MGMTD" 2>/dev/null
rm -f /run/sekisho/mgmt.sock
start
again() { as $KANSA status | grep -q 'firewall: *in use' && as $KANSA status | grep -q 'inspection: *in use'; }
check "a restart of the manager" wait_for 10 again
check "makes and sends nothing anew" [ "$(generation)" = "$before" ]
as $TANAKA blocklist mode handed block --reason x >/dev/null
wait_for 10 tested 203.0.113.12 block handed || not_ok "mode block"
kill -9 "$MGMTD"
wait "$MGMTD" 2>/dev/null
rm -f /run/sekisho/mgmt.sock
printf 'x' | dd of=$STATE/mgmtd/lists/handed.list bs=1 seek=60 conv=notrunc 2>/dev/null
rm -f $STATE/mgmtd/lists/blocklist.doc
start
check "a damaged list: the version before it is used" wait_for 10 tested 203.0.113.11 block handed
check "and it is said" wait_for 10 eval 'as $KANSA blocklist list | grep handed | grep -q damaged'
kill -9 "$IPSD"
wait "$IPSD" 2>/dev/null
rm -rf $STATE/ips /run/sekisho/ips.sock
mkdir -p $STATE/ips
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 1 >>"$W/ipsd.log" 2>&1 &
check "an inspection that lost its lists gets them" wait_for 15 tested evil.example monitor sample
check "removing a list" as $TANAKA blocklist remove handed --reason 'no longer needed'
check "takes it out of the kernel" wait_for 10 tested 203.0.113.11 none
refuse "its files are gone" ls $STATE/mgmtd/lists/handed.list
check "the audit chain is whole" as $KANSA audit verify
finish
