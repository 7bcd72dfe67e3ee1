#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A line that carries less than Ethernet does (PPPoE), and nobody is told: what is too long is lost on the way. TCP
# passes all the same, since the gateway lets both ends agree on segments that fit; also through inspection's queue.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
MTU=1454
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
# Frames as long as they say, as on a wire, and no word of "too big".
for ns in inet lan dmz; do
	in_ns $ns ethtool -K eth0 tso off gso off gro off >/dev/null
	in_ns $ns nft -f - <<-NFT
	table inet lost {
		chain input {
			type filter hook input priority 0
			icmp type destination-unreachable drop
			icmpv6 type packet-too-big drop
		}
	}
	NFT
done
for i in wan0 lan0 dmz0; do in_ns gw ethtool -K $i tso off gso off gro off >/dev/null; done
in_ns gw ip link set wan0 mtu $MTU
for ns in inet dmz; do
	in_ns $ns python3 "$TOP/tests/netns/big_srv.py" 80 >"$W/big-$ns" 2>&1 &
	wait_for 5 grep -q ready "$W/big-$ns"
done
head -c 1048576 /dev/zero >"$W/mega"
get() { [ "$(in_ns "$1" curl -gs -m "${TRY:-10}" "http://$(bracket "$2")/" | wc -c)" = 1048576 ]; }
put() { in_ns "$1" curl -gsS -m "${TRY:-10}" -o /dev/null -T "$W/mega" "http://$(bracket "$2")/big"; }
segments() { tail -n 1 "$W/big-$1"; }
# What the far end may send at once: without headers, and without the 12 bytes of TCP's timestamps.
agreed() { # NS HEADERS
	local mss
	mss=$(segments "$1")
	[ "${mss##* }" -le $((MTU - $2)) ] && [ "${mss##* }" -ge $((MTU - $2 - 12)) ]
}

TRY=2
refuse "without the gateway's rule: from the line nothing of it comes" get lan 203.0.113.10
refuse "… nor towards it" put lan 203.0.113.10
TRY=10
policy() { # INSPECTION
	cat >"$W/doc.json" <<-JSON
	{"generation": $1, "site": {"reverse_path": true}, "objects": [], "inspection": $2, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"]}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"},
	 {"number":1002,"from":"lan","to":"dmz","protocol":"tcp","port":"80"},
	 {"number":1003,"from":"wan","to":"dmz","protocol":"tcp","port":"80"}]}
	JSON
	ctl apply "$W/doc.json" 0
}
passes() { # WITH
	check "$1: 1 MB from the line, IPv4" get lan 203.0.113.10
	check "… in segments that fit" agreed inet 40
	check "$1: 1 MB towards the line, IPv4" put lan 203.0.113.10
	check "$1: from the line, IPv6" get lan 2001:db8:113::10
	check "… in segments that fit" agreed inet 60
	check "$1: towards the line, IPv6" put lan 2001:db8:113::10
	check "$1: opened from the line: out" get inet 192.168.20.10
	check "… in segments that fit" agreed dmz 40
	check "$1: opened from the line: in" put inet 192.168.20.10
	check "$1: between inside networks" get lan 192.168.20.10
	refuse "… there segments are as long as before" agreed dmz 40
}
fwd_start --no-owner
check "policy" policy 1 '{"mode":"off"}'
passes "plain"
check "nft knows it" eval 'in_ns gw nft list chain inet sekisho forward | grep -q "maxseg size set rt mtu.*b29"'
ip netns exec gw "$BUILD/nfqctl" 103:4 >"$W/nfq" 2>"$W/nfq.log" &
wait_for 5 grep -q ready "$W/nfq" || not_ok "no listener"
check "policy with inspection" policy 2 '{"mode":"on","fail":"closed","queues":4}'
passes "through inspection"
finish
