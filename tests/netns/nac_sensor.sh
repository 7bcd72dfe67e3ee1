#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The sensor within nacd, with nacd's rights and system calls alone: a flat network behind a switch nobody manages, and a
# gated port. Who is new, with all that is known of it; who gives out addresses, advertises itself or claims another's
# address; a device that looks like another loses its admission where the document says so; isolation is off unless
# somebody wants it, observes first, and gives back what it took.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/lib_sensor.sh
. "$(dirname "$0")/lib_sensor.sh"
# shellcheck source=tests/netns/lib_nac.sh
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"

PC=00:1b:21:00:00:10 PRN=00:00:74:00:00:20 SRV=00:25:90:00:00:05 BAD=00:1b:21:00:00:66 FAX=00:00:74:00:00:30
ROGUE=0a:12:34:56:78:9a
lan_up
# quiet NS MAC: a station that says nothing by itself
quiet() {
	ip netns add "$1"
	in_ns "$1" ip link set lo up
	in_ns "$1" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
	plug "$1" eth0 "$2"
}
station srv $SRV 5
quiet prn $PRN
in_ns prn ip addr add $NET4.20/24 dev eth0
station bad $BAD 66
station rogue $ROGUE 67
# A port of its own that admits by MAC address.
ip netns add fax
ip link add lan1 netns gw type veth peer name eth0 netns fax address $FAX
in_ns gw sysctl -qw net.ipv6.conf.lan1.disable_ipv6=1
in_ns gw ip addr add 10.9.0.1/24 dev lan1
in_ns gw ip link set lan1 up
in_ns fax ip link set eth0 up
in_ns fax ip addr add 10.9.0.30/24 dev eth0

GEN=0 ISOLATION='' ALARM='' BAD_DEVICE=''
document() {
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"format":"sekisho-admission","version":1,"generation":$GEN$ALARM,
	 "ports":[{"name":"lan1","mode":"enforce","zone":"lan","mac":true}],
	 "networks":[{"interface":"lan0","zone":"lan","sensor":true$ISOLATION,"dhcp_servers":["$NET4.5"]},
	  {"interface":"lan1","zone":"lan","sensor":true}],
	 "devices":[
	  {"number":1,"name":"keiri-pc1","kind":"pc","macs":["$PC"],"methods":["mac"],"state":"active","owner":"田中"},
	  {"number":2,"name":"copier","kind":"printer","macs":["$PRN"],"methods":["mac"],"state":"active"},
	  {"number":3,"name":"fax","kind":"printer","macs":["$FAX"],"methods":["mac"],"state":"active",
	   "fingerprint":{"dhcp_params":"1,3,6,12","dhcp_vendor":"RICOH"}}$BAD_DEVICE]}
	JSON
	nac apply "$W/doc.json"
}
# told NAME PYTHON: an event, of which e is the part "sekisho", within SOON seconds
told() {
	if wait_for "${SOON:-3}" python3 "$TOP/tests/netns/events.py" "$W/parts" "$2"; then ok "$1"; else
		not_ok "$1"
		tail -n 8 "$W/parts" | sed 's/^/#   /'
	fi
}
untold() {
	if python3 "$TOP/tests/netns/events.py" "$W/parts" "$2" >"$W/check.out" 2>&1; then
		not_ok "$1"
		sed 's/^/#   /' "$W/check.out"
	else ok "$1"; fi
}
sensor() { nac status | python3 -c 'import json,sys; print(json.loads(sys.stdin.readline())["sensor"][sys.argv[1]])' "$1"; }
sensor_is() { [ "$(sensor "$1")" = "$2" ]; }
seen() { # MAC KEY: of devices.seen
	nac op devices.seen | python3 -c 'import json,sys
for line in sys.stdin:
    for r in json.loads(line).get("rows", []):
        if r["mac"] == sys.argv[1]: print(r.get(sys.argv[2], ""))' "$1" "$2"
}
cut_off() { ! in_ns "$1" ping -nqc 2 -i 0.3 -W 1 "$2" >/dev/null; }
reached() { in_ns "$1" ping -nqc 1 -W 1 "$2" >/dev/null; }

