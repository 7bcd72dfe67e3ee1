#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every blocked connection reaches the report with who, where, why; repeats are folded with a count;
# CSV opens in a Japanese Excel; eve.json feeds a SIEM; nothing is lost over a restart of mgmtd.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80,443 53
serve lan 80 ''
TRY=0.3
d=$(rule_add --kind deny --source 192.168.10.11 --destination 203.0.113.10 --direction 'lan->wan' \
	--protocol tcp --port 443)
soon=$(date -d '+4 seconds' +%FT%T)
e=$(rule_add --source 192.168.10.10 --destination 203.0.113.11 --direction 'lan->wan' --protocol tcp --port 80 \
	--expiry "$soon")
p=$(rule_add --source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 80 \
	--log yes --partner 'Partner Motors')
apply || not_ok "apply"
state_is() { as $KANSA --json rule show "$1" | grep -q "\"state\": *\"$2\""; }
wait_for 10 state_is "$e" expired || not_ok "the rule expires"

tcp_try lan 203.0.113.10 8080 192.168.10.10
tcp_try lan 203.0.113.10 443 192.168.10.11
tcp_try lan 203.0.113.11 80 192.168.10.10
tcp_try lan 203.0.113.10 80 192.168.10.10
tcp_try inet 192.168.10.10 80
tcp_try inet 2001:db8:10::10 80
udp_try inet 192.168.10.10 161
for _ in 1 2 3 4 5; do tcp_try lan 203.0.113.10 9999 192.168.10.10; done

rows() { blocked --by detail >"$W/rows.json" && python3 "$TOP/tests/netns/rows.py" "$W/rows.json" "$@"; }
check "blocked: outbound without a rule" wait_for 5 rows source=192.168.10.10 destination=203.0.113.10 port=8080 \
	reason=no_rule zone_in=lan zone_out=wan
check "blocked: by a deny rule, with its number" wait_for 5 rows source=192.168.10.11 port=443 reason=rule rule="$d"
check "blocked: because a rule expired, with its number" wait_for 5 rows destination=203.0.113.11 port=80 \
	reason=rule_expired rule="$e"
check "blocked: inbound IPv4" wait_for 5 rows source=203.0.113.10 destination=192.168.10.10 port=80 \
	zone_in=wan zone_out=lan
check "blocked: inbound IPv6" wait_for 5 rows destination=2001:db8:10::10 port=80 zone_in=wan
check "blocked: UDP" wait_for 5 rows proto=udp port=161
check "blocked: to a port nobody opened" wait_for 5 rows port=9999
check "blocked: by destination" bash -c "$(declare -f as blocked); BUILD=$BUILD KANSA=$KANSA
	blocked --by destination | grep -q 203.0.113.10"
check "blocked: by reason" bash -c "$(declare -f as blocked); BUILD=$BUILD KANSA=$KANSA
	blocked --by reason | grep -q rule_expired"
refuse "blocked: a filter leaves others out" bash -c "$(declare -f as blocked); BUILD=$BUILD KANSA=$KANSA
	blocked --by detail --port 161 | grep -q 203.0.113.11"
check "partner traffic is reported" wait_for 5 bash -c "$(declare -f as); BUILD=$BUILD
	as $KANSA --json report allowed --by rule | grep -q $p"

as $KANSA --csv --lang ja report blocked --by detail >"$W/report.csv"
check "csv: starts with a byte order mark" bash -c "head -c 3 $W/report.csv | od -An -tx1 | grep -q 'ef bb bf'"
check "csv: lines end as Excel wants" bash -c "head -n 1 $W/report.csv | grep -q $'\r'"
check "csv: Japanese headings" grep -q '送信元' "$W/report.csv"
check "eve: one JSON object a line with the rule" bash -c \
	"cat $STATE/mgmtd/eve.json $STATE/mgmtd/*/eve.json 2>/dev/null | python3 -c '
import json, sys
seen = [json.loads(line) for line in sys.stdin]
assert any(e[\"event_type\"] == \"drop\" and e[\"sekisho\"].get(\"rule\") == $d and e[\"dest_port\"] == 443 for e in seen)'"

# Folding: a repeated packet is counted, not stored again and again.
in_ns lan python3 - <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.168.10.10", 0))
for _ in range(500):
    s.sendto(b"x", ("203.0.113.10", 7777))
PY
wait_for 5 rows port=7777
check "fold: 500 packets became few rows" bash -c "[ \$(grep -o '\"port\": *7777' $W/rows.json | wc -l) -le 3 ]"

# mgmtd away: fwd keeps the events and delivers them later, each once.
kill -9 $MGMTD; wait $MGMTD 2>/dev/null
for port in 6001 6002 6003; do tcp_try lan 203.0.113.10 $port 192.168.10.10; done
rm -f /run/sekisho/mgmt.sock
mgmtd_start
check "spool: events of the time without mgmtd arrive" wait_for 10 rows port=6003
rows port=6001
check "spool: each exactly once" bash -c "[ \$(grep -o '\"port\": *6001' $W/rows.json | wc -l) = 1 ]"
in_ns gw timeout 5 "$BUILD/sekisho" --json events follow >"$W/follow.out" 2>&1 &
follows() { tcp_try lan 203.0.113.10 6100 192.168.10.10; grep -q 6100 "$W/follow.out"; } # it is there a moment after it was started
check "events follow: shows it as it happens" wait_for 4 follows
refuse "retention: under six months is refused" as $TANAKA setting set events.retention_days 90 --purpose 'save disk'
finish
