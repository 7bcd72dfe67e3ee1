#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Admission at the office's port of a transparent gateway: who is not admitted sends nothing across the bridge and hears
# nothing from beyond it, not even the router; who is gets what the policy allows, no more; who is quarantined gets to
# the gateway alone, whose page it sees there (its frames to the router are not turned round).
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_gate.sh"
. "$(dirname "$0")/lib_bridge.sh"
sandbox "$@"
bridge_net
serve inet 80,81 53
serve gw 22,8080 53
MAC=$(in_ns lan cat /sys/class/net/eth0/address)
in_ns lan ip neigh flush dev eth0
fwd_start
check "a policy" bridge_policy '{"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"}'
check "open port: the policy decides" tcp_try lan 203.0.113.10 80
check "the office's port is enforced" ports enforce lan0
refuse "an unknown device reaches nothing beyond" tcp_try lan 203.0.113.10 80
refuse "… over IPv6" tcp_try lan 2001:db8:113::10 80
refuse "… nor the gateway" tcp_try lan 192.168.1.2 22
check "its port is locked in the bridge" eval 'in_ns gw ip -d link show lan0 | grep -q "locked on"'
check "… and the line's is not" eval '! in_ns gw ip -d link show wan0 | grep -q "locked on"'
check "admitted" admit lan0 "$MAC"
check "it reaches what the policy allows" wait_for 5 tcp_try lan 203.0.113.10 80
check "… over IPv6" wait_for 5 tcp_try lan 2001:db8:113::10 80
refuse "… no more" tcp_try lan 203.0.113.10 81
refuse "nothing comes in" tcp_try inet 192.168.1.10 80
check "closed again" close lan0 "$MAC"
refuse "the policy's rule does not help it" tcp_try lan 203.0.113.10 80
GATE_EXTRA=',"quarantine":true,"page_port":8080' ports enforce lan0 >/dev/null
check "quarantined" nac admit "{\"rows\":[$(row lan0 "$MAC" 600 quarantined)]}"
check "it may ask the gateway for names" wait_for 5 udp_try lan 192.168.1.2 53
check "the gateway shows it the page" wait_for 5 eval 'in_ns lan curl -gs --max-time 2 http://192.168.1.2/ | grep -q "port 8080"'
refuse "… and it reaches nothing beyond" tcp_try lan 203.0.113.10 80
check "the server saw none of it" eval '[ "$(grep -c "tcp 80" "$W/srv-inet.log")" = 3 ]' # those before
finish
