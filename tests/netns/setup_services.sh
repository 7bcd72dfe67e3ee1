#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the set-up makes, with the real programs: systemd-networkd gives the addresses, dnsmasq leases and names, chronyd
# the time, pppd the line over PPPoE; transparent operation with one network on both sides.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

NETWORKD=/lib/systemd/systemd-networkd
in_gw() { in_ns gw "$@"; }
networkd_start() {
	mkdir -p /run/systemd/netif/{links,leases,lldp}
	chown -R systemd-network:systemd-network /run/systemd/netif
	# A read-only /sys: nobody waits for udev, which is not here.
	ip netns exec gw sh -c "mount -o remount,ro /sys && exec $NETWORKD" >"$W/networkd.log" 2>&1 &
	NETWORKD_PID=$!
}
networkd_stop() {
	kill "$NETWORKD_PID"
	wait "$NETWORKD_PID" 2>/dev/null
	in_gw ip addr flush dev wan0
	in_gw ip addr flush dev lan0
}
make_files() { # PYTHON…: as at a start, from settings
	answers "$W/settings.json" 'del d["people"]; del d["first_rules"]' \
		'd["networks"][2]["dhcp"] = {"from": "192.168.20.100", "to": "192.168.20.199", "lease": "12h"}' "$@"
	cp "$W/settings.json" /etc/sekisho/gateway.json
	in_gw "$BUILD/sekisho-setup" --boot
}
has_address() { in_gw ip -o addr show dev "$1" | grep -q " $2 "; }

net_up
box_real
for i in wan0 lan0 dmz0; do
	in_gw ip addr flush dev $i
	in_gw ip link set $i down
done
if [ ! -x $NETWORKD ] || ! getent passwd systemd-network >/dev/null; then
	skip 'systemd-networkd gives the addresses' 'systemd-networkd is not installed'
	finish
fi

# ---- routed ----------------------------------------------------------------------------------------------
check 'files are made' make_files
networkd_start
check 'networkd gives the line its address' wait_for 20 has_address wan0 203.0.113.1/24
check '… the office' wait_for 20 has_address lan0 192.168.10.1/24
check '… also IPv6' wait_for 20 has_address lan0 2001:db8:10::1/64
check '… and the way out' bash -c "ip netns exec gw ip route show default | grep -q 'via 203.0.113.10 dev wan0'"
way() { in_gw ip route get "$1" | grep -Eq "dev $2( |\$)"; }
check 'inside networks are inside' eval 'way 192.168.10.77 lan0 && way 2001:db8:10::77 lan0'
in_gw ip route add 192.168.10.0/25 via 203.0.113.10 # as a DHCP server of the line may say (RFC 3442)
in_gw ip route add 2001:db8:10::/65 dev wan0
check '… whatever routes the line brings' eval 'way 192.168.10.77 lan0 && way 2001:db8:10::77 lan0'
check '… and what is not inside goes that way' way 203.0.113.80 wan0
check '… the gateway answers at its own addresses' eval 'in_ns lan ping -nqc 1 -W 2 192.168.10.1 && in_ns lan ping -nqc 1 -W 2 2001:db8:10::1'
in_gw ip route del 192.168.10.0/25
in_gw ip -6 route del 2001:db8:10::/65 dev wan0
check 'name servers of the line are known' grep -q '^nameserver 203.0.113.10$' /run/sekisho-setup/resolv.conf

# An upstream server with one name.
in_ns inet dnsmasq --no-hosts --no-resolv --address=/www.example.jp/203.0.113.80 --pid-file="$W/up.pid" \
	--address=/inside.example.jp/192.168.99.9 --listen-address=203.0.113.10 --bind-interfaces --user=root
