#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Admission by MAC address: strangers are reported and kept out, registered devices are let in by their first frame;
# the same address on two ports; learn, rehearse, enforce; quarantine with its notice page; revoked, expired; a
# flood of made-up supplicants locks nobody out.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "MAC admission" "hostapd is not installed"; finish; }
nac_net 1 2 3
gate_start >"$W/policy.log" 2>&1
nacd_start
events_start
M1=00:1b:21:00:00:01 M2=00:1b:21:00:00:02 M3=00:1b:21:00:00:03
GEN=0 QUARANTINE=false MODE=enforce EXTRA=''
device() { # NUMBER MAC STATE [MORE]
	echo "{\"number\":$1,\"revision\":1,\"name\":\"printer-$1\",\"kind\":\"printer\",\"macs\":[\"$2\"],\"methods\":[\"mac\"],\"owner\":\"総務\",\"state\":\"$3\"${4:+,$4}}"
}
document() { # DEVICES…
	local IFS=, list
	list="$*"
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"format":"sekisho-admission","version":1,"generation":$GEN$EXTRA,
	 "ports":[{"name":"lan1","mode":"$MODE","zone":"lan","mac":true,"dot1x":true},
	  {"name":"lan2","mode":"$MODE","zone":"lan","mac":true,"quarantine":$QUARANTINE},
	  {"name":"lan3","mode":"$MODE","zone":"lan","mac":true,"hold":30}],
	 "devices":[$list]}
	JSON
	nac apply "$W/doc.json"
}
seen() { # MAC KEY: of devices.seen
	nac op devices.seen | python3 -c 'import json,sys
for line in sys.stdin:
    for r in json.loads(line).get("rows", []):
        if r["mac"] == sys.argv[1]: print(r.get(sys.argv[2], ""))' "$1" "$2"
}

# ---- learn
MODE=learn
check "learn: document" document
wait_for 5 in_ns gw ip link show lan0
check "learn: everything passes" wait_for 5 reach 1 10.9.0.1
check "learn: a new device is told, with its address" wait_for 3 event new mac=$M1 port=lan1 mode=learn
check "learn: the address it uses" wait_for 3 eval '[ "$(seen $M1 addresses)" = "['"'10.9.0.11'"']" ]'
check "learn: collected" wait_for 3 eval '[ "$(seen $M1 vendor)" = "Intel Corporate" ]'
check "learn: what would happen to it" [ "$(seen $M1 would)" = "cut off" ]

# ---- rehearse
MODE=rehearse
check_quiet document "$(device 1 $M1 active)"
check "rehearse: everything passes" reach 2 10.9.0.1
check "rehearse: a registered device" wait_for 3 eval 'reach 1 10.9.0.1 && [ "$(seen $M1 would)" = admitted ]'
check "rehearse: who would be cut off is told" wait_for 3 event would_cut mac=$M2 port=lan2 reason=unknown
refuse "rehearse: nobody is refused" event refused
check "rehearse: counted for the day" [ "$(seen $M2 would_cut)" -ge 1 ]

# ---- enforce
check "enforce by command" nac_op mode '{"port":"all","mode":"enforce"}'
check "enforce: a registered device is in" wait_for 3 reach 1 10.9.0.1
refuse "enforce: a stranger is not" reach 2 10.9.0.1
refuse "enforce: nor reaches it others" reach 2 10.9.0.11
check "enforce: the event" wait_for 2 event refused mac=$M2 port=lan2 reason=unknown
check "enforce: with the address that the device says it has" wait_for 2 event refused mac=$M2 "addresses=['10.9.0.12']"
check "and back to learn" nac_op mode '{"port":"lan2","mode":"learn"}'
check "learn: passes at once" wait_for 2 reach 2 10.9.0.1
nacd_stop
nacd_start
wait_for 5 eval 'nac status | grep -q "\"gate\": true"'
check "switched by hand, over a restart" reach 2 10.9.0.1
nac_op mode '{"port":"all","mode":"enforce"}' >/dev/null
refuse "enforce again" reach 2 10.9.0.1
MODE=enforce
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 active)"
check "approved: in, at its next frame" wait_for 4 reach 2 10.9.0.1
check "approved: the event" event admitted mac=$M2 device=2 owner=総務 method=mac
ip netns exec gw python3 "$TOP/tests/netns/nacctl.py" op explain "{\"mac\":\"$M3\"}" >"$W/explain"
check "explain: every check in order" eval 'grep -q "\"check\": \"device\".*\"result\": \"failed\".*\"check\": \"room\"" "$W/explain" && grep -q 端末が登録されていません "$W/explain"'

# ---- revoked, expired
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 revoked)"
refuse "revoked: out" reach 2 10.9.0.1
check "revoked: the event" wait_for 2 event closed mac=$M2 why=revoked
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 active "\"expires\":$(($(date +%s) + 6))")"
check "valid for some seconds: in" wait_for 3 reach 2 10.9.0.1
check "then out" wait_for 10 event closed mac=$M2 why=expired
refuse "expired: out" reach 2 10.9.0.1

