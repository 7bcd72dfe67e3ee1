# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2119,SC2120
# The test network: internet, gateway, office LAN, DMZ and factory, each a network namespace, with the
# real daemons in the gateway. Sourced by the tests, the demo and the benches.
#
# sandbox() runs the caller again in private mount, pid and network namespaces: when it ends, however it
# ends, every process and namespace it made ends with it, and two runs never see each other.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${SK_BUILD:-$TOP/build/release}

# People: name and uid. Nobody shares an account.
# shellcheck disable=SC2034
{ TANAKA=2001 SATO=2002 SUZUKI=2003 KANSA=2004; }

sandbox() {
	if [ "${SK_SANDBOX:-}" != 1 ]; then
		if [ "$(id -u)" != 0 ]; then
			echo "$0: must be run as root (it builds network namespaces of its own)" >&2
			exit 1
		fi
		SK_SANDBOX=1 exec unshare --mount --net --pid --fork --kill-child=KILL --mount-proc \
			bash "$0" "$@"
	fi
	mount --make-rprivate /
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p /run/netns /run/sekisho
	W=/run/test
	mkdir -p "$W"
	ip link set lo up
	# A message for whoever reads the log of a run that was cut off.
	trap 'status=$?; [ $status = 0 ] || tail_logs; exit $status' EXIT
}

