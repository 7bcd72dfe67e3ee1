#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.146: a list that blocks gets no new entries of what this site talks to every day without somebody's word; the
# switch of all lists is a setting that another person approves.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_feeds.sh"
sandbox "$@"
net_up
publisher_up
fwd_start
mgmtd_start --feeds "$W/feeds"
feed_start
site_up
apply || exit 1
serve inet 80 ''
rule_add --source any --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
apply || exit 1
echo 198.51.100.1 >"$W/www/list.txt"
as $TANAKA blocklist add partner --url https://localhost:8443/list.txt --format addresses >/dev/null
wait_for 10 feed_is partner result ok || not_ok "fetched"
as $TANAKA setting set blocklist.max_hits 0 --purpose test >/dev/null
as $TANAKA blocklist mode partner block --reason test >/dev/null
approve() { mapfile -t waiting < <(as $SATO --json change list --state requested | python3 -c \
	'import json,sys; [print(c["number"]) for c in json.load(sys.stdin)]') && as $SATO change approve "${waiting[@]}"; }
check "the limit is approved" approve

# ---- what is talked to every day
tcp_try lan 203.0.113.10 80 || not_ok "a connection"
seen() { as $KANSA --json why 203.0.113.10 | grep -q 192.168.10.10; }
check "a connection is known within a minute" wait_for 70 seen
printf '198.51.100.1\n203.0.113.10\n' >"$W/www/list.txt"
published list.txt
as $TANAKA blocklist update partner >/dev/null
check "what was seen on one day alone is no habit" wait_for 10 feed_is partner entries 2
echo 198.51.100.1 >"$W/www/list.txt"
published list.txt
as $TANAKA blocklist update partner >/dev/null
wait_for 10 feed_is partner entries 1 || not_ok "back again"
sqlite3 $STATE/mgmtd/contacts.db "UPDATE contact SET days = 5" || not_ok "five days"
printf '198.51.100.1\n203.0.113.10\n' >"$W/www/list.txt"
published list.txt
as $TANAKA blocklist update partner >/dev/null
check "what is talked to every day is not blocked without a word" wait_for 10 feed_is partner result refused
check "and the list says so" eval 'as $KANSA blocklist list | grep partner | grep -q "1 are what this site talks"'
check "with the address" eval 'as $KANSA blocklist history partner | grep -q "203.0.113.10 (this site talks to it)"'
check "it passes" tcp_try lan 203.0.113.10 80
check "accepted by an administrator" as $TANAKA blocklist update partner --accept --reason 'infected, is being cleaned'
check "it is blocked" wait_for 10 tested 203.0.113.10 block partner

# ---- the switch
check "all lists are switched off by a request" as $TANAKA setting set blocklist.enabled no --purpose 'trouble'
blocked() { ! TRY=0.5 tcp_try lan 203.0.113.10 80; }
check "nothing changes before the approval" blocked
check "approved" approve
check "and applied" apply
check "it passes" tcp_try lan 203.0.113.10 80
finish
