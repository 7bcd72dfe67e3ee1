#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# hostapd as another user than nacd, started by the launcher as a unit of its own: 802.1X works as it does otherwise,
# nacd has one right, hostapd cannot read the authority's key nor change what is written for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "hostapd's own user" "hostapd is not installed"; finish; }
nac_net 1 2
gate_start >"$W/policy.log" 2>&1
# As the units have it: folders of each, a group that lets hostapd at what nacd writes.
NOBODY=$(id -u nobody) NOGROUP=$(id -g nobody) DAEMON=$(id -u daemon) DAEMONS=$(id -g daemon)
mkdir -p $STATE/nac /run/sekisho/nac /run/sekisho/hostapd
chmod 755 $STATE
chown nobody:"$NOGROUP" $STATE/nac /run/sekisho/nac
chown daemon:"$DAEMONS" /run/sekisho/hostapd
chmod 700 $STATE/nac
chmod 750 /run/sekisho/hostapd
ln -s nac/nac.sock /run/sekisho/nac.sock
ip netns exec gw python3 "$TOP/tests/netns/hostapd_launcher.py" /run/sekisho/hostapd.sock daemon "$NOBODY" \
	"$BUILD/sekisho-nacd" --launcher --run-dir /run/sekisho/nac >>"$W/launcher.log" 2>&1 &
wait_for 5 test -S /run/sekisho/hostapd.sock
apart_start() {
	ip netns exec gw setpriv --reuid nobody --regid "$NOGROUP" --groups "$DAEMONS" --inh-caps=-all,+net_raw \
		--ambient-caps=-all,+net_raw --bounding-set=-all,+net_raw --no-new-privs \
		"$BUILD/sekisho-nacd" --state-dir $STATE/nac --run-dir /run/sekisho/nac --fwd-socket /run/sekisho/fwd.sock \
		--launcher-socket /run/sekisho/hostapd.sock --control-dir /run/sekisho/hostapd >>"$W/nacd.log" 2>&1 &
	NACD=$!
	wait_for 10 nac status
}
check "nacd starts with CAP_NET_RAW alone" apart_start
events_start
M1=00:1b:21:00:00:01 P=$W/pki
pki "$P" server host/pc-001
chown -R nobody "$P"
chmod -R go= "$P"/*.key # nacd's; hostapd gets a copy
GEN=0
document() {
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"format":"sekisho-admission","version":1,"generation":$GEN,
	 "ports":[{"name":"lan1","mode":"enforce","zone":"lan","dot1x":true,"reauth":3600},
	  {"name":"lan2","mode":"enforce","zone":"lan","dot1x":true,"mac":true}],
	 "eap":{"methods":["tls"],"tls":{"ca":"$P/ca.pem","cert":"$P/server.pem","key":"$P/server.key"}},
	 "devices":[{"number":1,"revision":1,"name":"pc-001","kind":"pc","macs":["$M1"],"methods":["dot1x"],
	   "identities":["host/pc-001"],"owner":"田中","state":"active"}]}
	JSON
	nac apply "$W/doc.json"
}
check "document" document
running() { [ "$(nac status | grep -o '"hostapd": "running"' | wc -l)" = 2 ]; }
check "hostapd runs on every port" wait_for 10 running
user_of() { stat -c %u "/proc/$1/task"; }
rights() { sed -n 's/^CapEff:.*\(....\)$/\1/p' "/proc/$1/status"; }
check "as another user than nacd, neither root" [ "$(user_of "$NACD") $(user_of "$(pgrep -o hostapd)")" = "$NOBODY $DAEMON" ]
check "each with its own rights" [ "$(rights "$NACD") $(rights "$(pgrep -o hostapd)")" = "2000 3400" ]
as_hostapd() { setpriv --reuid daemon --regid "$DAEMONS" --clear-groups "$@"; }
check "hostapd reads what is written for it" as_hostapd cat /run/sekisho/nac/nac/lan1.conf
refuse "but cannot change it" as_hostapd sh -c 'echo >>/run/sekisho/nac/nac/lan1.conf'
refuse "nor put another in its place" as_hostapd rm /run/sekisho/nac/nac/lan1.conf
refuse "nor see what there is" as_hostapd ls /run/sekisho/nac/nac
refuse "nor read nacd's state" as_hostapd ls $STATE/nac
refuse "others read nothing" setpriv --reuid bin --regid bin --clear-groups cat /run/sekisho/nac/nac/server.key
refuse "nor ask hostapd" setpriv --reuid bin --regid bin --clear-groups ls /run/sekisho/hostapd
refuse "before: no way in" reach 1 10.9.0.1
tls 1 "$P" host/pc-001
check "EAP-TLS: it reaches the gateway" wait_for 10 reach 1 10.9.0.1
check "EAP-TLS: the event" wait_for 2 event admitted port=lan1 mac=$M1 device=1 identity=host/pc-001 method=dot1x eap=tls owner=田中
kill -KILL "$(pgrep -o hostapd)"
check "hostapd killed: runs again" wait_for 10 running
check "who was in stays in" reach 1 10.9.0.1
supplicant_stop 1
tls 1 "$P" host/pc-001
check "it proves itself to the new one" wait_for 10 eval '[ "$(grep -c EAP-SUCCESS "$W/wpa1.log")" = 2 ]'
check "and is in" wait_for 10 reach 1 10.9.0.1
nacd_stop -KILL
gone() { ! pgrep hostapd >/dev/null; }
check "nacd killed: no hostapd is left" wait_for 5 gone
check "and it starts again" apart_start
check "with hostapd" wait_for 10 running
check "and who was in" reach 1 10.9.0.1
L=$(pgrep -f -- '--launcher --run-dir' | while read -r p; do [ "$(cat "/proc/$p/comm")" = sekisho-nacd ] && echo "$p"; done)
kill -KILL "$L"
ended() { ! kill -0 "$NACD" 2>/dev/null; }
check "without its launcher nacd ends, to be started anew" wait_for 5 ended
check "no hostapd is left" wait_for 5 gone
finish