tail_logs() {
	local f
	for f in "$W"/*.log; do
		[ -s "$f" ] || continue
		echo "# --- last lines of $(basename "$f")"
		tail -n "${SK_LOG_LINES:-15}" "$f" | sed 's/^/# /'
	done
}

in_ns() { # NS COMMAND…
	local ns=$1
	shift
	ip netns exec "$ns" "$@"
}

# ---- results -----------------------------------------------------------------------------------------
FAILED=0
ok() { echo "ok - $*"; }
not_ok() {
	echo "not ok - $*"
	FAILED=$((FAILED + 1))
}
skip() { echo "ok - $1 # SKIP $2"; }
finish() {
	echo "# done: $FAILED failed"
	[ "$FAILED" = 0 ]
	exit
}
# check NAME COMMAND…: the command must succeed
check() {
	local name=$1
	shift
	if "$@" >"$W/check.out" 2>&1; then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/#   /' "$W/check.out" | head -n 20
	fi
}
# refuse NAME COMMAND…: the command must fail
refuse() {
	local name=$1
	shift
	if "$@" >"$W/check.out" 2>&1; then
		not_ok "$name"
		sed 's/^/#   /' "$W/check.out" | head -n 20
	else
		ok "$name"
	fi
}
# wait_for SECONDS COMMAND…: until it succeeds; fails when so many whole seconds are over (SECONDS has no parts)
wait_for() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		read -rt 0.05 <> <(:) || :
	done
}

# ---- network -----------------------------------------------------------------------------------------
# link NS IFACE GW_IFACE NET4 NET6: a cable between NS and the gateway; .1/::1 is the gateway
link() {
	local ns=$1 gwif=$2 net4=$3 net6=$4
	ip netns add "$ns"
	ip link add "$gwif" netns gw type veth peer name eth0 netns "$ns"
	in_ns "$ns" ip link set lo up
	in_ns "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.eth0.accept_dad=0
	in_ns gw sysctl -qw "net.ipv6.conf.$gwif.accept_dad=0"
	in_ns gw ip addr add "$net4.1/24" dev "$gwif"
	in_ns gw ip addr add "$net6::1/64" dev "$gwif" nodad
	in_ns gw ip link set "$gwif" up
	in_ns "$ns" ip addr add "$net4.10/24" dev eth0
	in_ns "$ns" ip addr add "$net4.11/24" dev eth0
	in_ns "$ns" ip addr add "$net6::11/64" dev eth0 nodad
	in_ns "$ns" ip addr add "$net6::10/64" dev eth0 nodad # the last one added is the default source
	in_ns "$ns" ip link set eth0 up
	in_ns "$ns" ip route add default via "$net4.1"
	in_ns "$ns" ip -6 route add default via "$net6::1"
	# Neighbour discovery answers late on a link that has just come up.
	wait_for 5 in_ns "$ns" ping -6 -nqc 1 -W 1 "$net6::1"
}

net_up() {
	ip netns add gw
	in_ns gw ip link set lo up
	in_ns gw sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	link inet wan0 203.0.113 2001:db8:113
	link lan lan0 192.168.10 2001:db8:10
	link dmz dmz0 192.168.20 2001:db8:20
	link fab fab0 192.168.30 2001:db8:30
}

# serve NS TCP_PORTS UDP_PORTS: answers on IPv4 and IPv6; what it saw is in $W/srv-NS.log
serve() {
	in_ns "$1" python3 "$TOP/tests/netns/srv.py" "$2" "$3" >>"$W/srv-$1.log" 2>&1 &
	wait_for 10 grep -q ready "$W/srv-$1.log"
}

# One connection attempt; 0 if the far end answered. URL-style address: v6 in brackets.
tcp_try() { # NS ADDR PORT [SOURCE]
	in_ns "$1" curl -gsS -o /dev/null --max-time "${TRY:-1}" ${4:+--interface "$4"} \
		"http://$(bracket "$2"):$3/"
}
udp_try() { # NS ADDR PORT [SOURCE]
	in_ns "$1" python3 "$TOP/tests/netns/udp_try.py" "$2" "$3" "${TRY:-1}" "${4:-}"
}
bracket() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

# ---- the gateway -------------------------------------------------------------------------------------
STATE=/run/sekisho-state
export SEKISHO_SOCKET=/run/sekisho/mgmt.sock

fwd_start() { # [OPTIONS…]
	mkdir -p $STATE/fwd
	ip netns exec gw "$BUILD/sekisho-fwd" --state-dir $STATE/fwd --run-dir /run/sekisho "$@" \
		>>"$W/fwd.log" 2>&1 &
	FWD=$!
	# The socket is there before it listens to the kernel: what is dropped meanwhile would not be told.
	wait_for 10 ip netns exec gw "$BUILD/fwdctl" status
}
mgmtd_start() {
	mkdir -p $STATE/mgmtd
	ip netns exec gw "$BUILD/sekisho-mgmtd" --state-dir $STATE/mgmtd --run-dir /run/sekisho "$@" \
		>>"$W/mgmtd.log" 2>&1 &
	MGMTD=$!
	wait_for 10 sk status
}
gw_stop() { # signal both and wait
	local p
	for p in ${MGMTD:-} ${FWD:-}; do kill "${1:--TERM}" "$p" 2>/dev/null; done
	for p in ${MGMTD:-} ${FWD:-}; do wait "$p" 2>/dev/null; done
	rm -f /run/sekisho/*.sock
	return 0
}

# as UID COMMAND…: the command line as a person
as() {
	local uid=$1
	shift
	ip netns exec gw setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		"$BUILD/sekisho" --lang en "$@"
}
sk() { ip netns exec gw "$BUILD/sekisho" --lang en "$@"; }

# Everything a site has before its first rule: zones, and one account a person.
site_up() {
	check_quiet sk account add tanaka --display 'Tanaka Ichiro' --uid $TANAKA --roles requester,admin
	check_quiet sk account add sato --display 'Sato Hanako' --uid $SATO --roles approver
	check_quiet sk account add suzuki --display 'Suzuki Jiro' --uid $SUZUKI --roles requester
	check_quiet sk account add kansa --display 'Kansa Keiko' --uid $KANSA --roles auditor,security
	check_quiet sk site import "${1:-$TOP/tests/netns/site.json}"
}
check_quiet() {
	"$@" >"$W/check.out" 2>&1 && return 0
	echo "# failed: $*"
	sed 's/^/#   /' "$W/check.out"
	exit 1
}

# rule_add ARGS…: request as tanaka, approve as sato; prints the number
rule_add() {
	local n
	n=$(as $TANAKA --json rule request --purpose 'test traffic' "$@" |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])') || return 1
	as $SATO rule approve "$n" >/dev/null || return 1
	echo "$n"
}
apply() { as $TANAKA apply --confirm 0 "$@" >"$W/apply.out" 2>&1 || { sed 's/^/#   /' "$W/apply.out"; return 1; }; }

# The whole thing, ready for rules.
gateway_up() {
	net_up
	fwd_start "$@"
	mgmtd_start
	site_up
	apply
}

# blocked_report ARGS…: rows as JSON
blocked() { as $KANSA --json report blocked "$@"; }
