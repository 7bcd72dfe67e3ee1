#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Backups (No.148, 149, 151, 153): made, listed, verified, rehearsed; restored on a fresh machine, where the kernel then
# has the same rules; by one person, only what the gateway made; wrong passphrase and key, cut, changed, of a newer
# version, full disk, a restored state that does not answer, a power cut in the middle: a clear message, and what was
# there before stays.
. "$(dirname "$0")/lib.sh"
sandbox "$@"

ETC=/run/test/etc
USB=/run/test/usb
mkdir -p $ETC $USB $STATE
# What is mounted below is so for sekisho-backup, too.
mount --bind $STATE $STATE
mount --make-shared $STATE
echo 'mail = secret' >$ETC/notify.secrets
chmod 600 $ETC/notify.secrets
PASS=$W/passphrase
echo 'correct horse battery staple' >"$PASS"

# ---- what stands in for systemd --------------------------------------------------------------------------
end() { # NAME
	local p
	p=$(cat "$W/$1.pid" 2>/dev/null) || return 0
	kill "$p" 2>/dev/null
	wait "$p" 2>/dev/null
	rm -f "$W/$1.pid"
}
both() { # stop or start the two daemons
	if [ "$1" = stop ]; then
		end mgmtd
		end fwd
		rm -f /run/sekisho/mgmt.sock /run/sekisho/fwd.sock
	elif [ ! -e "$W/broken" ]; then
		fwd_start
		echo "$FWD" >"$W/fwd.pid"
		mgmtd_start
		echo "$MGMTD" >"$W/mgmtd.pid"
	fi
}
# Started by the manager of services, not by who asks it: with their own rights.
manager() {
	local verb
	while read -r verb <"$W/ask"; do
		# The folder of fwd cannot be taken away any more.
		if [ "$verb" = start ] && [ -e "$W/immovable" ]; then
			rm "$W/immovable"
			mount -t tmpfs tmpfs $STATE/fwd
		fi
		both "$verb"
		echo ok >"$W/done"
	done
}
mkfifo "$W/ask" "$W/done"
OPTIONS=(--state-dir "$STATE" --etc-dir "$ETC" --mgmt-socket /run/sekisho/mgmt.sock)
# Before it starts them, whatever might undo a restore that is under way has its chance.
cat >"$W/control" <<EOS
#!/bin/sh
[ "\$1" = stop ] || $BUILD/sekisho-backup --recover ${OPTIONS[*]} >>$W/recover.log 2>&1
echo "\$1" >$W/ask
read -r x <$W/done
EOS
chmod +x "$W/control"
backup_start() { # with its filter, unless it calls control
	ip netns exec gw "$BUILD/sekisho-backup" --listen /run/sekisho/backup.sock --allow-user 0 \
		"${OPTIONS[@]}" "$@" >>"$W/backup.log" 2>&1 &
	BACKUP=$!
	wait_for 10 test -S /run/sekisho/backup.sock
}

