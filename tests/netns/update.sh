#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Updates: from an HTTPS source and from a file; signature, machine and version are checked before anything is written;
# an interrupted download goes on; the trial's outcome is told; restart, power and factory reset.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
. "$TOP/tests/netns/lib_update.sh"
for t in rauc dbus-daemon grub-editenv; do
	command -v $t >/dev/null || { skip "updates" "$t is not installed"; finish; }
done

update_keys
echo 0.6.0 >"$U/version"
booted A aaaa
bundle 0.7.0
bundle 0.5.0
bundle 0.8.0 other
cp "$U/www/sekisho-0.7.0.raucb" "$U/good.raucb"
publish 0.7.0 ca ',"security":true,"notes":{"en":"mends CVE","ja":"脆弱性を修正"}'
update_server
bus_up
fake_up
ip netns add gw
in_ns gw ip link set lo up
fwd_start
mgmtd_start
site_up "$TOP/tests/netns/site.json"
apply
update_start
grubenv() { grub-editenv "$U/fake/grubenv" list | grep -qx "$1"; }
says() { # TEXT COMMAND…: it fails, and says so
	local text=$1
	shift
	! "$@" >"$W/says.out" 2>&1 && grep -q -- "$text" "$W/says.out" || { cat "$W/says.out"; false; }
}
record() { # EXPRESSION COMMAND…: of its record r, in Python
	local e=$1
	shift
	"$@" 2>"$W/record.err" | python3 -c 'import json, sys
r = json.load(sys.stdin)
sys.exit(0 if eval("(" + sys.argv[1] + ")") else str(r))' "$e" || { cat "$W/record.err"; false; }
}
audit_has() { as $KANSA --json audit list | grep -q "$1"; }

# ---- status, source ----
check "status: which version in which slot" record 'r["version"] == "0.6.0" and r["slot"] == "A" and r["hash"] == "aaaa" and
	r["outcome"] == "none" and r["other_state"] == "bad"' as $KANSA --json update status
check "without a source: what to do" says 'no update source is set' as $TANAKA update check
check "an auditor may not change it" says 'only an administrator' as $KANSA update source https://localhost:8444/latest.json --purpose x
as $TANAKA update source https://localhost:8444/latest.json --purpose 'our mirror' >"$W/source.out" 2>&1
check "changing it waits for another person" grep -qi 'waiting' "$W/source.out"
as $SATO change approve "$(as $KANSA --json change list --state requested | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["number"])')" >/dev/null
apply
# The publisher is on localhost of this namespace; sekisho-update runs here, the daemons in the gateway's.
check "the source is shown" record 'r["update_source"].startswith("https://localhost")' as $KANSA --json update source

# ---- check ----
check "check finds the newer version" record 'r["available"] == "0.7.0" and r["newer"] and r["security"] and
	"Release of ca" in r["signer"] and r["notes"] == "mends CVE"' as $TANAKA --json update check
check "an event says so" wait_for 5 grep -q '"event_type":"update".*"action":"available"' $STATE/mgmtd/eve.json
check "status warns" wait_for 10 eval 'as $KANSA status | grep -q "mends security flaws"'
publish 0.7.0 other
check "an index of another authority is refused" says 'not signed by the update authority' as $TANAKA update check
publish 0.7.0
sed -i 's/0\.7\.0"/0.9.0"/' "$U/www/latest.json"
check "a changed index is refused" says 'signature does not fit' as $TANAKA update check
echo '{}' >"$U/www/latest.json"
check "so is rubbish" says 'signature does not fit' as $TANAKA update check
INDEX_MORE=',"expires":"2026-11-01T00:00:00Z"' publish 0.7.0
check "an index that ran out is said to be old" eval 'as $TANAKA update check | grep -q "out of date"'
publish 0.7.0

