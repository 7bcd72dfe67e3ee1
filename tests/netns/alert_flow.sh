#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From a rule set to the report: signatures are imported, new ones only report, the profile and exceptions
# decide through approval, an alert reaches store, report, SIEM and screen within a second, its packets can
# be looked at, a refused policy leaves the old one in use.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
net_up
fwd_start
mgmtd_start --rules-dir $STATE/rules --profiles "$TOP/configs/ips"
site_up
apply || exit 1
serve inet 80,8080 53
rule_add --source any --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
rule_add --source any --destination any --direction 'lan->wan' --protocol udp --port 53 >/dev/null
for s in 'inspection.mode on' 'inspection.queues 2' 'ips.trial_days 0'; do
	# shellcheck disable=SC2086
	as $TANAKA --json setting set $s --purpose 'inspection' >/dev/null || not_ok "setting $s"
done
mapfile -t waiting < <(as $SATO --json change list --state requested | python3 -c \
	'import json,sys; [print(c["number"]) for c in json.load(sys.stdin)]')
as $SATO change approve "${waiting[@]}" >/dev/null || not_ok "approve"
apply || not_ok "apply"
mkdir -p "$W/set/lists"
cat >"$W/set/local.rules" <<'R'
# alert tcp any any -> any any (msg:"disabled"; content:"x"; sid:99;)
drop tcp any any -> any 80 (msg:"exploit string"; flow:established,to_server; content:"${jndi:ldap"; classtype:web-application-attack; sid:1; rev:1;)
alert http any any -> any any (msg:"only seen"; flow:established,to_server; http.uri; content:"/look"; sid:2; rev:1; \
	classtype:misc-activity;)
alert tcp any any -> any 80 (msg:"nonsense"; content:"x"; nonsense:1; sid:3; rev:1;)
R
cat >"$W/set/classification.config" <<'R'
config classification: web-application-attack,Web Application Attack,1
config classification: misc-activity,Misc activity,3
R
STATE_IPS=$STATE/ips
mkdir -p $STATE_IPS
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE_IPS --run-dir /run/sekisho --queues 2 >>"$W/ipsd.log" 2>&1 &
IPSD=$!
wait_for 20 test -S /run/sekisho/ips.sock

ips_is() { as $KANSA --json ips status | grep -q "\"$1\": *\"$2\""; }
as_json() { as $KANSA --json "$@"; }
check "no rule set: the status says so" ips_is policy_state no_rules
check "a folder is imported" as $TANAKA ips rules import "$W/set"
check "the engine takes the policy" wait_for 20 ips_is policy_state in_use
check "its tally: two loaded, one refused" wait_for 5 bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json ips status | grep -q '\"loaded\": *2' && as_json ips status | grep -q '\"refused\": *1'"
check "the refused one is named with its file and line" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json ips rules refused | tr -d ' ' | grep '\"sid\":3' | grep nonsense | grep 'local.rules' | grep -q '\"line\":5'"
check "a signature is shown with its text" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json ips rules show 1 | grep -q 'jndi'"
refuse "the same set again is refused" as $TANAKA ips rules import "$W/set"

# ---- profile monitor: detected, not blocked; within a second
# follow.out: how many milliseconds after the packet each alert was shown, and the alert
in_ns gw timeout 60 "$BUILD/sekisho" --json events follow --type alert 2>/dev/null | python3 -uc '
import json, sys, time
for line in sys.stdin:
    e = json.loads(line)
    print(int(time.time() * 1000 - e["ts"] / 1000), e["alert"]["signature_id"], flush=True)' >"$W/follow.out" &
wait_for 3 pgrep -f 'events follow'
check "monitor: the exploit passes" try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'
check "monitor: it is shown as it happens" wait_for 3 grep -q ' 1$' "$W/follow.out"
took=$(grep ' 1$' "$W/follow.out" | head -n 1 | cut -d' ' -f1)
check "… within a second of the packet ($took ms)" [ "${took:-9999}" -lt 1000 ]
listed() { as_json alert list | tr -d ' ' | grep '"sid":1' | grep "\"decision\":\"$1\"" | grep '"zone_in":"lan"' |
	grep -q '"zone_out":"wan"'; }
check "it is listed with its zones" wait_for 3 listed alert
check "eve.json has it, without the packets" bash -c "grep '\"event_type\":\"alert\"' $STATE/mgmtd/eve.json |
	grep -q '\"signature_id\":1[,}]' && ! grep -q '\"pcap\"' $STATE/mgmtd/eve.json"

# ---- profile balanced by two people: blocked
as $TANAKA ips profile set balanced --purpose 'trial went well' >/dev/null || not_ok "profile set"
refuse "nobody approves the own change" as $TANAKA change approve \
	"$(as_json change list --state requested | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["number"])')"
as $SATO change approve "$(as_json change list --state requested |
	python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["number"])')" >/dev/null || not_ok "approve"
