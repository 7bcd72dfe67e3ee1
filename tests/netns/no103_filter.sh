#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.103: traffic between inside and outside is restricted by source, destination and port; default deny
# in each direction; IPv4 and IPv6 alike. Every criterion has a case that passes and one that does not.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 25,80,443,8080 53,5353
serve lan 80,8080 53
serve dmz 80,443,8080 53
TRY=0.6

for v in 4 6; do
	if [ $v = 4 ]; then
		inet=203.0.113.10 inet2=203.0.113.11 lan=192.168.10.10 lan2=192.168.10.11 dmz=192.168.20.10
	else
		inet=2001:db8:113::10 inet2=2001:db8:113::11 lan=2001:db8:10::10 lan2=2001:db8:10::11
		dmz=2001:db8:20::10
	fi
	refuse "no103_default_deny_outbound_v$v: lan to internet" tcp_try lan $inet 80
	refuse "no103_default_deny_inbound_v$v: internet to lan" tcp_try inet $lan 80
	refuse "no103_default_deny_inbound_v$v: internet to dmz" tcp_try inet $dmz 80
	refuse "no103_default_deny_internal_v$v: dmz to lan" tcp_try dmz $lan 80
	refuse "no103_default_deny_udp_v$v: lan to internet" udp_try lan $inet 53
	refuse "no103_default_deny_gateway_v$v: internet pings the gateway" \
		in_ns inet ping -nqc 1 -W 1 "$([ $v = 4 ] && echo 203.0.113.1 || echo 2001:db8:113::1)"
	check "no103_builtin_ping_v$v: lan pings the gateway" \
		in_ns lan ping -nqc 1 -W 1 "$([ $v = 4 ] && echo 192.168.10.1 || echo 2001:db8:10::1)"

	# One rule: this source, that destination, that port, outbound.
	n=$(rule_add --source $lan --destination $inet --direction 'lan->wan' --protocol tcp --port 80) ||
		not_ok "no103_v$v: request a rule"
	apply || not_ok "no103_v$v: apply"
	check "no103_allowed_v$v: rule $n passes" tcp_try lan $inet 80 $lan
	refuse "no103_source_v$v: another source" tcp_try lan $inet 80 $lan2
	refuse "no103_destination_v$v: another destination" tcp_try lan $inet2 80 $lan
	refuse "no103_port_v$v: another port" tcp_try lan $inet 8080 $lan
	refuse "no103_protocol_v$v: another protocol" udp_try lan $inet 53 $lan
	refuse "no103_direction_v$v: the opposite direction" tcp_try inet $lan 80 $inet

	# Inbound to the public server.
	n=$(rule_add --source any --destination $dmz --direction 'wan->dmz' --protocol tcp --port 443,8080)
	m=$(rule_add --source $lan --destination any --direction 'lan->wan' --protocol udp --port 53)
	apply || not_ok "no103_v$v: apply inbound"
	check "no103_inbound_v$v: rule $n passes port 443" tcp_try inet $dmz 443
	check "no103_port_list_v$v: rule $n passes port 8080" tcp_try inet $dmz 8080
	refuse "no103_inbound_port_v$v: port 80 stays closed" tcp_try inet $dmz 80
	check "no103_udp_v$v: rule $m passes DNS" udp_try lan $inet 53 $lan
	refuse "no103_udp_port_v$v: another UDP port" udp_try lan $inet 5353 $lan
	refuse "no103_udp_source_v$v: another source" udp_try lan $inet 53 $lan2
done

# Families do not open each other.
n=$(rule_add --source 192.168.30.0/24 --destination 203.0.113.0/24 --direction 'factory->wan' \
	--protocol tcp --port 1-65535)
apply || not_ok "no103_family: apply"
check "no103_family: rule $n passes IPv4" tcp_try fab 203.0.113.10 443
refuse "no103_family: the same over IPv6 is denied" tcp_try fab 2001:db8:113::10 443

# Objects, ranges, exclusion by a deny rule.
rule_add --source office-pcs --destination 203.0.113.10-203.0.113.20,2001:db8:113::/64 --direction 'lan->wan' \
	--protocol tcp --port https >/dev/null || not_ok "no103_objects: request"
apply || not_ok "no103_objects: apply"
check "no103_objects: an address range" tcp_try lan 203.0.113.11 443 192.168.10.11
check "no103_objects: IPv6 network" tcp_try lan 2001:db8:113::11 443 2001:db8:10::11
rule_add --kind deny --source 192.168.10.11 --destination any --direction 'lan->wan' --protocol any --port any \
	>/dev/null || not_ok "no103_deny: request"
apply || not_ok "no103_deny: apply"
refuse "no103_deny: a deny rule comes before allow rules" tcp_try lan 203.0.113.11 443 192.168.10.11
check "no103_deny: others are not touched" tcp_try lan 203.0.113.11 443 192.168.10.10

# What works at all: a path MTU message must come back through the gateway.
in_ns inet ip link set eth0 mtu 1400
in_ns gw ip link set wan0 mtu 1400
check "no103_builtin_related_icmp: packet too big reaches the sender" \
	in_ns lan python3 "$TOP/tests/netns/pmtu_try.py" 203.0.113.10 53 192.168.10.10
finish
