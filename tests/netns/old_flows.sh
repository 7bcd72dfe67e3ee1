#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections that are older than the rules, or were made behind their back, live on only if a record allows them:
# before the table's first load, while it was away, with marks that are not ours, and administration of the gateway
# from a zone that lost it. One that may live is taken up by the next packet of the side that opened it.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
serve inet 80,81 53
serve gw 8443,8444 5353
read -ra OPTS <<<"--no-owner ${SK_FWD_OPTS:-}"

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
nft() { in_ns gw nft "$@"; }
stop() { kill "${1:--TERM}" $FWD 2>/dev/null; wait $FWD 2>/dev/null; rm -f /run/sekisho/fwd.sock; }
# doc GENERATION MANAGE PORTS [RULE]: prints the name of a description
doc() {
	cat >"$W/doc-$1.json" <<-JSON
	{"generation": $1, "site": {"reverse_path": true, "manage_ports": [$3]}, "objects": [], "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"], "manage": true},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "manage": $2}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"}${4:+,$4}]}
	JSON
	echo "$W/doc-$1.json"
}
cat >"$W/talk.py" <<'PY'
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)
s.sendall(b"GET /stream HTTP/1.1\r\n")
s.settimeout(0.1)
while True:
    time.sleep(0.05)
    s.send(b"x")
    try:
        sys.stdout.buffer.write(s.recv(4096))
        sys.stdout.flush()
    except TimeoutError:
        pass
PY
TALK=()
stream() { # NAME ADDR PORT [NS]
	: >"$W/stream-$1"
	ip netns exec "${4:-lan}" python3 "$W/talk.py" "$2" "$3" >"$W/stream-$1" 2>/dev/null &
	TALK+=($!)
	wait_for 5 test -s "$W/stream-$1"
}
size() { stat -c %s "$W/stream-$1"; }
grows() { local a; a=$(size "$1"); wait_for 4 eval '[ "$(size '"$1"')" -gt '"$a"' ]'; }
# It may still hold what was on its way.
still() { local a; wait_for 6 eval 'a=$(size '"$1"'); ! wait_for 1 eval '\''[ "$(size '"$1"')" -gt $a ]'\'; }
hang_up() { kill "${TALK[@]}" 2>/dev/null; wait "${TALK[@]}" 2>/dev/null; TALK=(); }
# Somebody else keeps connection tracking awake.
tracked() {
	nft add table inet other
	nft 'add chain inet other c { type filter hook forward priority -10; }'
	nft 'add rule inet other c ct state new counter'
}
tracked

# ---- flows from before the table
fwd_start "${OPTS[@]}"
check "policy" ctl apply "$(doc 1 true 8443,8444)" 0
stop
nft delete table inet sekisho
check "before the table: two streams" eval 'stream a 203.0.113.10 80 && stream b 203.0.113.10 81'
check "before the table: IPv6, too" stream c 2001:db8:113::10 81
fwd_start "${OPTS[@]}"
check "first load: what a record allows goes on" grows a
check "first load: and carries its number" eval 'ctl list 1001 | grep -q "\"dport\":80"'
check "first load: the other stands still" still b
check "first load: over IPv6, too" still c
hang_up

# ---- flows made while the table was away
kill -STOP $FWD
nft delete table inet sekisho
check "table away: two streams" eval 'stream a 203.0.113.10 80 && stream b 203.0.113.10 81'
kill -CONT $FWD
check "repair: the table is back" wait_for 5 eval 'nft list table inet sekisho | grep -q "1001 r1"'
check "repair: what a record allows goes on" grows a
check "repair: the other stands still" still b
hang_up

# ---- an ICMP error about a flow that no record allows
cat >"$W/icmp.py" <<'PY'
import os, socket, struct, sys, time
def checksum(b):
    s = sum(struct.unpack("!%dH" % (len(b) // 2), b))
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff
if sys.argv[1] == "send":  # SOURCE PORT DESTINATION PORT: "port unreachable" about this flow, to its source
    src, sport, dst, dport = sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 32, 1, 0, 60, 17, 0, socket.inet_aton(src), socket.inet_aton(dst))
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    body = ip + struct.pack("!HHHH", sport, dport, 12, 0)
    msg = struct.pack("!BBHI", 3, 3, 0, 0) + body
    msg = msg[:2] + struct.pack("!H", checksum(msg)) + msg[4:]
    s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1)
    s.sendto(msg, (src, 0))
else:  # FILE PORT: one datagram, then wait for what comes back
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("192.168.10.10", 4000 + int(sys.argv[3])))
    s.connect(("203.0.113.10", int(sys.argv[3])))
    s.send(b"test")
    open(sys.argv[2], "w").write("sent\n")
    s.settimeout(20)
    try:
        s.recv(10)
    except ConnectionError:
        open(sys.argv[2], "w").write("error\n")
    except TimeoutError:
        pass
PY
# Nobody answers on these ports, but says so only when told to.
in_ns inet nft 'add table ip q; add chain ip q o { type filter hook output priority 0; }; add rule ip q o ip protocol icmp meta mark 0 ct state related drop'
udp_open() { in_ns lan python3 "$W/icmp.py" open "$W/udp-$1" "$1" & wait_for 5 grep -q sent "$W/udp-$1"; }
udp_error() { in_ns inet python3 "$W/icmp.py" send 192.168.10.10 $((4000 + $1)) 203.0.113.10 "$1"; }
UDP='{"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"600"}'
check "icmp: a rule for one port" ctl apply "$(doc 3 true 8443,8444 "$UDP")" 0
kill -STOP $FWD
nft delete table inet sekisho
check "icmp: a flow while the table is away" udp_open 601
kill -CONT $FWD
wait_for 5 eval 'nft list table inet sekisho | grep -q "1002 r1"'
check "icmp: a flow that a record allows" udp_open 600
udp_error 600; udp_error 601
check "icmp: an error about the allowed one arrives" wait_for 3 grep -q error "$W/udp-600"
refuse "icmp: one about the other does not" wait_for 1 grep -q error "$W/udp-601"

# ---- numbers that no record has
kill -STOP $FWD
nft delete table inet sekisho
nft 'add rule inet other c tcp dport 81 ct mark set 0x0002bc00' # 700
check "foreign mark: a stream with a number that is not ours" stream a 203.0.113.10 81
nft 'flush chain inet other c; add rule inet other c tcp dport 81 ct mark set 0x0003e905' # 1001, of another port
check "foreign mark: one with the number of a record" stream b 203.0.113.10 81
nft 'flush chain inet other c; add rule inet other c ct state new counter'
kill -CONT $FWD
check "foreign mark: the first stands still" still a
check "foreign mark: the second stands still" still b
hang_up

# ---- administration of the gateway
check "manage: a connection from lan, one from dmz" eval 'stream a 192.168.10.1 8443 && stream b 192.168.20.1 8443 dmz'
check "manage: another port" stream c 192.168.20.1 8444 dmz
check "manage: lan loses it, and a port goes" ctl apply "$(doc 4 false 8443)" 0
check "manage: the connection from lan stands still" still a
check "manage: the one from dmz goes on" grows b
check "manage: the one to the other port stands still" still c
hang_up
stop
finish
