#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hostile and damaged input to the real daemons, on their sockets, in their documents, objects and CSV files, and full
# disks: a clear error that names the field, nothing half done, everybody else served.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
serve inet 80,81 ''
# The state directories are small disks of their own.
mkdir -p $STATE/fwd $STATE/mgmtd
mount -t tmpfs -o size=24m,mode=700 tmpfs $STATE/fwd
mount -t tmpfs -o size=96m,mode=700 tmpfs $STATE/mgmtd
read -ra EXTRA <<<"${SK_FWD_OPTS:-}"
fwd_start --allow-user $KANSA --socket-mode 666 "${EXTRA[@]}"
mgmtd_start
site_up
apply || not_ok "apply"

ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
bad() { in_ns gw python3 "$TOP/tests/netns/bad_input.py" "$@"; }
# group NAME COMMAND…: its lines are results of their own
group() {
	local name=$1 status
	shift
	"$@" >"$W/group.out" 2>&1
	status=$?
	sed "s/^ok - /ok - $name: /; s/^not ok - /not ok - $name: /" "$W/group.out"
	FAILED=$((FAILED + $(grep -c '^not ok' "$W/group.out")))
	[ $status = 0 ] || grep -q '^not ok' "$W/group.out" || not_ok "$name: ended with status $status"
}
alive() { kill -0 $FWD && kill -0 $MGMTD; }

# ---- the sockets
for d in fwd mgmt; do
	pid=$FWD op=policy.check more=200
	[ $d = fwd ] || pid=$MGMTD op=object.set more=200
	sock=/run/sekisho/$d.sock
	group $d bad garbage $sock
	group $d bad descriptors $sock $op
	group $d bad crowd $sock $pid 200 $KANSA
	[ $d = fwd ] && ask=counters || ask=builtin.list
	group $d bad silent $sock $pid $ask $more
done
check "sockets: both daemons live" alive
in_ns gw timeout 20 "$BUILD/sekisho-fwd" --state-dir $STATE/fwd --run-dir /run/sekisho "${EXTRA[@]}" >"$W/second.out" 2>&1
check "sockets: a second fwd is turned away by name" grep -q 'another sekisho-fwd' "$W/second.out"
check "sockets: and the first keeps its socket" ctl status

# ---- documents
cat >"$W/doc.json" <<'JSON'
{"generation": 900, "site": {}, "objects": [], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"]}], "rules": [
 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80","destination":"203.0.113.10"},
 {"number":1002,"from":"lan","to":"wan","protocol":"tcp","port":"81","purpose":"also this"}]}
JSON
ctl build "$W/doc.json" >"$W/doc"
generation() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["generation"])'; }
before=$(generation)
group documents bad documents /run/sekisho/fwd.sock "$W/doc"
check "documents: nothing was applied" test "$(generation)" = "$before"

# ---- objects
json() { python3 -c 'import json,sys; print(json.load(sys.stdin)'"$1"')'; }
# set_object NAME OPTIONS…: asked for as tanaka, approved as sato
set_object() {
	as $TANAKA --json object set "$@" --purpose 'bad input' >"$W/set.out" 2>"$W/set.err" || { cat "$W/set.err"; return 1; }
	as $SATO change approve "$(json '["number"]' <"$W/set.out")"
}
check "objects: one" set_object inner --items 203.0.113.77
check "objects: one that names it" set_object outer --items inner
refuse "objects: a loop is refused" set_object inner --items 203.0.113.77,outer
cp "$W/check.out" "$W/loop.out"
check "objects: and named" grep -qE 'inner → outer → inner|outer → inner → outer' "$W/loop.out"
check "objects: overlapping and adjoining ranges" set_object overlap \
	--items 198.51.100.0/25,198.51.100.64-198.51.100.200,198.51.100.201,198.51.100.0/24,198.51.101.0/24,2001:db8:1::/48,2001:db8:1:5::/64
python3 - "$W" <<'PY'
import sys
one = [f"100.{64 + i // 65536}.{i // 256 % 256}.{i % 256}" for i in range(0, 200000)]
listed = ["203.0.113.10", "203.0.113.12-203.0.113.14"]
open(sys.argv[1] + "/many", "w").write("\n".join(one[:199996:2] + listed) + "\n")
open(sys.argv[1] + "/too-many", "w").write("\n".join(one + listed) + "\n")
PY
check "objects: 100,000 items from a file" as $TANAKA --json object set many --file "$W/many" --purpose 'bad input'
check "objects: approved" as $SATO change approve "$(as $SATO --json change list | json '[-1]["number"]')"
check "objects: shown, the long list cut and marked" bash -c "$(declare -f as); BUILD=$BUILD; as $SATO --json object show many | grep -q 'bytes)'"
refuse "objects: more than 200,000 are refused" set_object more --file "$W/too-many"
cp "$W/check.out" "$W/more.out"
check "objects: and why" grep -q '200000 items' "$W/more.out"
A=$(rule_add --source any --destination many --direction 'lan->wan' --protocol tcp --port 80)
B=$(rule_add --source any --destination overlap --direction 'lan->wan' --protocol tcp --port 81)
check "objects: rules that use them" test -n "$A" -a -n "$B"
check "objects: applied" apply
check "objects: a listed address passes" tcp_try lan 203.0.113.10 80
refuse "objects: an unlisted one does not" tcp_try lan 203.0.113.11 80
check "objects: overlapping ranges became one" eval 'ctl text | grep -E "# $B|\"$B r" | grep -q "198.51.100.0/23"'

