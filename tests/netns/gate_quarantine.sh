#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A quarantined device reaches the notice page, whatever address it asks for, the name service and DHCP of the gateway, and
# nothing else; its neighbours do not even hear it. All else of the policy would let it through.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_gate.sh"
sandbox "$@"
gate_net
A=02:c1:00:00:00:01 B=02:c2:00:00:00:02 C=02:c3:00:00:00:03
device a lan1 $A 11
device b lan2 $B 12
device c lan3 $C 13
link inet wan0 203.0.113 2001:db8:113
in_ns inet ip route add 10.9.0.0/24 via 203.0.113.1
in_ns inet ip -6 route add fd09::/64 via 2001:db8:113::1
serve inet 80,443,53 53,7001
serve gw 8099,8443,22 53,67,123
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
fwd_start "${OPTS[@]}"
cat >"$W/doc.json" <<'JSON'
{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["br0"], "ping": true, "reject": true},
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "bogons": false}], "rules": [
 {"number":1001,"from":"lan","to":"wan","protocol":"any","port":"any"},
 {"number":1002,"from":"lan","to":"gateway","protocol":"udp","port":"53,67,123"},
 {"number":1003,"from":"lan","to":"gateway","protocol":"tcp","port":"22,8443"}]}
JSON
check "a policy that lets everything through" ctl apply "$W/doc.json" 0
page() { in_ns "$1" curl -gsS --max-time 2 "http://$2/" | grep -q .; }

check "before: the internet" tcp_try c 203.0.113.10 80
GATE_EXTRA=',"quarantine":true,"page_port":8099' check "enforced, with a page" ports enforce lan1 lan2 lan3
check "admitted" nac admit "{\"rows\":[$(row lan1 $A),$(row lan2 $B)]}"
check "admitted: the internet" wait_for 5 tcp_try a 203.0.113.10 80
refuse "not yet quarantined: no page" page c 203.0.113.10
check "quarantined" admit lan3 $C 600 quarantined

check "the page: by any address" wait_for 5 tcp_try c 198.51.100.7 80
check "the page: by the gateway's" tcp_try c 10.9.0.1 80
check "the page: IPv6" wait_for 5 tcp_try c 2001:db8:99::7 80
check "the page: in place of a server that is there" tcp_try c 203.0.113.10 80
check "that server heard nothing of it since before" is 1 grep -c '10\.9\.0\.13' "$W/srv-inet.log"
check "names: of the gateway" udp_try c 10.9.0.1 53
refuse "names: not of others" udp_try c 203.0.113.10 53
refuse "no other service of the gateway" tcp_try c 10.9.0.1 22
refuse "no other service of the gateway: UDP" udp_try c 10.9.0.1 123
refuse "not the page's own port" tcp_try c 10.9.0.1 8099
refuse "no ping to the gateway" pg c 10.9.0.1
refuse "no HTTPS" tcp_try c 203.0.113.10 443
refuse "no datagrams out" udp_try c 203.0.113.10 7001
refuse "no neighbour" pg c 10.9.0.12
refuse "no neighbour: IPv6" in_ns c ping -6 -nqc1 -W1 fd09::12
check "DHCP reaches the gateway" udp_try c 10.9.0.1 67

hear a a marked eth0 4
hear gw gw marked br0 4
for dst in $A $B ff:ff:ff:ff:ff:ff 33:33:00:00:00:01; do frames c send eth0 $C $dst all; done
check "the gateway hears its broadcasts" more_than 0 heard gw
check "its neighbours hear nothing" is 0 heard a
hear c c marked eth0 4
for dst in $C ff:ff:ff:ff:ff:ff 33:33:00:00:00:01; do frames a send eth0 $A $dst all; done
check "and it hears nothing of them" is 0 heard c
refuse "admitted: was never led to the page" grep -q '8099 10\.9\.0\.11' "$W/srv-gw.log"
in_ns gw ip neigh flush dev br0
check "found again after the gateway forgot it" wait_for 5 tcp_try c 198.51.100.7 80

# In the gateway's eyes it is its neighbour for a while: what the neighbour asked for does not come to it.
cat >"$W/claim.py" <<'PY'
import select, socket, struct, sys, time
mine, ip = bytes.fromhex(sys.argv[1].replace(":", "")), socket.inet_aton(sys.argv[2])
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("eth0", 0))
gw = b"\xff" * 6
claim = gw + mine + struct.pack(">HHHBBH", 0x806, 1, 0x800, 6, 4, 1) + mine + ip + bytes(6) + socket.inet_aton("10.9.0.1")
end, n = time.monotonic() + 4, 0
while time.monotonic() < end:
    s.send(claim)
    while select.select([s], [], [], 0.02)[0]:
        p = s.recv(2048)
        n += p[12:14] == b"\x08\x00" and p[30:34] == ip
print(n)
PY
in_ns c python3 "$W/claim.py" $C 10.9.0.12 >"$W/claimed" &
claim=$!
check "it answers for a neighbour's address" wait_for 3 eval 'in_ns gw ip neigh show 10.9.0.12 | grep -q $C'
for _ in 1 2 3; do in_ns b curl -gs --max-time 0.7 http://203.0.113.10/ >/dev/null; done
wait $claim
check "and hears nothing of what the neighbour asked for" is 0 cat "$W/claimed"
in_ns gw ip neigh flush dev br0

check "released" admit lan3 $C
check "released: the internet" wait_for 5 tcp_try c 203.0.113.10 443
check "released: a neighbour" wait_for 5 pg c 10.9.0.12
check "quarantined again" admit lan3 $C 600 quarantined
refuse "quarantined again: not the internet" tcp_try c 203.0.113.10 443
refuse "quarantined again: no neighbour" pg c 10.9.0.12
check "a port without quarantine" ports enforce lan1 lan2 lan3
refuse "without: not even the page" tcp_try c 198.51.100.7 80
refuse "without: nor a name" udp_try c 10.9.0.1 53
refuse "two pages" nac ports '{"generation":1,"ports":[{"name":"lan1","mode":"enforce","quarantine":true,"page_port":1},{"name":"lan2","mode":"enforce","quarantine":true,"page_port":2}]}'
finish
