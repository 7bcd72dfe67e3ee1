#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Passwords and keys of other programs, set by an administrator: checked as their readers read them, written for root
# alone, never in a log; whoever reads them is started again.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"
source "$TOP/tests/netns/lib_update.sh"
command -v dbus-daemon >/dev/null || { skip 'secrets' 'dbus-daemon is not installed'; finish; }

mkdir -p "$U/fake"
net_up
fwd_start
mgmtd_start
site_up "$TOP/tests/netns/site.json"
apply
setup_start
ETC=$BOX/etc/sekisho
jobs_soon() { # LINES: of the service manager's stand-in
	local r=0
	wait_for 5 bash -c "[ \"\$(paste -sd, $U/fake/jobs 2>/dev/null)\" = '$1' ]" || { cat "$U/fake/jobs"; r=1; }
	rm -f "$U/fake/jobs"
	return $r
}
set_from() { # KIND TEXT [OPTIONS…]: by standard input
	local kind=$1 text=$2
	shift 2
	printf '%b' "$text" | as $TANAKA secret set "$kind" - "$@"
}
output() { # PATTERN COMMAND…: it succeeds, and says so
	local pattern=$1
	shift
	"$@" >"$W/output.out" 2>&1 && grep -q -- "$pattern" "$W/output.out" || { cat "$W/output.out"; return 1; }
}
mode() { stat -c '%a %U' "$1"; }

# ---- who may ---------------------------------------------------------------------------------------------
check 'an approver may not' says 'administrator' as $SATO secret set notify /etc/hostname
check 'nor may an auditor see whose they are' says 'administrator' as $KANSA secret list
check 'there are none yet' test -z "$(as $TANAKA --csv secret list | tail -n +2)"

# ---- what is wrong is said, with its line, and nothing is done -------------------------------------------
check 'a key that notification does not know' says 'file: line 2: does not begin with smtp_user=' \
	set_from notify 'smtp_user=gw\nsmtp_pass=very-hidden\n'
check 'a value that is too long' says 'line 1: the value is longer than 127 bytes' \
	set_from notify "smtp_user=$(printf 'x%.0s' {1..128})\n"
check 'a secret that is too short' says 'line 3: the secret must be 8 to 128' \
	set_from radius '# switches\ngateway:0123456789\nfloor1:short\n'
check 'line ends of Windows' says 'line 1: ends as lines of Windows do' set_from radius 'gateway:0123456789\r\n'
check 'a name twice' says 'line 3: the name is there already, in line 1' \
	set_from radius 'floor1:0123456789\n\nfloor1:9876543210\n'
check 'a key with blanks' says 'line 1: the key must be' set_from feeds 'urlhaus = very hidden\n'
check 'a line that is none' says 'line 2: is not NAME = KEY' set_from feeds 'urlhaus = a\nvery-hidden\n'
check 'no text' says 'line 2: has a NUL byte' set_from feeds 'urlhaus = a\nx\000y = b\n'
check 'nothing' says 'is empty: nothing was changed' set_from feeds ''
check 'in Japanese' bash -c "printf 'x' | ip netns exec gw setpriv --reuid $TANAKA --regid $TANAKA --clear-groups \
	'$BUILD/sekisho' --lang ja secret set radius - 2>&1 | grep -q '1 行目: 「名前:共有鍵」'"
head -c 600000 /dev/zero | tr '\0' '#' >"$W/large"
chmod 644 "$W/large"
refuse 'a file that is too large' as $TANAKA secret set radius "$W/large"
check 'nothing was written by all that' test -z "$(ls "$ETC")"

# ---- without a service manager ---------------------------------------------------------------------------
check 'without a service manager it is written all the same, and said' output 'it counts from the next restart' \
	set_from notify 'smtp_user=gw\nsmtp_password=very-hidden-1\n'
check 'the file has the content' test "$(cat "$ETC/notify.secrets")" = "$(printf 'smtp_user=gw\nsmtp_password=very-hidden-1')"
check '… for root alone' test "$(mode "$ETC/notify.secrets")" = '600 root'

# ---- with one --------------------------------------------------------------------------------------------
bus_up
"$BUILD/rauc_fake" "$U/fake" >"$W/fake.log" 2>&1 &
wait_for 10 grep -q ready "$W/fake.log"
printf '# relay\nsmtp_user=gw2\nsmtp_password=very-hidden-2\n' >"$W/notify"
chmod 644 "$W/notify"
check 'from a file' output 'sekisho notify test' as $TANAKA secret set notify "$W/notify"
check 'the manager, with its notifier, starts again' jobs_soon 'RestartUnit sekisho-mgmtd.service'
check 'the file is the new one' cmp "$W/notify" "$ETC/notify.secrets"
check 'no half-written file stays' test "$(ls "$ETC")" = notify.secrets
check 'keys of feeds' output 'from the next fetch on' set_from feeds 'urlhaus = very-hidden-3\r\nthreatfox=very-hidden-4'
check '… start nothing again' bash -c "sleep 0.5; [ ! -e $U/fake/jobs ]"
check 'secrets of switches without the gateway'\''s own: that is said' output 'no line gateway:SECRET' \
	set_from radius 'floor1:very-hidden-5\n'