# ---- CSV
list() { as $KANSA --json rule list >"$W/list-$1"; }
list before
cat >"$W/bad.csv" <<CSV
kind,applicant,source,destination,direction,protocol,port,purpose,registered,expiry
allow,tanaka,192.168.10.10,203.0.113.10,lan->wan,tcp,443,a good line,$(date +%F),$(date -d '+30 days' +%F)
allow,tanaka,192.168.10.999,203.0.113.10,lan->wan,tcp,443,a bad source,$(date +%F),$(date -d '+30 days' +%F)
allow,tanaka,192.168.10.10,203.0.113.10,lan->wan,tcp,90-80,a bad port,$(date +%F),$(date -d '+30 days' +%F)
allow,tanaka,192.168.10.10,203.0.113.10,lan->moon,tcp,80,a bad zone,$(date +%F),$(date -d '+30 days' +%F)
allow,tanaka,192.168.10.10,203.0.113.10,lan->wan,tcp,80,a bad date,$(date +%F),2027-02-30
allow,tanaka,192.168.10.10,203.0.113.10,lan->wan,tcp,80,,$(date +%F),$(date -d '+30 days' +%F)
allow,tanaka,192.168.10.10
CSV
refuse "csv: faulty lines are refused" as $TANAKA rule import "$W/bad.csv" --apply
cp "$W/check.out" "$W/csv.out"
for e in '3 .*source' '4 .*port' '5 .*(direction|to|zone)' '6 .*expiry' '7 .*purpose' '8 '; do
	check "csv: line and field ($e)" grep -qE "^ *${e}" "$W/csv.out"
done
csv() { refuse "csv: $1" as $TANAKA rule import "$W/broken.csv" --apply; }
printf 'kind,source\n"allow,192.168.10.10\n' >"$W/broken.csv" && csv "a quote that does not end"
: >"$W/broken.csv" && csv "an empty file"
head -c 3000 /dev/urandom >"$W/broken.csv" && csv "binary"
(head -n 1 "$W/bad.csv"; head -c 2000000 /dev/zero | tr '\0' ,) >"$W/broken.csv" && csv "two million commas"
printf 'colour,taste\nred,sweet\n' >"$W/broken.csv" && csv "columns that nobody knows"
list after
check "csv: nothing was imported" cmp -s "$W/list-before" "$W/list-after"

# ---- full disks
fill() { dd if=/dev/zero of="$1/fill" bs=4k conv=notrunc oflag=append status=none 2>/dev/null; return 0; }
C=$(rule_add --source any --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 81)
before=$(generation)
fill $STATE/fwd
refuse "fwd disk full: apply is refused" apply
cp "$W/check.out" "$W/full.out"
check "fwd disk full: and why" grep -qi 'no space left' "$W/full.out"
check "fwd disk full: the old policy is in force" test "$(generation)" = "$before"
check "fwd disk full: and filters" tcp_try lan 203.0.113.10 80
refuse "fwd disk full: without the new rule" tcp_try lan 203.0.113.10 81
check "fwd disk full: the record waits as approved" eval 'as $KANSA --json rule show $C | grep -q "\"state\": \"approved\""'
rm $STATE/fwd/fill
check "fwd disk freed: applies" apply
check "fwd disk freed: the new rule" tcp_try lan 203.0.113.10 81
check "fwd disk freed: nothing is left over" test -z "$(find $STATE/fwd -name '*.tmp-*' -o -name trial)"

fill $STATE/mgmtd
new=(--source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 8080 --purpose 'full disk')
list before
tries=0
# What the database has in hand is used up first.
until ! as $TANAKA rule request "${new[@]}" >"$W/full.out" 2>&1 || [ $tries -ge 300 ]; do tries=$((tries + 1)); fill $STATE/mgmtd; done
check "mgmtd disk full: a request is refused (after $tries)" test $tries -lt 300
check "mgmtd disk full: and why" grep -qiE 'full|no space' "$W/full.out"
check "mgmtd disk full: it answers" sk status
list full
count() { python3 -c 'import json,sys; print(len(json.load(open(sys.argv[1]))))' "$W/list-$1"; }
check "mgmtd disk full: what was refused left no record" test "$(count full)" = $(($(count before) + tries))
refuse "mgmtd disk full: an approval is refused, too" as $SATO rule suspend "$C" --reason 'full disk'
check "mgmtd disk full: the rule stays" tcp_try lan 203.0.113.10 81
rm $STATE/mgmtd/fill
check "mgmtd disk freed: a request" as $TANAKA rule request "${new[@]}"
check "mgmtd disk freed: the audit log is whole" as $KANSA audit verify
check "mgmtd disk freed: applies" apply
check "the end: both daemons live" alive
finish