gate_start '["lan0", "lan1"]' >"$W/policy.log" 2>&1
nacd_start
events_start
# The part of each event that counts, as it comes.
tail -n +1 -F "$W/events" 2>/dev/null | python3 -uc 'import json,sys
for line in sys.stdin:
    e = json.loads(line)
    print(json.dumps(dict(e["sekisho"], ts=e["ts"]), ensure_ascii=False))' >"$W/parts" &
check "document" document
check "both networks are listened to" wait_for 5 sensor_is up 2
check "under its filter" grep -q '^Seccomp:.*2$' "/proc/$NACD/status"
check "with the one right it needs" grep -q '^CapEff:.*0000000000002000$' "/proc/$NACD/status"

# ---- who is new -----------------------------------------------------------------------------------------
begin=$(($(date +%s%N) / 1000))
in_ns prn ping -nqc 1 -W 1 $NET4.1 >/dev/null
told "a device behind the switch: within a second" "e['action']=='new' and e['mac']=='$PRN' and e['port']=='lan0' and e['ts']-$begin < 1000000"
told "with its address" "e['action']=='new' and e['mac']=='$PRN' and e['addresses']==['$NET4.20']"
told "with what the registry knows" "e['action']=='new' and e['mac']=='$PRN' and e['device']==2 and e['name']=='copier'"
if [ -r /usr/share/ieee-data/oui.csv ]; then
	told "and its vendor" "e['action']=='new' and e['mac']=='$PRN' and 'RICOH' in e['vendor'].upper()"
else
	skip "and its vendor" "ieee-data is not installed"
fi
# A device whose first frame is its DHCP request.
quiet pc $PC
if command -v dnsmasq >/dev/null && command -v busybox >/dev/null; then
	in_ns srv dnsmasq -k --port=0 --interface=eth0 --bind-interfaces --no-resolv --no-hosts --user=root \
		--dhcp-range=$NET4.100,$NET4.120,1h --dhcp-option=3,$NET4.1 --dhcp-leasefile="$W/leases" \
		--conf-file=/dev/null --pid-file="$W/dnsmasq.pid" >"$W/dnsmasq.log" 2>&1 &
	wait_for 5 in_ns srv sh -c "ss -lun | grep -q ':67 '"
	printf '#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/24 dev $interface\nexit 0\n' >"$W/udhcpc.sh"
	chmod +x "$W/udhcpc.sh"
	check "a client gets its address by DHCP" in_ns pc timeout 20 busybox udhcpc -i eth0 -n -q -f \
		-x hostname:keiri-pc1 -V 'sekisho test' -s "$W/udhcpc.sh"
	told "new by its DHCP request: named by it" "e['action']=='new' and e['mac']=='$PC' and e['hostname']=='keiri-pc1' and e['owner']=='田中'"
	check "known with its parameter list" wait_for 3 eval 'seen $PC dhcp | grep -q "^1,3,"'
	check "its fingerprint" eval 'seen $PC fingerprint | grep -q "sekisho test"'
	check "and the address it got" wait_for 3 eval 'in_ns pc ping -nqc 1 -W 1 $NET4.1 >/dev/null; seen $PC addresses | grep -q "$NET4\.1[0-2][0-9]"'
	kill "$(cat "$W/dnsmasq.pid")"
else
	skip "DHCP with real programs" "dnsmasq or busybox is not installed"
	in_ns pc ip addr add $NET4.100/24 dev eth0
	in_ns pc ping -nqc 1 -W 1 $NET4.1 >/dev/null
fi
PC_IP=$(in_ns pc ip -4 -o addr show dev eth0 | sed -n 's/.*inet \([0-9.]*\)\/.*/\1/p' | head -n 1)

