#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Transparent operation: the gateway is a bridge between a router and an office that keep their addresses. What a rule
# allows passes, all else does not, in either direction, over IPv4 and IPv6, and is reported by its zones; the router's
# DHCP and router advertisements reach the office; the gateway has an address of its own in the network. VLAN tags and
# PPPoE do not cross. Whatever is taken away (the rules, the bridge's table, br_netfilter's hook): nothing crosses.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_bridge.sh"
sandbox "$@"
bridge_net
serve inet 80,81,443 53,5000
serve lan 80 5000
serve gw 22,80 53,123
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
RULES='{"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"},
 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"5000"},
 {"number":1003,"from":"lan","to":"wan","protocol":"icmp","port":"8"},
 {"number":1004,"from":"lan","to":"wan","protocol":"icmpv6","port":"128"},
 {"number":1005,"from":"gateway","to":"lan","protocol":"tcp","port":"80"}'
BOTH=', {"number":1006,"from":"gateway","to":"wan","protocol":"tcp","port":"80,81"}'
pg() { in_ns "$1" ping -nqc1 -W "${3:-1}" "$2"; }

fwd_start "${OPTS[@]}"
refuse "without a policy nothing crosses" pg lan 192.168.1.1
check "a policy with a bridge" bridge_policy "$RULES" '"guard": {"enabled": true}'
ctl events 900 >"$W/events" 2>&1 &

# ---- what is allowed, what is not
V4=203.0.113.10 V6=2001:db8:113::10
declare -A ROUTER=([$V4]=192.168.1.1 [$V6]=2001:db8:1::1)
for a in $V4 $V6; do
	check "the office reaches a server through the router: $a" tcp_try lan $a 80
	check "… by UDP" udp_try lan ${ROUTER[$a]} 5000
	check "… and ping" pg lan $a
	tcp_try lan $a 81 >"$W/refused" 2>&1
	check "no other port, and the office is told at once" eval "[ $? = 7 ]" # curl: could not connect; 28 is a time-out
done
check "the router itself" pg lan 192.168.1.1
check "the hop is the router, not the gateway" bash -c "[ \"\$(ip netns exec lan ip neigh show 192.168.1.1 | grep -o 'lladdr [^ ]*')\" = \
	\"lladdr \$(ip netns exec inet cat /sys/class/net/eth0/address)\" ]"
refuse "nothing comes in" tcp_try inet 192.168.1.10 80
refuse "… over IPv6" tcp_try inet 2001:db8:1::10 80
refuse "… no ping" pg inet 192.168.1.10
check "the server saw none of it" eval '! grep -q "tcp 80" "$W/srv-lan.log"'
check "a refused connection is reported with its zones" event \
	's.get("reason") == "no_rule" and e.get("dest_port") == 81 and s.get("zone_in") == "lan" and s.get("zone_out") == "wan" and s.get("direction") == "outbound"'
check "… and its ports" event 'e.get("dest_port") == 81 and e.get("in_iface") == "lan0" and e.get("out_iface", s.get("out_iface")) == "wan0"'
check "what came from outside, too" event \
	's.get("reason") == "no_rule" and e.get("dest_port") == 80 and s.get("zone_in") == "wan" and s.get("zone_out") == "lan" and s.get("direction") == "inbound"'

# ---- the gateway's own address
check "the gateway answers the office" pg lan 192.168.1.2
check "… over IPv6" pg lan 2001:db8:1::2
check "… is administered from there" tcp_try lan 192.168.1.2 22
check "… answers names and the time" udp_try lan 192.168.1.2 53
check "… the time" udp_try lan 192.168.1.2 123
refuse "… nothing else" tcp_try lan 192.168.1.2 80
refuse "the outside reaches none of it" pg inet 192.168.1.2
refuse "… no administration" tcp_try inet 192.168.1.2 22
refuse "… no names" udp_try inet 192.168.1.2 53
check "the gateway asks servers itself" tcp_try gw $V4 443
check "… names" udp_try gw 192.168.1.1 53
refuse "… nothing else" tcp_try gw $V4 80
check "… reported as going out" event 's.get("zone_in") == "gateway" and s.get("zone_out") == "wan" and e.get("dest_port") == 80'
check "a record lets it into the office" tcp_try gw 192.168.1.10 80
check "records for both sides" bridge_policy "$RULES$BOTH" '"guard": {"enabled": true}'
check "… the one" tcp_try gw $V4 81
check "… and the other" tcp_try gw 192.168.1.10 80
check "the record for one side again" bridge_policy "$RULES" '"guard": {"enabled": true}'
refuse "… goes for that side alone" tcp_try gw $V4 80
check "who takes the gateway for the router gets nowhere" eval 'in_ns lan ip route add 203.0.113.20 via 192.168.1.2 &&
	! tcp_try lan 203.0.113.20 80; r=$?; in_ns lan ip route del 203.0.113.20; [ $r = 0 ]'

