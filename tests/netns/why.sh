#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom devices inside talk to is known within seconds, with real connections over IPv4 and IPv6; `why` says which
# lists have an address or a name, which devices were in touch, what the gateway does, how to ask for an exception;
# reports by list, entry and device, of what is only monitored, of devices that look infected; country and operator.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
mkdir -p "$W/geo" $STATE/mgmtd/lists
"$BUILD/mkmmdb" "$W/geo"
python3 "$TOP/tests/netns/mkfeed.py" drop 1780000000 '4 203.0.113.0/24 SBL1' '6 2001:db8:113::/48 SBL2' \
	>$STATE/mgmtd/lists/drop.list
python3 "$TOP/tests/netns/mkfeed.py" names 1780000000 's bad.example ' >$STATE/mgmtd/lists/names.list
blocklist='"event_type":"drop","proto":"UDP","src_port":5353,"dest_ip":"203.0.113.53","dest_port":53,"in_iface":"lan0","out_iface":"wan0"'
own='"reason":"blocklist","feed":"names","entry":"bad.example","name":"www.bad.example","kind":"dns"'
{
	for i in 1 2 3; do
		echo "{$blocklist,\"src_ip\":\"192.168.10.10\",\"ether\":{\"src_mac\":\"02:00:00:00:00:0$i\"},\"sekisho\":{$own}}"
	done
	echo "{$blocklist,\"src_ip\":\"192.168.10.10\",\"ether\":{\"src_mac\":\"02:00:00:00:00:03\"},\"sekisho\":{$own}}"
	echo "{${blocklist/drop/allow},\"src_ip\":\"192.168.10.11\",\"ether\":{\"src_mac\":\"02:00:00:00:00:04\"},\"sekisho\":{${own/names/trial},\"would_drop\":true}}"
	echo '{"event_type":"contact","sekisho":{"contacts":[
		{"kind":"d","value":"WWW.bad.example","src":"192.168.10.10","count":3,"in_iface":"lan0"},
		{"kind":"d","value":"our.server.example","src":"198.51.100.9","count":3,"in_iface":"wan0"},
		{"kind":"d","value":"no name","src":"192.168.10.10","count":3}]}}' | tr -d '\n'
	echo
} >"$W/events"
net_up
fwd_start
mgmtd_start --geoip "$W/geo"
site_up
apply
serve inet 80,443 53
serve dmz 80 ''
serve lan 80 ''
TRY=2
rule_add --source 192.168.10.0/24,2001:db8:10::/64 --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
rule_add --source 192.168.10.0/24 --destination any --direction 'lan->dmz' --protocol tcp --port 80 >/dev/null
rule_add --source any --destination 192.168.20.10 --direction 'wan->dmz' --protocol tcp --port 80 >/dev/null
check "rules" apply
python3 "$TOP/tests/netns/ips_fake.py" /run/sekisho/ips.sock "$W/events" >"$W/fake.log" 2>&1 &
why() { as $KANSA "$@" >"$W/why" 2>&1; }
has() { grep -q -- "$1" "$W/why"; }
# A VALUE of why's JSON: python expression over r
is() { as $KANSA --json why "$1" >"$W/why.json" 2>/dev/null && python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$W/why.json" "$2"; }

# ---- contacts of real connections
for n in 1 2 3; do tcp_try lan 203.0.113.10 80 192.168.10.10; done
tcp_try lan 203.0.113.11 80 192.168.10.11
tcp_try lan 2001:db8:113::10 80
tcp_try lan 192.168.20.10 80
tcp_try inet 192.168.20.10 80
check "contact: the address, with the device" wait_for 25 is 203.0.113.10 \
	'[k["address"] for k in r["contacts"]] == ["192.168.10.10"] and 1 <= r["contacts"][0]["count"] <= 3'
check "contact: another one" wait_for 25 is 203.0.113.11 'r["contacts"][0]["address"] == "192.168.10.11"'
check "contact: IPv6" wait_for 25 is 2001:db8:113::10 'r["contacts"][0]["address"] == "2001:db8:10::10"'
check "contact: all of a network" wait_for 25 is 203.0.113.0/24 'len(r["contacts"]) == 2'
check "not what is inside" is 192.168.20.10 'not r.get("contacts")'
check "not who comes from outside" is 203.0.113.10 'all(k["address"].startswith("192.168.10.") for k in r["contacts"])'
check "contact: a name, as the inspection told it" wait_for 10 is bad.example \
	'[(k["contact"], k["count"]) for k in r["contacts"]] == [("www.bad.example", 3)]'
check "not the names that others call our servers" is our.server.example 'not r.get("contacts")'

# ---- why
check "why: which list has it, since when, with its note" is 203.0.113.10 \
	'[(l["feed"], l["entry"], l["since"], l["note"]) for l in r["listed"]] == [("drop", "203.0.113.0/24", 1780000000, "SBL1")]'
check "why: a name by an entry above it" is https://www.bad.example/x \
	'r["listed"][0]["feed"] == "names" and r["inspection"]["entry"] == "bad.example"'
check "why: how to ask for an exception" is www.bad.example \
	'r["exception"].startswith("sekisho blocklist allow request '"'"'www.bad.example'"'"' ")'
check "why: the rules that lead there" is 203.0.113.10 'any(x["kind"] == "allow" for x in r["rules_to_it"])'
check "why: country and operator" is 203.0.113.10 \
	'r["country"] == "NL" and r["asn"] == 64496 and r["operator"] == "Example Hosting"'
check "why: blocked devices" is www.bad.example 'r["blocked"][0]["device"] == "02:00:00:00:00:03" and r["blocked"][0]["count"] == 2'
check "why: nothing is known" is 192.0.2.1 'not r.get("listed") and not r.get("contacts") and not r.get("exception")'
why --lang ja why 203.0.113.10
check "why: in Japanese" eval 'has 登録されている一覧 && has オランダ'
check "why: not without the inspection" is www.bad.example 'r["verdict"] == "off" and "nothing stops it" in r["explanation"]'
inspect() {
	local n
	n=$(as $TANAKA --json setting set inspection.mode on --purpose 'No.146' |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])') && as $SATO change approve "$n" && apply
}
check "the inspection is switched on" inspect
check "why: a name is blocked by an entry above it" is https://www.bad.example/x \
	'r["verdict"] == "block" and r["inspection"]["entry"] == "bad.example"'
