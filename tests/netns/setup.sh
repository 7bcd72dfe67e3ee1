#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Setting a gateway up from an answer file: the registry, the first generation, the files that are made
# of it, and the programs that run by them: dnsmasq, chronyd.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

net_up
fwd_start
mgmtd_start
setup_start

# ---- what is wrong is said, and nothing is done --------------------------------------------------------
bad() { # NAME PATTERN PYTHON…
	local name=$1 pattern=$2
	shift 2
	answers "$W/bad.json" "$@"
	check "$name" says "$pattern" sk setup --answers "$W/bad.json"
}
bad 'a port this machine has not' 'ports\[1\].match: this machine has no port 52:54:00:aa:bb:cc' \
	'd["ports"][1]["match"] = {"mac": "52:54:00:AA:BB:CC"}'
bad 'two ports with the role wan' 'ports\[1\].role: only one port can be wan' 'd["ports"][1]["role"] = "wan"'
bad 'a role without a network' 'ports\[2\].role: there is no network' 'd["networks"].pop()'
bad 'an address that is none' 'networks\[1\].ipv4.address: "192.168.10.300/24"' \
	'd["networks"][1]["ipv4"]["address"] = "192.168.10.300/24"'
bad 'networks that overlap' 'networks\[dmz\].ipv4.address: overlaps with the network of lan' \
	'd["networks"][2]["ipv4"]["address"] = "192.168.0.1/16"'
bad 'a range with the gateway in it' 'networks\[lan\].dhcp.from: the range contains' \
	'd["networks"][1]["dhcp"]["from"] = "192.168.10.1"'
bad 'one person for both' 'people: the administrator and the approver must be two' \
	'd["people"] = [dict(d["people"][0], roles=["admin", "approver"])]'
bad 'a weak password' 'people\[1\].password: no sequences' 'd["people"][1]["password"] = "Sato-1234-zz"'
bad 'a newer version' 'version: these are settings of a newer version' 'd["version"] = 2'
bad 'an unknown field' 'colour' 'd["colour"] = "red"'
bad 'a time zone that is none' 'timezone: there is no time zone' 'd["timezone"] = "Asia/Atlantis"'
bad 'a time zone that is a folder' 'timezone: there is no time zone' 'd["timezone"] = "Asia"'
bad 'a time zone that is a table' 'timezone: there is no time zone' 'd["timezone"] = "leapseconds"'
check 'a file that is no JSON' says 'line 1' sk setup --answers /etc/hostname
# The middle of a password where the text breaks: neither said nor kept.
sed 's/"password": *"Yama-to-Kawa-58"/"password" "Yama-to-Kawa-58"/' "$W/bad.json" >"$W/broken.json"
check '… nor one whose fault is at a password' says 'JSON, line 1 column' sk setup --answers "$W/broken.json"
cp "$W/says.out" "$W/broken.out"
check 'looking is no attempt' says 'line 1' sk setup --check --answers /etc/hostname
first() { in_ns gw "$BUILD/sekisho-setup" --first --mgmt-socket /run/sekisho/mgmt.sock --answers "$1"; }
answers "$W/twice.json" 'd["ports"][2]["role"] = "wan"'
refuse 'unattended: two ports with the role wan' first "$W/twice.json"
first "$W/twice.json" >"$W/first.out" 2>/dev/null
check '… said at the console, in Japanese, too' bash -c "grep -q 'FAILED: ports\[2\].role: only one port' $W/first.out && grep -q '失敗.*wan' $W/first.out"
answers "$W/escape.json" 'd["networks"][1]["ipv4"]["address"] = "\x1b[2J\x1b]0;owned\x07\u009b3J"'
refuse 'unattended: an address that a terminal would obey' first "$W/escape.json"
first "$W/escape.json" >"$W/escape.out" 2>&1
check '… is shown, and does nothing to the console' bash -c \
	"grep -aF 'x1b]0;owned' $W/escape.out && ! LC_ALL=C grep -aP '\x1b|\x07|\xc2\x9b' $W/escape.out"
refuse 'unattended: a file that is not there' first /nowhere.json
head -c 300000 /dev/zero | tr '\0' ' ' >"$W/large.json"
refuse 'unattended: a file that is far too large' first "$W/large.json"
check 'nothing was set by all that' test ! -e "$BOX/etc/sekisho/gateway.json"
check '… and no account made' says 'no account tanaka' sk account show tanaka