# ---- the router's DHCP and router advertisements
cat >"$W/router.conf" <<C
no-hosts
no-resolv
port=0
bind-interfaces
interface=eth0
dhcp-range=192.168.1.100,192.168.1.120,1h
dhcp-range=2001:db8:1::,ra-only
dhcp-option=option:router,192.168.1.1
enable-ra
dhcp-leasefile=$W/leases
user=root
C
in_ns inet dnsmasq --conf-file="$W/router.conf" -k >"$W/router.log" 2>&1 &
lease() { # MAC: what busybox gets on a further interface of the office
	in_ns lan ip link add m0 link eth0 address "$1" type macvlan mode bridge
	in_ns lan ip link set m0 up
	in_ns lan timeout 20 busybox udhcpc -i m0 -n -q -f -t 5 -T 2 -s /bin/true 2>&1 | tee "$W/lease.out"
	in_ns lan ip link del m0
}
check "the office gets addresses from the router" bash -c "$(declare -f in_ns lease); W=$W; lease 52:54:00:00:01:01 | grep -Eq 'lease of 192.168.1.1[0-9][0-9] obtained from 192.168.1.1'"
ip netns add guest6
in_ns lan ip link add s0 link eth0 type macvlan mode bridge
in_ns lan ip link set s0 netns guest6
in_ns guest6 ip link set lo up
in_ns guest6 ip link set s0 up
has6() { in_ns guest6 ip -6 addr show dev s0 scope global | grep -q 'inet6 2001:db8:1:'; }
check "… and IPv6 by itself (SLAAC)" wait_for 20 has6
check "… with the router as its way out" wait_for 10 eval "in_ns guest6 ip -6 route show default | grep -q 'via fe80'"
check "… so that it reaches a server" wait_for 10 tcp_try guest6 $V6 80
dhcp4() { # NS: does a DHCP server of the other side hear it ask?
	in_ns "$1" timeout 6 busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true
}
check "the gateway's own DHCP" eval 'in_ns gw timeout 20 busybox udhcpc -i br-gate -n -q -f -t 5 -T 2 -s /bin/true'

cat >"$W/address.sh" <<S
#!/bin/sh
[ "\$1" = bound ] && ip addr add "\$ip/24" dev "\$interface"
echo "\$1 \$ip" >>$W/lease.states
S
chmod +x "$W/address.sh"
ip netns exec guest6 busybox udhcpc -i s0 -n -f -t 5 -T 2 -s "$W/address.sh" >"$W/udhcpc.log" 2>&1 &
UDHCPC=$!
check "a device of the office keeps its address" wait_for 10 grep -q '^bound 192.168.1.1' "$W/lease.states"
kill -USR1 $UDHCPC
check "… renews it, from host to host" wait_for 10 grep -q '^renew 192.168.1.1' "$W/lease.states"
kill $UDHCPC

# ---- what only looks like DHCP
L=$(link_local lan) R=$(link_local inet)
in_ns lan ping -6 -nqc 1 -W 2 "$R%eth0" >/dev/null 2>&1 # they know each other
check "inwards DHCPv6 crosses to addresses of the link alone, DHCP from a server's port to a client's" test "$(heard lan 10 inet udp \
	"link,$R,547,$L,546" "far,2001:db8:113::10,547,2001:db8:1::10,546" "near,2001:db8:1::1,547,2001:db8:1::10,546" \
	"far-link,2001:db8:1::1,547,$L,546" "link-far,$R,547,2001:db8:1::10,546" "to-server,$R,546,$L,547" \
	"all4,192.168.1.1,67,255.255.255.255,68" "host4,192.168.1.1,67,192.168.1.10,68" "port4,192.168.1.1,53,192.168.1.10,68" \
	"server4,192.168.1.1,68,192.168.1.10,67")" = "all4 arp far-link host4 link"
check "outwards, too, and to the servers of the link" test "$(heard inet 10 lan udp \
	"link,$L,546,$R,547" "servers,$L,546,ff02::1:2,547" "far,2001:db8:1::10,546,2001:db8:113::10,547" \
	"far-link,2001:db8:1::10,546,$R,547" "far-servers,2001:db8:1::10,546,ff02::1:2,547" "to-client,$L,547,$R,546" \
	"all4,192.168.1.10,68,255.255.255.255,67" "host4,192.168.1.10,68,192.168.1.1,67" \
	"port4,192.168.1.10,5001,192.168.1.1,67" "client4,192.168.1.10,67,192.168.1.1,68")" = "all4 arp host4 link servers"