# ---- refused before anything is written ----
untouched() { grubenv 'ORDER=A B' && grubenv B_OK=0 && [ ! -e "$U/fake/slot-b" ] && [ ! -e "$U/state/bundle.raucb" ]; }
check "an approver may not update" says 'needs the role' as $SATO update apply
check "older: refused, with what to do" eval 'says "older than 0.6.0" as $TANAKA update apply "$U/www/sekisho-0.5.0.raucb" && untouched'
check "another authority: refused" eval 'says "not signed by" as $TANAKA update apply "$U/www/sekisho-0.8.0.raucb" && untouched'
bundle 0.7.1 ca sekisho-arm64
check "another kind of machine: refused" eval 'says "another kind of machine" as $TANAKA update apply "$U/www/sekisho-0.7.1.raucb" && untouched'
head -c 2000000 "$U/good.raucb" >"$U/cut.raucb"
check "a file cut short: refused" eval 'says "cut short" as $TANAKA update apply "$U/cut.raucb" && untouched'
python3 - "$U/good.raucb" "$U/bent.raucb" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
at = b.rindex(b"version=0.7.0")
b[at + 8:at + 13] = b"0.7.9"
open(sys.argv[2], "wb").write(b)
PY
check "a manifest that was changed: refused" eval 'says "signature does not fit" as $TANAKA update apply "$U/bent.raucb" && untouched'
check "no file there: said so" eval 'says "cannot be read" as $TANAKA update apply /nowhere.raucb && untouched'
check "refusals are in the audit log, by name" audit_has '"account": *"tanaka".*"op": *"update.apply".*older than'
mv "$U/keyring.pem" "$U/keyring.away"
check "without the authority's certificate nothing is verified" eval 'says "nothing can be verified" as $TANAKA update apply "$U/good.raucb" && untouched'
mv "$U/keyring.away" "$U/keyring.pem"

# ---- an interrupted download, a full disk ----
echo 1000000 >"$U/www/cut"
check "a connection that breaks: said so" eval 'says "cut short" as $TANAKA update apply && untouched'
check "what came is kept" test "$(stat -c %s "$U/state/bundle.part")" = 1000000
rm "$U/www/cut"
head -c 1000000 /dev/zero >"$U/state/zero"
: >"$W/server.log"
echo 'not enough' >"$U/fake/fail"
check "RAUC's error is passed on" eval 'says "not enough" as $TANAKA update apply && [ ! -e "$U/state/pending.json" ]'
check "the download went on where it ended" grep -q 'raucb bytes=1000000-' "$W/server.log"
rm "$U/fake/fail"
umount "$U/state" 2>/dev/null
mkdir -p "$U/small" && mount -t tmpfs -o size=2m,mode=777 tmpfs "$U/state"
check "a full data partition: said so, with what to do" says 'data partition has' as $TANAKA update apply
umount "$U/state"

# ---- installed ----
INDEX_MORE=',"expires":"2026-11-01T00:00:00Z"' publish 0.7.0
check "of an index that ran out: installed, and said to be old" eval 'as $TANAKA update apply >"$W/expired.out" 2>&1 && grep -q "out of date" "$W/expired.out"'
publish 0.7.0
check "apply installs the newest" record 'r["version"] == "0.7.0" and r["slot"] == "B" and "Release of ca" in r["signer"]' \
	as $TANAKA --json update apply
check "an index that is of today is not" eval '! grep -q "out of date" "$W/record.err"'
check "the other slot is next" eval "grubenv 'ORDER=B A' && grubenv B_OK=1 && cmp -s '$U/fake/slot-b' '$U/good.raucb'"
check "it waits for a restart, status says so" eval 'wait_for 10 eval "as \$KANSA status | grep -q \"waits for a restart\""'
check "two audit rows: begun, ok" eval 'audit_has "update.apply.*begun" && audit_has "update.apply.*\"result\": *\"ok\""'
check "nothing large is left" eval '[ ! -e "$U/state/bundle.raucb" ] && [ ! -e "$U/state/bundle.part" ]'

# ---- while it is being written ----
begun() { # the installation is held at its end
	rm -f "$U/state/pending.json"
	: >"$U/fake/hold"
	as $TANAKA update apply "$U/good.raucb" "$@" >"$W/held.out" 2>&1 &
	HELD=$!
	wait_for 10 grep -qs installing "$U/state/pending.json"
}
check "whoever does it is confined" eval 'begun && child=$(pgrep -P $UPDATE) && grep -q "^Seccomp:.2" /proc/$child/status'
chmod 555 "$U/state"
rm "$U/fake/hold"
check "what cannot be noted is no failure of what was written" eval 'wait $HELD && grep -q "could not be noted" "$W/held.out"'
chmod 755 "$U/state"
check "whoever asks may leave meanwhile" eval 'begun --restart && kill $(pgrep -P $HELD)'
wait $HELD 2>/dev/null
rm -f "$U/fake/hold"
check "the machine starts again all the same" wait_for 10 grep -qsx Reboot "$U/fake/power"
rm -f "$U/fake/power"