# ---- set up ---------------------------------------------------------------------------------------------
answers "$W/answers.json"
check 'the answer file is good' sk setup --check --answers "$W/answers.json"
check '--check changes nothing' test ! -e "$BOX/etc/sekisho/gateway.json"
refuse 'who is not the console sets nothing up' as 2001 setup --answers "$W/answers.json"
check 'the gateway is set up' sk setup --answers "$W/answers.json"
uid() { sk --json account show "$1" | rows 'd["uid"]'; }
TANAKA=$(uid tanaka) SATO=$(uid sato)
export -f as
export BUILD
check 'the first generation is in force' bash -c \
	"ip netns exec gw '$BUILD/sekisho' --json status | grep -Eq '\"generation\": ?1\b'"
check 'zones are the roles' bash -c "ip netns exec gw '$BUILD/sekisho' --csv --lang en zone list | grep -q '^dmz,'"
check 'two requests wait for the approver' test "$(sk --json rule list --state requested | rows 'len(d)')" = 2
check 'the audit log has it, without a password' bash -c \
	"as $SATO --json audit list >$W/audit.json && grep -q setup.apply $W/audit.json && ! grep -q Kawa $W/audit.json"
failed() { # PATTERN [OP]: a row of the console's with that error
	as "$SATO" --json audit list | python3 -c 'import json, re, sys
sys.exit(not [r for r in json.load(sys.stdin) if r["op"] == sys.argv[1] and r["account"] == "console" and
	r["target"] == "gateway" and re.search(sys.argv[2], r["result"])])' "${2:-setup.apply}" "$1"
}
check 'each failure is in it: a port that is missing' failed '^ports\[1\].match: this machine has no port'
check '… a role given twice' failed '^ports\[1\].role: only one port can be wan.*nothing was changed'
check '… a file that is no JSON' failed '^JSON, line 1 column .*nothing was changed'
check '… unattended, too' failed '^ports\[2\].role: only one port can be wan'
check '… a file that is not there' failed '^set-up from /nowhere.json: .*No such file' setup.failed
check '… or too large' failed "^set-up from $W/large.json: " setup.failed
refuse '… but not that somebody looked' failed . setup.check
check 'no password of those is in it, in the events, or was said' bash -c \
	"! cat $W/audit.json $STATE/mgmtd/eve.json $W/broken.out | grep -e Yama -e Kawa -e Sakana -e Sato-1234"
check 'settings are kept without passwords' bash -c "grep -q lan0 $BOX/etc/sekisho/gateway.json && ! grep -q Kawa $BOX/etc/sekisho/gateway.json"
check 'people are kept with their hash, for root alone' bash -c \
	"grep -q '^tanaka:$TANAKA:田中 一郎:\\\$y\\\$' $BOX/etc/sekisho/people && [ \$(stat -c %a $BOX/etc/sekisho/people) = 600 ]"
check '… and are Unix users' bash -c "grep -q '^sato:x:$SATO:$SATO:佐藤 花子:' $BOX/etc/passwd && grep -q '^sato:\\\$y\\\$' $BOX/etc/shadow"
check 'the shadow file keeps its mode' test "$(stat -c %a "$BOX/etc/shadow")" = 640
check 'the host has its name' grep -qx sekisho-1 "$BOX/etc/hostname"

# ---- with what was made, real programs run --------------------------------------------------------------
check 'networkd has the addresses' grep -qx 'Address=192.168.10.1/24' "$BOX/run/systemd/network/50-sekisho-lan.network"
check 'dnsmasq takes its configuration' dnsmasq --test --conf-file="$BOX/run/sekisho-setup/dnsmasq.conf"
if command -v chronyd >/dev/null; then
	check 'chronyd takes its configuration' chronyd -p -f "$BOX/run/sekisho-setup/chrony.conf"
else
	skip 'chronyd takes its configuration' 'chronyd is not installed'
fi

# ---- again -----------------------------------------------------------------------------------------------
answers "$W/again.json" 'del d["people"]; d["networks"][1]["ipv4"]["address"] = "192.168.10.254/24"'
check 'root alone may not any more' says 'an administrator changes it' sk setup --answers "$W/again.json"
check 'an administrator may' as "$TANAKA" setup --confirm 60 --answers "$W/again.json"
check 'the address is the new one' grep -qx 'Address=192.168.10.254/24' "$BOX/run/systemd/network/50-sekisho-lan.network"
check '… and is kept once it is confirmed' as "$TANAKA" setup confirm
answers "$W/again.json" 'del d["people"]; d["networks"][1]["manage"] = False'
check 'what is policy waits for another person' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
check '… as a request' bash -c "ip netns exec gw '$BUILD/sekisho' --csv --lang en change list | grep -q 'zone,lan\|lan,'"
refuse 'people are not made by it any more' as "$TANAKA" setup --answers "$W/answers.json"

