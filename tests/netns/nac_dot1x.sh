#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 802.1X on a port: real hostapd and wpa_supplicant. Who proves by a certificate to be a registered device is let
# in, with what the certificate says and not what the device claims; revoked, expired, moved, logged off and
# unplugged devices are out; hostapd and nacd may die.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "802.1X" "hostapd is not installed"; finish; }
nac_net 1 2 3
gate_start >"$W/policy.log" 2>&1
nacd_start --log-level debug
events_start
P=$W/pki
pki "$P" server host/pc-001 pc-002 tanaka
GEN=0
DEV1='"state":"active"' DEV2='"state":"active"'
document() { # EXTRA
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"format":"sekisho-admission","version":1,"generation":$GEN,
	 "ports":[{"name":"lan1","mode":"enforce","zone":"lan","dot1x":true,"reauth":3600},
	  {"name":"lan2","mode":"enforce","zone":"lan","dot1x":true,"mac":true,"reauth":3600},
	  {"name":"lan3","mode":"enforce","zone":"lan","dot1x":true,"mac":true}],
	 "eap":{"methods":["tls","peap","ttls"],"users_file":"$W/users.json",
	  "tls":{"ca":"$P/ca.pem","cert":"$P/server.pem","key":"$P/server.key"}},
	 "devices":[
	  {"number":1,"revision":1,"name":"pc-001","kind":"pc","macs":["00:1b:21:00:00:01"],"methods":["dot1x"],
	   "identities":["host/pc-001"],"owner":"田中","expires":${EXPIRES:-0},$DEV1},
	  {"number":2,"revision":1,"name":"pc-002","kind":"pc","macs":["00:1b:21:00:00:02"],"methods":["dot1x"],
	   "identities":["pc-002","tanaka"],"owner":"佐藤",$DEV2}]}
	JSON
	nac apply "$W/doc.json"
}
nt() { python3 -c 'import hashlib,sys
print(hashlib.new("md4", sys.argv[1].encode("utf-16le")).hexdigest())' "$1" 2>/dev/null || printf '%s' "$1" | iconv -t UTF-16LE | openssl md4 -provider legacy | sed 's/.*= //'; }
echo "{\"format\":\"sekisho-eap-users\",\"users\":[{\"name\":\"tanaka\",\"nt_hash\":\"$(nt secret)\"}]}" >"$W/users.json"
check "document" document
running() { nac status | grep -q "\"name\": \"$1\".*\"hostapd\": \"running\"" && [ "$(nac status | grep -o '"hostapd": "running"' | wc -l)" = 3 ]; }
check "hostapd runs on every port" wait_for 10 running lan1

refuse "before: no way in" reach 1 10.9.0.1
tls 1 "$P" host/pc-001
check "EAP-TLS: it reaches the gateway" wait_for 10 reach 1 10.9.0.1
check "EAP-TLS: the event" wait_for 2 event admitted port=lan1 mac=00:1b:21:00:00:01 device=1 identity=host/pc-001 method=dot1x eap=tls owner=田中
finish
