#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Setting up again: new addresses are on trial, and those of before return by themselves, whoever is killed meanwhile.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"
source "$TOP/tests/netns/lib_update.sh"
command -v dbus-daemon >/dev/null || { skip 'set-up on trial' 'dbus-daemon is not installed'; finish; }

mkdir -p "$U/fake"
net_up
fwd_start
mgmtd_start
setup_start
bus_up
"$BUILD/rauc_fake" "$U/fake" >"$W/fake.log" 2>&1 &
wait_for 10 grep -q ready "$W/fake.log"

KEPT=$BOX/etc/sekisho/gateway.json LAN=$BOX/run/systemd/network/50-sekisho-lan.network MARK=$STATE/mgmtd/setup.trial
uses() { grep -qx "Address=$1/24" "$LAN"; }
soon() { wait_for "${2:-10}" uses "$1"; }
keeps() { grep -q "\"$1/24\"" "$KEPT"; }
gone() { wait_for 10 test ! -e "$MARK"; }
to() { # ADDRESS [OPTIONS…]: set up again with it
	answers "$W/to.json" 'del d["people"]' "d['networks'][1]['ipv4']['address'] = '$1/24'" 'd["hostname"] = "sekisho-9"' 'del d["networks"][1]["dhcp"]'
	as "$TANAKA" setup --answers "$W/to.json" "${@:2}"
}
returns() { # why, as the audit log has it, newest first
	as "$TANAKA" --json audit list | rows '[(r["account"], (r["after"] if isinstance(r["after"], dict) else __import__("json").loads(r["after"]))["why"]) for r in sorted(d, key=lambda r: -r["seq"]) if r["op"] == "setup.revert"][0]'
}
back() { soon 192.168.10.1 "${1:-10}" && keeps 192.168.10.1 && gone && grep -qx sekisho-1 "$BOX/etc/hostname"; }

answers "$W/first.json"
check 'the first set-up needs no confirmation' sk setup --answers "$W/first.json"
check '… its settings are kept at once' keeps 192.168.10.1
TANAKA=$(sk --json account show tanaka | rows 'd["uid"]')
rm -f "$U/fake/jobs"

# ---- confirmed -------------------------------------------------------------------------------------------
check 'set up again, it is in use' to 192.168.10.2 --confirm 60
check '… the address' uses 192.168.10.2
check '… and the services have it' wait_for 5 grep -q 'RestartUnit sekisho-dns.service' "$U/fake/jobs"
check '… but what is kept is still the one before' keeps 192.168.10.1
check 'status says so' bash -c "ip netns exec gw '$BUILD/sekisho' --lang en status | grep -q 'a set-up is on trial'"
check 'meanwhile there is no other' says 'is on trial: confirm it' to 192.168.10.3
check '… and nothing that ends the manager' bash -c "printf 'smtp_user=a\n' | ip netns exec gw setpriv --reuid $TANAKA --clear-groups \
	'$BUILD/sekisho' --lang en secret set notify - 2>&1 | grep -q 'a set-up is on trial'"
check '… nor what replaces all there is' says 'a set-up is on trial: confirm it' as "$TANAKA" backup restore /media/x.backup --key "$TOP/VERSION" --yes
check '… which leaves its mark' test -e "$MARK"
refuse 'who is no administrator confirms nothing' as 2222 setup confirm
check 'it is confirmed' as "$TANAKA" setup confirm
check '… and kept' keeps 192.168.10.2
check '… and nothing waits any more' gone
check 'confirming twice is told' says 'no set-up is on trial' as "$TANAKA" setup confirm
check 'as is taking back what was confirmed' says 'no set-up is on trial' as "$TANAKA" setup revert
check 'the next start has it' bash -c "rm -r $BOX/run/systemd && ip netns exec gw '$BUILD/sekisho-setup' --boot --root $BOX && grep -qx Address=192.168.10.2/24 $LAN"
answers "$W/again.json" 'del d["people"]'
check 'without a trial it is final at once' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
check '… indeed' back

# ---- zones in force ----------------------------------------------------------------------------------------
answers "$W/joined.json" 'del d["people"]' 'd["ports"][2]["role"] = "lan"' 'd["networks"].pop()'
check 'ports of two zones become no network by one person alone' says 'ports.2..role: dmz0 is in zone dmz\|lan0 is in zone lan and dmz0 in zone dmz' \
	as "$TANAKA" setup --answers "$W/joined.json" --confirm 60
check '… not for a minute' eval 'uses 192.168.10.1 && [ ! -e "$BOX/run/systemd/network/50-sekisho-br-lan.netdev" ]'
check '… nor at once' says 'without anybody' as "$TANAKA" setup --answers "$W/joined.json" --confirm 0

