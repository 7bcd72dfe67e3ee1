#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Blocklists in the engine, with real clients and no rules at all: listed names are answered by the gateway,
# listed connections are ended at once and told so, allowed ones are left alone, what is only watched passes
# and is reported; addresses of listed names are learned.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
net_up
fwd_start
cat >"$W/zone" <<'Z'
www.good.example A 203.0.113.10
www.good.example AAAA 2001:db8:113::10
www.evil.example A 203.0.113.10
Z
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 2001:db8:113::10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
site_policy on closed
ipsd_start

list() { # HEAD ENTRY…: makes it and hands it to the engine
	local head=$1
	shift
	LIST_GEN=$((${LIST_GEN:-0} + 1))
	python3 "$TOP/tests/netns/mklist.py" $LIST_GEN "$head" malware:block trial:monitor -- "$@" >"$W/list"
	ips lists "$W/list"
}
ask() { in_ns lan python3 "$TOP/tests/netns/dns_ask.py" "$@" >"$W/ask" 2>&1; }
said() { grep -q "$1" "$W/ask" || { cat "$W/ask"; return 1; }; }

check "a name resolves while no list is loaded" ask 203.0.113.10 www.evil.example A
check "a blocklist loads without any rule set" list '{}' s evil.example malware
for server in 203.0.113.10 2001:db8:113::10; do
	check "$server: a listed name is answered" ask $server www.evil.example A
	check "$server: with NXDOMAIN" said '^NXDOMAIN question=www.evil.example'
	check "$server: another name is not touched" ask $server www.good.example A
	check "$server: and has its address" said 'A=203.0.113.10'
done
finish
