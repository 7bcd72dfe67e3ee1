#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What zones let the gateway serve and use, by the commands people have: nothing at first; DHCP, names and time for
# the office by real programs; updates from outside; and who asked the gateway for a listed name is in the report.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
for p in dnsmasq busybox; do
	command -v $p >/dev/null || { skip "services of the gateway" "no $p"; finish; }
done
gateway_up
printf 'www.good.example A 203.0.113.10\nwww.evil.example A 203.0.113.10\n' >"$W/zone"
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
serve inet 443 123
ip netns exec gw dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --server=203.0.113.10 --user=nobody \
	--pid-file= --dhcp-range=192.168.10.100,192.168.10.120,1h --dhcp-leasefile="$W/leases" --log-dhcp --log-queries \
	--log-facility="$W/dnsmasq.log" >"$W/dnsmasq.out" 2>&1 &
wait_for 10 grep -q started "$W/dnsmasq.log"
mkdir -p $STATE/ips
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 1 >>"$W/ipsd.log" 2>&1 &

ask() { in_ns lan python3 "$TOP/tests/netns/dns_ask.py" 192.168.10.1 "$1" A; }
asked() { ask "$1" | grep -q "$2"; }
lease() { in_ns lan timeout 20 busybox udhcpc -i eth0 -n -q -f -t "$1" -T 3 -s /bin/true; } # TRIES
own() { tcp_try gw 203.0.113.10 443; } # an update
approve_all() {
	local waiting
	mapfile -t waiting < <(as $SATO --json change list --state requested | python3 -c \
		'import json,sys; [print(c["number"]) for c in json.load(sys.stdin)]')
	as $SATO change approve "${waiting[@]}" && apply
}
explained() { # NUMBER ARGS…
	local number=$1
	shift
	as $KANSA --json explain "$@" | python3 -c 'import json,sys
sys.exit(0 if json.load(sys.stdin)["number"] == int(sys.argv[1]) else 1)' "$number"
}

# ---- nothing unless a zone says so
refuse "at first: no names" ask www.good.example
refuse "no addresses" lease 1
refuse "and nothing of the gateway's own" own
refused() { # WORDS COMMAND…: it fails, and says so
	local words=$1
	shift
	! "$@" >"$W/refused" 2>&1 && grep -q "$words" "$W/refused" || { cat "$W/refused"; return 1; }
}
check "an outside zone cannot be served" refused 'serves no outside zone' as $TANAKA zone set wan --serve dns --purpose test
check "nor is there a service that nobody knows" refused 'dhcp, dns, ntp' as $TANAKA zone set lan --serve dns,tftp --purpose test

# ---- served and used
check "asked for" as $TANAKA zone set lan --serve dhcp,dns,ntp --purpose 'the office uses the gateway'
check "and for outside" as $TANAKA zone set wan --use dns,ntp,https,dhcpv6 --purpose 'names, time, updates'
refuse "not before it is approved" ask www.good.example
check "inspection, too" as $TANAKA setting set inspection.mode on --purpose 'No.146'
check "approved and applied" approve_all
check "the list of zones shows them" eval 'as $KANSA --json zone list | tr -d " \n" | grep -q "\"serve\":\[\"dhcp\",\"dns\",\"ntp\"\]"'
check "the list of rules has the records" eval 'as $KANSA --json rule list --builtin | grep -q serve-dns || as $KANSA --json rule list | grep -q serve-dns'
check "names" wait_for 10 asked www.good.example A=203.0.113.10
check "addresses (the server asks for three seconds whether one is free)" lease 5
check "with a lease" grep -q 192.168.10.1 "$W/leases"
check "the clock" udp_try gw 203.0.113.10 123
check "updates" own
refuse "the factory is not served" in_ns fab python3 "$TOP/tests/netns/dns_ask.py" 192.168.30.1 www.good.example A
check "explain: names by record 23" explained 23 192.168.10.10 192.168.10.1 udp 53
check "explain: they are inspected" eval 'as $KANSA --json explain 192.168.10.10 192.168.10.1 udp 53 | grep -q "\"inspected\": *true"'

# ---- who asked
check "a name of our own list" as $TANAKA blocklist entry add .evil.example --purpose incident
check "is answered by the gateway" wait_for 20 asked www.evil.example '^NXDOMAIN'
told() { # of an event with all of these
	python3 - "$STATE/mgmtd/eve.json" "$@" <<-'PY'
	import json, sys
	def has(e, want):
	    key, _, value = want.partition("=")
	    for part in key.split("."):
	        e = e.get(part, {}) if isinstance(e, dict) else {}
	    return str(e) == value
	sys.exit(0 if any(all(has(json.loads(l), w) for w in sys.argv[2:]) for l in open(sys.argv[1])) else 1)
	PY
}
check "told of with the device, its zone and the gateway" wait_for 10 told event_type=drop sekisho.reason=blocklist \
	sekisho.name=www.evil.example src_ip=192.168.10.10 dest_ip=192.168.10.1 sekisho.zone_in=lan sekisho.zone_out=gateway
check "in the report" wait_for 10 eval 'as $KANSA --json report blocked --by detail | grep -q www.evil.example'
check "the state of the inspection counts what was asked of the gateway" eval 'as $KANSA --json ips status |
	python3 -c "import json,sys; sys.exit(0 if sum(w[\"own_packets\"] for w in json.load(sys.stdin)[\"workers\"]) > 3 else 1)"'

# ---- taken back
check "taken back" as $TANAKA zone set lan --serve none --purpose 'the office has its own'
check "approved and applied" approve_all
refuse "no names any more" ask www.good.example
check "updates go on" own
finish