# ---- not confirmed ---------------------------------------------------------------------------------------
rm -f "$U/fake/jobs"
begin=$SECONDS
check 'an address that cuts everybody off' to 192.168.99.1 --confirm 3
check '… is in use' uses 192.168.99.1
check 'nobody answers: the one before returns' back
check '… in time' test $((SECONDS - begin)) -le 8
check '… for the services, too' test "$(grep -c 'RestartUnit sekisho-dns.service' "$U/fake/jobs")" = 2
check '… and the audit log says why' test "$(returns)" = "('system', 'not confirmed')"
check 'whoever confirms too late is told' says 'nobody confirmed in time' as "$TANAKA" setup confirm
check 'nothing was asked for that nobody wants any more' test "$(sk --json change list --state requested | rows 'len(d)')" = 0
check 'another one' to 192.168.10.4 --confirm 600
check '… is taken back before the time is over' as "$TANAKA" setup revert
check '… indeed' back
check '… and by whom' test "$(returns)" = "('tanaka', 'asked for')"

# ---- killed ----------------------------------------------------------------------------------------------
kill_manager() {
	kill -9 "$MGMTD"
	wait "$MGMTD" 2>/dev/null
	rm -f /run/sekisho/mgmt.sock
}
to 192.168.10.5 --confirm 600 >/dev/null
check 'in use' uses 192.168.10.5
kill_manager
check 'the manager is killed: what is kept is the one before' keeps 192.168.10.1
mgmtd_start
check 'it takes the one before up again when it starts' back
check '… and says why' test "$(returns)" = "('system', 'interrupted')"

# In the middle of writing: the mark is there before anything else.
kill "$SETUP"
rm -f /run/sekisho/setup.sock
python3 "$(dirname "$0")/setup_fake.py" /run/sekisho/setup.sock kill -9 "$MGMTD" >"$W/setup_fake.out" &
fake=$!
wait_for 10 test -S /run/sekisho/setup.sock
refuse 'the manager is killed while files are written' to 192.168.10.6
kill "$fake"
rm -f /run/sekisho/setup.sock /run/sekisho/mgmt.sock
check '… and knows it' test -e "$MARK"
sed -i 's/^Address=192.*/Address=192.168.10.6\/24/' "$LAN"
mgmtd_start
setup_start
check '… also if sekisho-setup comes later: the one before returns' back 15

# A power cut: nothing below /run is left.
to 192.168.10.7 --confirm 600 >/dev/null
kill_manager
kill -9 "$SETUP"
wait "$SETUP" 2>/dev/null
rm -rf "$BOX/run" /run/sekisho/setup.sock
mkdir "$BOX/run"
check 'a start after a power cut' in_ns gw "$BUILD/sekisho-setup" --boot --root "$BOX"
check '… is by the settings of before' uses 192.168.10.1
setup_start
mgmtd_start
check '… and stays so' back
check 'nothing is left to confirm' says 'no set-up is on trial' as "$TANAKA" setup confirm

# Whoever could take it back is not there when the time comes.
to 192.168.10.8 --confirm 2 >/dev/null
kill "$SETUP"
rm -f /run/sekisho/setup.sock
check 'without sekisho-setup status says that it goes on' wait_for 10 bash -c \
	"ip netns exec gw '$BUILD/sekisho' --lang en status | grep -q 'is being taken back'"
check '… as nothing could be changed' uses 192.168.10.8
setup_start
check '… until it is back' back 15

# ---- between keeping and recording -------------------------------------------------------------------------
ASIDE=$KEPT.before
between() { # OP HOW [COMMAND…]: stands between the manager and sekisho-setup
	mv /run/sekisho/setup.sock /run/sekisho/setup.real
	python3 "$TOP/tests/netns/setup_between.py" /run/sekisho/setup.sock /run/sekisho/setup.real "$@" >"$W/between.out" 2>&1 &
	BETWEEN=$!
	wait_for 10 test -S /run/sekisho/setup.sock
}
direct() {
	kill "$BETWEEN"
	wait "$BETWEEN" 2>/dev/null
	mv /run/sekisho/setup.real /run/sekisho/setup.sock
}
restarted() { # the manager, which was killed
	wait "$MGMTD" 2>/dev/null
	rm -f /run/sekisho/mgmt.sock
	mgmtd_start
}
asked() { sk --json change list --state requested | rows 'len(d)'; }
rows_of() { as "$TANAKA" --json audit list --limit 1000 | rows "len([r for r in d if r['op'] == '$1' and r['result'] == 'ok'])"; }

