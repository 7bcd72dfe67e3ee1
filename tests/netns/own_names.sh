#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names asked of the gateway's own resolver (a real dnsmasq) do not escape the blocklists: a listed name is
# answered by the inspection as it is beyond the gateway, and told of with the client; so is a name that leads
# to a listed one; the gateway's own questions; and addresses are learned.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
command -v dnsmasq >/dev/null || { skip "names asked of the gateway" "no dnsmasq"; finish; }
IPSD_OPTS="--user nobody"
net_up
fwd_start
# An address of the internet: documentation addresses are never learned.
in_ns inet ip addr add 93.184.216.34/32 dev eth0
in_ns gw ip route add 93.184.216.0/24 via 203.0.113.10
cat >"$W/zone" <<'Z'
www.good.example A 203.0.113.10
www.good.example AAAA 2001:db8:113::10
www.evil.example A 203.0.113.10
late.example CNAME host.evil.example
host.evil.example A 93.184.216.34 3600
six.example A 203.0.113.11
Z
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 2001:db8:113::10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
serve inet 80 ""

zones() { # SERVE USE MODE FAIL: nothing but what these lists open
	FW_GEN=$((FW_GEN + 1))
	cat >"$W/site.json" <<-JSON
	{"generation": $FW_GEN, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "inspection": {"mode": "$3", "fail": "$4", "queues": 2}, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "use": [$2]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "serve": [$1]},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"}]}
	JSON
	in_ns gw "$BUILD/fwdctl" apply "$W/site.json" 0 >"$W/apply.out" 2>&1 || { cat "$W/apply.out"; return 1; }
}
list() { # HEAD ENTRY…: makes it and hands it to the engine
	local head=$1
	shift
	LIST_GEN=$((${LIST_GEN:-0} + 1))
	python3 "$TOP/tests/netns/mklist.py" $LIST_GEN "$head" malware:block trial:monitor -- "$@" >"$W/list"
	ips lists "$W/list"
}
ask_from() { local ns=$1; shift; in_ns "$ns" python3 "$TOP/tests/netns/dns_ask.py" "$@" >"$W/ask" 2>&1; }
ask() { ask_from lan "$@"; }
said() { grep -qE "$1" "$W/ask" || { cat "$W/ask"; return 1; }; }
asked() { [ "$(grep -ci "^$1" "$W/dns.log")" = "$2" ] || { cat "$W/dns.log"; return 1; }; } # NAME TIMES
forget() { kill -HUP "$DNSMASQ"; } # its cache
has_event() { # PATTERN…: one event has all of them
	python3 - "$W/events" "$@" <<-'PY'
	import json, sys
	def has(e, want):
	    key, _, value = want.partition("=")
	    for part in key.split("."):
	        e = e.get(part, {}) if isinstance(e, dict) else {}
	    return json.dumps(e).strip('"') == value
	sys.exit(0 if any(all(has(json.loads(l), w) for w in sys.argv[2:]) for l in open(sys.argv[1])) else 1)
	PY
}
event() { wait_for 4 has_event "$@" || { tail -n 5 "$W/events"; return 1; }; }

ip netns exec gw dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --server=203.0.113.10 --user=nobody \
	--pid-file= --log-queries --log-facility="$W/dnsmasq.log" >"$W/dnsmasq.out" 2>&1 &
DNSMASQ=$!
wait_for 10 grep -q started "$W/dnsmasq.log"

# ---- what the zones open
check "a gateway that serves nothing" zones '' '' on open
ask 192.168.10.1 www.good.example A
check "answers no question" [ $? != 0 ]
check "serves names, but asks nobody" zones '"dns"' '' on open
check "a question gets in" ask 192.168.10.1 www.good.example A
check "and the resolver has no answer" said 'REFUSED|SERVFAIL'
check "serves and asks" zones '"dns"' '"dns"' on open
check "and answers" ask 192.168.10.1 www.good.example A
check "with the address" said 'A=203.0.113.10'
check "over TCP and IPv6, too" ask 2001:db8:10::1 www.good.example AAAA tcp
ask_from dmz 192.168.20.1 www.good.example A
check "not those of another zone" [ $? = 4 ]
ask_from inet 203.0.113.1 www.good.example A
check "nor those outside" [ $? = 4 ]

