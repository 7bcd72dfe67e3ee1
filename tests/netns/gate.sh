#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The gate: who is not admitted neither sends nor receives a frame of any kind, but EAPOL to the authenticator; admission
# holds for one port; it ends by itself, or at once; who may ask for it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_gate.sh"
sandbox "$@"
gate_net
A=02:c1:00:00:00:01 B=02:c2:00:00:00:02 C=02:c3:00:00:00:03
device a lan1 $A 11
device b lan2 $B 12
device c lan3 $C 13
GW=$(in_ns gw cat /sys/class/net/br0/address)
read -ra OPTS <<<"${SK_FWD_OPTS:-}"
fwd_start --nac-user 4242 "${OPTS[@]}"
gate_policy '["br0", "lan4"]' >"$W/apply.out"
no() { ! "$@"; }

check "no gate: devices reach the gateway" pg c 10.9.0.1
check "ports are enforced" ports enforce lan1 lan2 lan3
refuse "nobody is admitted: no way to the gateway" pg a 10.9.0.1
check "admitted" admit lan1 $A
check "a second one" admit lan2 $B
check "admitted: reaches the gateway" wait_for 5 pg a 10.9.0.1
check "admitted: IPv6" wait_for 5 in_ns a ping -6 -nqc1 -W1 fd09::1
check "admitted: reaches its neighbour" wait_for 5 pg a 10.9.0.12
refuse "not admitted: the gateway" pg c 10.9.0.1
refuse "not admitted: a neighbour" pg c 10.9.0.12

# ---- one way: every kind of frame there is, out of the closed port and into it
hear gw gw marked br0 4
hear b b marked eth0 4
hear port gw marked lan3 4
for dst in $B $GW ff:ff:ff:ff:ff:ff 33:33:00:00:00:01; do frames c send eth0 $C $dst all; done
check "out: the frames were sent" more_than 100 heard port
check "out: none reaches the gateway" is 0 heard gw
check "out: none reaches a neighbour" is 0 heard b
check "out: counted" more_than 100 port_status lan3 dropped

hear c c hear eth0 4
hear b b marked eth0 4
in_ns a ping -nqc2 -i 0.2 -W1 10.9.0.13 >/dev/null
for dst in $C ff:ff:ff:ff:ff:ff 33:33:00:00:00:01; do frames a send eth0 $A $dst all; done
in_ns gw ping -nqc1 -W1 10.9.0.13 >/dev/null
in_ns gw ping -6 -nqc1 -W1 ff02::1%br0 >/dev/null
check "in: neighbours hear what was sent to all" more_than 20 heard b
check "in: a closed port hears nothing" is 0 heard c

# ---- EAPOL
hear pae gw hear lan3 3 0x888e
hear bridge gw hear br0 3 0x888e
hear b b hear eth0 3 0x888e
frames c start eth0 $C
frames c send eth0 $C $B eapol-unicast eapol-broadcast eapol-tagged
check "EAPOL: reaches the authenticator, to the group address alone" is 1 heard pae
check "EAPOL: does not reach the bridge" is 0 heard bridge
check "EAPOL: does not reach a neighbour" is 0 heard b
hear c c hear eth0 3 0x888e
frames gw send lan3 "$(in_ns gw cat /sys/class/net/lan3/address)" $C eapol-unicast
frames a send eth0 $A $C eapol-unicast
check "EAPOL: the authenticator's answer arrives, and nobody else's" is 1 heard c

# ---- the same address elsewhere
in_ns c ip link set eth0 down
in_ns c ip link set eth0 address $A
in_ns c ip addr add 10.9.0.11/24 dev eth0
in_ns c ip link set eth0 up
refuse "an admitted address at another port: not admitted" pg c 10.9.0.1
check "and its owner keeps its access" pg a 10.9.0.1
in_ns c ip link set eth0 down
in_ns c ip link set eth0 address $C
in_ns c ip addr del 10.9.0.11/24 dev eth0
in_ns c ip link set eth0 up

# ---- a port of no bridge: the gate alone, nothing behind it
D=02:c4:00:00:00:04
ip netns add d
ip link add lan4 netns gw type veth peer name eth0 address $D netns d
in_ns gw sysctl -qw net.ipv6.conf.lan4.disable_ipv6=1
in_ns gw ip addr add 10.9.4.1/24 dev lan4
in_ns gw ip link set lan4 up
in_ns d ip link set eth0 up
in_ns d ip addr add 10.9.4.14/24 dev eth0
# Both sides know each other's address: one frame each way decides.
GW4=$(in_ns gw cat /sys/class/net/lan4/address)
is_at() {
	in_ns d ip link set eth0 address "$1"
	in_ns d ip neigh replace 10.9.4.1 lladdr "$GW4" dev eth0
	in_ns gw ip neigh replace 10.9.4.14 lladdr "$1" dev lan4
}
knock() { in_ns gw ping -nqc2 -i 0.2 -W1 10.9.4.14 >/dev/null; }
is_at $D
check "no bridge, no gate: reaches the gateway" wait_for 5 pg d 10.9.4.1
check "no bridge: enforced" ports enforce lan1 lan2 lan3 lan4
refuse "no bridge: does not reach the gateway" pg d 10.9.4.1
hear gw4 gw marked lan4 2 0x800
hear d d hear eth0 2 0x800
frames d send eth0 $D "$GW4" all
knock
check "no bridge: none of its frames is taken in" is 0 heard gw4
check "no bridge: it hears nothing" is 0 heard d
is_at $A
check "no bridge: the neighbour's time is renewed" admit lan1 $A
refuse "no bridge: an address that is admitted elsewhere is not admitted" pg d 10.9.4.1
hear d d hear eth0 2 0x800
knock
check "no bridge: nor does it hear what is for that address" is 0 heard d
is_at $D
check "no bridge: admitted" admit lan4 $D
check "no bridge: reaches the gateway now" wait_for 5 pg d 10.9.4.1
check "no bridge: closed" close lan4 $D
refuse "no bridge: closed at once" pg d 10.9.4.1
hear d d hear eth0 2 0x800
knock
check "no bridge: closed, it hears nothing" is 0 heard d