check 'server and manager start again' jobs_soon 'RestartUnit sekisho-radius.service,RestartUnit sekisho-mgmtd.service'
check '--add keeps other names' output 'sekisho status' set_from radius 'gateway:very-hidden-6\nfloor1:very-hidden-7\n' --add
jobs_soon 'RestartUnit sekisho-radius.service,RestartUnit sekisho-mgmtd.service' >/dev/null
check '… and replaces the same' test "$(paste -sd, "$ETC/radius.secrets")" = 'gateway:very-hidden-6,floor1:very-hidden-7'
set_from radius 'floor2:very-hidden-8\n' --add >/dev/null 2>&1
jobs_soon 'RestartUnit sekisho-radius.service,RestartUnit sekisho-mgmtd.service' >/dev/null
check '… one more' test "$(cut -d: -f1 "$ETC/radius.secrets" | paste -sd,)" = gateway,floor1,floor2

# ---- what people see -------------------------------------------------------------------------------------
as $TANAKA --json secret list >"$W/list.json"
check 'the list has their names' test "$(rows 'sorted((r["secret"], r["names"]) for r in d)' <"$W/list.json")" = \
	"[('feeds', ['urlhaus', 'threatfox']), ('notify', ['smtp_user', 'smtp_password']), ('radius', ['gateway', 'floor1', 'floor2'])]"
check '… and since when' test "$(rows 'all(abs(r["since"] - __import__("time").time()) < 600 for r in d)' <"$W/list.json")" = True
as $KANSA --json audit list >"$W/audit.json"
python3 - "$W/audit.json" >"$W/audit.rows" <<-'PY'
	import json, sys
	for r in sorted((r for r in json.load(open(sys.argv[1])) if r["op"] == "secret.set" and r.get("after")), key=lambda r: r["seq"]):
	    a = r["after"] if isinstance(r["after"], dict) else json.loads(r["after"])
	    if "names" in a and r["target"] != "secrets feeds":
	        print(r["account"], r["target"], r["result"], *a["names"], "/", *("%s:%s" % (k, ",".join(a.get(k, "-"))) for k in ("added", "changed", "removed")))
	PY
cat >"$W/audit.want" <<-'ROWS'
	tanaka secrets notify begun smtp_user smtp_password / added:- changed:- removed:-
	tanaka secrets notify ok smtp_user smtp_password / added:smtp_user,smtp_password changed: removed:
	tanaka secrets notify begun smtp_user smtp_password / added:- changed:- removed:-
	tanaka secrets notify ok smtp_user smtp_password / added: changed:smtp_user,smtp_password removed:
	tanaka secrets radius begun floor1 / added:- changed:- removed:-
	tanaka secrets radius ok floor1 / added:floor1 changed: removed:
	tanaka secrets radius begun gateway floor1 / added:- changed:- removed:-
	tanaka secrets radius ok gateway floor1 / added:gateway changed:floor1 removed:
	tanaka secrets radius begun floor2 / added:- changed:- removed:-
	tanaka secrets radius ok floor2 / added:floor2 changed: removed:
	ROWS
check 'the audit log has whose, what became of them, and who did it' diff "$W/audit.rows" "$W/audit.want"
# No digest in any of its forms: of a content, or of one secret.
check '… and nothing by which a secret could be guessed' python3 - "$W/audit.json" "$STATE/mgmtd/eve.json" "$W/notify" <<-'PY'
	import base64, hashlib, sys
	text = "".join(open(f).read() for f in sys.argv[1:3]).lower()
	whole = open(sys.argv[3], "rb").read()
	for b in (whole, *whole.splitlines(), *(b"very-hidden-%d" % i for i in range(9)), b"urlhaus = very-hidden-3\r\nthreatfox=very-hidden-4"):
	    for h in ("md5", "sha1", "sha256", "sha512", "blake2b"):
	        d = hashlib.new(h, b)
	        assert d.hexdigest() not in text and base64.b64encode(d.digest()).decode().lower() not in text, (h, b)
	PY
check 'no log and no answer has any secret' bash -c "! grep -r very-hidden $W/*.log $W/audit.json $W/list.json $STATE/mgmtd/eve.json"
printf 'by hand, very-hidden\n' >"$ETC/feeds.secrets"
check 'a file that somebody made wrong by hand is told' output 'line 1: is not NAME = KEY' as $TANAKA secret list
check '… without its content' bash -c "! grep -q very-hidden $W/output.out"

# ---- taken away ------------------------------------------------------------------------------------------
check 'comments alone take all away' set_from radius '# none\n'
check '… the file, too' test ! -e "$ETC/radius.secrets"
check 'the RADIUS server is stopped' jobs_soon 'StopUnit sekisho-radius.service,RestartUnit sekisho-mgmtd.service'