# ---- what becomes of it: the other slot did not keep, the old one runs again ----
restarted() { # as after a start: another boot_id in the notes
	local f
	for f in "$U/state/start.json" "$U/state/pending.json"; do
		[ ! -e "$f" ] || sed -i 's/"boot_id":"[^"]*"/"boot_id":"before"/' "$f"
	done
	kill "$MGMTD"
	wait "$MGMTD" 2>/dev/null
	mgmtd_start
}
# As the health check of this start, which was first, leaves it.
printf '{"slot":"B","version":"0.7.0","hash":"bbbb","boot_id":"trial","result":"return","time":%s,"failed":["inspection"]}' "$(date +%s)" >"$U/health/returned.json"
printf '{"slot":"A","version":"0.6.0","hash":"aaaa","boot_id":"%s","result":"good","time":2,"failed":[]}' "$(cat /proc/sys/kernel/random/boot_id)" >"$U/health/last.json"
restarted
check "the return is an event with its reason" wait_for 15 grep -q '"event_type":"update".*"action":"returned".*inspection does not answer' $STATE/mgmtd/eve.json
check "and an audit row of the system's" audit_has 'update.outcome.*returned'
check "update status says why" wait_for 10 record 'r["outcome"] == "none" and r["last_update"] == "returned" and r["last_why"] == "the inspection does not answer"' \
	as $KANSA --json update status
check "in Japanese, too" eval 'ip netns exec gw setpriv --reuid $KANSA --regid $KANSA --clear-groups "$BUILD/sekisho" --lang ja update status | grep -q 検査エンジンが応答しません'
check "it is told once" test "$(grep -c '"action":"returned"' $STATE/mgmtd/eve.json)" = 1
restarted
check "nor is it told at the next start as a slot that failed" eval 'wait_for 15 eval "! grep -q before \"$U/state/start.json\"" &&
	! grep -q fallback $STATE/mgmtd/eve.json && record "\"failed_slot\" not in r" as $KANSA --json update status'

# ---- and one that is kept ----
check "again, with a restart at once" eval 'as $TANAKA update apply "$U/good.raucb" --restart && wait_for 5 grep -qx Reboot "$U/fake/power"'
booted B bbbb
echo 0.7.0 >"$U/version"
printf '{"slot":"B","version":"0.7.0","hash":"bbbb","boot_id":"%s","result":"good","time":2,"failed":[]}' "$(cat /proc/sys/kernel/random/boot_id)" >"$U/health/last.json"
restarted
check "it is kept" wait_for 15 grep -q '"event_type":"update".*"action":"kept"' $STATE/mgmtd/eve.json

# ---- a slot that was good does not start any more: the loader took the other one ----
fallbacks() { grep -c '"event_type":"update".*"action":"fallback"' $STATE/mgmtd/eve.json; }
check "it is settled" wait_for 10 test ! -e "$U/state/pending.json"
booted A aaaa
echo 0.6.0 >"$U/version"
restarted
check "a slot that does not start is an event" wait_for 15 grep -q '"event_type":"update".*"action":"fallback".*did not start.*"running_slot":"A".*"slot":"B"' $STATE/mgmtd/eve.json
check "and an audit row of the system's" audit_has 'update.fallback.*slot B'
check "status warns of it" wait_for 10 eval 'as $KANSA status | grep -q "slot B did not start, slot A runs"'
check "in Japanese, too" eval 'ip netns exec gw setpriv --reuid $KANSA --regid $KANSA --clear-groups "$BUILD/sekisho" --lang ja status | grep -q "スロット B が起動せず、スロット A で動作"'
check "update status says which, and why" record 'r["slot"] == "A" and r["failed_slot"] == "B" and r["failed_since"] > 0 and "did not start" in r["failed_why"]' \
	as $KANSA --json update status
wait_for 15 grep -q '"told":true' "$U/state/start.json"
restarted
check "at the next start it is still so" wait_for 15 eval 'as $KANSA status | grep -q "slot B did not start, slot A runs"'
check "but told once" test "$(fallbacks)" = 1
booted B bbbb
echo 0.7.0 >"$U/version"
restarted
check "the slot starts again: nothing is said any more" wait_for 15 eval 'record "r[\"slot\"] == \"B\" and \"failed_slot\" not in r" as $KANSA --json update status && as $KANSA status | grep -q "slot: *B\|Slot: *B" && ! as $KANSA status | grep -q "did not start"'
check "the same once more: refused" says 'already runs' as $TANAKA update apply "$U/good.raucb"
check "an older one by an administrator's word" record 'r["version"] == "0.5.0"' as $TANAKA --json update apply "$U/www/sekisho-0.5.0.raucb" --downgrade
check "the word is in the audit log" audit_has 'downgrade.*true'

