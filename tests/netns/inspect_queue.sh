#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's side of inspection: allowed traffic goes to the queue, the verdict's mark decides about the whole
# connection, both directions of a flow meet in one queue, fail mode closed and open, and no packet is lost when
# inspection is switched under traffic. The listener is a stand-in (nfqctl).
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
fwd_start
serve inet 80,81,82,83,84 53,54
serve dmz 80 53
TRY=0.7
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
GEN=0
# doc INSPECTION-JSON: prints the name of a description
doc() {
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"generation": $GEN, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "inspection": $1, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80-84"},
	 {"number":1002,"from":"lan","to":"wan","protocol":"udp","port":"53,54,7001"},
	 {"number":1003,"from":"lan","to":"dmz","protocol":"tcp","port":"80"}]}
	JSON
	echo "$W/doc.json"
}
ON='{"mode":"on","fail":"closed","queues":4}' OPEN='{"mode":"on","fail":"open","queues":4}' OFF='{"mode":"off"}'
use() { GEN=$((GEN + 1)); ctl apply "$(doc "$1")" 0 >"$W/apply.log" 2>&1 || { cat "$W/apply.log"; return 1; }; }
NFQ=
listen() { # ARGS…
	ip netns exec gw "$BUILD/nfqctl" "$@" >"$W/nfq" 2>"$W/nfq.log" &
	NFQ=$!
	wait_for 5 grep -q ready "$W/nfq"
}
hang_up() { # [SIGNAL]
	kill "${1:--TERM}" $NFQ
	wait $NFQ 2>/dev/null
}
counter() { ctl counters | python3 -c '
import json, sys
v = {r[0]: r[1] for l in sys.stdin for r in json.loads(l).get("counters", [])}
print(v.get(int(sys.argv[1]), 0))' "$1"; }
handles() { in_ns gw nft -a list table inet sekisho | grep -E 'chain (forward|ips|ips_save) ' ; }

# ---- off
check "policy without inspection" use "$OFF"
check "off: the two chains are there" eval '[ "$(handles | wc -l)" = 3 ]'
handles >"$W/handles"
check "off: traffic passes without a listener" tcp_try lan 203.0.113.10 80
check "status tells how this kernel queues" eval 'ctl status | grep -Eq "\"kernel\": ?\"(queue|NFQUEUE)\""'
check "one line in the log" grep -Eq 'go through: (queue|NFQUEUE)' "$W/fwd.log"
check "a number of queues beyond the limit is refused" eval '! use "{\"mode\":\"on\",\"queues\":17}"'

# ---- on, closed
check "policy with inspection" use "$ON"
check "text shows the queue rule" eval 'ctl text | grep -q "queue to 103-106"'
refuse "closed: without a listener nothing passes" tcp_try lan 203.0.113.10 80
refuse "closed: nor UDP" udp_try lan 203.0.113.10 53
check "closed: the gateway's own traffic is not inspected" in_ns lan ping -nqc 1 -W 1 192.168.10.1
listen --verbose 103:4
for a in 203.0.113.10 203.0.113.11 2001:db8:113::10 2001:db8:113::11 192.168.20.10 2001:db8:20::10; do
	for s in 192.168.10.10 192.168.10.11 2001:db8:10::10 2001:db8:10::11; do
		case $a$s in *:*.* | *.*:*) continue ;; esac
		check "TCP $s to $a is seen and passes" tcp_try lan "$a" 80 "$s"
	done
done
check "UDP is seen and passes" udp_try lan 203.0.113.10 53
check "UDP over IPv6" udp_try lan 2001:db8:113::10 53
refuse "what no rule allows stays closed" tcp_try lan 203.0.113.10 85
check "and never reaches the queue" eval '! grep -q " 85 packet" "$W/nfq"'
check "both directions of a flow are seen" eval 'grep -q "> 203.0.113.10 80 packet 1 " "$W/nfq" && grep -q "203.0.113.10 80 > " "$W/nfq"'
hang_up
check "both directions of every flow went to one queue" grep -q ' split 0 ' "$W/nfq"
check "and flows spread over the queues" eval 'set -- $(sed -n "s/.*queues //p" "$W/nfq"); n=0; for q; do [ "$q" = 0 ] || n=$((n+1)); done; [ $n -ge 2 ]'

