# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# A flat office network behind a switch nobody manages: the gateway's lan0 and any number of stations on
# one bridge, and the sensor in the gateway. Sourced after lib.sh.

NET4=192.168.10
NET6=2001:db8:10
GW_MAC=02:00:00:00:00:01

lan_up() {
	local ns
	for ns in gw sw; do
		ip netns add $ns
		in_ns $ns ip link set lo up
	done
	in_ns sw ip link add br0 type bridge mcast_snooping 0
	in_ns sw sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
	in_ns sw ip link set br0 up
	plug gw lan0 $GW_MAC
	in_ns gw sysctl -qw net.ipv4.ip_forward=1
	address gw lan0 1
}
# plug NS IFACE MAC: a cable from NS to the switch
plug() {
	ip link add "sw-$1" netns sw type veth peer name "$2" netns "$1" address "$3"
	in_ns sw sysctl -qw "net.ipv6.conf.sw-$1.disable_ipv6=1"
	in_ns sw ip link set "sw-$1" master br0 up
	in_ns "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0" "net.ipv6.conf.$2.router_solicitations=0"
	in_ns "$1" ip link set "$2" up
}
# address NS IFACE LAST
address() {
	in_ns "$1" ip addr add "$NET4.$3/24" dev "$2"
	in_ns "$1" ip addr add "$NET6::$3/64" dev "$2" nodad
}
# station NS MAC [LAST]: a device with its address, silent
station() {
	ip netns add "$1"
	in_ns "$1" ip link set lo up
	plug "$1" eth0 "$2"
	if [ -n "${3:-}" ]; then
		address "$1" eth0 "$3"
		in_ns "$1" ip route add default via $NET4.1
	fi
}
frames() { # NS KIND ARGS…
	local ns=$1
	shift
	in_ns "$ns" python3 "$TOP/tests/netns/frames.py" eth0 "$@"
}

# sensor_start ARGS…: events in $W/events, commands on descriptor 7
sensor_start() {
	rm -f "$W/commands"
	mkfifo "$W/commands"
	: >>"$W/events"
	ip netns exec gw "$BUILD/sensorctl" "$@" <"$W/commands" >>"$W/events" 2>>"$W/sensor.log" &
	SENSOR=$!
	exec 7>"$W/commands"
	wait_for 5 event "e['event']=='capture' and e['text']=='up'"
}
sensor_stop() { # SIGNAL
	kill "-${1:-TERM}" "$SENSOR"
	wait "$SENSOR" 2>/dev/null
	exec 7>&-
	return 0
}
tell() { echo "$*" >&7; }
forget_events() { : >"$W/events"; }

# event PYTHON: a line for which the expression over e is true
event() {
	python3 "$TOP/tests/netns/events.py" "$W/events" "$1"
}
# soon NAME PYTHON: it is there within 3 s
soon() {
	if wait_for "${SOON:-3}" event "$2"; then ok "$1"; else
		not_ok "$1"
		grep -v '"updated"' "$W/events" | tail -n 8 | sed 's/^/#   /'
	fi
}
never() { # NAME PYTHON
	if event "$2" >"$W/check.out" 2>&1; then
		not_ok "$1"
		sed 's/^/#   /' "$W/check.out"
	else ok "$1"; fi
}
# settled: every frame sent before is handled (an answer to a command comes after them)
settled() {
	local n
	n=$(grep -c '^{.*"stats"' "$W/events")
	tell stats
	wait_for 3 more_stats "$n"
}
more_stats() { [ "$(grep -c '"stats"' "$W/events")" -gt "$1" ]; }
stat_of() { # NAME: of the last stats line
	settled
	python3 -c 'import json,sys; print([json.loads(l) for l in open(sys.argv[1]) if "\"stats\"" in l][-1][sys.argv[2]])' "$W/events" "$1"
}
