# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A gateway with three LAN ports in a bridge and a client on each, sekisho-nacd with real hostapd, and
# certificates. Sourced behind lib.sh.

nac() { in_ns gw python3 "$TOP/tests/netns/nacctl.py" "$@"; }
nac_op() { nac op "$@"; }

# client N: namespace cN with eth0 (00:1b:21:00:00:0N, 10.9.0.1N) on the gateway's port lanN
nac_client() { # N [MAC]
	local n=$1
	ip netns add "c$n"
	ip link add "lan$n" netns gw type veth peer name eth0 netns "c$n"
	in_ns "c$n" ip link set lo up
	in_ns "c$n" ip link set eth0 address "${2:-00:1b:21:00:00:0$n}"
	in_ns "c$n" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	in_ns "c$n" ip addr add "10.9.0.1$n/24" dev eth0
	in_ns "c$n" ip link set eth0 up
	in_ns gw ip link set "lan$n" master lan0
	in_ns gw ip link set "lan$n" up
}
nac_net() { # CLIENTS
	ip netns add gw
	in_ns gw ip link set lo up
	# What is switched is not routed: without this br_netfilter has the policy decide about it, too.
	[ ! -e /proc/sys/net/bridge ] || in_ns gw sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0
	in_ns gw ip link add lan0 type bridge forward_delay 0
	in_ns gw ip link set lan0 type bridge no_linklocal_learn 1 2>/dev/null
	in_ns gw ip addr add 10.9.0.1/24 dev lan0
	in_ns gw ip link set lan0 up
	local n
	for n in "$@"; do nac_client "$n"; done
}

# The firewall, with a policy that lets devices reach the gateway: the gate alone decides.
gate_start() { # [INSIDE INTERFACES]
	local inside='["lan0"]'
	[ $# = 0 ] || inside=$1
	fwd_start --nac-user nobody
	cat >"$W/policy.json" <<-JSON
	{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": $inside, "ping": true, "reject": true},
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "bogons": false}],
	 "rules": []}
	JSON
	# Without it nobody reaches anything, and every "stays out" would be true.
	check_quiet ctl apply "$W/policy.json" 0
}
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
gate_row() { # PORT MAC [STATE]: the gate holds it
	ctl op nac.list | grep -q "\"mac\":\"$2\",\"port\":\"$1\",\"state\":\"${3:-admitted}\""
}

nacd_start() { # [OPTIONS…]
	mkdir -p $STATE/nac
	# As in the product: not as root.
	ip netns exec gw "$BUILD/sekisho-nacd" --user nobody --state-dir $STATE/nac --run-dir /run/sekisho "$@" >>"$W/nacd.log" 2>&1 &
	NACD=$!
	wait_for 10 nac status
}
nacd_stop() { kill "${1:--TERM}" "$NACD" 2>/dev/null; wait "$NACD" 2>/dev/null; }
events_start() {
	ip netns exec gw python3 "$TOP/tests/netns/nacctl.py" events >"$W/events" 2>"$W/events-err.log" &
	EVENTS=$!
}
# event ACTION [KEY=VALUE…]: there is one with all of these
event() {
	python3 - "$W/events" "$@" <<-'PY'
	import json, sys
	want = dict(a.split("=", 1) for a in sys.argv[3:])
	n = 0
	for line in open(sys.argv[1]):
	    s = json.loads(line)["sekisho"]
	    n += s["action"] == sys.argv[2] and all(str(s.get(k)) == v for k, v in want.items())
	sys.exit(n == 0)
	PY
}
event_count() { # ACTION [KEY=VALUE…]
	python3 - "$W/events" "$@" <<-'PY'
	import json, sys
	want = dict(a.split("=", 1) for a in sys.argv[3:])
	n = 0
	for line in open(sys.argv[1]):
	    s = json.loads(line)["sekisho"]
	    n += s["action"] == sys.argv[2] and all(str(s.get(k)) == v for k, v in want.items())
	print(n)
	PY
}

# An authority by openssl, to test with certificates that are not our own.
pki() { # DIR NAMES…
	local dir=$1 n
	shift
	mkdir -p "$dir"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/ca.key" -out "$dir/ca.pem" -subj '/CN=Test CA' -days 30 2>/dev/null
	for n; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/${n##*/}.key" -out "$dir/csr" -subj "/O=Test/CN=$(sed 's,/,\\/,g' <<<"$n")" 2>/dev/null
		openssl x509 -req -in "$dir/csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days 20 -out "$dir/${n##*/}.pem" 2>/dev/null
	done
	chmod -R a+rX "$dir"
}

# supplicant N LINES…: a wpa_supplicant on cN with these lines in its network block
supplicant() {
	local n=$1
	shift
	{
		printf 'ctrl_interface=/run/wpa%s\nap_scan=0\nnetwork={\nkey_mgmt=IEEE8021X\neapol_flags=0\n' "$n"
		printf '%s\n' "$@"
		echo '}'
	} >"$W/wpa$n.conf"
	rm -rf "/run/wpa$n"
	ip netns exec "c$n" wpa_supplicant -t -Dwired -ieth0 -c "$W/wpa$n.conf" >>"$W/wpa$n.log" 2>&1 &
	eval "WPA$n=$!"
}
supplicant_stop() { # N
	local pid
	eval "pid=\$WPA$1"
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}
tls() { # N PKI-DIR NAME [IDENTITY]
	supplicant "$1" 'eap=TLS' "identity=\"${4:-$3}\"" "ca_cert=\"$2/ca.pem\"" "client_cert=\"$2/${3##*/}.pem\"" "private_key=\"$2/${3##*/}.key\""
}
reach() { in_ns "c$1" ping -nqc 1 -W "${3:-1}" "$2"; } # N ADDRESS
