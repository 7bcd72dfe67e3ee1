#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Port forward and source translation are records like all others; IPv4 and IPv6.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80 53
serve dmz 80,8080 53
TRY=0.6
refuse "dnat: closed before" tcp_try inet 203.0.113.1 8443
n=$(rule_add --kind dnat --source any --destination 203.0.113.1 --direction 'wan->dmz' --protocol tcp --port 8443 \
	--nat-to 192.168.20.10:8080)
v=$(rule_add --kind dnat --source any --destination 2001:db8:113::1 --direction 'wan->dmz' --protocol tcp --port 8443 \
	--nat-to '[2001:db8:20::10]:8080')
w=$(rule_add --kind dnat --source 203.0.113.11 --destination any --direction 'wan->dmz' --protocol udp --port 5300 \
	--nat-to 192.168.20.10:53)
s=$(rule_add --kind snat --source 192.168.10.0/24 --destination any --direction 'lan->wan' --protocol any --port any \
	--nat-to masquerade)
rule_add --source 192.168.10.0/24 --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
apply || not_ok "apply"
check "dnat: rule $n forwards IPv4" tcp_try inet 203.0.113.1 8443
check "dnat: rule $v forwards IPv6" tcp_try inet 2001:db8:113::1 8443
check "dnat: to any address of the gateway, rule $w" udp_try inet 203.0.113.1 5300 203.0.113.11
refuse "dnat: from another source" udp_try inet 203.0.113.1 5300 203.0.113.10
refuse "dnat: the server's own port stays closed" tcp_try inet 192.168.20.10 8080
refuse "dnat: another port stays closed" tcp_try inet 203.0.113.1 8444
: >"$W/srv-inet.log"
check "snat: rule $s, connection passes" tcp_try lan 203.0.113.10 80
check "snat: the server saw the gateway's address" grep -q 'tcp 80 203.0.113.1$' "$W/srv-inet.log"
check "snat: explain names it" bash -c "$(declare -f as); BUILD=$BUILD
	as $KANSA --json explain 192.168.10.10 203.0.113.10 tcp 80 | grep -q $s"
as $TANAKA rule suspend "$n" --reason 'server maintenance' >/dev/null
refuse "dnat: suspended at once" tcp_try inet 203.0.113.1 8443
refuse "dnat: without a target is refused" as $TANAKA rule request --kind dnat --source any --destination 203.0.113.1 \
	--direction 'wan->dmz' --protocol tcp --port 99 --purpose 'x test'
finish