# ---- verdicts
listen --verbose 103:4 81=2@3 82=4@1 83=1@4 84=4@4
stop_before=$(counter 16)
refuse "drop: the flow does not finish" tcp_try lan 203.0.113.10 81
check "drop: what came later died in the kernel" eval '[ "$(counter 16)" -gt $((stop_before + 1)) ]'
check "drop: and never came to the queue" eval '[ "$(grep -c " 81 packet\| 81 > " "$W/nfq")" -le 4 ]'
begin=$EPOCHREALTIME
refuse "reject: the connection is refused" tcp_try lan 203.0.113.10 82
check "reject: at once, by a reset" awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {exit !(b - a < 0.5)}'
refuse "reject: IPv6" tcp_try lan 2001:db8:113::10 82
refuse "reject: in the middle of a connection" env TRY=3 bash -c "$(declare -f tcp_try in_ns bracket); tcp_try lan 203.0.113.10 84"
in_ns lan curl -sN http://203.0.113.10:83/stream >"$W/stream" 2>/dev/null &
CURL=$!
wait_for 5 test -s "$W/stream"
grows() { local a; a=$(stat -c %s "$W/stream"); wait_for 4 eval '[ "$(stat -c %s "$W/stream")" -gt '"$a"' ]'; }
passed_before=$(counter 15)
check "bypass: the stream goes on" grows
check "bypass: in the kernel" eval '[ "$(counter 15)" -gt $passed_before ]'
n=$(grep -c ' 83 packet\| 83 > ' "$W/nfq")
check "bypass: goes on" grows
check "bypass: nothing more came to the queue ($n packets)" eval '[ "$(grep -c " 83 packet\| 83 > " "$W/nfq")" = $n ] && [ $n -le 8 ]'
ctl events 2 >"$W/events" 2>&1
check "a dropped flow's later packets are reported" eval 'grep "\"reason\":\"ips_flow\"" "$W/events" | grep -q "\"dest_port\":81"'
check "only one such event for a flow" eval '[ "$(grep "\"reason\":\"ips_flow\"" "$W/events" | grep -c "\"dest_port\":81")" = 1 ]'

# ---- somebody's routing mark is no verdict
in_ns gw nft -f - <<-'NFT'
	table inet other {
		chain pre { type filter hook prerouting priority -140; udp dport 54 meta mark set 0x105; }
	}
NFT
udp_try lan 203.0.113.10 54
udp_try lan 203.0.113.10 54
check "a foreign mark does not bypass inspection" eval '[ "$(grep -c " 54 packet" "$W/nfq")" = 2 ] && udp_try lan 203.0.113.10 54'
in_ns gw nft delete table inet other

# ---- the listener dies
hang_up -KILL
refuse "closed: killed, new connections stop" tcp_try lan 203.0.113.10 80
check "closed: a bypassed one goes on" grows
check "switch to open" use "$OPEN"
check "text shows it" eval 'ctl text | grep -q "queue flags bypass to 103-106"'
check "open: without a listener traffic passes" tcp_try lan 203.0.113.10 80
check "open: IPv6" tcp_try lan 2001:db8:113::10 80
check "open: UDP" udp_try lan 203.0.113.10 53
listen --verbose 103:4
check "open: with a listener it is seen" eval 'tcp_try lan 203.0.113.10 80 && grep -q " 80 packet" "$W/nfq"'
hang_up -KILL
check "open: killed, traffic passes" tcp_try lan 203.0.113.10 80
kill $CURL
wait $CURL 2>/dev/null

# ---- switching under traffic
listen 103:4
in_ns inet "$BUILD/trafgen" sink 7001 2 >"$W/sink" &
SINK=$!
wait_for 5 grep -q ready "$W/sink"
in_ns lan "$BUILD/trafgen" udp 203.0.113.10 7001 2000 "${SWITCH_SECONDS:-12}" >"$W/sender" &
SENDER=$!
switches=0 failed=0
while kill -0 $SENDER 2>/dev/null; do
	for m in "$ON" "$OFF" "$OPEN" "$OFF" "$ON" "$OPEN"; do
		use "$m" || failed=1
		switches=$((switches + 1))
	done
done
wait $SENDER $SINK
read -r _ got _ highest <<<"$(grep received "$W/sink")"
hang_up
check "$switches switches under traffic" eval '[ $failed = 0 ] && [ $switches -gt 20 ]'
check "no packet of $highest lost ($((highest - got)))" eval '[ "$got" -gt 10000 ] && [ "$got" = "$highest" ]'
check "the listener saw some of them" eval '[ "$(sed -n "s/.*packets \([0-9]*\) .*/\1/p" "$W/nfq")" -gt 100 ]'
check "base chains are those of the start" eval 'handles | diff - "$W/handles"'
check "no drift was reported" eval '! grep -q "foreign change" "$W/fwd.log"'

# ---- through the management: request, approval, apply
mgmtd_start
site_up
rule_add --source 192.168.10.0/24 --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
setting() { # KEY VALUE
	local n
	n=$(as $TANAKA --json setting set "$1" "$2" --purpose 'inspection test' |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])') && as $SATO change approve "$n" >/dev/null
}
check "management: apply" apply
refuse "management: inspection.mode maybe" as $TANAKA setting set inspection.mode maybe --purpose 'inspection test'
check "management: inspection.mode on" setting inspection.mode on
check "management: inspection.queues 2" setting inspection.queues 2
check "management: apply with inspection" apply
refuse "management: closed" tcp_try lan 203.0.113.10 80
check "management: explain says so" eval 'as $KANSA explain 192.168.10.10 203.0.113.10 tcp 80 | grep -q "contents are inspected"'
listen 103:2
check "management: inspected traffic passes" tcp_try lan 203.0.113.10 80
hang_up
check "management: inspection.fail open" setting inspection.fail open
check "management: apply" apply
check "management: open" tcp_try lan 203.0.113.10 80
finish
