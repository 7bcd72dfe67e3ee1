#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The appliance's own authority: made by a command, a device's certificate as PKCS#12 into a real wpa_supplicant, in;
# revoked: out at once and not in again; a new one: in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "authority" "hostapd is not installed"; finish; }
nac_net 1
gate_start >"$W/policy.log" 2>&1
nacd_start
events_start
M1=00:1b:21:00:00:01
cat >"$W/doc.json" <<-JSON
{"format":"sekisho-admission","version":1,"generation":1,
 "ports":[{"name":"lan1","mode":"enforce","dot1x":true}],
 "devices":[{"number":1,"name":"pc-001","macs":["$M1"],"methods":["dot1x"],"identities":["host/pc-001"],"state":"active"}]}
JSON
check_quiet nac apply "$W/doc.json"
refuse "without an authority: no certificate" nac_op ca.issue '{"name":"x","password":"12345678"}'
check "made" nac_op ca.init '{"organisation":"株式会社テスト"}'
refuse "not made twice" nac_op ca.init
CA=$STATE/nac/ca
check "its key is nobody else's" [ "$(stat -c %a $CA/ca.key)" = 600 ]
check "hostapd starts with it" wait_for 15 eval 'nac status | grep -q "\"hostapd\": \"running\""'
issue() { # NAME FILE
	nac_op ca.issue "{\"name\":\"$1\",\"password\":\"pass word\",\"device\":1,\"days\":30}" >"$W/issue" || return 1
	python3 -c 'import base64,json,sys
for line in open(sys.argv[1]):
    v = json.loads(line)
    if "file" in v: open(sys.argv[2], "wb").write(base64.b64decode(v["file"]))
    if "serial" in v: print(v["serial"])' "$W/issue" "$2"
}
S1=$(issue host/pc-001 "$W/pc.p12")
check "issued" [ -n "$S1" ]
check "opens with its password" eval 'openssl pkcs12 -in "$W/pc.p12" -passin "pass:pass word" -nodes 2>/dev/null | openssl x509 -noout -subject | grep -q "host/pc-001"'
check "is valid for a client" eval 'openssl pkcs12 -in "$W/pc.p12" -passin "pass:pass word" -nokeys -clcerts 2>/dev/null | openssl verify -purpose sslclient -crl_check -CAfile "$CA/ca.pem" -CRLfile "$CA/crl.pem"'
supplicant 1 'eap=TLS' 'identity="host/pc-001"' "ca_cert=\"$CA/ca.pem\"" "private_key=\"$W/pc.p12\"" 'private_key_passwd="pass word"'
check "in with it" wait_for 10 event admitted port=lan1 device=1 identity=host/pc-001 "serial=${S1^^}"
check "reaches the gateway" wait_for 5 reach 1 10.9.0.1
check "revoked" nac_op ca.revoke "{\"serial\":\"$S1\",\"reason\":\"紛失\"}"
check "out at once" wait_for 2 event closed port=lan1 why=revoked
refuse "reaches nothing" reach 1 10.9.0.1
in_ns c1 wpa_cli -p /run/wpa1 -i eth0 reassociate >/dev/null
check "not in again" wait_for 15 event refused port=lan1 reason=authentication_failed
refuse "still reaches nothing" reach 1 10.9.0.1
check "listed" eval 'nac_op ca.list | grep -q "\"reason\": \"紛失\""'
supplicant_stop 1
S2=$(issue host/pc-001 "$W/pc2.p12")
supplicant 1 'eap=TLS' 'identity="host/pc-001"' "ca_cert=\"$CA/ca.pem\"" "private_key=\"$W/pc2.p12\"" 'private_key_passwd="pass word"'
check "a new one: in" wait_for 70 event admitted port=lan1 "serial=${S2^^}"
read -rt 3 <> <(:) # it is on disk that it is in
kill -STOP "$WPA1" # silent, so that only what is on disk speaks
check "revoked, and nacd killed at this moment" eval 'nac_op ca.revoke "{\"serial\":\"$S2\"}" && { nacd_stop -KILL; true; }'
nacd_start
check "back: synchronised" wait_for 10 eval 'nac status | grep -q "\"gate\": true"'
refuse "back: it is out" eval 'gate_row lan1 $M1 || reach 1 10.9.0.1'
kill -CONT "$WPA1"
check "events of both" eval '[ "$(event_count certificate what=issued)" = 2 ] && event certificate what=revoked "serial=$S1"'
finish
