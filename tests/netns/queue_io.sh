#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The packet queue of the inspection: super-packets arrive whole, verdicts and marks do what they say, a full
# queue and a lost listener behave as asked, and nothing is lost in order or number. Through fwd's own chains.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
serve inet 80,81 53
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
cat >"$W/doc.json" <<-'JSON'
	{"generation": 1, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "inspection": {"mode":"on","fail":"closed","queues":2}, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80-84,5201"},
	 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"53,7001"}]}
JSON
check "policy with inspection" eval 'ctl apply "$W/doc.json" 0'
Q=
listen() { # ARGS…
	ip netns exec gw "$BUILD/queueio" "$@" 103:2 >"$W/q" 2>"$W/q.log" &
	Q=$!
	wait_for 5 grep -q ready "$W/q"
}
hang_up() {
	kill -TERM $Q
	wait $Q
}
count() { sed -n "s/.*\b$1 \([0-9]*\).*/\1/p" "$W/q"; }

# ---- bytes arrive as they were sent
head -c 3000000 /dev/urandom >"$W/file"
in_ns inet python3 - "$W/file" "$W/got" 5201 >"$W/sink.log" 2>&1 <<-'PY' &
	import socket, sys
	s = socket.create_server(("203.0.113.10", int(sys.argv[3])))
	print("ready", flush=True)
	for _ in range(2):
	    c, _ = s.accept()
	    data = open(sys.argv[1], "rb").read()
	    got = b""
	    c.sendall(data)
	    while True:
	        b = c.recv(65536)
	        if not b:
	            break
	        got += b
	    open(sys.argv[2], "wb").write(got)
	    c.close()
PY
wait_for 5 grep -q ready "$W/sink.log"
both_ways() {
	in_ns lan timeout 30 python3 - "$W/file" <<-'PY'
		import socket, sys, threading
		data = open(sys.argv[1], "rb").read()
		c = socket.create_connection(("203.0.113.10", 5201), 5)
		def send():
		    c.sendall(data)
		    c.shutdown(socket.SHUT_WR)
		threading.Thread(target=send).start()
		got = b""
		while True:
		    b = c.recv(65536)
		    if not b:
		        break
		    got += b
		sys.exit(got != data)
	PY
}
listen --decode
check "3 MB each way at once arrive unharmed" both_ways
check "both ways" cmp "$W/file" "$W/got"
hang_up
check "super-packets came whole" eval '[ "$(count gso)" -gt 10 ] && [ "$(count longest)" -gt 20000 ]'
check "none cut, none malformed, no verdict refused" eval '[ "$(count truncated) $(count malformed) $(count errors)" = "0 0 0" ]'
check "decoded: all payload of both directions" eval '[ "$(count payload)" -ge 6000000 ]'
check "each packet with its devices and its sender" eval '[ "$(count devices)" = "$(count packets)" ] && [ "$(count hw)" = "$(count packets)" ]'
check "several packets a read" eval '[ "$(count batches)" -lt "$(count packets)" ]'
check "runs of equal verdicts as one" eval '[ "$(count verdicts)" -le "$(count packets)" ]'

# ---- fragments: connection tracking has put them together before the queue
fragmented() { # ADDRESS
	in_ns lan python3 - "$1" <<-'PY'
		import socket, sys
		f = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		socket.socket(f, socket.SOCK_DGRAM).sendto(b"x" * 4000, (sys.argv[1], 7001))
	PY
}
fragments() { # ADDRESS BYTES-OF-PACKET
	listen
	fragmented "$1"
	wait_for 2 eval "in_ns gw conntrack -L -p udp -d $1 2>/dev/null | grep -q 7001"
	hang_up
	check "a datagram of $2 bytes in fragments came as one ($(count longest))" [ "$(count longest)" = "$2" ]
}
fragments 203.0.113.10 4028
in_ns gw conntrack -F >/dev/null 2>&1
fragments 2001:db8:113::10 4048

# ---- verdicts and marks
TRY=1
listen --drop GET-THE-BAD --mark MARK-ME 2
check "what is harmless passes" tcp_try lan 203.0.113.10 80
refuse "a dropped packet never arrives" in_ns lan curl -sS -o /dev/null --max-time 1 http://203.0.113.10:80/GET-THE-BAD
check "the next connection passes" tcp_try lan 203.0.113.10 80
refuse "a mark stops the flow in the kernel" in_ns lan curl -sS -o /dev/null --max-time 1 http://203.0.113.10:81/MARK-ME
check "UDP passes" udp_try lan 203.0.113.10 53
hang_up
check "dropped and marked as said" eval '[ "$(count dropped)" -ge 1 ] && [ "$(count marked)" -ge 1 ] && [ "$(count errors)" = 0 ]'

# ---- a second listener, a listener without rights
listen
refuse "a queue has one listener" in_ns gw "$BUILD/queueio" 103:2
check "the first one goes on" tcp_try lan 203.0.113.10 80
hang_up
refuse "nobody listens without CAP_NET_ADMIN" in_ns gw setpriv --bounding-set -net_admin --inh-caps -net_admin "$BUILD/queueio" 103:2

# ---- a queue that is full
flood() { in_ns lan "$BUILD/trafgen" udp 203.0.113.10 7001 20000 2 >"$W/sender"; }
sink() {
	in_ns inet "$BUILD/trafgen" sink 7001 2 >"$W/sink" &
	SINK=$!
	wait_for 5 grep -q ready "$W/sink"
}
received() { read -r _ got _ highest <<<"$(grep received "$W/sink")"; }
sink
listen --slow 2000 --max-len 64
flood
wait $SINK
hang_up
received
check "full, closed: packets are dropped ($got of $highest)" eval '[ "$got" -lt $((highest / 2)) ]'
sink
listen --slow 2000 --max-len 64 --full-accept
flood
wait $SINK
hang_up
received
check "full, open: they pass uninspected ($got of $highest, $(count packets) seen)" \
	eval '[ "$got" -gt $((highest * 9 / 10)) ] && [ "$(count packets)" -lt $((highest / 2)) ]'
sink
listen
flood
wait $SINK
hang_up
received
check "not full: none is lost ($got of $highest)" eval '[ "$got" = "$highest" ] && [ "$(count packets)" -ge "$highest" ]'
# A socket buffer too small for what waits: told, counted, and the queue goes on.
sink
listen --slow 300 --rcvbuf 20000
flood
wait $SINK
check "after an overrun the queue works" tcp_try lan 203.0.113.10 80
hang_up
check "overruns are counted ($(count overruns))" eval '[ "$(count overruns)" -gt 0 ]'
finish