# ---- told
nac_events 8
frames c send eth0 $C $B arp-request ipv4-udp lldp
check "told, with port and address" wait_for 5 grep -q "\"port\": \"lan3\", \"mac\": \"$C\"\|\"mac\": \"$C\".*\"port\": \"lan3\"" "$W/frames"
frames c send eth0 $C $B arp-request ipv4-udp lldp
wait $SUB
check "told once" is 1 grep -c "$C" "$W/frames"
refuse "nothing is told of admitted ones" grep -q "$A" "$W/frames"
check "the frame itself" python3 - "$W/frames" $C <<'PY'
import json, sys
f = [json.loads(l) for l in open(sys.argv[1]) if l.startswith("{") and sys.argv[2] in l][0]
raw = bytes.fromhex(f["payload"])
assert raw[6:12].hex(":") == sys.argv[2] and int.from_bytes(raw[12:14], "big") == f["proto"], f
assert len(raw) > 40 and f["vlan"] == 0 and f["at"] - f["ts"] / 1e6 < 1, f
PY
nac_events 3
check "forgotten: told again" nac forget "{\"rows\":[{\"port\":\"lan3\",\"mac\":\"$C\"}]}"
frames c send eth0 $C $B ipv4-tagged
wait $SUB
check "a tag is told" grep -q "$C.*\"vlan\": 10\|\"vlan\": 10.*$C" "$W/frames"

# ---- the end
check "closed" close lan1 $A
refuse "closed: at once" pg a 10.9.0.1
hear a a hear eth0 2
in_ns b ping -nqc2 -i 0.2 -W1 10.9.0.99 >/dev/null
check "closed: the port hears nothing any more" is 0 heard a
check "for three seconds" admit lan1 $A 3
check "for three seconds: is in" wait_for 2 pg a 10.9.0.1
check "for three seconds: is out" wait_for 5 no pg a 10.9.0.1
check "and no entry is left in the bridge" wait_for 3 no eval "in_ns gw bridge fdb show dev lan1 | grep -q $A"
check "renewed before its end" admit lan1 $A 2
check "renewed before its end" admit lan1 $A 600
sleep_until=$((SECONDS + 3))
while [ $SECONDS -lt $sleep_until ]; do pg a 10.9.0.1 >/dev/null; done
check "renewed: stays" pg a 10.9.0.1
check "the list" is "lan1 $A admitted
lan2 $B admitted" eval "nac list '{}' | python3 -c 'import json,sys
for l in sys.stdin:
    for r in json.loads(l).get(\"rows\", []):
        print(r[\"port\"], r[\"mac\"], r[\"state\"])'"
check "sync: all but those leave" nac sync "{\"rows\":[$(row lan1 $A),$(row lan3 $C)]}"
check "sync: one stayed" pg a 10.9.0.1
refuse "sync: one left" pg b 10.9.0.1
check "sync: one came" wait_for 5 pg c 10.9.0.1

# ---- connections end with it
check "back in" admit lan1 $A
check "a connection" pg a 10.9.0.1
nac close "{\"rows\":[{\"port\":\"lan1\",\"mac\":\"$A\",\"addresses\":[\"10.9.0.11\",\"fd09::11\"]}]}" >"$W/cut"
check "closed with its addresses: its connections are ended" grep -q '"cut":[1-9]' "$W/cut"

# ---- refused
refuse "the gateway's own address" admit lan1 "$GW"
refuse "a group's address" admit lan1 01:00:5e:00:00:01
refuse "a port that is none" admit lan9 $A
refuse "no time" admit lan1 $A 0
refuse "an unknown state" admit lan1 $A 60 friend
refuse "an unknown mode" ports sometimes lan1
refuse "a name twice" ports enforce lan1 lan1
check "and nothing of it changed anything" is enforce port_status lan3 mode

# ---- who may
peer() { ip netns exec gw setpriv --reuid "$1" --regid "$1" --clear-groups "$BUILD/fwdctl" "${@:2}"; }
chmod 755 "$BUILD" /run/sekisho 2>/dev/null
check "nacd: may list" peer 4242 op nac.list
check "nacd: may admit" peer 4242 op nac.admit "{\"rows\":[$(row lan2 $B)]}"
for op in status counters policy.rollback policy.text guard.list ct.list events.subscribe; do
	check "nacd: may not: $op" eval "peer 4242 op $op '{}' 2>&1 | grep -q 'fwdctl: -1 op'"
done
refuse "anybody else: may not even connect" peer 4243 op nac.list
finish