# ---- at the next start ----------------------------------------------------------------------------------
rm -rf "$BOX/run/systemd" "$BOX/run/sekisho-setup"
sed -i '/^tanaka\|^sato/d' "$BOX/etc/passwd" "$BOX/etc/shadow" "$BOX/etc/group"
# The file of a backup, on a machine where the numbers are others'.
printf 'suzuki:x:2040:2040::/home/suzuki:/bin/bash\n' >>"$BOX/etc/passwd"
printf 'suzuki:x:2040:\nstaff:x:2050:\n' >>"$BOX/etc/group"
cp "$BOX/etc/sekisho/people" "$W/people"
{
	printf '../../tmp/x:2039:X:$y$j9T$x\nmori:2040:Mori:$y$j9T$x\nito:2050:Ito:$y$j9T$x\nsuzuki:2041:Suzuki:$y$j9T$x\n'
	cat "$W/people"
	printf 'kato:%s:Kato:$y$j9T$x\nono:2060:O\302\233no:$y$j9T$x\n' "$TANAKA"
} >"$BOX/etc/sekisho/people"
boot() { in_ns gw "$BUILD/sekisho-setup" --boot --root "$BOX" 2>"$W/boot.out"; }
check 'a start makes all of it again' boot
made() { grep -c "^$1:" "$BOX/etc/passwd" "$BOX/etc/shadow" "$BOX/etc/group" | grep -c ':1$'; }
check '… but nobody whose name is none' bash -c "! grep -F ../ $BOX/etc/passwd $BOX/etc/shadow $BOX/etc/group"
check '… or whose number is a user'"'"'s, or a group'"'"'s, of this machine' test "$(made mori)$(made ito)" = 00
check '… or whose name is' test "$(made suzuki)" = 2
check '… or whose number is another'"'"'s of the file' test "$(made kato)" = 0
check '… and says so' bash -c "for n in mori ito suzuki kato; do grep -q \"people: \$n (number 20.*cannot sign in here\" $W/boot.out || exit 1; done"
check '… a display name for no terminal is left out' grep -q '^ono:x:2060:2060::/' "$BOX/etc/passwd"
cp "$W/people" "$BOX/etc/sekisho/people"
check '… the networks' grep -qx 'Address=192.168.10.1/24' "$BOX/run/systemd/network/50-sekisho-lan.network"
check '… and the people' grep -q '^tanaka:\$y\$' "$BOX/etc/shadow"
sed -i 's/^tanaka:[^:]*:/tanaka:$y$j9T$changed:/' "$BOX/etc/shadow"
check 'a password that was changed is kept' in_ns gw "$BUILD/sekisho-setup" --people-save --root "$BOX"
check '… in the file' grep -q ':\$y\$j9T\$changed$' "$BOX/etc/sekisho/people"
# While somebody else changes the file: here flock(1), who replaces it as the set-up does.
sed -i 's/^tanaka:[^:]*:/tanaka:$y$j9T$again:/' "$BOX/etc/shadow"
cat >"$W/add" <<-ADD
	{ cat $BOX/etc/sekisho/people; echo 'new:2070:New:\$y\$j9T\$new'; } >$W/people.new
	echo held >$W/held
	until grep -q -- '-> FLOCK' /proc/locks || [ -e $W/keeper.end ]; do sleep 0.05; done
	cp $W/people.new $BOX/etc/sekisho/people.new && mv $BOX/etc/sekisho/people.new $BOX/etc/sekisho/people
ADD
mkfifo "$W/keeper.go"
(read -r _ <"$W/keeper.go" && ip netns exec gw "$BUILD/sekisho-setup" --people-save --root "$BOX"; touch "$W/keeper.end") &
keeper=$!
flock "$BOX/etc/sekisho/people" bash "$W/add" &
adder=$!
wait_for 10 test -e "$W/held"
echo >"$W/keeper.go"
wait "$keeper" "$adder"
check 'whoever changes the people waits for who does already' grep -q '^tanaka:.*:\$y\$j9T\$again$' "$BOX/etc/sekisho/people"
check '… and neither change is lost' grep -q '^new:2070:' "$BOX/etc/sekisho/people"
# As pam_exec(8) asks when somebody changes a password.
check_password() { printf '%s\0' "$1" | setpriv --reuid 65534 --clear-groups env PAM_USER=tanaka "$BUILD/sekisho-setup" --password-check; }
check 'passwd takes a password that is good enough' check_password Yama-to-Kawa-58
check '… not one that is short' says 'at least 10' check_password Ab-1
check '… or with the name in it, which is said in Japanese, too' says '利用者名' check_password Tanaka-no-Kagi-1
sed -i 's/"version": 1/"version": 7/' "$BOX/etc/sekisho/gateway.json"
check 'settings of a newer version are refused' says 'newer version' in_ns gw "$BUILD/sekisho-setup" --boot --root "$BOX"

kill "$SETUP"
finish
