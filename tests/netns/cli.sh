#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command in both languages: its exit code, one valid JSON document, and no title or message left in English
# where Japanese was asked for. DESIGN §7: 0 ok, 2 usage, 3 not found, 4 invalid or conflict, 5 denied, 6 unreachable.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
gateway_up
serve inet 80 ''
n=$(rule_add --source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 80 --log yes \
	--partner '取引先A')
apply
tcp_try lan 203.0.113.10 80 192.168.10.10
tcp_try lan 203.0.113.10 81 192.168.10.10 2>/dev/null
TRY=0.3 tcp_try inet 192.168.10.10 22 2>/dev/null
wait_for 10 eval "blocked | grep -q 203.0.113.10"

# say UID LANG ARGS…
say() { ip netns exec gw setpriv --reuid "$1" --regid "$1" --clear-groups "$BUILD/sekisho" --lang "$2" "${@:3}"; }

cat >"$W/judge.py" <<'PY'
# judge.py LANG TABLE JSON ERRORS CODE: what is wrong with what a command printed, if anything
import json, re, sys
lang, table, doc, errors, code = sys.argv[1:]
text, said = open(table, encoding="utf-8").read(), open(errors, encoding="utf-8").read()
raw = open(doc, encoding="utf-8").read()
same = {"uid", "SHA-256", "DHCP", "No."}
foreign = lambda s: s and s not in same and not re.search(r"[^\x00-\x7f]", s)
if code == "0":
    try:
        json.loads(raw)
    except ValueError as e:
        print("no JSON document:", e, raw[:200])
elif raw.strip():
    try:
        json.loads(raw)
    except ValueError as e:
        print("a failure with half a document:", raw[:200])
if lang == "ja":
    for line in text.splitlines():
        m = re.match(r"([^\s:]+):(?: |$)", line)
        if m and foreign(m.group(1)):
            print("not in Japanese:", line[:100])
    if code != "0" and not re.search(r"[^\x00-\x7f]", said):
        print("not in Japanese:", said[:200])
if lang == "en" and re.search(r"[ぁ-んァ-ヶ]", said):
    print("not in English:", said[:200])
if re.search(r"\\x|\(null\)|%[sd]", text + said):
    print("unformatted:", (text + said)[:200])
PY

# try CODE UID ARGS…: without changing anything twice: what writes is tried with --dry-run or fails
try() {
	local code=$1 uid=$2 lang got bad=''
	echo '{}' >"$W/json"
	shift 2
	for lang in en ja; do
		say "$uid" $lang "$@" >"$W/table" 2>"$W/errors" </dev/null
		got=$?
		[ $got = "$code" ] || bad+=" $lang: exit $got, not $code: $(head -c 200 "$W/errors")"
		case $lang-${1:-} in
		en-*) ;; # one of the two will do
		*-help | *-completion) echo '{}' >"$W/json" ;;
		*) say "$uid" $lang --json "$@" >"$W/json" 2>/dev/null </dev/null ;;
		esac
		bad+=$(python3 "$W/judge.py" $lang "$W/table" "$W/json" "$W/errors" $got)
	done
	if [ -z "$bad" ]; then ok "cli: $*"; else
		not_ok "cli: $*"
		echo "#   $bad"
	fi
}
rule=(--source 192.168.10.10 --destination 203.0.113.77 --direction 'lan->wan' --protocol tcp --port 443 --purpose '受発注')
t=$TANAKA s=$SATO k=$KANSA
year=$(date -d '+300 days' +%F)

# Reading
for c in status 'rule list' 'rule list --all' "rule show $n" 'rule show 13' "rule history $n" 'rule export' 'zone list' \
	'zone show lan' 'object list' 'object show office-pcs' 'object history office-pcs' 'setting list' 'account list' \
	'account show sato' 'change list' 'change show 1' 'review list' 'notice list' diff 'diff --nft' analyze \
	'explain 192.168.10.10 203.0.113.10 tcp 80' 'explain 192.168.10.10 203.0.113.10 tcp 81' \
	'explain 2001:db8:10::10 2001:db8:113::10 icmpv6 echo-request' 'policy show' 'connections list' 'events stat' \
	'report blocked' 'report allowed' 'report blocked --by detail' 'report blocked --by source' 'report blocked --by port' \
	'report blocked --by reason' 'report blocked --by rule' 'report blocked --by zones' 'report blocked --by day' \
	'report blocked --by hour' 'report blocked --period month --limit 3' 'report blocked --reason bogon' \
	'audit list' 'audit list --limit 3 --account tanaka' 'audit verify' version help 'help rule' 'help rule approve'; do
	read -ra words <<<"$c"
	try 0 $k "${words[@]}"
done
try 0 $k completion

