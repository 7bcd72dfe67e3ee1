# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A gateway with a bridge of gated ports, a device behind each. Sourced after lib.sh.

# device NAME PORT MAC ADDR: a namespace with one interface, plugged into the port
device() {
	local ns=$1 port=$2 mac=$3 addr=$4
	ip netns add "$ns"
	in_ns "$ns" sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
	ip link add "$port" netns gw type veth peer name eth0 address "$mac" netns "$ns"
	in_ns gw sysctl -qw "net.ipv6.conf.$port.disable_ipv6=1"
	in_ns gw ip link set "$port" master "${BRIDGE:-br0}"
	in_ns gw ip link set "$port" up
	in_ns "$ns" ip link set lo up
	in_ns "$ns" ip link set eth0 up
	in_ns "$ns" ip addr add "10.9.0.$addr/24" dev eth0
	in_ns "$ns" ip addr add "fd09::$addr/64" dev eth0 nodad
	in_ns "$ns" ip route add default via 10.9.0.1
	in_ns "$ns" ip -6 route add default via fd09::1
}

# gate_net: br0 with 10.9.0.1 in gw
gate_net() {
	ip netns add gw
	in_ns gw ip link set lo up
	in_ns gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_ns gw ip link add br0 type bridge
	in_ns gw sysctl -qw net.ipv6.conf.br0.accept_dad=0
	in_ns gw ip addr add 10.9.0.1/24 dev br0
	in_ns gw ip addr add fd09::1/64 dev br0 nodad
	# What is switched is not routed: without this br_netfilter has the policy decide about it, too.
	[ ! -e /proc/sys/net/bridge ] || in_ns gw sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0
	in_ns gw ip link set br0 up
}

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
nac() { ctl op "nac.$1" "$2"; }
# ports MODE PORT…: all of them in that mode; GATE_EXTRA: more JSON for each
ports() {
	local mode=$1 list=
	shift
	for p in "$@"; do list+=",{\"name\":\"$p\",\"mode\":\"$mode\",\"eapol\":true${GATE_EXTRA:-}}"; done
	nac ports "{\"generation\":1,\"ports\":[${list#,}]}"
}
row() { printf '{"port":"%s","mac":"%s","seconds":%s,"state":"%s"}' "$1" "$2" "${3:-600}" "${4:-admitted}"; }
admit() { nac admit "{\"rows\":[$(row "$@")]}"; }
close() { nac close "{\"rows\":[{\"port\":\"$1\",\"mac\":\"$2\"}]}"; }
status() { ctl status | python3 -c 'import json,sys; v=json.load(sys.stdin)["nac"]; print(eval(sys.argv[1]))' "$1"; }
port_status() { status "[p for p in v['ports'] if p['name']=='$1'][0]['$2']"; }
pg() { in_ns "$1" ping -nqc1 -W1 "$2"; }
# A policy that lets devices reach the gateway by ping, so that the gate alone decides.
gate_policy() { # [INSIDE INTERFACES]
	local inside='["br0"]'
	[ $# = 0 ] || inside=$1
	cat >"$W/doc.json" <<-JSON
	{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": $inside, "ping": true, "reject": true},
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "bogons": false}],
	 "rules": []}
	JSON
	ctl apply "$W/doc.json" 0
}

frames() { # NS ARGS…
	local ns=$1
	shift
	in_ns "$ns" python3 "$TOP/tests/netns/gate_frames.py" "$@"
}
# hear NAME NS marked|hear IFACE SECONDS [PROTO]: in the background; heard NAME: the object, when it has ended
hear() {
	local name=$1 ns=$2
	shift 2
	rm -f "$W/hear.$name"
	ip netns exec "$ns" python3 "$TOP/tests/netns/gate_frames.py" "$@" >"$W/hear.$name" &
	echo $! >"$W/hear.$name.pid"
	wait_for 10 grep -q ready "$W/hear.$name"
}
heard() { # NAME [MAC]: how many frames, of all or of that source
	local pid
	pid=$(cat "$W/hear.$1.pid")
	while kill -0 "$pid" 2>/dev/null; do read -rt 0.05 <> <(:) || :; done
	python3 -c 'import json,sys
v = json.loads(open(sys.argv[1]).read().split("ready\n")[1])
print(v.get(sys.argv[2], 0) if len(sys.argv) > 2 else sum(v.values()))' "$W/hear.$1" "${@:2}"
}
# is WANTED COMMAND…: what it prints
is() {
	local want=$1 got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || { echo "is $got, not $want"; return 1; }
}
more_than() {
	local low=$1 got
	shift
	got=$("$@")
	[ "$got" -gt "$low" ] || { echo "is $got, not more than $low"; return 1; }
}
nac_events() { # SECONDS: frames that nacd would be told of, one a line, into $W/frames
	: >"$W/frames"
	ip netns exec gw python3 "$TOP/tests/netns/gate_sub.py" "$1" >>"$W/frames" 2>"$W/sub.log" &
	SUB=$!
	wait_for 10 grep -q ready "$W/frames"
}