# ---- answers ---------------------------------------------------------------------------------------------
said() { grep -q -- "$1" "$W/check.out"; }
# is FIELD VALUE COMMAND…: of a record or the first row, as JSON
is() {
	local field=$1 value=$2
	shift 2
	"$@" 2>"$W/answer.err" | tee "$W/answer.out" | python3 -c 'import json, sys
v = json.load(sys.stdin)
v = v[0] if isinstance(v, list) else v
sys.exit(str(v.get(sys.argv[1])) != sys.argv[2])' "$field" "$value"
}
field() { python3 -c 'import json, sys
v = json.load(sys.stdin)
v = v[0] if isinstance(v, list) else v
print(v[sys.argv[1]])' "$1"; }
# refused_saying NAME TEXT COMMAND…: fails with a message that says so
refused_saying() {
	local name=$1 text=$2
	shift 2
	refuse "$name" "$@"
	said "$text" && return
	not_ok "$name: says so"
	sed 's/^/#   /' "$W/check.out"
}
# What the kernel holds, without counters; an anonymous set's name ends with how often its content was there before.
kernel() {
	in_ns gw nft list table inet sekisho | python3 -c '
import re, sys
t = sys.stdin.read().split("\n", 2)[2]
t = re.sub(r"packets \d+ bytes \d+| expires \w+", "", t)
t = re.sub(r"(_[0-9a-f]{16})_\d+", r"\1", t)
print("\n\n".join(sorted(t.strip("}\n").split("\n\n"))))'
}
state_sum() { (cd $STATE && find mgmtd/audit.key fwd/confirmed -type f -exec sha256sum {} + 2>/dev/null); }
# Nothing is left of a backup or restore that failed.
clean() { ! find $STATE $USB -maxdepth 2 \( -name '.restore*' -o -name '.work-*' -o -name '.drill-*' -o -name '*.part' \) | grep .; }

mkdir -p "$W/small"
mount -t tmpfs -o size=200k tmpfs "$W/small"
net_up
both start
wait_for 10 sk status
site_up
apply
rule_add --source 192.168.10.0/24 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port 80,443 >/dev/null
rule_add --source 192.168.10.10 --destination 192.168.20.10 --direction 'lan->dmz' --protocol udp --port 53 >/dev/null
apply
backup_start

# ---- keys ------------------------------------------------------------------------------------------------
refused_saying "without a key and a passphrase there is no backup" 'backup key new' as $TANAKA backup create
refuse "an approver makes no backup" as $SATO backup create --passphrase "$PASS"
mkdir -p "$W/tanaka" && chown $TANAKA "$W/tanaka"
chmod 755 "$W"
KEY=$W/tanaka/backup.key
in_force() { as $KANSA --json backup key show 2>/dev/null | field key 2>/dev/null; }
same_key() { [ "$(in_force)" = "$1" ]; }
refused_saying "a key that cannot be written is not made, and the file named" \
	"nowhere/backup.key: cannot be made" as $TANAKA backup key new --output "$W/tanaka/nowhere/backup.key"
check "no key is in force then" same_key ''
refuse "an auditor makes no key" as $KANSA backup key new --output "$W/tanaka/kansa.key"
refuse "who may not leaves no file" as $SATO backup key new --output /tmp/sato.key
check "indeed" test ! -e /tmp/sato.key
check "a key is made and given away" as $TANAKA backup key new --output "$KEY"
check "the key file holds a secret" grep -q '^sekisho-backup-secret-1 ' "$KEY"
refuse "the gateway keeps no secret" grep -rq "$(awk '/^sekisho/ {print $2}' "$KEY")" $STATE
check "only its owner may read the file" test "$(stat -c %a "$KEY")" = 600
check "its fingerprint and age are shown" is key_age_days 0 as $KANSA --json backup key show
check "the fingerprint is the file's" grep -q "$(as $KANSA --json backup key show | field key)" "$KEY"

# ---- a key is lost neither by a second run nor by what happens to its file --------------------------------
FIRST=$(in_force) FIRST_SUM=$(sha256sum <"$KEY")
refused_saying "the same file again is refused, and named" "$KEY: is there already" as $TANAKA backup key new --output "$KEY"
check "the key in it stays" [ "$(sha256sum <"$KEY")" = "$FIRST_SUM" ]
check "it is in force still" same_key "$FIRST"
ln -s "$W/tanaka/elsewhere" "$W/tanaka/link"
refused_saying "a link is no new file" 'is there already' as $TANAKA backup key new --output "$W/tanaka/link"
refused_saying "neither is a device" 'is there already' as $TANAKA backup key new --output /dev/full
refused_saying "nor standard output" 'not to standard output' as $TANAKA backup key new --output -
mkfifo -m 666 "$W/tanaka/pipe"
refused_saying "nor a pipe" 'is there already' as $TANAKA backup key new --output "$W/tanaka/pipe"
# A stick with room for a name and for nothing else: every write fails.
mkdir "$W/full"
mount -t tmpfs -o size=4k,mode=777 tmpfs "$W/full"
head -c 4096 /dev/zero >"$W/full/filler"
refused_saying "a full stick: said, with its name" "$W/full/backup.key: cannot be written" \
	as $TANAKA backup key new --output "$W/full/backup.key"
check "half a file does not stay" test ! -e "$W/full/backup.key"
check "the key of before is in force" same_key "$FIRST"
umount "$W/full"
# faulty KEYFILE STRACE-OPTIONS…: the command line meets that while it makes a key
faulty() {
	ip netns exec gw strace -f -qq -o "$W/strace.out" "${@:2}" setpriv --reuid $TANAKA --clear-groups \
		"$BUILD/sekisho" --lang en backup key new --output "$1" >"$W/faulty.out" 2>&1
}
if command -v strace >/dev/null; then
	faulty "$W/tanaka/pulled.key" -e trace=fsync -e inject=fsync:error=EIO
	check "the stick is pulled out before all is on it: said" grep -q "pulled.key: cannot be written" "$W/faulty.out"
	check "nothing of it stays, the key of before is in force" eval '[ ! -e "$W/tanaka/pulled.key" ] && same_key "$FIRST"'
	faulty "$W/tanaka/killed.key" -e trace=fsync -e inject=fsync:signal=KILL
	check "killed before all is on the disk: the key of before is in force" same_key "$FIRST"
	check "its file was begun" test -e "$W/tanaka/killed.key"
	# The last connection is the one that says the key is on its disk.
	faulty "$W/tanaka/counted.key" -e trace=connect
	check "an undisturbed one is in force" eval 'grep -q "$(in_force)" "$W/tanaka/counted.key"'
	check_quiet as $TANAKA backup key set "$KEY"
	faulty "$W/tanaka/late.key" -e trace=connect -e inject=connect:error=ECONNREFUSED:when="$(wc -l <"$W/strace.out")"
	check "the gateway does not hear that it is there: where it is, and what to do" grep -q "late.key, but the gateway did not say" "$W/faulty.out"
	check "the key of before is in force until then" eval 'grep -q ^sekisho-backup-secret-1 "$W/tanaka/late.key" && same_key "$FIRST"'
	check "and the file can be used" as $TANAKA backup key set "$W/tanaka/late.key"
	check "indeed" eval 'grep -q "$(in_force)" "$W/tanaka/late.key" && ! same_key "$FIRST"'
	check_quiet as $TANAKA backup key set "$KEY"
else
	skip 'keys and sticks that are pulled out' 'strace is not installed'
fi

# ---- create, list, verify --------------------------------------------------------------------------------
check "a backup is made on a stick, for the key and a passphrase" \
	as $TANAKA backup create --to $USB --passphrase "$PASS"
NAME=$(as $KANSA --json backup list --from $USB | field name)
check "it is listed with how to open it" is site "$(sk --json status | field site)" as $KANSA --json backup list --from $USB
check "list says that key and passphrase open it" eval 'as $KANSA backup list --from $USB | grep -q "key .*passphrase"'
refuse "nothing of it can be read: no user's name" grep -aq tanaka "$USB/$NAME"
check "it is whole, by passphrase" as $TANAKA backup verify "$NAME" --from $USB --passphrase "$PASS"
check "it is whole, by key" as $TANAKA backup verify "$NAME" --from $USB --key "$KEY"
check "by its path" as $TANAKA backup verify "$USB/$NAME" --key "$KEY"
check "the audit log has who made it" eval 'as $KANSA audit list --target backup | grep -q "backup.create.*ok\|tanaka.*backup.create"'
check "status tells of it" eval '[ "$(sk --json status | field backup | grep -c last_backup)" = 1 ]'

# ---- drill -----------------------------------------------------------------------------------------------
check "the drill finds the policy that is in force, to the byte" \
	is policy same as $TANAKA --json backup drill "$NAME" --from $USB --key "$KEY"
check "the drill verified the audit log" eval '[ "$(field audit_faults <"$W/answer.out")" = 0 ] && [ "$(field audit_rows <"$W/answer.out")" -gt 5 ]'
echo "# drill: $(field took_ms <"$W/answer.out") ms"
check "how long it took is recorded" is drill_policy same as $KANSA --json backup status
check "nothing is left behind" clean

# ---- what must not work ----------------------------------------------------------------------------------
echo 'something else entirely' >"$W/wrong"
refused_saying "a wrong passphrase" 'not the one of this backup' \
	as $TANAKA backup verify "$NAME" --from $USB --passphrase "$W/wrong"
cp -p "$KEY" "$W/old.key"
as $TANAKA backup key new --output "$W/tanaka/other.key" >/dev/null
refused_saying "another key" 'locked with' as $TANAKA backup verify "$NAME" --from $USB --key "$W/tanaka/other.key"
refused_saying "no key at all" 'give the key file' as $TANAKA backup verify "$NAME" --from $USB
check "the first key goes on to be used" as $TANAKA backup key set "$W/old.key"
size=$(stat -c %s "$USB/$NAME")
for cut in 5 100 2000 $((size / 2)) $((size - 1)); do
	head -c "$cut" "$USB/$NAME" >"$USB/cut.backup"
	refused_saying "cut after $cut bytes" 'end of the backup is missing' \
		as $TANAKA backup verify cut.backup --from $USB --key "$KEY"
done
python3 - "$USB/$NAME" "$USB" <<'EOS'
import sys
whole = open(sys.argv[1], "rb").read()
for name, at in (("head", 60), ("body", len(whole) // 2), ("tail", len(whole) - 3)):
    bad = bytearray(whole)
    bad[at] ^= 1
    open(f"{sys.argv[2]}/bad-{name}.backup", "wb").write(bad)
newer = bytearray(whole)
newer[15] = 2
open(f"{sys.argv[2]}/newer.backup", "wb").write(newer)
open(f"{sys.argv[2]}/more.backup", "wb").write(whole + b"x")
EOS
before=$(state_sum)
kernel >"$W/kernel.before"
for bad in bad-head bad-body bad-tail more; do
	refuse "changed ($bad): not restored" as $TANAKA backup restore $bad.backup --from $USB --key "$KEY" --yes
done
refused_saying "of a newer version" 'newer version' as $TANAKA backup restore newer.backup --from $USB --key "$KEY" --yes
# A change of the head that leaves it readable is found by verify alone.
head -c 20 "$USB/$NAME" >"$USB/short.backup"
check "list says which are damaged" eval 'as $KANSA --json backup list --from $USB | grep -q "the end of the backup"'
rm "$USB/short.backup"
refused_saying "a folder that is not there" 'plugged in' as $TANAKA backup create --to /media/no-such-stick
refuse "a restore needs a yes" as $TANAKA backup restore "$NAME" --from $USB --key "$KEY"
check "nothing has changed by all this" [ "$before" = "$(state_sum)" ]
check "nothing is left behind by all this" clean

head -c 150000 /dev/urandom >"$W/small/filler"
refused_saying "a full stick" 'no room left' as $TANAKA backup create --to "$W/small"
check "leaves nothing on it" eval '[ "$(find "$W/small" -type f | wc -l)" = 1 ]'
check "status says that it failed" eval 'sk --json status | grep -q "last backup failed"'
check "the next one is all right again" as $TANAKA backup create --to $USB

# ---- a fresh machine -------------------------------------------------------------------------------------
kill $BACKUP
wait $BACKUP 2>/dev/null
backup_start --control "$W/control" --wait 10
rules_before=$(as $KANSA --json rule list --all 2>/dev/null | sha256sum)
both stop
manager </dev/null &
in_ns gw nft delete table inet sekisho
rm -rf $STATE/mgmtd $STATE/fwd
echo 'something = else' >$ETC/notify.secrets
echo 'new' >$ETC/leftover
"$W/control" start
wait_for 10 sk status
check "the fresh machine has no rules of ours" eval '! kernel | grep -q 203.0.113.10'
check "restored at the console" sk backup restore "$NAME" --from $USB --key "$KEY" --yes
sed 's/^/#   /' "$W/check.out"
wait_for 10 eval 'kernel | grep -q 203.0.113.10'
kernel >"$W/kernel.after"
check "the kernel has the same rules as before" diff "$W/kernel.before" "$W/kernel.after"
check "the registry has the same records" [ "$rules_before" = "$(as $KANSA --json rule list --all 2>/dev/null | sha256sum)" ]
check "the settings are back" grep -q 'mail = secret' $ETC/notify.secrets
check "a secret stays a secret" [ "$(stat -c %a $ETC/notify.secrets)" = 600 ]
refuse "settings that were not in it are gone" test -e $ETC/leftover
check "the audit log verifies" as $KANSA audit verify
check "and tells of the restore" eval 'as $KANSA audit list | grep -q backup.restored'
check "status tells who restored" is restore_by console as $KANSA --json backup status
check "the key is still known" is key "$(awk '/fingerprint/ {print $NF}' "$KEY")" as $KANSA --json backup key show
check "nothing is left behind by the restore" clean
check "changes go on from there" apply

# ---- by one person ---------------------------------------------------------------------------------------
rule_add --source 192.168.10.12 --destination 192.168.20.12 --direction 'lan->dmz' --protocol tcp --port 9000 >/dev/null
apply
# As if a set-up were on trial: nobody would take it back after a restore.
echo 0123456789abcdef >$STATE/mgmtd/setup.trial
check "a backup of other rules is made" as $TANAKA backup create --to $USB
rm $STATE/mgmtd/setup.trial
LATER=$(as $KANSA --json backup list --from $USB | field name)
rule_add --source 192.168.10.13 --destination 192.168.20.13 --direction 'lan->dmz' --protocol tcp --port 9000 >/dev/null
apply
check "an administrator restores what the gateway made itself" \
	as $TANAKA backup restore "$LATER" --from $USB --key "$KEY" --yes
wait_for 10 eval '! kernel | grep -q 192.168.20.13'
check "with the rules of then" eval 'kernel >"$W/kernel.after"; grep -q 192.168.20.12 "$W/kernel.after" && ! grep -q 192.168.20.13 "$W/kernel.after"'
check "a trial of then is over" test ! -e $STATE/mgmtd/setup.trial
check "and again what was restored last" as $TANAKA backup restore "$LATER" --from $USB --key "$KEY" --yes
# The same content, but nobody here wrote this file.
python3 -c 'import json, sys; p = sys.argv[1]; v = json.load(open(p)); v["made"] = v["made"][:1]; json.dump(v, open(p, "w"))' \
	$STATE/mgmtd/backup.json
before=$(state_sum)
refused_saying "but no other backup" 'only the console' as $TANAKA backup restore "$LATER" --from $USB --key "$KEY" --yes
check "that changed nothing" [ "$before" = "$(state_sum)" ]
check "and left nothing behind" clean
check "the console restores it" sk backup restore "$LATER" --from $USB --key "$KEY" --yes
check "and the first one" sk backup restore "$NAME" --from $USB --key "$KEY" --yes
check "with the rules of then" wait_for 10 eval '! kernel | grep -q 192.168.20.12'

# ---- the new state does not answer -----------------------------------------------------------------------
rule_add --source 192.168.30.10 --destination 192.168.20.10 --direction 'factory->dmz' --protocol tcp --port 8080 >/dev/null
apply
kernel >"$W/kernel.before"
before=$(state_sum)
touch "$W/broken"
(sleep 6; rm -f "$W/broken") &
refused_saying "a restored state that does not answer is undone" 'what was there before is back' \
	as $TANAKA backup restore "$NAME" --from $USB --key "$KEY" --yes
check "what was there before is there" [ "$before" = "$(state_sum)" ]
kernel >"$W/kernel.after"
check "the kernel kept its rules" diff "$W/kernel.before" "$W/kernel.after"
check "the daemons answer with them" as $KANSA rule show 1003
check "the audit log tells of the attempt" eval 'as $KANSA audit list | grep -q backup.restored'
check "nothing is left behind by the attempt" clean

# ---- what was not there before ----------------------------------------------------------------------------
mkdir $STATE/feeds
echo 'of the backup' >$STATE/feeds/odd.list
echo 'of the backup' >$ETC/odd.secrets
check "a backup with more folders and files is made" as $TANAKA backup create --to $USB
ODD=$(as $KANSA --json backup list --from $USB | field name)
rm -r $STATE/feeds $ETC/odd.secrets
before=$(state_sum)
touch "$W/broken"
(sleep 6; rm -f "$W/broken") &
refused_saying "a restore with folders that were not there is undone" 'what was there before is back' \
	as $TANAKA backup restore "$ODD" --from $USB --key "$KEY" --yes
check "and they are not there again" test ! -e $STATE/feeds -a ! -e $ETC/odd.secrets
check "all is as it was before" [ "$before" = "$(state_sum)" ]
check "nothing is left behind by them, either" clean
check "a restore that answers brings them" as $TANAKA backup restore "$ODD" --from $USB --key "$KEY" --yes
check "indeed" grep -q 'of the backup' $STATE/feeds/odd.list $ETC/odd.secrets
rm -rf $STATE/feeds $ETC/odd.secrets
kernel >"$W/kernel.before"
before=$(state_sum)

# ---- and what was there before does not come back --------------------------------------------------------
touch "$W/broken" "$W/immovable"
(sleep 6; rm -f "$W/broken") &
refused_saying "not all comes back: it says so" 'kept in .*\.restore-old' \
	as $TANAKA backup restore "$NAME" --from $USB --key "$KEY" --yes
check "the state before is kept" test -e $STATE/.restore-journal -a -e $STATE/.restore-old/fwd/confirmed
refused_saying "no other restore begins" 'restart the gateway' \
	as $TANAKA backup restore "$NAME" --from $USB --key "$KEY" --yes
check "and it is kept still" test -e $STATE/.restore-journal -a -e $STATE/.restore-old/fwd/confirmed
"$W/control" stop
umount $STATE/fwd
refuse "nothing is undone while something is at work" flock $STATE/backup "$BUILD/sekisho-backup" --recover "${OPTIONS[@]}"
check "a restart brings it back" "$BUILD/sekisho-backup" --recover "${OPTIONS[@]}"
check "all is as it was" [ "$before" = "$(state_sum)" ]
check "nothing is left behind by that" clean
"$W/control" start

# ---- settings that cannot be put aside -------------------------------------------------------------------
deep=$ETC/1/2/3/4/5/6/7/8/9/10/11/12/13/14
mkdir -p $deep
echo precious >$deep/file
refused_saying "settings in folders too deep" 'too deep' as $TANAKA backup restore "$NAME" --from $USB --key "$KEY" --yes
check "stay as they are" grep -q precious $deep/file
check "nothing is left behind by them" clean
rm -r $ETC/1

# ---- by itself -------------------------------------------------------------------------------------------
mkdir -p $STATE/backup/.work-killed
rm -f $STATE/backup/*.backup
python3 -c 'import json; p = "'$STATE'/mgmtd/backup.json"; v = json.load(open(p)); v.pop("last_ok", 0); v.pop("last", 0); json.dump(v, open(p, "w"))'
check "with a key, a backup is made by itself" wait_for 75 eval 'ls $STATE/backup/*-automatic.backup'
check "and opens with the key" eval 'as $TANAKA backup verify "$(as $KANSA --json backup list | field name)" --key "$KEY"'
check "what a killed one left is gone" eval '! test -e $STATE/backup/.work-killed'
check "the audit log has it as the system's" eval 'as $KANSA audit list | grep -q "system.*backup.create"'
check "the next one is due tomorrow" eval '[ "$(as $KANSA --json backup status | field next_backup)" -gt $((EPOCHSECONDS + 3600)) ]'

# ---- a power cut in the middle ---------------------------------------------------------------------------
"$W/control" stop
before=$(state_sum)
mkdir $STATE/.restore-old $STATE/.restore-new
echo tanaka >$STATE/.restore-journal
mv $STATE/mgmtd $STATE/.restore-old/mgmtd
mkdir $STATE/mgmtd
check "an interrupted restore is undone at the next start" "$BUILD/sekisho-backup" --recover "${OPTIONS[@]}"
check "all is as it was" [ "$before" = "$(state_sum)" ]
check "nothing is left behind by the recovery" clean
mkdir -p $STATE/.restore-old/feeds.none $STATE/.restore-new $STATE/feeds
echo half >$STATE/feeds/half
echo tanaka >$STATE/.restore-journal
check "interrupted once more, with a folder that was not there" "$BUILD/sekisho-backup" --recover "${OPTIONS[@]}"
check "it goes again" test ! -e $STATE/feeds
check "and all is as it was then" [ "$before" = "$(state_sum)" ]
"$W/control" start
check "and the daemons answer" wait_for 10 sk status
finish
