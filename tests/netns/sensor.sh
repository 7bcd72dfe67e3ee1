#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The passive sensor against real programs on a flat network: who is there within a second, what DHCP and
# name services say of a device, and who serves addresses, advertises itself or claims an address that is
# another's.
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/lib_sensor.sh
. "$(dirname "$0")/lib_sensor.sh"
sandbox "$@"

PC=00:1b:21:00:00:10 PRN=00:00:74:00:00:20 SRV=00:25:90:00:00:05 BAD=0a:12:34:56:78:9a
lan_up
# Switches nobody manages pass LLDP on, unlike bridges.
in_ns sw ip link set br0 type bridge group_fwd_mask 0x4000
station srv $SRV 5
station pc $PC
station prn $PRN 20
station bad $BAD 66
sensor_start "lan0,off,dhcp=$NET4.5"

# ---- who is there -------------------------------------------------------------------------------------
in_ns prn ping -nqc 1 -W 1 $NET4.1 >/dev/null
soon "a device is known by its first frame" "e['event']=='new' and e['mac']=='$PRN'"
check "and told within a second of it" event "e['event']=='new' and e['mac']=='$PRN' and 0 <= e['ts']-e['seen'] < 1000000"
echo "# first frame to event: $(python3 -c 'import json,sys
for l in open(sys.argv[1]):
    e=json.loads(l)
    if e.get("event")=="new" and e.get("mac")==sys.argv[2]: print((e["ts"]-e["seen"])/1000.0, "ms"); break' "$W/events" $PRN)"
soon "its IPv4 address is known from ARP" "e['mac']=='$PRN' and '$NET4.20' in e['addresses']"
if [ -r /usr/share/ieee-data/oui.csv ]; then
	check "its vendor is named" event "e['mac']=='$PRN' and 'RICOH' in e['vendor'].upper()"
else
	skip "its vendor is named" "ieee-data is not installed"
fi
in_ns bad ping -6 -nqc 1 -W 1 $NET6::1 >/dev/null
soon "its IPv6 address is known from neighbour discovery" "e['mac']=='$BAD' and '$NET6::66' in e['addresses']"
check "a locally administered MAC is marked as random" event "e['mac']=='$BAD' and e['randomised']"
check "a manufacturer's is not" event "e['mac']=='$PRN' and not e['randomised']"

# ---- DHCP ---------------------------------------------------------------------------------------------
if command -v dnsmasq >/dev/null && command -v busybox >/dev/null; then
	in_ns srv dnsmasq -k --port=0 --interface=eth0 --bind-interfaces --no-resolv --no-hosts --user=root \
		--dhcp-range=$NET4.100,$NET4.120,1h --dhcp-option=3,$NET4.1 --dhcp-leasefile="$W/leases" \
		--conf-file=/dev/null --pid-file="$W/dnsmasq.pid" >"$W/dnsmasq.log" 2>&1 &
	wait_for 5 in_ns srv sh -c "ss -lun | grep -q ':67 '"
	printf '#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/24 dev $interface\nexit 0\n' >"$W/udhcpc.sh"
	chmod +x "$W/udhcpc.sh"
	check "a client gets a lease from the listed server" in_ns pc timeout 20 busybox udhcpc -i eth0 -n -q -f \
		-x hostname:keiri-pc1 -V 'sekisho test' -s "$W/udhcpc.sh"
	soon "hostname and vendor class are read from DHCP" \
		"e['mac']=='$PC' and p['hostname']=='keiri-pc1' and p['dhcp_vendor']=='sekisho test'"
	check "and its parameter list" event "e['mac']=='$PC' and p['dhcp_params'].startswith('1,3,')"
	settled
	never "the listed server is no rogue" "e['event']=='rogue_dhcp'"
	in_ns bad dnsmasq -k --port=0 --interface=eth0 --bind-interfaces --no-resolv --no-hosts --user=root \
		--dhcp-range=$NET4.200,$NET4.220,1h --dhcp-leasefile="$W/leases2" --dhcp-authoritative \
		--conf-file=/dev/null --pid-file="$W/dnsmasq2.pid" >"$W/dnsmasq2.log" 2>&1 &
	kill "$(cat "$W/dnsmasq.pid")"
	wait_for 5 in_ns bad sh -c "ss -lun | grep -q ':67 '"
	in_ns pc ip addr flush dev eth0
	in_ns pc timeout 20 busybox udhcpc -i eth0 -n -q -f -s "$W/udhcpc.sh" >/dev/null 2>&1
	SOON=8 soon "a DHCP server that is not listed is told, with its MAC" \
		"e['event']=='rogue_dhcp' and e['mac']=='$BAD' and e['ip']=='$NET4.66'"
	kill "$(cat "$W/dnsmasq2.pid")"
	if command -v dhclient >/dev/null; then
		station pc2 00:1b:21:00:00:11
		printf 'send host-name "eigyo-pc2";\nrequest subnet-mask, routers, domain-name-servers, ntp-servers;\n' >"$W/dhclient.conf"
		in_ns pc2 timeout 3 dhclient -1 -d -4 -cf "$W/dhclient.conf" -lf "$W/dhclient.lease" -pf "$W/dhclient.pid" \
			-sf /bin/true eth0 >"$W/dhclient.log" 2>&1
		soon "another client's parameter list differs" \
			"e['mac']=='00:1b:21:00:00:11' and p['hostname']=='eigyo-pc2' and p['dhcp_params']=='1,3,6,42'"
	else
		skip "another client's parameter list differs" "isc-dhcp-client is not installed"
	fi
