#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Scans, sweeps, floods, too many connections and password guessing from outside: detected, the source blocked in
# the kernel for a time, its sessions ended, others unharmed; reported from inside; released by one command; kept
# over an apply, a restart and a kill. A spoofed flood blocks nobody and fills nothing.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
command -v nmap >/dev/null || { skip "guard" "nmap is not installed"; finish; }
net_up
in_ns gw ip route add default via 203.0.113.10
for ((i = 20; i < 40; i++)); do
	in_ns inet ip addr add 203.0.113.$i/24 dev eth0
	in_ns inet ip addr add 2001:db8:113::$i/64 dev eth0 nodad
done
fwd_start
serve dmz 22,80 53
serve inet 80 53
TRY=0.7
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
GEN=0
use() { # GUARD-JSON
	GEN=$((GEN + 1))
	cat >"$W/doc.json" <<-JSON
	{"generation": $GEN, "site": {"reverse_path": true, "manage_ports": [22]}, "objects": [],
	 "guard": $1, "zones": [
	 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "ping": true},
	 {"name": "dmz", "label": "d", "kind": "dmz", "interfaces": ["dmz0"]},
	 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
	 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"},
	 {"number":1002,"from":"wan","to":"dmz","protocol":"udp","port":"53"},
	 {"number":1003,"from":"wan","to":"dmz","protocol":"tcp","port":"22,80"},
	 {"number":1004,"from":"wan","to":"dmz","protocol":"icmp","port":"8"},
	 {"number":1005,"from":"dmz","to":"wan","protocol":"any","port":"any"}]}
	JSON
	ctl apply "$W/doc.json" 0 >"$W/apply.log" 2>&1 || { cat "$W/apply.log"; return 1; }
}
blocked() { ctl op guard.list | grep -q "\"address\":\"$1\",\"guard\":\"${2:-}"; } # ADDRESS [KIND]
kernel_has() { in_ns gw nft list set inet sekisho guard"$1" | grep -q "$2"; }
release() { ctl op guard.release "{\"address\":\"$1\"}" >/dev/null; }
counter() { ctl counters | python3 -c '
import json, sys
v = {r[0]: r[1] for l in sys.stdin for r in json.loads(l).get("counters", [])}
print(v.get(int(sys.argv[1]), 0))' "$1"; }
# A client that goes on working; every failure is written down.
client() { # SOURCE
	while :; do
		tcp_try inet 192.168.20.10 80 "$1" >/dev/null 2>&1 && echo ok || echo failed
		read -rt 0.1 <> <(:) || :
	done >"$W/client"
}
client_start() { client "$1" & CLIENT=$!; wait_for 5 grep -q ok "$W/client"; }
client_stop() { kill $CLIENT; wait $CLIENT 2>/dev/null; }
client_fine() { [ "$(grep -c ok "$W/client")" -gt 3 ] && ! grep -q failed "$W/client"; }
scan() { in_ns "$1" nmap -n -Pn -T4 --max-retries 0 --initial-rtt-timeout 50ms --max-rtt-timeout 100ms --host-timeout 6s "${@:2}" >"$W/nmap" 2>&1; }
flood() { in_ns inet "$BUILD/rawflood" "$@" >"$W/flood" 2>&1; }

check "policy with the guard" use '{"enabled": true}'
client_start 203.0.113.11

# ---- scan
in_ns inet curl -sN --interface 203.0.113.10 http://192.168.20.10:80/stream >"$W/stream" 2>/dev/null &
CURL=$!
wait_for 5 test -s "$W/stream"
scan inet -sS -p100-150 192.168.20.10
check "scan: its source is blocked" wait_for 3 blocked 203.0.113.10 scan
check "scan: in the kernel" kernel_has 4 203.0.113.10
refuse "scan: it reaches nothing any more" tcp_try inet 192.168.20.10 80 203.0.113.10
refuse "scan: nor the gateway" in_ns inet ping -nqc 1 -W 1 -I 203.0.113.10 203.0.113.1
size=$(stat -c %s "$W/stream")
refuse "scan: its session has ended" wait_for 2 eval '[ "$(stat -c %s "$W/stream")" -gt $size ]'
kill $CURL
wait $CURL 2>/dev/null
check "scan: the other client noticed nothing" client_fine
check "release" release 203.0.113.10
check "release: at once" tcp_try inet 192.168.20.10 80 203.0.113.10
scan inet -sF -S 203.0.113.20 -e eth0 -p100-150 192.168.20.10
check "scan without SYN (FIN)" wait_for 3 blocked 203.0.113.20 scan
scan inet -sU -S 203.0.113.21 -e eth0 -p100-150 192.168.20.10
check "scan of UDP ports" wait_for 3 blocked 203.0.113.21 scan
scan inet -6 -sS -S 2001:db8:113::20 -e eth0 -p100-150 2001:db8:20::10
check "scan over IPv6" wait_for 3 eval 'blocked 2001:db8:113::20 scan && kernel_has 6 2001:db8:113::20'
refuse "scan over IPv6: blocked" tcp_try inet 2001:db8:20::10 80 2001:db8:113::20
check "IPv6: a neighbour is not" tcp_try inet 2001:db8:20::10 80 2001:db8:113::21
for h in 5 6 7; do in_ns inet ip addr add 2001:db8:999::$h/128 dev lo; done
in_ns gw ip route add 2001:db8:999::/64 via 2001:db8:113::10
for h in 5 6 7; do scan inet -6 -sS -S 2001:db8:999::$h -e eth0 -p10$h,11$h,12$h,13$h,14$h,15$h,16$h,17$h 2001:db8:20::10; done
check "scan over IPv6 from ever other addresses of a network" wait_for 3 blocked 2001:db8:999::/64 scan
refuse "the network is blocked" tcp_try inet 2001:db8:20::10 80 2001:db8:999::5
check "release by one of its addresses" release 2001:db8:999::6
check "the network is released" tcp_try inet 2001:db8:20::10 80 2001:db8:999::5
scan inet -sS -S 203.0.113.22 -e eth0 -p445 192.168.20.30-60
check "sweep" wait_for 3 blocked 203.0.113.22 sweep
scan inet -sS -S 203.0.113.23 -e eth0 -p100-110 192.168.20.10
refuse "a few ports are no scan" blocked 203.0.113.23

# ---- floods
flood syn 203.0.113.24 192.168.20.10 80 2000 6000
check "SYN flood from one source" wait_for 3 blocked 203.0.113.24 syn_flood
flood udp 203.0.113.25 192.168.20.10 9 3000 9000
check "UDP flood from one source" wait_for 3 blocked 203.0.113.25 udp_flood
flood ping 203.0.113.26 192.168.20.10 0 1000 3000
check "ICMP flood from one source" wait_for 3 blocked 203.0.113.26 icmp_flood
flood syn 203.0.113.27 203.0.113.1 9 2000 6000
check "SYN flood to the gateway itself" wait_for 3 blocked 203.0.113.27 syn_flood
check "what was beyond the rate was dropped before ($(counter 18) packets)" eval '[ "$(counter 18)" -gt 200 ]'
check "floods: the other client noticed nothing" client_fine
client_stop

# ---- a spoofed flood
before=$(ctl op guard.list | grep -o '"address"' | wc -l) dropped=$(counter 18)
flood syn random 192.168.20.10 80 50000 250000
after=$(ctl op guard.list | grep -o '"address"' | wc -l)
sent=$(sed -n 's/^sent \([0-9]*\) .*/\1/p' "$W/flood")
check "spoofed flood (${sent:-?} packets): dropped by destination" eval '[ "$(counter 18)" -gt $((dropped + 5000)) ]'
check "spoofed flood: blocks nobody" eval '[ "$after" = "$before" ]'
entries=$(in_ns gw sh -c 'cat /proc/sys/net/netfilter/nf_conntrack_count')
check "spoofed flood: $entries connections tracked" eval '[ "$entries" -lt 12000 ]'
meter=$(in_ns gw nft list set inet sekisho m_syn_flood4_200 | grep -o 'expires' | wc -l)
check "spoofed flood: the meter stays bounded ($meter)" eval '[ "$meter" -le 16384 ]'
check "spoofed flood: over, everything works" wait_for 15 tcp_try inet 192.168.20.10 80 203.0.113.11

# ---- rates of connections
check "policy with small rates" use '{"enabled": true, "conn_rate": 100, "login_rate": 10}'
check "blocks survive the apply" eval 'blocked 203.0.113.24 && kernel_has 4 203.0.113.24'
for ((i = 0; i < 14; i++)); do tcp_try inet 192.168.20.10 22 203.0.113.28 >/dev/null 2>&1; done
check "brute force at port 22" wait_for 2 blocked 203.0.113.28 login
check "brute force: one log-in of another is none" tcp_try inet 192.168.20.10 22 203.0.113.11
for ((i = 0; i < 130; i++)); do echo "url=http://192.168.20.10/"; echo "output=/dev/null"; done >"$W/urls"
in_ns inet curl -sZ --interface 203.0.113.29 --max-time 2 -K "$W/urls" >/dev/null 2>&1
check "too many connections" wait_for 2 blocked 203.0.113.29 conn_rate

# ---- time, restart, kill
check "block by hand" ctl op guard.block '{"address":"203.0.113.30","seconds":3,"who":"tanaka"}'
refuse "block by hand: holds" tcp_try inet 192.168.20.10 80 203.0.113.30
check "it ends by itself" wait_for 6 eval '! blocked 203.0.113.30'
check "it ends: traffic passes" tcp_try inet 192.168.20.10 80 203.0.113.30
refuse "the gateway's own address cannot be blocked" ctl op guard.block '{"address":"203.0.113.1"}'
refuse "nor loopback" ctl op guard.block '{"address":"127.0.0.1"}'
refuse "nor nonsense" ctl op guard.block '{"address":"203.0.113"}'
refuse "nor what is blocked already" ctl op guard.block '{"address":"203.0.113.24"}'
refuse "release of one that is not blocked" release 203.0.113.30
stop() { kill "$1" $FWD; wait $FWD 2>/dev/null; rm -f /run/sekisho/fwd.sock; }
left() { ctl op guard.list | python3 -c '
import json, sys
for l in sys.stdin:
    for r in json.loads(l).get("rows", []):
        if r["address"] == sys.argv[1]: print(r["left"])' "$1"; }
check "block by hand, to be killed" ctl op guard.block '{"address":"203.0.113.31","seconds":600}'
for signal in -TERM -KILL; do
	stop $signal
	refuse "$signal: while fwd is away the kernel blocks" tcp_try inet 192.168.20.10 80 203.0.113.31
	fwd_start
	check "$signal: still blocked, with the time that was left ($(left 203.0.113.31))" eval \
		'[ "$(left 203.0.113.31)" -gt 500 ] && [ "$(left 203.0.113.31)" -le 600 ] && kernel_has 4 203.0.113.31'
	refuse "$signal: and nothing passes" tcp_try inet 192.168.20.10 80 203.0.113.31
done
ctl events 2 >"$W/events"
stop -TERM
in_ns gw nft delete table inet sekisho # as after a restart of the machine
fwd_start
check "a new table is filled again" kernel_has 4 203.0.113.31
refuse "a new table: nothing passes" tcp_try inet 192.168.20.10 80 203.0.113.31

# ---- inside
scan lan -sS -p100-150 192.168.20.10
refuse "inside: a scan blocks nobody" blocked 192.168.10.10
check "inside: it goes on working" tcp_try lan 203.0.113.10 80
ctl events 2 >>"$W/events"
check "inside: it is reported" eval 'grep guard_seen "$W/events" | grep -q "\"address\":\"192.168.10.10\".*scan"'
check "policy that blocks inside, too" use '{"enabled": true, "inside": "block"}'
scan lan -sS -p200-250 192.168.20.10
check "inside: now it does" wait_for 3 blocked 192.168.10.10 scan
refuse "inside: and holds" tcp_try lan 203.0.113.10 80
check "inside: release" release 192.168.10.10

# ---- exempt, off
check "policy with an exempt address" use '{"enabled": true, "exempt": ["203.0.113.32", "203.0.113.31", "2001:db8:77::/48"]}'
check "an exempt source is released" eval '! blocked 203.0.113.31 && tcp_try inet 192.168.20.10 80 203.0.113.31'
scan inet -sS -S 203.0.113.32 -e eth0 -p100-150 192.168.20.10
refuse "exempt: a scan blocks nobody" blocked 203.0.113.32
refuse "exempt: cannot be blocked by hand" ctl op guard.block '{"address":"203.0.113.32"}'
check "policy without the guard" use '{"enabled": false}'
scan inet -sS -S 203.0.113.33 -e eth0 -p100-150 192.168.20.10
refuse "off: a scan blocks nobody" blocked 203.0.113.33
check "off: what was blocked passes" tcp_try inet 192.168.20.10 80 203.0.113.24
check "on again" use '{"enabled": true}'
refuse "on again: its time is not over" tcp_try inet 192.168.20.10 80 203.0.113.24

# ---- what is told
ctl events 2 >>"$W/events"
check "event: a block" eval 'grep "\"action\":\"guard_block\"" "$W/events" | grep -q "\"address\":\"192.168.10.10\""'
check "event: a release" eval 'grep "\"action\":\"guard_release\"" "$W/events" | grep -q "\"why\":\"exempt\""'
check "event: drops with their kind" eval 'grep "\"event_type\":\"drop\"" "$W/events" | grep -q "\"reason\":\"guard\",\"guard\":\"scan\""'

# ---- by the management
for ((i = 20; i < 40; i++)); do release 203.0.113.$i 2>/dev/null; done
mgmtd_start
site_up
rule_add --source any --destination 192.168.20.10 --direction 'wan->dmz' --protocol tcp --port 80 >/dev/null
check "management: apply" apply
check "management: passes" tcp_try inet 192.168.20.10 80 203.0.113.34
scan inet -sS -S 203.0.113.34 -e eth0 -p100-150 192.168.20.10
check "guard list" wait_for 3 eval 'as $KANSA guard list | grep -q "203.0.113.34 *port scan *wan"'
refuse "guard release: not by an auditor" as $KANSA guard release 203.0.113.34
check "guard release" as $TANAKA guard release 203.0.113.34
check "guard release: passes at once" tcp_try inet 192.168.20.10 80 203.0.113.34
check "guard block" as $TANAKA guard block 203.0.113.34 --for 600 --reason 'seen in an alert'
refuse "guard block: holds" tcp_try inet 192.168.20.10 80 203.0.113.34
refuse "guard block: twice" as $TANAKA guard block 203.0.113.34
check "who did it is in the audit log" eval \
	'as $KANSA audit list | grep guard.block | grep "address 203.0.113.34" | grep -q "seen in an alert"'
reported() { as $KANSA ${2:-} report blocked --by reason | grep -q "$1"; }
check "report blocked: why" wait_for 5 reported 'port scan'
check "report blocked: why, in Japanese" wait_for 5 reported 'ポートスキャン' '--lang ja'
check "report blocked: by hand" wait_for 5 reported 'a person blocked'
finish