# ---- rogues ---------------------------------------------------------------------------------------------
in_ns srv ping -nqc 1 -W 1 $NET4.1 >/dev/null
in_ns bad ping -nqc 1 -W 1 $NET4.1 >/dev/null
told "a device nobody registered" "e['action']=='new' and e['mac']=='$BAD' and 'device' not in e"
untold "the listed server is no rogue" "e['action']=='rogue_dhcp'"
untold "no other rogue so far" "e['action'] in ('rogue_ra', 'arp_spoof')"
if command -v dnsmasq >/dev/null && command -v busybox >/dev/null; then
	in_ns rogue dnsmasq -k --port=0 --interface=eth0 --bind-interfaces --no-resolv --no-hosts --user=root \
		--dhcp-range=$NET4.200,$NET4.220,1h --dhcp-leasefile="$W/leases2" --dhcp-authoritative \
		--conf-file=/dev/null --pid-file="$W/dnsmasq2.pid" >"$W/dnsmasq2.log" 2>&1 &
	wait_for 5 in_ns rogue sh -c "ss -lun | grep -q ':67 '"
	in_ns prn timeout 20 busybox udhcpc -i eth0 -n -q -f -s /bin/true >/dev/null 2>&1
	kill "$(cat "$W/dnsmasq2.pid")"
else
	frames rogue offer $NET4.67 $NET4.67
fi
SOON=8 told "a DHCP server that is not listed" "e['action']=='rogue_dhcp' and e['mac']=='$ROGUE' and e['ip']=='$NET4.67' and e['interface']=='lan0'"
frames rogue ra
told "a router advertisement of somebody else" "e['action']=='rogue_ra' and e['mac']=='$ROGUE' and '2001:db8:bad::/64' in e['detail']"
frames rogue garp $NET4.1
told "somebody claims the gateway's address" "e['action']=='arp_spoof' and e['mac']=='$ROGUE' and e['ip']=='$NET4.1'"
in_ns pc ip neigh flush dev eth0
in_ns bad ip neigh flush dev eth0

# ---- it looks like another ------------------------------------------------------------------------------
gate_state() { gate_row lan1 $FAX "$1"; }
in_ns fax ping -nqc 1 -W 1 10.9.0.1 >/dev/null
check "the fax is admitted by its address" wait_for 5 gate_state admitted
frames fax request fax-2f RICOH 1,3,6,12
check "it looks as it should" wait_for 3 eval 'seen $FAX dhcp | grep -q "^1,3,6,12$"'
untold "nothing is said about it" "e['action']=='fingerprint' and e['mac']=='$FAX'"
frames fax request laptop 'MSFT 5.0' 1,3,6,15,31,33
told "a notebook in its place is told" "e['action']=='fingerprint' and e['mac']=='$FAX' and 'dhcp_vendor' in e['differs'] and e['device']==3"
check "alarm alone: it stays in" gate_state admitted
check "and reaches the gateway" reached fax 10.9.0.1
ALARM=',"fingerprint":"quarantine"'
check_quiet document
check "the document says so: quarantined" wait_for 5 gate_state quarantined
told "with the reason" "e['action']=='quarantined' and e['mac']=='$FAX' and e['reason']=='looks_different'"
refuse "quarantined: reaches nothing" reached fax 10.9.0.1
ALARM=''
check_quiet document
check "alarm alone again: released" wait_for 5 gate_state admitted
frames fax request fax-2f RICOH 1,3,6,12
check "it looks as before" wait_for 3 eval 'seen $FAX dhcp | grep -q "^1,3,6,12$"'
ALARM=',"fingerprint":"quarantine"'
check_quiet document
check "with quarantine in the document: in" gate_state admitted
frames fax request laptop 'MSFT 5.0' 1,3,6,15,31,33
check "out the moment it looks different" wait_for 3 gate_state quarantined