# ---- at a terminal ---------------------------------------------------------------------------------------
check 'asked at a terminal' typed 'User name\tgw3\nIts password\tvery-hidden-9\nAuthorization\t\ncertificates\t\n' notify
check '… it is written' test "$(paste -sd, "$ETC/notify.secrets")" = 'smtp_user=gw3,smtp_password=very-hidden-9'
check '… and the password is not shown' bash -c "grep -q gw3 $W/typed.out && ! grep -q very-hidden $W/typed.out"
check 'a secret of a switch is made where none is typed' typed 'Name of\tfloor1\nSecret\t\nName of\t\n' radius
check '… and shown, to be typed into the switch' bash -c \
	"grep -qx \"floor1:\$(sed -n 's/^  floor1: \\([0-9a-f]\\{40\\}\\)\\r*\$/\\1/p' $W/typed.out)\" $ETC/radius.secrets"
check '… and the gateway has its own' grep -qE '^gateway:[0-9a-f]{40}$' "$ETC/radius.secrets"
check 'nothing typed changes nothing' says 'nothing was changed' typed 'Name of\t\n' feeds

# ---- who uses 802.1X with a password ---------------------------------------------------------------------
HASH=97ceefec46bf83ab38e13f79dd477a4c
jobs_soon 'RestartUnit sekisho-mgmtd.service,RestartUnit sekisho-radius.service,RestartUnit sekisho-mgmtd.service' >/dev/null
check 'a password where its hash should be is told' says 'line 2: behind the colon there are not the 32 hex digits' \
	set_from radius.users "suzuki:$HASH\ntanaka:very-hidden-10\n"
check '… and is in no answer' bash -c "! grep -q very-hidden $W/says.out"
check 'a name with capitals' says 'line 1: is not NAME:NT-HASH' set_from radius.users "Suzuki:$HASH\n"
check 'names with hashes, from a file' output 'registered with it as identity' set_from radius.users "suzuki:$HASH\nsato:$HASH\n"
check '… are written for root alone' test "$(mode "$ETC/radius.users")" = '600 root'
check '… and the RADIUS server starts again if it runs, the manager not' jobs_soon 'TryRestartUnit sekisho-radius.service'
check 'a password typed twice, after bad ones' typed "Name of a user\tTa naka\nName of a user\tTanaka\nPassword\tshort\nOnce more\tshort\n\
Password\tvery-hidden-Yama-11\nOnce more\tother\nPassword\tvery-hidden-Yama-11\nOnce more\tvery-hidden-Yama-11\nName of a user\t\n" radius.users --add
check '… is kept as its hash, beside the others' test "$(paste -sd, "$ETC/radius.users")" = \
	"suzuki:$HASH,sato:$HASH,tanaka:$(smbencrypt very-hidden-Yama-11 2>/dev/null | awk '{print tolower($2)}')"
check '… what was wrong was said' bash -c "grep -q 'is not NAME:NT-HASH' $W/typed.out && grep -q 'at least' $W/typed.out && grep -q 'not the same' $W/typed.out"
check '… and no password is shown' bash -c "! grep -q very-hidden $W/typed.out"
check 'a password of their own name' typed "Name of a user\ttanaka\nPassword\tTanaka-no-Kagi-1\nOnce more\tTanaka-no-Kagi-1\n\
Password\tYama-to-Kawa-58\nOnce more\tYama-to-Kawa-58\nName of a user\t\n" radius.users --add
jobs_soon 'TryRestartUnit sekisho-radius.service,TryRestartUnit sekisho-radius.service' >/dev/null
check 'an approver takes nobody away' says 'administrator' as $SATO secret remove radius.users tanaka
check 'a name that is not there' says 'nothing under the name takana: nothing was changed' as $TANAKA secret remove radius.users tanaka takana
check '… changes nothing' grep -q '^tanaka:' "$ETC/radius.users"
check 'one is taken away' output 'registered with it' as $TANAKA secret remove radius.users sato
check '… and the others stay' test "$(cut -d: -f1 "$ETC/radius.users" | paste -sd,)" = suzuki,tanaka
check '… and so it is in the audit log' test "$(as $KANSA --json audit list | rows '[(r["account"], r["result"], (r["after"] if isinstance(r["after"], dict) else __import__("json").loads(r["after"])).get("removed")) for r in d if r["op"] == "secret.remove" and r["result"] == "ok"]')" = \
	"[('tanaka', 'ok', ['sato'])]"
if command -v strace >/dev/null; then
	strace -qq -f -y -p "$SETUP" -e trace=unlink,unlinkat,fsync -o "$W/removed.trace" &
	tracer=$!
	wait_for 5 bash -c "! grep -q 'TracerPid:[[:space:]]0$' /proc/$SETUP/status"
fi
check 'the last ones' as $TANAKA secret remove radius.users suzuki tanaka
if command -v strace >/dev/null; then
	kill "$tracer"
	wait "$tracer"
	check '… for good: a power cut does not bring them back' bash -c \
		"grep -A5 'unlink.*radius.users' $W/removed.trace | grep -q 'fsync(.*/etc/sekisho>'"
else
	skip '… for good' 'strace is not installed'
fi
check '… and their file is gone' test ! -e "$ETC/radius.users"
check 'nothing of all that is in a log' bash -c "! grep -r -i -e very-hidden -e $HASH $W/*.log $STATE/mgmtd/eve.json"

kill "$SETUP"
finish