# With a line over PPPoE, whose password has to come back, too.
answers "$W/line.json" 'del d["people"]' \
	"d['networks'][0] = {'role': 'wan', 'ipv4': {'method': 'pppoe'}, 'pppoe': {'user': 'u@isp', 'password': 'line-secret-1'}}"
check 'a line over PPPoE' as "$TANAKA" setup --confirm 0 --answers "$W/line.json"
cp -a "$KEPT" "$W/kept.before"
before=$(asked) confirms=$(rows_of setup.confirm)
to 192.168.10.21 --confirm 600 >/dev/null
between setup.keep after kill -9 "$MGMTD"
refuse 'the manager is killed when the settings are kept, but not recorded' as "$TANAKA" setup confirm
check '… they are' keeps 192.168.10.21
check '… without the password of a line that is not there any more' test ! -e "$BOX/etc/sekisho/pppoe.secret"
check '… the ones of before are there still, for root alone' test "$(stat -c %a "$ASIDE")" = 600
direct
restarted
check '… and return when it starts' back 15
check '… as they were' cmp "$KEPT" "$W/kept.before"
check '… with the password' grep -q line-secret-1 "$BOX/etc/sekisho/pppoe.secret"
check '… for pppd, too' grep -q line-secret-1 "$BOX/run/sekisho-setup/ppp.options"
check '… and nothing was asked for' test "$(asked)" = "$before"
check '… and the audit log says what happened' test "$(returns) $(rows_of setup.confirm)" = "('system', 'interrupted') $confirms"
check '… and nothing is aside any more' test ! -e "$ASIDE"

to 192.168.10.22 --confirm 600 >/dev/null
between setup.keep lost
refuse 'a confirmation whose answer got lost is none' as "$TANAKA" setup confirm
check '… although the settings are kept' keeps 192.168.10.22
refuse '… nor is it a second time' as "$TANAKA" setup confirm
direct
check 'it is taken back' as "$TANAKA" setup revert
check '… indeed' back
check '… as it was' cmp "$KEPT" "$W/kept.before"

to 192.168.10.23 --confirm 600 >/dev/null
between setup.keep lost
refuse 'the same again' as "$TANAKA" setup confirm
direct
check 'a confirmation that succeeds after one that did not' as "$TANAKA" setup confirm
check '… is one' keeps 192.168.10.23
check '… and nothing is aside any more' test ! -e "$ASIDE"

# Recorded, and killed before anything else.
to 192.168.10.24 --confirm 600 >/dev/null
cp -a "$MARK" "$W/mark"
reverts=$(rows_of setup.revert)
between setup.activate after kill -9 "$MGMTD"
refuse 'the manager is killed when it has recorded a confirmation' as "$TANAKA" setup confirm
direct
cp -a "$W/mark" "$MARK"
restarted
check '… and the mark is there still: the start removes it' gone
check '… and the settings stay' bash -c "grep -qx Address=192.168.10.24/24 $LAN && grep -q '192.168.10.24/24' $KEPT"
check '… and nobody says that it was interrupted' test "$(rows_of setup.revert)" = "$reverts"
check '… and there is nothing to confirm' says 'no set-up is on trial' as "$TANAKA" setup confirm

# ---- late ------------------------------------------------------------------------------------------------
check 'as before' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
check '… indeed' back
between setup.write late
refuse 'a set-up that nobody answers' to 192.168.10.25 --confirm 600
check '… and that is done at last is too late' wait_for 10 grep -q 'setup.write.*taken back meanwhile' "$W/between.out"
check '… and leaves nothing' back
direct
mkfifo "$W/release"
flock "$BOX/run/sekisho-setup/lock" cat "$W/release" >/dev/null &
exec 9>"$W/release"
wait_for 10 grep -q ' FLOCK ' /proc/locks
to 192.168.10.26 --confirm 600 >"$W/to.out" 2>&1 9>&- &
waits=$!
check 'two requests at a time: one waits' wait_for 10 grep -q -e '-> FLOCK' /proc/locks
check '… with everything' uses 192.168.10.1
exec 9>&-
check '… and is done afterwards' wait "$waits"
check '… indeed' uses 192.168.10.26
check '… as is what takes it back' as "$TANAKA" setup revert
check '… indeed' back

# ---- cards that have other names when it returns ---------------------------------------------------------
in_ns gw ip link add lan7 type veth peer name lan7p
answers "$W/two.json" 'del d["people"]' 'd["ports"].append({"match": {"name": "lan7"}, "role": "lan"})' \
	"d['networks'][0] = {'role': 'wan', 'ipv4': {'method': 'pppoe'}, 'pppoe': {'user': 'u@isp', 'password': 'line-secret-1'}}"