why why www.bad.example
check "why: in words" has 'www.bad.example is blocked: on the blocklist names (bad.example)'
refuse "why: nonsense" why why 'a b'
printf 'x' >>$STATE/mgmtd/lists/names.list
why why bad.example
check "why: a damaged list is named, the rest is said" eval 'has names.list && has "is blocked"'

# ---- guard
scan() { in_ns inet nmap -n -Pn -sS -T4 --max-retries 0 -S 203.0.113.11 -e eth0 -p100-150 192.168.20.10 >/dev/null 2>&1; }
if command -v nmap >/dev/null; then
	scan
	check "why: blocked by the guard" wait_for 5 is 203.0.113.11 'r["guard_blocks"][0]["guard"] == "scan" and "guard release" in r["release"]'
else
	skip "why: blocked by the guard" "nmap is not installed"
fi

# ---- reports
report() { as $KANSA --json report "$@" >"$W/report.json" 2>/dev/null; }
rows() { report "${@:2}" && python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
sys.exit(not eval(sys.argv[2]))' "$W/report.json" "$1"; }
check "report: by list" rows 'r[0]["feed"] == "names" and r[0]["count"] == 4' blocked --by feed
check "report: by entry" rows 'r[0]["entry"] == "bad.example" and r[0]["feed"] == "names"' blocked --by entry
check "report: by device" rows 'r[0]["device"] == "02:00:00:00:00:03" and r[0]["address"] == "192.168.10.10"' blocked --by device --feed names
check "report: one entry, with the far end's country" rows \
	'len(r) == 4 and r[0]["name"] == "www.bad.example" and r[0]["country"] == "NL" and r[0]["asn"] == 64496' blocked --by detail --entry bad.example
check "report: what is only monitored stands apart" rows '[x["feed"] for x in r] == ["trial"]' blocked --by feed --monitored
check "report: it was not allowed by a rule that logs" rows 'r == [] or all(x["source"] != "192.168.10.11" for x in r)' allowed --by source
check "report: devices that look infected" rows \
	'r[0]["device"] == "02:00:00:00:00:03" and r[0]["count"] == 2 and r[-1]["monitored"] == 1 and r[-1]["count"] == 0' infected
as $KANSA report blocked --by detail --feed names >"$W/words"
check "report: the reason names list and entry" grep -q 'on the blocklist names: bad.example (seen: www.bad.example)' "$W/words"
refuse "eve.json and followers are not told of contacts" grep -q '"contact"' $STATE/mgmtd/eve.json

# ---- with the firewall's own blocklist
python3 "$TOP/tests/netns/mkblocklist.py" 1 drop,new=monitor >"$W/list" <<<'4 203.0.113.10 0
4 203.0.113.20 1'
check "a list in the firewall" in_ns gw "$BUILD/fwdctl" blocklist "$W/list"
check "why: the firewall blocks it" is 203.0.113.10 \
	'r["verdict"] == "block" and r["firewall"]["feed"] == "drop" and r["firewall"]["entry"] == "203.0.113.10"'
check "why: the firewall only reports it" is 203.0.113.20 'r["verdict"] == "monitor" and "which only reports" in r["explanation"]'
refuse "a listed address is not reached" tcp_try lan 203.0.113.10 80 192.168.10.10
check "report: what the firewall blocked, by list" wait_for 5 rows \
	'any(x["feed"] == "drop" and x["entry"] == "203.0.113.10" for x in r)' blocked --by entry
check "why: who was blocked by it" wait_for 5 is 203.0.113.10 'r["blocked"][0]["address"] == "192.168.10.10"'

# ---- over a restart
gw_stop
fwd_start
mgmtd_start --geoip "$W/geo"
check "contacts survive a restart" is 203.0.113.10 'r["contacts"][0]["address"] == "192.168.10.10"'
finish