else
	skip "DHCP with real programs" "dnsmasq or busybox is not installed"
fi
frames bad offer $NET4.67 $NET4.66
soon "so is a crafted offer seen by its frame" "e['event']=='rogue_dhcp' and e['ip']=='$NET4.67' and 'router $NET4.66' in e['text']"
frames bad offer $NET4.5 $NET4.66
soon "and one in the listed server's name" "e['event']=='rogue_dhcp' and e['ip']=='$NET4.5' and e['mac']=='$BAD'"

# ---- fingerprint --------------------------------------------------------------------------------------
frames prn request copier-2f 'RICOH' 1,3,6,12
soon "a printer's fingerprint is taken" "e['mac']=='$PRN' and p['dhcp_params']=='1,3,6,12'"
frames prn request laptop 'MSFT 5.0' 1,3,6,15,31,33
soon "another system behind its MAC is told" \
	"e['event']=='fingerprint' and e['mac']=='$PRN' and 'MSFT 5.0' in e['text'] and 'RICOH' in e['text']"
in_ns pc ip addr flush dev eth0
in_ns pc ip addr add $NET4.10/24 dev eth0
in_ns pc timeout 2 nc -w 1 $NET4.1 80 2>/dev/null
soon "TCP traits are taken from a SYN" "e['mac']=='$PC' and p['tcp'].startswith('64:mss,sok,ts,nop,ws')"

# ---- names --------------------------------------------------------------------------------------------
if command -v avahi-daemon >/dev/null; then
	station mac0 00:1c:b3:00:00:30 30
	printf '[server]\nhost-name=design-imac\nuse-ipv4=yes\nuse-ipv6=no\nallow-interfaces=eth0\nenable-dbus=no\ndisallow-other-stacks=no\n[publish]\npublish-workstation=no\n' >"$W/avahi.conf"
	mkdir -p /run/avahi-daemon
	in_ns mac0 avahi-daemon --no-drop-root --no-rlimits --no-chroot -f "$W/avahi.conf" >"$W/avahi.log" 2>&1 &
	SOON=6 soon "a name by mDNS, from avahi" "e['mac']=='00:1c:b3:00:00:30' and p['hostname']=='design-imac'"
else
	skip "a name by mDNS, from avahi" "avahi-daemon is not installed"
