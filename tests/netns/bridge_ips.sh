#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Inspection in transparent operation: what a rule forbids does not cross the bridge, in either direction, over IPv4 and
# IPv6; the ends of a rejected connection are told; alerts name the ports. Without inspection nothing crosses but what
# keeps the network itself working: DHCP that everybody hears, router advertisements, neighbour discovery.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
. "$(dirname "$0")/lib_bridge.sh"
sandbox "$@"
bridge_net
fwd_start
serve inet 80,81 53
mkdir -p "$W/site"
python3 -c 'open("'"$W"'/site/evil", "w").write("A" * 3000 + "MALWARE-BODY-MARK" + "B" * 3000); open("'"$W"'/site/good", "w").write("C" * 6000)'
in_ns inet python3 -m http.server 8080 --bind :: --directory "$W/site" >"$W/http.log" 2>&1 &
wait_for 10 in_ns inet curl -fso /dev/null http://127.0.0.1:8080/good
cat >"$W/a.rules" <<'R'
drop tcp any any -> any 80 (msg:"beacon"; flow:established,to_server; content:"BEACON-42"; classtype:trojan-activity; sid:1; rev:1;)
drop http any any -> any any (msg:"bad file"; flow:established,to_client; file.data; content:"MALWARE-BODY-MARK"; sid:2; rev:1;)
drop dns any any -> any any (msg:"bad name"; dns.query; content:"evil.example"; nocase; endswith; sid:3; rev:1;)
reject tcp any any -> any 81 (msg:"rejected"; flow:established,to_server; content:"REJECT-ME"; sid:4; rev:1;)
drop udp any any -> any 67 (msg:"no lease"; content:"FRAME-tunnel"; sid:5; rev:1;)
R
policy "$W/a.rules"
RULES='{"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"1-65535"},
 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"1-65535"}'
ON='"inspection": {"mode": "on", "fail": "closed", "queues": 2}'
check "a policy with inspection" bridge_policy "$RULES" "$ON"
refuse "closed: without inspection no connection crosses" tcp_try lan 203.0.113.10 80
cat >"$W/router.conf" <<C
no-hosts
no-resolv
port=0
bind-interfaces
interface=eth0
dhcp-range=192.168.1.100,192.168.1.120,1h
dhcp-range=2001:db8:1::,ra-only
enable-ra
dhcp-leasefile=$W/leases
user=root
C
in_ns inet dnsmasq --conf-file="$W/router.conf" -k >"$W/router.log" 2>&1 &
lease() { in_ns lan timeout 20 busybox udhcpc -i eth0 -n -q -f -t "$1" -T 2 -s /bin/true "${@:2}"; }
check "… but the router's DHCP answers everybody" lease 5 -B
refuse "… an answer to one host alone is inspected" lease 1
check "… and neighbours on both sides find each other over IPv6" eval 'in_ns lan ip -6 neigh flush dev eth0
	in_ns lan ping -6 -nqc 1 -W 1 2001:db8:1::1; in_ns lan ip -6 neigh show 2001:db8:1::1 | grep -q lladdr'
ipsd_start
check "the rules load" ips apply "$W/policy.json"
loaded() { ips status | grep -q "\"loaded\": $1"; }
check "all of them" wait_for 5 loaded 5
for a in 203.0.113.10 2001:db8:113::10; do
	check "an innocent request crosses: $a" try lan $a 80 'GET /good HTTP/1.0\r\n\r\n'
	refuse "a beacon does not" try lan $a 80 'GET /BEACON-42 HTTP/1.0\r\n\r\n'
	refuse "… cut in two" try lan $a 80 'GET /BEAC' 'ON-42 HTTP/1.0\r\n\r\n'
	check "a good file arrives whole" eval '[ "$(in_ns lan curl -gs --max-time 5 "http://$(bracket '$a'):8080/good" | wc -c)" = 6000 ]'
	refuse "a bad one does not" in_ns lan curl -gsf --max-time 2 -o "$W/got" "http://$(bracket $a):8080/evil"
	in_ns lan python3 "$TOP/tests/netns/ips_try.py" $a 81 'REJECT-ME' >"$W/r" 2>&1
	check "a rejected client is reset" eval "[ $? = 3 ]"
done
check "the server never saw the beacon" eval '! grep -q BEACON "$W/srv-inet.log"'
check "no rejected connection is left at the server" eval '[ -z "$(in_ns inet ss -tnH state established sport = :81)" ]'
refuse "a bad name is not asked for" udp_dns lan 192.168.1.1 www.evil.example
check "a good one is" udp_dns lan 192.168.1.1 www.good.example
check "the kernel remembers" counted_drop
check "an alert names the port it came by" wait_for 3 eval 'grep "\"signature_id\": 1," "$W/events" | grep "\"in_iface\": \"lan0\"" | grep -q "\"blocked\""'
check "… and the port it was for" eval 'grep "\"signature_id\": 1," "$W/events" | grep -q "wan0"'
check "DHCP crosses with inspection, too" lease 5
check "what only has its ports is inspected" test "$(heard inet 10 lan udp \
	"lease,192.168.1.10,68,203.0.113.10,67" "tunnel,192.168.1.10,68,203.0.113.10,67")" = "arp lease"
kill "$IPSD"
wait "$IPSD" 2>/dev/null
refuse "inspection gone: nothing crosses" tcp_try lan 203.0.113.10 80
finish