# ---- rollback, power, reset ----
rm -f "$U/fake/power"
booted A aaaa
echo 0.6.0 >"$U/version"
check "rollback makes the other slot the next" record 'r["slot"] == "B"' as $TANAKA --json update rollback
check "an auditor may not restart it" says 'needs the role' as $KANSA system reboot
check "restart" eval 'as $TANAKA system reboot && grep -qx Reboot "$U/fake/power"'
check "power" eval 'as $TANAKA system poweroff && grep -qx PowerOff "$U/fake/power"'
rm -f "$U/fake/power"
code() { as $TANAKA --json system reset | python3 -c 'import json,sys; print(json.load(sys.stdin)["code"])'; }
check "reset asks first" eval 'as $TANAKA system reset | grep -q "ALL DATA AND KEYS" && grubenv reset=0'
check "a wrong code erases nothing" eval 'code >/dev/null; says "not valid" as $TANAKA system reset --code x && grubenv reset=0'
check "a code is one person's" eval 'c=$(code); says "not valid" sk system reset --code "$c" && grubenv reset=0'
check "a code is good for one try" eval 'c=$(code); says "not valid" as $TANAKA system reset --code x; says "not valid" as $TANAKA system reset --code "$c" && grubenv reset=0'
check "with it the loader is told, and the machine starts again" eval 'as $TANAKA system reset --code "$(code)" && grubenv reset=1 && grubenv A_OK=1 && grubenv "ORDER=B A" && grep -qx Reboot "$U/fake/power"'
grub-editenv "$U/fake/grubenv" set reset=0
: >"$U/fake/refuse"
check "refused: nothing is erased at some later start" eval 'says "not now.*nor will be" as $TANAKA system reset --code "$(code)" && grubenv reset=0'
rm "$U/fake/refuse"
check "all of it is in the audit log" eval 'audit_has "asked.*system.reset" && audit_has "system.reset.*not valid" && audit_has "system.reset.*begun"'
check "the audit log is whole" eval 'as $KANSA audit verify'

# ---- the health of a start ----
mkdir -p $STATE/ips
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 2 >"$W/ipsd.log" 2>&1 &
wait_for 20 test -S /run/sekisho/ips.sock
health() { # EXIT-STATUS BUS: of a start of slot A, which is well
	DBUS_SYSTEM_BUS_ADDRESS=$2 ip netns exec gw "$BUILD/health" --socket /run/sekisho/mgmt.sock --state-dir "$U/health" \
		--grubenv "$U/fake/grubenv" --cmdline "$U/cmdline" --timeout 30 >"$W/health.out" 2>&1
	[ $? = "$1" ] || { cat "$W/health.out"; false; }
}
nobus=unix:path=/nowhere
grub-editenv "$U/fake/grubenv" set A_TRY=1
check "on trial, and RAUC is away: the other slot starts" eval 'health 1 $nobus && grep -q not_marked "$U/health/last.json"'
echo '{"slot":"B","version":"0.7.0","hash":"bbbb","boot_id":"trial","result":"return","time":1,"failed":["inspection"]}' >"$U/health/last.json"
check "well: it is marked" eval 'health 0 "$DBUS_SYSTEM_BUS_ADDRESS" && grubenv A_TRY=0 && grubenv A_GOOD=aaaa && [ "$(cat "$U/health/good-A")" = aaaa ]'
check "why the other slot was given up is kept until it is told" grep -q '"slot":"B".*inspection' "$U/health/returned.json"
check "known to be good, and RAUC is away: it stays" eval 'health 0 $nobus && grep -q not_marked "$U/health/last.json"'
rm "$U/health/good-A"
grub-editenv "$U/fake/grubenv" set B_OK=0
check "no other system: it stays" health 0 $nobus

# ---- a machine without slots ----
echo quiet >"$U/cmdline"
check "no image: apt" says 'apt install' as $TANAKA update apply "$U/good.raucb"
rm "$U/fake/grubenv"
check "no image: nothing to reset" eval 'says "not the gateway" as $TANAKA system reset --code "$(code)"'
finish