fi
station win 00:1b:21:00:00:40 40
frames win nbns SOUMU-PC $NET4.40
soon "a name by NetBIOS" "e['mac']=='00:1b:21:00:00:40' and p['hostname']=='SOUMU-PC'"
station ap 00:1d:73:00:00:50 50
frames ap lldp ap-2f 8
soon "an access point by LLDP" "e['mac']=='00:1d:73:00:00:50' and e['roles'] & 8"
station tag 00:1b:21:00:00:60
in_ns tag sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
frames tag tagged 30 $NET4.60
soon "a frame with a VLAN tag is seen with it" "e['mac']=='00:1b:21:00:00:60' and e['vlan']==30"
station hush 00:1b:21:00:00:70
frames hush repeat 1500 silent $GW_MAC $NET4.70 $NET4.1
soon "a device that only sends data to known addresses is sampled" "e['mac']=='00:1b:21:00:00:70'"

# ---- routers ------------------------------------------------------------------------------------------
never "no router advertisement so far" "e['event']=='rogue_ra'"
if command -v radvd >/dev/null; then
	printf 'interface eth0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix 2001:db8:666::/64 { }; };\n' >"$W/radvd.conf"
	in_ns bad sysctl -qw net.ipv6.conf.all.forwarding=1
	in_ns bad radvd -n -u root -p "$W/radvd.pid" -C "$W/radvd.conf" >"$W/radvd.log" 2>&1 &
	SOON=8 soon "a router advertisement, from radvd" "e['event']=='rogue_ra' and e['mac']=='$BAD' and '2001:db8:666::/64' in e['text']"
	kill "$(cat "$W/radvd.pid" 2>/dev/null)" 2>/dev/null
else
	skip "a router advertisement, from radvd" "radvd is not installed"
fi
station bad2 0a:12:34:56:78:9b
frames bad2 ra hidden
soon "one hidden behind an extension header" "e['event']=='rogue_ra' and e['mac']=='0a:12:34:56:78:9b'"

# ---- claims -------------------------------------------------------------------------------------------
settled
never "no spoofing told so far" "e['event']=='arp_spoof' and e['ip'] not in ('', '$NET4.5')"
frames bad garp $NET4.1
soon "a claim on the gateway's address" "e['event']=='arp_spoof' and e['mac']=='$BAD' and e['ip']=='$NET4.1'"
frames bad na $NET6::1
soon "the same by neighbour advertisement" "e['event']=='arp_spoof' and e['mac']=='$BAD' and e['ip']=='$NET6::1'"
frames bad garp $NET4.5
soon "a claim on the listed server's address" "e['event']=='arp_spoof' and e['mac']=='$BAD' and e['ip']=='$NET4.5' and 'listed' in e['text']"
frames bad garp $NET4.20
frames prn garp $NET4.20
soon "an address that goes to and fro" "e['event']=='arp_spoof' and e['mac']=='$BAD' and e['other']=='$PRN'"
frames bad as_other $PRN $NET4.21
soon "ARP in another device's name" "e['event']=='arp_spoof' and e['mac']=='$BAD' and 'name' in e['text']"

# ---- load ---------------------------------------------------------------------------------------------
frames bad flood 20000
settled
SOON=13 soon "a flood of random MACs is told" "e['event']=='flood' and e['count'] > 1000"
check "and bounded" test "$(stat_of devices)" -lt 2000
in_ns win ping -nqc 1 -W 1 $NET4.1 >/dev/null
station late 00:1b:21:00:00:99 99
in_ns late ping -nqc 1 -W 1 $NET4.1 >/dev/null
soon "a real device after it is still taken up" "e['event']=='new' and e['mac']=='00:1b:21:00:00:99'"
echo "# memory $(stat_of rss_kb) kB, processor $(stat_of cpu_us) us, lost by the kernel $(stat_of dropped)"

# ---- the interface goes and comes back --------------------------------------------------------------------
in_ns gw ip link del lan0
soon "a lost interface is told" "e['event']=='capture' and e['text']!='up'"
forget_events
plug gw lan0 $GW_MAC
address gw lan0 1
soon "and taken up again" "e['event']=='capture' and e['text']=='up'"
station back 00:1b:21:00:00:98 98
in_ns back ping -nqc 1 -W 1 $NET4.1 >/dev/null
soon "and its devices seen" "e['event']=='new' and e['mac']=='00:1b:21:00:00:98'"
sensor_stop
finish
