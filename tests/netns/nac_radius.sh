#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A RADIUS server in place of the built-in one: devices enter by it; when it is away those who are in stay, or stay for
# a while, or are out, as the document says; when it is back, they prove themselves.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "RADIUS" "hostapd is not installed"; finish; }
nac_net 1
gate_start >"$W/policy.log" 2>&1
nacd_start
events_start
M1=00:1b:21:00:00:01 GEN=0
P=$W/pki
pki "$P" server pc-001
echo secret >"$W/secret"
chmod a+r "$W/secret"
printf '* TLS\n' >"$W/users"
printf '0.0.0.0/0 secret\n' >"$W/clients"
cat >"$W/radius.conf" <<-CONF
driver=none
interface=lo
radius_server_clients=$W/clients
radius_server_auth_port=1812
eap_server=1
eap_user_file=$W/users
ca_cert=$P/ca.pem
server_cert=$P/server.pem
private_key=$P/server.key
CONF
server_start() { ip netns exec gw hostapd "$W/radius.conf" >>"$W/radius.log" 2>&1 & SERVER=$!; }
server_stop() { kill -KILL "$SERVER"; wait "$SERVER" 2>/dev/null; }
document() { # RADIUS-DOWN
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"format":"sekisho-admission","version":1,"generation":$GEN,"radius_down":"$1","grace_seconds":4,
	 "ports":[{"name":"lan1","mode":"enforce","dot1x":true,"reauth":30}],
	 "eap":{"radius":{"address":"127.0.0.1","secret_file":"$W/secret"}},
	 "devices":[{"number":1,"name":"pc-001","macs":["$M1"],"methods":["dot1x"],"identities":["pc-001"],"state":"active"}]}
	JSON
	nac apply "$W/doc.json"
}
server_start
check_quiet document keep
check "hostapd runs" wait_for 10 eval 'nac status | grep -q "\"hostapd\": \"running\""'
tls 1 "$P" pc-001
check "in by the server's word" wait_for 10 event admitted port=lan1 device=1 identity=pc-001 eap=radius
check "reaches the gateway" wait_for 5 reach 1 10.9.0.1
server_stop
nac_op reauth "{\"mac\":\"$M1\"}" >/dev/null
check "server away: told" wait_for 40 event radius_down state=down policy=keep
check "server away, keep: stays in" reach 1 10.9.0.1
check "status" eval 'nac status | grep -q "\"radius\": {[^}]*\"state\": \"down\""'
server_start
nac_op reauth "{\"mac\":\"$M1\"}" >/dev/null
check "server back: told" wait_for 60 event radius_down state=up
check "server back: in all the time" reach 1 10.9.0.1
refuse "nobody was put out" event closed
server_stop
nac_op reauth "{\"mac\":\"$M1\"}" >/dev/null
check "server away again: told" wait_for 40 eval '[ "$(event_count radius_down state=down)" = 2 ]'
printf '* PEAP\n' >"$W/users"
server_start
nac_op reauth "{\"mac\":\"$M1\"}" >/dev/null
check "server back and refuses: out at its word" wait_for 40 event closed port=lan1 why=reauth_failed
refuse "refused: reaches nothing" reach 1 10.9.0.1
server_stop
printf '* TLS\n' >"$W/users"
server_start
check "allowed again: in" wait_for 90 reach 1 10.9.0.1

check_quiet document grace
server_stop
nac_op reauth "{\"mac\":\"$M1\"}" >/dev/null
check "server away, grace: told" wait_for 40 event radius_down state=down policy=grace
check "server away, grace: still in" reach 1 10.9.0.1
check "server away, grace over: out" wait_for 15 eval '[ "$(event_count closed port=lan1 why=reauth_failed)" = 2 ]'
refuse "grace over: reaches nothing" reach 1 10.9.0.1
server_start
check "server back: in again by itself" wait_for 90 reach 1 10.9.0.1
finish