mkdir -p /run/misc
mount --bind /run/misc /var/lib/misc
touch /var/lib/misc/dnsmasq.leases
ip netns exec gw dnsmasq -k --user=root --log-facility="$W/dnsmasq.log" --conf-file=/run/sekisho-setup/dnsmasq.conf &
DNSMASQ=$!
query() { # NAME: the address in the answer, asked of the gateway
	in_ns lan python3 - "$1" <<-'PY'
		import socket, struct, sys
		q = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[1].split(".")) + b"\0\0\1\0\1"
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
		s.sendto(q, ("192.168.10.1", 53)); r = s.recv(2000)
		print(socket.inet_ntoa(r[-4:]) if struct.unpack(">H", r[6:8])[0] else "none")
	PY
}
answers_name() { [ "$(query "$1")" = "$2" ]; }
check 'the office asks the gateway for names' wait_for 15 answers_name www.example.jp 203.0.113.80
check '… and a server of a site may name private addresses' answers_name inside.example.jp 192.168.99.9
lease() { # the address that busybox gets on a further interface of the office
	in_ns lan ip link add m0 link eth0 address "$1" type macvlan mode bridge
	in_ns lan ip link set m0 up
	in_ns lan timeout 20 busybox udhcpc -i m0 -n -q -f -t 5 -T 2 -s /bin/true 2>&1 | tee "$W/lease.out"
	in_ns lan ip link del m0
}
check 'the office gets addresses' bash -c "$(declare -f in_ns lease); W=$W; lease 52:54:00:00:01:01 | grep -Eq 'lease of 192.168.10.1[0-9][0-9] obtained'"
check 'a reserved address goes to its device' bash -c "$(declare -f in_ns lease); W=$W; lease 52:54:00:00:00:77 | grep -q 'lease of 192.168.10.50 obtained'"
named() { # NS MAC NAME: a lease for a device that calls itself so
	in_ns "$1" ip link add m0 link eth0 address "$2" type macvlan mode bridge
	in_ns "$1" ip link set m0 up
	in_ns "$1" timeout 20 busybox udhcpc -i m0 -n -q -f -t 5 -T 2 -x "hostname:$3" -s /bin/true 2>&1 | grep -o 'lease of [0-9.]* obtained' | cut -d' ' -f3
	in_ns "$1" ip link del m0
}
NAS=$(named lan 52:54:00:00:01:02 nas)
check 'a device of the office gives itself a name' answers_name nas.lan "$NAS"
check 'one of the DMZ that calls itself the same gets an address' eval '[[ $(named dmz 52:54:00:00:01:03 nas) = 192.168.20.1?? ]]'
check '… and takes no name away' answers_name nas.lan "$NAS"
named dmz 52:54:00:00:01:04 mail >/dev/null
refuse '… nor takes one' bash -c "$(declare -f query in_ns); query mail.lan | grep -q '^192'"
named lan 52:54:00:00:01:05 wpad >/dev/null
refuse 'nobody is the name that browsers ask for their proxy' bash -c "$(declare -f query in_ns); query wpad.lan | grep -q '^192'"
if command -v chronyd >/dev/null; then
	mkdir -p /run/chrony
	chown _chrony:_chrony /run/chrony
	chmod 750 /run/chrony
	mkdir -p /run/chronylib && mount --bind /run/chronylib /var/lib/chrony && chown _chrony:_chrony /var/lib/chrony
	# -x: this machine's clock is not ours; a local clock, so that there is time to give without a server.
	ip netns exec gw setpriv --reuid _chrony --regid _chrony --clear-groups --inh-caps +net_bind_service \
		--ambient-caps +net_bind_service chronyd -n -U -x -F 1 'local stratum 8' "include /run/sekisho-setup/chrony.conf" \
		>"$W/chrony.log" 2>&1 &
	CHRONY=$!
	check 'the office gets the time, as chronyd without root' wait_for 15 in_ns lan python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
s.sendto(b"\x23" + 47 * b"\0", ("192.168.10.1", 123)); r = s.recv(100); assert r[0] & 7 == 4 and 0 < r[1] < 16'
	kill "$CHRONY"
else
	skip 'the office gets the time' 'chronyd is not installed'
fi
kill "$DNSMASQ" "$(cat "$W/up.pid")"
networkd_stop

# ---- transparent -----------------------------------------------------------------------------------------
# The office keeps the router's network: 203.0.113.0/24 on both sides, the router is 203.0.113.10.
check 'files of transparent operation are made' make_files 'd["operation"] = "transparent"; d["ports"].pop(); d["networks"].pop()' \
	'd["networks"][1] = {"role": "lan", "ipv4": {"method": "none"}, "dns": False, "ntp": False}' \
	"d['ports'][0]['match']['mac'] = '$(in_gw cat /sys/class/net/wan0/address)'"
in_ns lan ip addr flush dev eth0
in_ns lan ip addr add 203.0.113.77/24 dev eth0
in_ns lan ip route add default via 203.0.113.10
in_ns inet ip route del default
# As 60-sekisho.conf.
in_gw sysctl -qw net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0 net.bridge.bridge-nf-call-arptables=0
networkd_start
check 'the bridge has the one address' wait_for 20 has_address br-gate 203.0.113.1/24
is_port() { in_gw ip -d link show "$1" | grep -q "master br-gate" && in_gw ip -d link show "$1" | grep -q "isolated $2"; }
check 'both sides are ports of it, apart from each other' wait_for 10 eval 'is_port wan0 on && is_port lan0 on'
check 'its address is the card of the line' [ "$(in_gw cat /sys/class/net/br-gate/address)" = "$(in_gw cat /sys/class/net/wan0/address)" ]
check 'the gateway is there' wait_for 10 in_ns lan ping -nqc 1 -W 1 203.0.113.1
refuse 'the router is not: nothing crosses without a policy' in_ns lan ping -nqc 1 -W 1 203.0.113.10
fwd_start
cat >"$W/doc.json" <<-'JSON'
	{"generation": 1, "site": {}, "objects": [], "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "bridge": "br-gate", "interfaces": ["wan0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "bridge": "br-gate", "interfaces": ["lan0"], "ping": true}],
	 "rules": [{"number":1001,"from":"lan","to":"wan","protocol":"icmp","port":"8"}]}