ips_profile() { as_json ips status | grep -q "\"profile\": *\"$1\"" && ips_is policy_state in_use; }
wait_for 20 ips_profile balanced
blocks() { ! try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'; }
check "balanced: the exploit is blocked" wait_for 10 blocks
refuse "… split over segments as well" try lan 203.0.113.10 80 'GET /${jn' 'di:ld' 'ap://x} HTTP/1.0\r\n\r\n'
reported() { as $KANSA --lang en --json report blocked --by detail | grep 'signature 1: exploit string' | grep -q '"sid": *1'; }
check "the report says why in plain words" wait_for 3 reported
check "… and in Japanese" bash -c "$(declare -f as); BUILD=$BUILD
	as $KANSA --lang ja --csv report blocked --by detail | grep -q '不正な通信として検知 (シグネチャ 1: exploit string)'"
check "alerts are counted by signature" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json report alerts --by rule | tr -d ' ' | grep '\"sid\":1' | grep -q '\"sources\":1'"
check "… and by source" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json report alerts --by source --decision drop | grep -q 192.168.10.10"
check "filters leave others out" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	! as_json alert list --src 192.168.99.0/24 | grep -q sid"
n=$(as_json alert list --sid 1 --decision drop | python3 -c 'import json,sys; print(json.load(sys.stdin)[-1]["number"])')
check "one alert in full" bash -c "$(declare -f as as_json); BUILD=$BUILD KANSA=$KANSA
	as_json alert show $n | grep -q 'jndi:ldap'"
mkdir -p "$W/out" && chmod 777 "$W/out"
check "its packets are written to a file" as $KANSA alert show "$n" --pcap "$W/out/a.pcap"
check "tcpdump reads them" bash -c "tcpdump -nAr $W/out/a.pcap 2>/dev/null | grep -q jndi"
refuse "who has no account reads nothing" as 4242 alert list

# ---- an exception by two people, and its end
soon=$(date -d '+12 seconds' +%FT%T)
x=$(as $TANAKA --json ips exception request --sid 1 --source 192.168.10.10 --action alert \
	--purpose 'scanner of our own' --expiry "$soon" | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
refuse "nobody approves the own exception" as $TANAKA ips exception approve "$x"
check "another person does" as $SATO ips exception approve "$x"
passes() { try lan 203.0.113.10 80 'GET /${jndi:ldap://x} HTTP/1.0\r\n\r\n'; }
check "the exception lets the host pass" wait_for 8 passes
ended() { as_json ips exception show "$x" | grep -q '"state": *"expired"'; }
check "it expires" wait_for 15 ended
check "and the host is blocked again" wait_for 10 blocks

# ---- trial of new rules
as $TANAKA setting set ips.trial_days 7 --purpose 'as usual' >/dev/null
as $SATO change approve "$(as_json change list --state requested |
	python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["number"])')" >/dev/null || not_ok "approve"
cat >>"$W/set/local.rules" <<'R'
drop tcp any any -> any 80 (msg:"new rule"; flow:established,to_server; content:"BRAND-NEW"; classtype:web-application-attack; sid:10; rev:1;)
R
tar -czf "$W/set.tar.gz" -C "$W/set" .
chmod 644 "$W/set.tar.gz"
check "an archive is imported, only one rule is new" bash -c "$(declare -f as); BUILD=$BUILD
	as $TANAKA --json ips rules import $W/set.tar.gz | tr -d ' ' | grep -q '\"fresh\":1,'"
gen() { as_json ips rules show 10 | grep -q BRAND; }
wait_for 20 gen
check "the new rule only reports" try lan 203.0.113.10 80 'GET /BRAND-NEW HTTP/1.0\r\n\r\n'
tried() { as_json ips trial | tr -d ' ' | grep '"sid":10' | grep -q '192.168.10.10'; }
check "the trial says what it would have blocked" wait_for 3 tried
check "the known rule still blocks" blocks
check "back to the version before" as $TANAKA ips rules restore 1 --reason 'false alarms'
back() { ! as_json ips rules show 10 2>/dev/null | grep -q BRAND; }
check "the new rule is gone" wait_for 20 back

# ---- both daemons may go and come
kill -9 $MGMTD; wait $MGMTD 2>/dev/null
check "without mgmtd the engine goes on" blocks
rm -f /run/sekisho/mgmt.sock
mgmtd_start --rules-dir $STATE/rules --profiles "$TOP/configs/ips"
check "the policy is still the same one" wait_for 10 ips_is policy_state in_use
before=$(as_json ips status | python3 -c 'import json,sys; print(json.load(sys.stdin)["policy_generation"])')
kill -9 $IPSD; wait $IPSD 2>/dev/null
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE_IPS --run-dir /run/sekisho --queues 2 >>"$W/ipsd.log" 2>&1 &
check "a new engine is asked and found right" wait_for 20 ips_is policy_state in_use
check "… without a new policy" [ "$before" = "$(as_json ips status |
	python3 -c 'import json,sys; print(json.load(sys.stdin)["policy_generation"])')" ]
check "the audit log is whole" as $KANSA audit verify
finish