# ---- isolation ------------------------------------------------------------------------------------------
talk() { # all are heard of, and know each other
	local a
	for a in $NET4.1 $NET4.5 $NET4.20 "$PC_IP"; do in_ns bad ping -nqc 1 -W 1 "$a" >/dev/null; done
	for a in pc prn srv; do in_ns $a ping -nqc 1 -W 1 $NET4.66 >/dev/null; done
	return 0
}
talk
check "off unless somebody wants it: the stranger reaches its neighbours" reached bad $NET4.20
check "nothing is forged" sensor_is forged 0
untold "nor announced" "e['action'] in ('isolated', 'would_cut')"
ISOLATION=',"isolation":"observe"'
check_quiet document
told "observing: who would be cut off" "e['action']=='would_cut' and e['mac']=='$BAD'"
untold "and nobody else" "e['action']=='would_cut' and e['mac'] in ('$PC', '$PRN', '$SRV')"
check "observing: it reaches its neighbours" reached bad $NET4.20
check "observing: nothing is forged" sensor_is forged 0
ISOLATION=',"isolation":"on"'
check_quiet document
talk
check "on: not before it was observed long enough" sensor_is forged 0
J=$STATE/nac/isolation.journal
nacd_stop
check "since when is kept" grep -q '"observed_since":[0-9]' $J
sed -i 's/"observed_since":[0-9]*/"observed_since":1000/g' $J
nacd_start
check "back" wait_for 5 sensor_is up 2
wait_for 10 eval 'talk; sensor_is isolated 1'
told "observed for long enough: cut off" "e['action']=='isolated' and e['mac']=='$BAD' and e['interface']=='lan0'"
check "it does not reach a neighbour" wait_for 4 cut_off bad $NET4.20
check "nor the gateway" wait_for 4 cut_off bad $NET4.1
check "nor a neighbour it" wait_for 4 cut_off pc $NET4.66
check "those who are registered reach each other" wait_for 2 reached pc $NET4.20
check "and the gateway" reached prn $NET4.1
check "and the listed server is not touched" reached pc $NET4.5
check "one is cut off" sensor_is isolated 1
BAD_DEVICE=",{\"number\":4,\"name\":\"new\",\"kind\":\"pc\",\"macs\":[\"$BAD\"],\"methods\":[\"mac\"],\"state\":\"active\"}"
check_quiet document
told "registered: released" "e['action']=='released' and e['mac']=='$BAD' and e['interface']=='lan0'"
check "it reaches its neighbours" wait_for 2 reached bad $NET4.20
check "and they it" wait_for 2 reached pc $NET4.66
check "and the gateway" wait_for 2 reached bad $NET4.1
BAD_DEVICE=''
check_quiet document
check "registered no more: cut off again" wait_for 8 eval 'talk; cut_off bad $NET4.20'
nacd_stop -KILL
check "nacd killed: the lie is still there" cut_off pc $NET4.66
ISOLATION=''
nacd_start
check_quiet document
check "back, and off: the truth again" wait_for 5 reached pc $NET4.66
check "for the device, too" wait_for 5 reached bad $NET4.20
check "nobody is cut off" sensor_is isolated 0

# ---- it looks like another, over restarts -------------------------------------------------------------
kept() { grep -q '"looks":\[{.*MSFT 5.0' "$STATE/nac/sessions.json"; }
check "how it looks is kept" wait_for 15 kept
nacd_stop -KILL
nacd_start
check "back" wait_for 10 sensor_is up 2
in_ns fax ping -nqc 2 -i 0.3 -W 1 10.9.0.1 >/dev/null
check "killed and started again: still quarantined" gate_state quarantined
refuse "and reaches nothing" reached fax 10.9.0.1
in_ns fax ip link set eth0 down
in_ns fax ip link set eth0 up
in_ns fax ping -nqc 2 -i 0.3 -W 1 10.9.0.1 >/dev/null
refuse "also when it comes anew" gate_state admitted
frames fax request fax-2f RICOH 1,3,6,12
check "until it looks as it should" wait_for 5 gate_state admitted
check "and that is kept, too" wait_for 15 eval 'grep -q "\"looks\":\[\]" "$STATE/nac/sessions.json"'
nacd_stop
nacd_start
check "admitted after a restart" wait_for 10 gate_state admitted
wait_for 10 sensor_is up 2
frames fax request laptop 'MSFT 5.0' 1,3,6,15,31,33
check "out again, by the first frame that the sensor sees of it" wait_for 3 gate_state quarantined
finish