# ---- without a listener
check "closed without a listener" zones '"dns"' '"dns"' on closed
ask 192.168.10.1 www.good.example A
check "no question gets in" [ $? = 4 ]
check "inspection off" zones '"dns"' '"dns"' off closed
check "it does" ask 192.168.10.1 www.good.example A
check "inspection on" zones '"dns"' '"dns"' on closed
ipsd_start
check "with the listener it does" ask 192.168.10.1 www.good.example A
check "and is answered" said 'A=203.0.113.10'

# ---- listed names
check "a name resolves while no list is loaded" ask 192.168.10.1 www.evil.example A
check "the resolver asks for it" asked www.evil.example 1
check "a blocklist loads" list '{}' s evil.example malware d trial.example trial
forget
for server in 192.168.10.1 2001:db8:10::1; do
	check "$server: a listed name is answered" ask $server www.evil.example A edns
	check "$server: no such name, because it is blocked" said '^NXDOMAIN question=www.evil.example rd ra SOA=.* opt ede=15$'
	ask $server www.evil.example A tcp
	check "$server: over TCP the connection is reset" [ $? = 3 ]
	check "$server: another name is not touched" ask $server www.good.example A
	check "$server: over TCP neither" ask $server www.good.example AAAA tcp
	check "$server: and has its address" said 'AAAA=2001:db8:113::10'
done
check "the resolver never heard of it" asked www.evil.example 1
check "the event names the client" event event_type=drop sekisho.reason=blocklist sekisho.kind=dns sekisho.feed=malware \
	sekisho.name=www.evil.example sekisho.decision=answered in_iface=lan0 src_ip=192.168.10.10 dest_ip=192.168.10.1
check "also of the reset" event sekisho.kind=dns sekisho.decision=reject proto=TCP src_ip=192.168.10.10

# ---- names that lead to listed ones
check "nothing is known against an address" in_ns lan curl -s --max-time 3 -o /dev/null http://93.184.216.34/
check "a name that leads to a listed one is answered" ask 192.168.10.1 late.example A
check "with no such name" said '^NXDOMAIN question=late.example'
check "the event names the client, not the resolver" event event_type=drop sekisho.kind=dns sekisho.name=host.evil.example \
	sekisho.decision=answered in_iface=lan0 src_ip=192.168.10.10
refuse "which nobody tells of" has_event event_type=drop sekisho.kind=dns src_ip=203.0.113.1
check "its address is learned" event event_type=inspection sekisho.action=learned sekisho.address=93.184.216.34
refuse "and blocked" in_ns lan curl -s --max-time 3 -o /dev/null http://93.184.216.34/
ask 192.168.10.1 late.example A tcp
check "over TCP the connection is reset" [ $? = 3 ]

# ---- the gateway's own questions
check "its own question for a listed name is answered" ask_from gw 203.0.113.10 www.evil.example A
check "with no such name" said '^NXDOMAIN question=www.evil.example'
check "over IPv6, too" ask_from gw 2001:db8:113::10 www.evil.example A
check "with no such name" said '^NXDOMAIN question=www.evil.example'
ask_from gw 203.0.113.10 www.evil.example A tcp
check "over TCP the connection is reset" [ $? = 3 ]
check "another is not touched" ask_from gw 203.0.113.10 www.good.example A
check "nor over TCP" ask_from gw 203.0.113.10 www.good.example A tcp
check "its programs' question to its own resolver" ask_from gw 127.0.0.1 www.evil.example A
check "is answered at once, too" said '^NXDOMAIN question=www.evil.example'
check "the server was never asked" asked www.evil.example 1
check "the event says that it was the gateway" event event_type=drop sekisho.kind=dns sekisho.decision=answered \
	out_iface=wan0 src_ip=203.0.113.1 sekisho.name=www.evil.example
own_packets() { ips status | python3 -c '
import json, sys
n = sum(w["own_packets"] for w in json.load(sys.stdin)["workers"])
sys.exit(0 if n > 40 else 1)'; }
check "the status counts the packets of all this" wait_for 3 own_packets
check "nothing crashed" eval '! grep -qE "ERROR|killed|died" "$W/ipsd.log"'
check "and the kernel has what it should" in_ns gw "$BUILD/fwdctl" status
finish
