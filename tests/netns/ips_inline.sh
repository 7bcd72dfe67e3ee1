#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The inspection engine in the path, on real connections: what a rule forbids is not delivered, in either
# direction and however it is cut into segments; the kernel remembers the verdict; both sides of a rejected
# connection are told; flows that need no more inspection leave the queue; rules change under traffic.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
net_up
fwd_start
serve inet 80,81,443,5000 53
python3 - "$W/site" <<'PY'
import os, sys
os.makedirs(sys.argv[1])
open(sys.argv[1] + "/evil", "w").write("A" * 3000 + "MALWARE-BODY-MARK" + "B" * 3000)
open(sys.argv[1] + "/good", "w").write("C" * 6000)
PY
in_ns inet python3 -m http.server 8080 --directory "$W/site" >"$W/http.log" 2>&1 &
wait_for 10 in_ns inet curl -fso /dev/null http://127.0.0.1:8080/good
cat >"$W/a.rules" <<'R'
drop tcp any any -> any 80 (msg:"exploit string"; flow:established,to_server; content:"${jndi:ldap"; classtype:web-application-attack; sid:1; rev:1;)
drop http any any -> any any (msg:"bad file"; flow:established,to_client; file.data; content:"MALWARE-BODY-MARK"; sid:2; rev:1;)
drop dns any any -> any any (msg:"bad name"; dns.query; content:"evil.example"; nocase; endswith; sid:3; rev:1;)
reject tcp any any -> any 81 (msg:"rejected"; flow:established,to_server; content:"REJECT-ME"; sid:4; rev:1;)
alert tcp any any -> any 80 (msg:"only seen"; flow:established,to_server; content:"JUST-LOOK"; sid:5; rev:1;)
drop tls any any -> any any (msg:"bad server name"; tls.sni; content:"evil.example"; sid:6; rev:1;)
R
policy "$W/a.rules"
site_policy on closed
ipsd_start
check "the rules load" ips apply "$W/policy.json"
loaded() { ips status | grep -q "\"loaded\": $1"; }
check "all of them, also after the engine's settings changed" wait_for 5 loaded 6

# ---- a pattern is found however it is cut
check "an innocent request passes" try lan 203.0.113.10 80 'GET /good HTTP/1.0\r\n\r\n'
refuse "the pattern in one segment" try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'
for cut in 1 3 7 11; do
	text='${jndi:ldap'
	refuse "the pattern cut at $cut" try lan 203.0.113.10 80 "GET /${text:0:cut}" "${text:cut}://x} HTTP/1.0\r\n\r\n"
done
refuse "the pattern byte by byte" try lan 203.0.113.10 80 'GET /' '$' '{' 'j' 'n' 'd' 'i' ':' 'l' 'd' 'a' 'p' ' HTTP/1.0\r\n\r\n'
refuse "over IPv6 too" try lan 2001:db8:113::10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'
check "the server never saw the request" eval '! grep -q jndi "$W/srv-inet.log"'
check "what only alerts passes" try lan 203.0.113.10 80 'GET /JUST-LOOK HTTP/1.0\r\n\r\n'

# ---- the other direction, and other protocols
check "a good file arrives whole" eval '[ "$(in_ns lan curl -s --max-time 5 http://203.0.113.10:8080/good | wc -c)" = 6000 ]'
refuse "a bad one does not" in_ns lan curl -sf --max-time 2 -o "$W/got" http://203.0.113.10:8080/evil
check "nor its mark" eval '! grep -q MALWARE "$W/got" 2>/dev/null'
refuse "a bad name is not asked for" udp_dns lan 203.0.113.10 www.evil.example
check "a good one is" udp_dns lan 203.0.113.10 www.good.example
refuse "TLS to a bad name ends" in_ns lan curl -sk --max-time 2 --resolve www.evil.example:443:203.0.113.10 https://www.evil.example/

# ---- reject: both sides are told
in_ns lan python3 "$TOP/tests/netns/ips_try.py" 203.0.113.10 81 'REJECT-ME' >"$W/r" 2>&1
check "the client is reset" eval "[ $? = 3 ]"
check "no connection is left at the server" eval '[ -z "$(in_ns inet ss -tnH state established sport = :81)" ]'

# ---- events
sleep_until_event() { wait_for 3 grep -q "$1" "$W/events"; }
for sid in 1 2 3 4 5 6; do
	check "an alert tells of rule $sid" sleep_until_event "\"signature_id\": $sid,"
done
check "blocked is blocked" eval 'grep "\"signature_id\": 1," "$W/events" | grep -q "\"action\": \"blocked\""'
check "allowed is allowed" eval 'grep "\"signature_id\": 5," "$W/events" | grep -q "\"action\": \"allowed\""'
check "an alert names the interface" eval 'grep "\"signature_id\": 1," "$W/events" | grep -q "\"in_iface\": \"lan0\""'
check "an alert brings a capture tcpdump reads" pcap_of 1 "jndi"

# ---- the kernel remembers
check "later packets of a dropped connection die in the kernel" counted_drop

# ---- rules change under traffic, nothing is lost
in_ns lan python3 "$TOP/tests/netns/ips_load.py" 203.0.113.10 8080 /good 6000 4 >"$W/load" 2>&1 &
LOAD=$!
for i in 1 2 3 4 5; do
	sed "s/rev:1/rev:$((i + 1))/" "$W/a.rules" >"$W/b$i.rules"
	policy "$W/b$i.rules"
	check "reload $i under load" ips apply "$W/policy.json"
done
wait $LOAD
check "no request failed meanwhile ($(cat "$W/load"))" grep -q ' 0 failed' "$W/load"
refuse "and the new rules act" try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'
printf 'alert tcp any any -> any any (content:"x"; nonsense:1; sid:9;)\n' >"$W/bad.rules"
cp "$W/policy.json" "$W/good.json"
policy "$W/bad.rules"
check "a bad rule is refused by name, not the file" ips apply "$W/policy.json"
check "and listed" eval 'ips rules refused | grep -q nonsense'
sed -i 's/"sha256": "[0-9a-f]/"sha256": "x/' "$W/policy.json"
refuse "a file that is not the approved one is refused" ips apply "$W/policy.json"
check "back to the good rules" ips apply "$W/good.json"
finish