JSON
check 'a policy opens the ports' in_gw "$BUILD/fwdctl" apply "$W/doc.json" 0
check 'the office reaches the router at its own address' wait_for 10 in_ns lan ping -nqc 1 -W 1 203.0.113.10
check '… itself, at its hardware address' bash -c "[ \"\$(ip netns exec lan ip neigh show 203.0.113.10 | grep -o 'lladdr [^ ]*')\" = \
	\"lladdr \$(ip netns exec inet cat /sys/class/net/eth0/address)\" ]"
refuse 'the router does not reach the office' in_ns inet ping -nqc 1 -W 1 203.0.113.77
# networkd sets its ports up anew, apart from each other: fwd opens them again.
in_gw ip link set lan0 type bridge_slave isolated on
check 'ports that are closed again are opened' wait_for 5 eval 'is_port lan0 off && in_ns lan ping -nqc 1 -W 1 203.0.113.10'
networkd_stop
kill "$FWD"
wait "$FWD" 2>/dev/null
rm -f /run/sekisho/fwd.sock
in_gw nft delete table inet sekisho
in_gw nft delete table bridge sekisho
in_gw ip link del br-gate

# ---- another card ----------------------------------------------------------------------------------------
mac=$(in_gw cat /sys/class/net/lan0/address)
make_files "d['ports'][1]['match']['mac'] = '$mac'"
networkd_start
check 'a card of the set-up gets its addresses' wait_for 20 has_address lan0 192.168.10.1/24
networkd_stop
in_gw ip link set lan0 down
in_gw ip link set lan0 address 52:54:00:0a:0b:0c
make_files "d['ports'][1]['match']['mac'] = '$mac'"
networkd_start
check 'beside it, the others get theirs' wait_for 20 has_address wan0 203.0.113.1/24
sleep 1
refuse 'another card of that name gets none' has_address lan0 192.168.10.1/24
networkd_stop
in_gw ip link set lan0 address "$mac"

# ---- PPPoE -----------------------------------------------------------------------------------------------
if [ ! -c /dev/ppp ] || ! command -v pppoe-server >/dev/null; then
	skip 'the line over PPPoE' 'needs /dev/ppp and pppoe-server'
	finish
fi
check 'files for PPPoE are made' make_files 'd["networks"][0].update({"ipv4": {"method": "pppoe"}, "pppoe": {"user": "user@isp"}})'
printf 'Se"cret\\word' >/etc/sekisho/pppoe.secret
make_files 'd["networks"][0].update({"ipv4": {"method": "pppoe"}, "pppoe": {"user": "user@isp"}})'
in_gw ip link set wan0 up
echo '"user@isp" * "Se\"cret\\word" *' >/etc/ppp/chap-secrets
printf 'require-chap\nms-dns 203.0.113.53\nnoipv6\n' >"$W/server.options"
ip netns exec inet pppoe-server -F -I eth0 -L 203.0.113.254 -R 203.0.113.201 -O "$W/server.options" >"$W/pppoe-server.log" 2>&1 &
SERVER=$!
ip netns exec gw pppd file /run/sekisho-setup/ppp.options logfd 2 >"$W/pppd.log" 2>&1 &
PPPD=$!
ip netns exec gw "$BUILD/sekisho-setup" --upstream >"$W/upstream.log" 2>&1 &
UPSTREAM=$!
check 'the line comes up with its password' wait_for 40 has_address ppp-wan 203.0.113.201
check 'its MTU is the line'"'"'s' bash -c "ip netns exec gw ip link show ppp-wan | grep -q 'mtu 1454'"
check 'the way out goes through it' bash -c "ip netns exec gw ip route show default | grep -q ppp-wan"
check 'its name server is known' wait_for 10 grep -q '^nameserver 203.0.113.53$' /run/sekisho-setup/resolv.conf
kill "$PPPD" "$SERVER" "$UPSTREAM"
finish