check 'the office has two ports' as "$TANAKA" setup --confirm 0 --answers "$W/two.json"
named() { grep -rqx "Name=$1" "$BOX/run/systemd/network"; }
check '… both of them' named lan7
to 192.168.10.27 --confirm 600 >/dev/null
check 'on trial it has one' bash -c "! grep -rqx Name=lan7 $BOX/run/systemd/network"
in_ns gw ip link set lan7 name lan8
mac=$(in_ns gw cat /sys/class/net/wan0/address)
in_ns gw ip link set wan0 down
in_ns gw ip link set wan0 address 52:54:00:0a:0b:0d
check 'it returns' as "$TANAKA" setup revert
check '… with the port under its name of now' named lan8
check '… and the password is not said to another card at the line' test ! -e "$BOX/run/sekisho-setup/ppp.options"
in_ns gw ip link set wan0 address "$mac"
in_ns gw ip link set wan0 up
in_ns gw ip link del lan8
check 'as before' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
check '… indeed' back

# ---- what goes wrong -------------------------------------------------------------------------------------
mkdir "$W/aside"
mv "$KEPT" "$W/aside"
mkdir "$KEPT"
check 'settings of before that cannot be read are no reason to do without a trial' says 'confirm 0 sets up without one' to 192.168.10.9
check '… and nothing was changed' uses 192.168.10.1
check '… and nothing is in the way of what the message says' gone
rmdir "$KEPT"
echo '{' >"$KEPT"
check 'nor are such that are damaged' says 'nothing was changed' to 192.168.10.9
check 'without a trial they are replaced' to 192.168.10.9 --confirm 0
check '… indeed' keeps 192.168.10.9
rm "$KEPT"
to 192.168.10.10 >"$W/none.out" 2>&1
check 'without settings to return to there is no trial' keeps 192.168.10.10
check '… and that is said' grep -q 'no trial, but final' "$W/none.out"
mv "$W/aside/gateway.json" "$KEPT"
check 'as before' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
answers "$W/bad.json" 'del d["people"]' "d['networks'][0] = {'role': 'wan', 'ipv4': {'method': 'pppoe'}, 'pppoe': {'user': 'u@isp'}}"
check 'what cannot be written is no trial' says 'pppoe.password: is missing' as "$TANAKA" setup --answers "$W/bad.json"
check '… and leaves none' back

# ---- the questions ---------------------------------------------------------------------------------------
cat >"$W/wizard.py" <<-'PY'
	import os, pty, sys
	# argv: the answer to the last question ("-": none), the command; Enter to all others.
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[2], sys.argv[2:])
	line = b""
	while True:
	    try:
	        b = os.read(fd, 4096)
	    except OSError:
	        break
	    if not b:
	        break
	    sys.stdout.buffer.write(b)
	    line = (line + b)[-400:]
	    if not line.endswith(b": "):
	        continue
	    answer = b""
	    if b"Keep these settings?" in line:
	        answer = sys.argv[1].encode()
	    elif b"Set it up like this?" in line:
	        answer = b"y"
	    for role in (b"wan", b"lan", b"dmz"):
	        if b"(" + role + b"): plug" in line:
	            answer = role + b"0"
	    line = b""
	    if answer != b"-":
	        os.write(fd, answer + b"\n")
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
# The wizard reads the settings that are kept where they lie on a real machine.
mkdir -p "$W/etc"
cp -a /etc/. "$W/etc/"
mkdir -p "$W/etc/sekisho"
sed 's/192\.168\.10\.1\/24/192.168.10.33\/24/' "$KEPT" >"$W/etc/sekisho/gateway.json"
mount --bind "$W/etc" /etc
questions() { # ANSWER OPTIONS…
	ip netns exec gw timeout 60 python3 "$W/wizard.py" "$1" setpriv --reuid "$TANAKA" --regid "$TANAKA" --clear-groups \
		"$BUILD/sekisho" --lang en setup "${@:2}" >"$W/wizard.out" 2>&1 || { tail -5 "$W/wizard.out"; return 1; }
}
check 'the wizard asks whether it is still reachable' questions y
check '… and keeps it then' keeps 192.168.10.33
check '… for good' gone
sed -i 's/192\.168\.10\.33\/24/192.168.10.34\/24/' /etc/sekisho/gateway.json
check 'who says no' questions n
check '… has the settings of before' bash -c "grep -qx Address=192.168.10.33/24 $LAN && grep -q '192.168.10.33/24' $KEPT"
refuse 'who says nothing' questions - --confirm 3
check '… is told' grep -q 'No answer: the settings of before return' "$W/wizard.out"
check '… and has them, too' soon 192.168.10.33
check '… in what is kept, too' keeps 192.168.10.33

kill "$SETUP"
finish
