# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A transparent gateway: one network, 192.168.1.0/24 and 2001:db8:1::/64, on both sides of it. Beyond it (namespace
# inet) the router 192.168.1.1, behind which everything else is; inside (namespace lan) an office device. Sourced
# after lib.sh.

# resolve_soon NS DEVICE: who asked for an address while nothing crossed asks again after a tenth of a second, not after
# the second that an attempt of tcp_try() lasts.
resolve_soon() {
	in_ns "$1" ip ntable change name arp_cache dev "$2" retrans 100
	in_ns "$1" ip ntable change name ndisc_cache dev "$2" retrans 100
}
# cable NS PORT: NS's eth0 in a port of the gateway's bridge
cable() {
	local ns=$1 port=$2
	ip netns add "$ns"
	in_ns "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	ip link add "$port" netns gw type veth peer name eth0 netns "$ns"
	in_ns gw sysctl -qw "net.ipv6.conf.$port.disable_ipv6=1"
	in_ns gw ip link set "$port" master br-gate
	in_ns gw ip link set "$port" type bridge_slave isolated on
	in_ns gw ip link set "$port" up
	in_ns "$ns" ip link set lo up
	in_ns "$ns" ip link set eth0 up
	resolve_soon "$ns" eth0
}

# What networkd makes of the set-up: the bridge with its address, ports, a route to the router.
bridge_net() {
	ip netns add gw
	in_ns gw ip link set lo up
	in_ns gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	# As 60-sekisho.conf: no other bridge of this machine asks the policy.
	in_ns gw sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 \
		net.bridge.bridge-nf-call-arptables=0
	in_ns gw ip link add br-gate type bridge mcast_snooping 0 forward_delay 0
	in_ns gw sysctl -qw net.ipv6.conf.br-gate.accept_dad=0
	in_ns gw ip link set br-gate up
	resolve_soon gw br-gate
	in_ns gw ip addr add 192.168.1.2/24 dev br-gate
	in_ns gw ip addr add 2001:db8:1::2/64 dev br-gate nodad
	cable inet wan0
	cable lan lan0
	in_ns inet sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns inet ip addr add 192.168.1.1/24 dev eth0
	in_ns inet ip addr add 2001:db8:1::1/64 dev eth0 nodad
	for h in 10 20; do
		in_ns inet ip addr add 203.0.113.$h/32 dev lo
		in_ns inet ip addr add 2001:db8:113::$h/128 dev lo
	done
	in_ns gw ip route add default via 192.168.1.1
	in_ns gw ip -6 route add default via 2001:db8:1::1
	in_ns lan ip addr add 192.168.1.10/24 dev eth0
	in_ns lan ip addr add 2001:db8:1::10/64 dev eth0 nodad
	in_ns lan ip route add default via 192.168.1.1
	in_ns lan ip -6 route add default via 2001:db8:1::1
}

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
# bridge_policy RULES-JSON [MORE-JSON]: applied; CONFIRM: on trial
BRIDGE_GEN=0
bridge_policy() {
	BRIDGE_GEN=$((BRIDGE_GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"generation": $BRIDGE_GEN, "site": {"manage_ports": [22]}, "objects": [] ${2:+, $2}, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "bridge": "br-gate", "interfaces": ["wan0"],
	  "dhcp_client": true, "use": ["dns", "ntp", "https"]},
	 {"name": "lan", "label": "l", "kind": "inside", "bridge": "br-gate", "interfaces": ${LAN_PORTS:-[\"lan0\"]},
	  "reject": true, "ping": true, "manage": true, "serve": ["dns", "ntp"]}], "rules": [$1]}
	JSON
	ctl apply "$W/doc.json" "${CONFIRM:-0}" >"$W/apply.out" 2>&1 || { cat "$W/apply.out"; return 1; }
}
# event EXPRESSION: an event for which the Python expression holds (e, s = e["sekisho"])
event() {
	wait_for 4 python3 - "$W/events" "$1" <<-'PY'
	import json, sys
	for line in open(sys.argv[1]):
	    try:
	        e = json.loads(line)
	    except ValueError:
	        continue
	    s = e.get("sekisho", {})
	    if eval(sys.argv[2]):
	        print(line); sys.exit(0)
	sys.exit(1)
	PY
}
# heard NS SECONDS SENDER ARGS…: what of it arrives in NS (see bridge_frame.py)
heard() {
	local ns=$1 time=$2 from=$3 pid
	shift 3
	: >"$W/heard"
	in_ns "$ns" python3 "$TOP/tests/netns/bridge_frame.py" hear "$time" >"$W/heard" &
	pid=$!
	wait_for 5 grep -q ready "$W/heard"
	in_ns "$from" python3 "$TOP/tests/netns/bridge_frame.py" "$@"
	wait $pid
	tail -n 1 "$W/heard" | grep -v ready
}
crosses() { heard "$2" "${3:-10}" "$1" send "$(in_ns "$2" cat /sys/class/net/eth0/address)"; } # FROM TO [SECONDS]
link_local() { in_ns "$1" ip -6 -o addr show dev eth0 scope link | grep -o 'fe80[^/]*'; }