# Writing, without doing it
try 0 $t rule request "${rule[@]}" --dry-run
try 0 $t rule request --number "$n" --port 8080 --dry-run
try 0 $t rule extend "$n" --expiry "$year" --reason '継続' --dry-run
try 0 $t rule suspend "$n" --reason '事故' --dry-run
try 0 $t rule remove "$n" --reason '不要' --dry-run
try 0 $t object set new-pcs --items 192.168.10.99 --purpose '新規' --dry-run
try 0 $t object remove web-server --reason '廃止' --dry-run
try 0 $t zone set lan --ping no --purpose '変更' --dry-run
try 0 $t setting set site.name '本社' --purpose '変更' --dry-run
try 0 $t account add yamada --display '山田' --uid 2200 --roles requester --purpose '入社' --dry-run
try 0 $t account set suzuki --mail s@example.jp --dry-run
try 0 $t account disable suzuki --reason '退職' --dry-run
try 0 $s account review tanaka --dry-run
try 0 $s review start --title 2026 --due "$year" --dry-run
try 0 $t apply --dry-run
m=$(as $t --json rule request "${rule[@]}" | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
try 0 $s rule approve "$m" --dry-run
try 0 $s rule return "$m" --reason '宛先は?' --dry-run
try 0 $t rule withdraw "$m" --dry-run
c=$(as $t --json object set later --items 192.168.10.98 --purpose later | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
try 0 $s change approve "$c" --dry-run
try 0 $s change return "$c" --reason '不要では?' --dry-run
as $t rule export >"$W/all.csv"
try 0 $t rule import "$W/all.csv"
check_quiet as $s review start --title 2026 --due "$year"
try 0 $s review show
try 0 $s review export
try 0 $s review decide "$n" --decision keep --reason '使用中' --dry-run
as $k --json rule show "$n" >"$W/after"
check "cli: a dry run changed nothing" grep -q '"state": *"active"' "$W/after"

# Mistakes
try 2 $k
try 2 $k frobnicate
try 2 $k rule
try 2 $k rule aprove 3
try 2 $s rule approve
try 2 $s rule approve x
try 2 $t rule request --no-such-option
try 2 $k rule list --state foo
try 2 $k report blocked --from x
try 4 $k report blocked --reason foo
try 4 $k report blocked --from 2026-02-01 --to 2026-01-01
try 3 $k rule show 99999
try 3 $k zone show nowhere
try 3 $k object show nothing
try 3 $k account show nobody
try 3 $k change show 99999
try 2 $k help no such command
try 3 $t rule import /nonexistent
try 3 $t rule request "${rule[@]:0:4}" --direction 'lan->nowhere' --protocol tcp --port 80 --purpose '受発注'
try 4 $t rule request "${rule[@]:0:6}" --protocol tcp --port 70000 --purpose '受発注'
try 4 $t rule request --source 192.168.10.0/33 "${rule[@]:2}"
try 4 $k explain 1 2 tcp 80
try 4 $t account add yamada --display '山田' --uid 0 --roles requester --purpose '入社'
try 4 $t account add sato --display '佐藤' --uid 2201 --roles requester --purpose '入社'
try 4 $t setting set events.retention_days 30 --purpose '節約'
try 4 $t confirm
try 4 $t rollback
try 4 $s review finish
printf '番号,nazo\r\n' >"$W/bad.csv"
try 4 $t rule import "$W/bad.csv"
printf '接続元,接続先,通信方向,プロトコル,ポート番号,利用用途\r\n192.168.10.10,203.0.113.9,lan->wan,tcp,99999,受発注\r\n' >"$W/bad.csv"
try 4 $t rule import "$W/bad.csv"
try 5 $t rule approve "$m"
try 5 $k rule request "${rule[@]}"
try 5 0 rule approve "$m"
try 5 2999 status
SEKISHO_SOCKET=/run/nowhere try 6 $k status

# Files for a spreadsheet
as $k rule export >"$W/a.csv"
as $k --csv rule export >"$W/b.csv"
check "cli: an exported list is the same with and without --csv" cmp "$W/a.csv" "$W/b.csv"
check "cli: it begins with the mark Excel looks for" cmp -n 3 "$W/a.csv" <(printf '\xef\xbb\xbf')
say $k ja --csv report blocked --by detail >"$W/c.csv"
check "no143_csv: a blocked report names time, source, destination, port, reason and rule" \
	grep -q '^.*日時,送信元IP,送信先IP,プロトコル,ポート番号,理由,理由コード,ルール' "$W/c.csv"
check "no143_csv: with the reason in words and as code" grep -q '許可ルールがない,no_rule,13' "$W/c.csv"

# events follow: one object a line
say $k en --json events follow >"$W/follow" 2>&1 &
follow=$!
wait_for 5 eval "tcp_try lan 203.0.113.10 82 192.168.10.10 2>/dev/null; grep -q event_type $W/follow"
kill $follow
check "cli: events follow prints one JSON object a line" python3 -c '
import json, sys
lines = [json.loads(line) for line in open(sys.argv[1])]
assert lines and all("event_type" in e for e in lines)' "$W/follow"

# No.53: who read which log is in the audit log; the same question again within the minute is not.
say $k en --json audit list --limit 1000 >"$W/audit"
check "no53_access: reading reports and logs is recorded" python3 -c '
import json, sys
rows = json.load(open(sys.argv[1]))
read = {r["op"] for r in rows if r["account"] == "kansa" and r["result"] == "ok"}
assert {"report.blocked", "report.allowed", "audit.list", "audit.verify", "events.follow"} <= read, read
same = [r for r in rows if r["op"] == "report.blocked" and r.get("after") in (None, {})]
assert len(same) <= 3, len(same)' "$W/audit"

# events.eve: the SIEM file stops when it was approved that it should.
eve=$STATE/mgmtd/eve.json
check "cli: eve.json is written" test -s $eve
c=$(as $t --json setting set events.eve no --purpose 'no SIEM here' | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
check_quiet as $s change approve "$c"
stopped() { local a b; a=$(stat -c %s $eve); as 2999 status >/dev/null 2>&1; as $t setting set site.name x >/dev/null 2>&1
	b=$(stat -c %s $eve); [ "$a" = "$b" ]; }
check "cli: and no longer, once that was approved" wait_for 5 stopped
check "cli: the audit log is whole after all this" as $k audit verify
finish
