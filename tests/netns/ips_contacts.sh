#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that real clients ask for and connect to (DNS, HTTP, TLS) are told as contacts, with the client and its
# side, once; also with neither lists nor rules. What a list blocks is no contact.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
IPSD_OPTS="--user nobody"
net_up
fwd_start
printf '%s\n' 'www.asked.example A 203.0.113.10' 'www.evil.example A 203.0.113.10' >"$W/zone"
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 2001:db8:113::10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
serve inet 80 ''
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$W/key" -out "$W/pem" -days 9 -subj "/CN=cert.host.example" >/dev/null 2>&1
in_ns inet openssl s_server -quiet -accept 443 -cert "$W/pem" -key "$W/key" -www -tls1_2 >"$W/tls.log" 2>&1 &
wait_for 10 in_ns inet bash -c "</dev/tcp/127.0.0.1/443"
site_policy on closed
ipsd_start
ask() { in_ns lan python3 "$TOP/tests/netns/dns_ask.py" "$@" >"$W/ask" 2>&1; }
# NAME CLIENT: how often it was told
told() { tr -d ' ' <"$W/events" | grep -o '"kind":"d","value":"'"$1"'","src":"'"$2"'"[^}]*' | grep -c '"in_iface":"lan0"'; }
for _ in 1 2 3; do ask 203.0.113.10 WWW.Asked.Example A; done
in_ns lan curl -s --max-time 3 -o /dev/null -H 'Host: www.spoken.example:80' http://203.0.113.10/
in_ns lan curl -sk --max-time 3 -o /dev/null --resolve www.shown.example:443:203.0.113.10 https://www.shown.example/
in_ns lan curl -s --max-time 3 -o /dev/null http://203.0.113.10/
check "contact: the name asked for by DNS" wait_for 25 eval '[ "$(told www.asked.example 192.168.10.10)" = 1 ]'
check "contact: how often it was asked for" wait_for 5 eval 'tr -d " " <"$W/events" | grep -q "www.asked.example\",\"src\":\"192.168.10.10\",\"count\":3"'
check "contact: the host of HTTP" wait_for 5 eval '[ "$(told www.spoken.example 192.168.10.10)" = 1 ]'
check "contact: the server name of TLS" wait_for 5 eval '[ "$(told www.shown.example 192.168.10.10)" = 1 ]'
refuse "an address is no name" grep -q '"value": "203.0.113.10"' "$W/events"
refuse "nor what a certificate says" grep -q 'cert.host.example' "$W/events"
python3 "$TOP/tests/netns/mklist.py" 1 '{}' malware:block -- s evil.example malware >"$W/list"
check "a list" ips lists "$W/list"
ask 203.0.113.10 www.evil.example A
ask 203.0.113.10 www.later.example A
check "contact: another name, with a list" wait_for 25 eval '[ "$(told www.later.example 192.168.10.10)" = 1 ]'
refuse "what a list blocks is no contact" eval 'grep "\"event_type\": \"contact\"" "$W/events" | grep -q evil'
finish