# ---- the same address on two ports
check_quiet document "$(device 1 $M1 active)"
wait_for 2 reach 1 10.9.0.1
in_ns c3 ip link set eth0 down
in_ns c3 ip link set eth0 address $M1
in_ns c3 ip link set eth0 up
refuse "its address on another port: out" reach 3 10.9.0.1
check "its address on another port: told" wait_for 3 event conflict mac=$M1 port=lan3 other_port=lan1
check "the owner stays in" reach 1 10.9.0.1
EXTRA=',"conflict":"quarantine"'
check_quiet document "$(device 1 $M1 active)"
in_ns c3 ping -nqc 1 -W 1 10.9.0.1 >/dev/null
check "with quarantine on conflict: both" wait_for 5 eval 'gate_row lan1 $M1 quarantined && gate_row lan3 $M1 quarantined'
in_ns c3 ip link set eth0 down
in_ns c3 ip link set eth0 address $M3
EXTRA=''
check_quiet document "$(device 1 $M1 active)"
check "the spoofer is gone, the next document clears it" wait_for 5 gate_row lan1 $M1
in_ns c3 ip link set eth0 up

# ---- quarantine
QUARANTINE=true
check_quiet document "$(device 1 $M1 active)"
in_ns c2 ip link set eth0 down
in_ns c2 ip link set eth0 address 02:aa:21:00:00:02
in_ns c2 ip link set eth0 up
in_ns c2 ping -nqc 1 -W 1 10.9.0.1 >/dev/null
check "quarantine: a stranger is told" wait_for 3 event quarantined port=lan2 mac=02:aa:21:00:00:02 reason=randomised randomised=True
in_ns c2 ip route add default via 10.9.0.1
in_ns c2 curl -gs --max-time 3 http://198.51.100.7/generate_204 >"$W/page"
check "quarantine: whatever it asks for is the notice page" grep -q 'この端末はまだネットワークに接続できません' "$W/page"
check "quarantine: in both languages, with its MAC address" eval 'grep -q "This device may not use" "$W/page" && grep -q "<code>02:aa:21:00:00:02</code>" "$W/page"'
check "quarantine: why, with the randomised address explained" grep -q 'プライベートアドレス' "$W/page"
refuse "quarantine: nothing else" reach 2 10.9.0.11
as() { # MAC…: a frame of each from client 2
	in_ns c2 python3 - "$@" <<-'PY'
	import socket, sys
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
	s.bind(("eth0", 0))
	for m in sys.argv[1:]:
	    s.send(b"\xff" * 6 + bytes.fromhex(m.replace(":", "")) + b"\x08\x06" + bytes(46))
	PY
}
OWN=$(in_ns gw cat /sys/class/net/lan0/address)
as "$OWN"
check "the gateway's own address: told" wait_for 3 event refused port=lan2 mac="$OWN" reason=gateway_mac
# shellcheck disable=SC2046
as $(printf '00:1b:22:00:00:%02x ' {1..40})
check "strangers at the notice page: as many as devices" wait_for 3 eval '[ "$(ctl op nac.list | grep -o "\"lan2\",\"state\":\"quarantined\"" | wc -l)" = 32 ]'
check "the gate takes what it is told all the time" eval 'nac status | grep -q "\"gate\": true"'
in_ns c2 ip link set eth0 address $M2
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 active)"
check "they keep no registered device out" wait_for 5 reach 2 10.9.0.1
in_ns c2 ip link set eth0 down
in_ns c2 ip link set eth0 up
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 quarantined)"
in_ns c2 ping -nqc 1 -W 1 10.9.0.1 >/dev/null
check "a quarantined device" wait_for 3 event quarantined mac=$M2 device=2 reason=quarantined
check_quiet document "$(device 1 $M1 active)" "$(device 2 $M2 active)"
check "released: in" wait_for 5 reach 2 10.9.0.11
check "released: the event" event released mac=$M2

# ---- its time
check "no frame for longer than its entry lasts: still in" eval 'gate_row lan1 $M1 && read -rt 20 <> <(:) || gate_row lan1 $M1'

# ---- made-up supplicants
QUARANTINE=false
pki "$W/pki" server host/pc-003
GEN=$((GEN + 1))
cat >"$W/doc.json" <<-JSON
{"format":"sekisho-admission","version":1,"generation":$GEN,
 "ports":[{"name":"lan1","mode":"enforce","dot1x":true},{"name":"lan3","mode":"enforce","dot1x":true}],
 "eap":{"tls":{"ca":"$W/pki/ca.pem","cert":"$W/pki/server.pem","key":"$W/pki/server.key"}},
 "devices":[{"number":3,"name":"pc-003","macs":["$M3","$M1"],"methods":["dot1x"],"identities":["host/pc-003"],"state":"active"}]}
JSON
check_quiet nac apply "$W/doc.json"
check "802.1X on" wait_for 10 eval '[ "$(nac status | grep -o "\"hostapd\": \"running\"" | wc -l)" = 2 ]'
check "802.1X: the gate knows who is registered for it" wait_for 3 eval 'ctl status | grep -q "\"known\":2"'
in_ns c1 python3 - <<-'PY'
import os, socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for i in range(5000):
    mac = b"\x00\xde" + os.urandom(4)
    s.send(bytes.fromhex("0180c2000003") + mac + bytes.fromhex("888e02010000") + bytes(42))
    if i % 20 == 0:
        time.sleep(0.005)
PY
tls 3 "$W/pki" host/pc-003
check "5,000 made-up supplicants on one port: another port" wait_for 8 event admitted port=lan3 device=3
supplicant_stop 3
nac_op close "{\"mac\":\"$M3\",\"seconds\":0}" >/dev/null
tls 1 "$W/pki" host/pc-003
check "and the port itself" wait_for 20 event admitted port=lan1 device=3
memory=$(nac status | sed -n 's/.*"memory": \([0-9]*\).*/\1/p')
check "memory of nacd: $((memory / 1024)) KiB" [ "$memory" -lt $((32 << 20)) ]
finish