# ---- frames that hold neither IPv4, IPv6 nor ARP
counter() { ctl counters | python3 -c '
import json, sys
v = {r[0]: r[1] for l in sys.stdin for r in json.loads(l).get("counters", [])}
print(v.get(int(sys.argv[1]), 0))' "$1"; }
before=$(counter 35)
check "outwards only ARP crosses, no VLAN tag, no PPPoE, nothing else" test "$(crosses lan inet)" = arp
check "… inwards, too" test "$(crosses inet lan)" = arp
check "… the rest is counted" test "$(counter 35)" -ge $((before + 20))

# ---- blocklist, guard
list() { python3 "$TOP/tests/netns/mkblocklist.py" "$1" drop >"$W/list" && ctl blocklist "$W/list"; }
check "a list" list 101 <<<"4 203.0.113.20 0
6 2001:db8:113::20 0"
for a in 203.0.113.20 2001:db8:113::20; do
	refuse "a listed server is not reached: $a" tcp_try lan $a 80
	check "… reported with the zones" event "s.get('reason') == 'blocklist' and e.get('dest_ip') == '$a' and s.get('zone_in') == 'lan' and s.get('zone_out') == 'wan'"
done
check "DHCP of a far host passes the list first" test "$(heard inet 10 lan udp \
	"listed,192.168.1.10,68,203.0.113.20,67" "other,192.168.1.10,68,203.0.113.10,67")" = "arp other"
check "… inwards, too" test "$(heard lan 10 inet udp \
	"listed,203.0.113.20,67,192.168.1.10,68" "other,203.0.113.10,67,192.168.1.10,68")" = "arp other"
check "another one is" tcp_try lan $V4 80
in_ns inet python3 - <<'PY'
import socket
for p in range(2000, 2040):
    s = socket.socket(); s.bind(("203.0.113.20", 0)); s.settimeout(0.02)
    try: s.connect(("192.168.1.10", p))
    except OSError: pass
    s.close()
PY
in_ns inet python3 - <<'PY'
import socket
for p in range(2000, 2040):
    s = socket.socket(); s.bind(("203.0.113.10", 0)); s.settimeout(0.02)
    try: s.connect(("192.168.1.10", p))
    except OSError: pass
    s.close()
PY
check "a scan from outside is seen, its source blocked" wait_for 5 eval 'ctl op guard.list | grep -q 203.0.113.10'
check "… released" ctl op guard.release '{"address":"203.0.113.10"}'
check "… and the office reaches it again" wait_for 5 tcp_try lan $V4 80
check "an empty list" list 102 <<<""

# ---- ports of one zone
cable lan2 lan1
in_ns lan2 ip addr add 192.168.1.11/24 dev eth0
LAN_PORTS='["lan0","lan1"]'
check "a second port of the office" bridge_policy "$RULES"
check "devices of the office reach each other, as over any switch" tcp_try lan2 192.168.1.10 80
check "… and the router" wait_for 5 pg lan2 192.168.1.1
refuse "what comes from outside is not for them" tcp_try inet 192.168.1.11 80
cable lan3 lan2
LAN_PORTS='["lan0","lan1","lan2"]'
check "a third one" bridge_policy "$RULES"
check "… hears the second" test "$(crosses lan2 lan3)" = arp
LAN_PORTS='["lan0"]'
check "two of them in no zone any more" bridge_policy "$RULES"
check "… hear nothing of each other" test -z "$(crosses lan2 lan3 3)"
check "… nor does the router of them" test -z "$(crosses lan2 inet 3)"
LAN_PORTS='["lan0","lan1"]'
check "one of them again" bridge_policy "$RULES"
check "… is a device of the office" tcp_try lan2 192.168.1.10 80

# ---- nothing opens it
# A datagram every millisecond to a port that no rule opens; the server in the office would write it down.
flood() {
	in_ns inet timeout 120 python3 -c '
import socket, time
s, t = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
while True:
    s.sendto(b"x", ("192.168.1.10", 5000)); t.sendto(b"x", ("2001:db8:1::10", 5000)); time.sleep(0.001)' &
	FLOOD=$!
}
none_came() { ! grep -q "udp 5000" "$W/srv-lan.log"; }
works() { tcp_try lan $V4 80; }
nft() { in_ns gw nft "$@"; }
status() { ctl status | python3 -c 'import json,sys; v=json.load(sys.stdin); print(v'"$1"')'; }
drifts() { [ "$(status '["drift_count"]')" -gt "$1" ]; }
flood
refuse "the tables are fwd's: nobody flushes the bridge's" nft flush table bridge sekisho
nft flush ruleset
check "after 'flush ruleset' the rules are what they were" works
in_ns gw ip link set br-gate type bridge nf_call_iptables 0
in_ns gw ip link set br-gate type bridge nf_call_ip6tables 0
check "a bridge that does not ask the policy is told to ask" wait_for 5 works
ask4() { in_ns gw ip -d link show br-gate | grep -q 'nf_call_iptables 1 nf_call_ip6tables 1'; }
check "… for IPv4 and IPv6" wait_for 5 ask4
kill -KILL $FWD
wait $FWD 2>/dev/null
check "with fwd dead the rules hold" works
in_ns gw ip link set br-gate type bridge nf_call_iptables 0
refuse "… and nobody opens the bridge past them: nothing crosses" works
in_ns gw ip link set br-gate type bridge nf_call_iptables 1
check "… until the policy is asked again" works
rm -f /run/sekisho/fwd.sock
fwd_start "${OPTS[@]}"
check "a start takes both tables over" eval 'status "[\"in_kernel\"]" | grep -q True && works'
kill $FWD
wait $FWD 2>/dev/null
rm -f /run/sekisho/fwd.sock
check "the flood went on, none of it arrived" none_came
# As before a start: no table, ports as networkd makes them.
for p in wan0 lan0 lan1; do in_ns gw ip link set $p type bridge_slave isolated on; done
nft delete table inet sekisho
nft delete table bridge sekisho
refuse "before fwd has loaded its policy nothing crosses" pg lan 192.168.1.1
fwd_start --no-owner
check "its start opens the bridge to what is allowed" wait_for 5 works
n=$(status '["drift_count"]')
nft delete table bridge sekisho
check "the bridge's table gone (no owner, before Linux 6.9): noticed" wait_for 5 drifts "$n"
check "… and made again" wait_for 5 works
n=$(status '["drift_count"]')
nft delete table inet sekisho
check "the policy's table gone: noticed" wait_for 5 drifts "$n"
check "… and made again" wait_for 5 works
n=$(status '["drift_count"]')
nft insert rule bridge sekisho frames accept
check "a rule more in the bridge's table: noticed" wait_for 5 drifts "$n"
check "… gone" wait_for 5 eval '! nft list chain bridge sekisho frames | grep -qE "^[[:space:]]*accept$"'
check "the report says where" event "'bridge, chain frames' in line"
check "none of the flood arrived" none_came
kill $FLOOD

# ---- routed again
cat >"$W/routed.json" <<JSON
{"generation": 99, "site": {"reverse_path": true}, "objects": [], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0", "lan1"]}], "rules": []}
JSON
check "a policy without bridge takes its place" ctl apply "$W/routed.json" 0
refuse "… the bridge's table goes" nft list table bridge sekisho
refuse "… and nothing crosses" pg lan 192.168.1.1
apart() { [ -z "$(crosses lan inet 3)" ] && [ -z "$(crosses inet lan 3)" ]; }
check "… no frame of any other kind, no VLAN tag, no PPPoE" apart
LAN_PORTS='["lan0"]' BRIDGE_GEN=100
check "a policy with the bridge on trial" eval 'CONFIRM=60 bridge_policy "$RULES"'
check "… is in force" wait_for 5 works
check "… taken back" ctl rollback
check "… and no frame crosses" apart
check "on trial again" eval 'CONFIRM=60 bridge_policy "$RULES" && wait_for 5 works'
kill -KILL $FWD
wait $FWD 2>/dev/null
rm -f /run/sekisho/fwd.sock
fwd_start --no-owner
check "fwd dies on trial, and starts with the policy of before" eval '[ "$(status "[\"generation\"]")" = 99 ]'
check "… no frame crosses" apart
in_ns gw ip link set wan0 type bridge_slave isolated off
in_ns gw ip link set lan0 type bridge_slave isolated off
check "… nor when its ports are opened by somebody else" wait_for 5 apart

# ---- what a bridge cannot have
bad() { # NAME WORDS PYTHON…: the changed document is refused with these words
	local name=$1 words=$2
	shift 2
	python3 -c 'import json,sys
d = json.load(open(sys.argv[1])); d["generation"] = 200
exec(sys.argv[2])
json.dump(d, open(sys.argv[3], "w"))' "$W/doc.json" "$1" "$W/bad.json"
	ctl apply "$W/bad.json" 0 >"$W/bad.out" 2>&1
	check "refused: $name" grep -q -- "$words" "$W/bad.out"
}
bad "reverse path" 'site.reverse_path' 'd["site"]["reverse_path"] = True'
bad "a zone that is not on it" 'all zones are on the bridge' 'd["zones"].append({"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]})'
bad "addresses served" 'no dhcp' 'd["zones"][1]["serve"] = ["dhcp"]'
bad "the bridge as an interface" 'br-gate is an interface of the zone' 'd["zones"][1]["interfaces"].append("br-gate"); d["zones"][1]["bridge"] = "br-gate"'
bad "translation" 'translated' 'd["rules"].append({"number": 1009, "kind": "snat", "from": "lan", "to": "wan", "protocol": "any", "port": "any", "nat_to": "masquerade"})'
finish
