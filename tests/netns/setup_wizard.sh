#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The questions of `sekisho setup`, answered at a terminal: wrong answers are asked again, a cable that is plugged in
# chooses its port, and at the end the gateway is set up.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

net_up
box_real
fwd_start
mgmtd_start

ask() { # ANSWERS OPTIONS…: each line of ANSWERS is one
	local answers=$1
	shift
	printf '%s\n' "$answers" | ip netns exec gw "$BUILD/sekisho" "$@" setup >"$W/wizard.out" 2>&1
}

# ---- a cable ---------------------------------------------------------------------------------------------
in_ns fab ip link set eth0 down
wait_for 5 bash -c "! ip netns exec gw cat /sys/class/net/fab0/carrier | grep -q 1"
in_ns gw ip link set dmz0 down # its cable is in; its carrier comes when the wizard sets it up
mkfifo "$W/keys"
ip netns exec gw "$BUILD/sekisho" --lang en setup <"$W/keys" >"$W/cable.out" 2>&1 &
wizard=$!
exec 7>"$W/keys"
printf '1\nTest site\n\n\n\n1\n' >&7
check 'the wizard asks for the port of the internet' wait_for 10 grep -q 'internet (wan): plug its cable' "$W/cable.out"
check 'a port that was down is not one whose cable was plugged in' bash -c "! grep -q '= internet' $W/cable.out"
check 'ports are listed with their addresses' grep -q "fab0 .*$(in_ns gw cat /sys/class/net/fab0/address)" "$W/cable.out"
in_ns fab ip link set eth0 up
check 'the cable that is plugged in chooses the port' wait_for 10 grep -q 'fab0 .*= internet' "$W/cable.out"
exec 7>&-
wait "$wizard"
check 'input that ends changes nothing' grep -q 'nothing was changed' "$W/cable.out"
check '… indeed' test ! -e "$BOX/etc/sekisho/gateway.json"

# ---- all of it -------------------------------------------------------------------------------------------
# Mistakes on the way: an address without prefix, a weak password, two that differ.
answers=$(cat <<'KEYS'
2
サンプル製作所
sekisho-2

203.0.113.10
1
wan0
lan0

dmz0




2
203.0.113.1
203.0.113.1/24
203.0.113.10
203.0.113.10
1

1
y



y
y
192.168.20.1/24
1
n
n
n
n
tanaka
田中 一郎
tanaka
Yama-to-Kawa-58
Yama-to-Kawa-59
Yama-to-Kawa-58
Yama-to-Kawa-58
sato
佐藤 花子
Umi-no-Sakana-73
Umi-no-Sakana-73
1
1
1
y
y
KEYS
)
check 'the wizard sets the gateway up' ask "$answers" --lang ja
check 'it speaks Japanese' grep -q 関所の設定 "$W/wizard.out"
check 'no password is shown' bash -c "! grep -q Kawa $W/wizard.out"
check 'a weak password was refused' grep -q '文字以上' "$W/wizard.out"
check 'two that differ were' grep -q '一致しません' "$W/wizard.out"
check 'an address without its prefix was asked again' grep -q 'プレフィックス長を付けて' "$W/wizard.out"
check 'a policy is in force' bash -c "ip netns exec gw '$BUILD/sekisho' --json status | grep -Eq '\"generation\": ?1\b'"
check 'the settings are what was answered' python3 - "$BOX/etc/sekisho/gateway.json" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
n = {x["role"]: x for x in d["networks"]}
assert d["site"] == "サンプル製作所" and d["hostname"] == "sekisho-2" and d["language"] == "ja"
assert [(p["match"]["name"], p["role"]) for p in d["ports"]] == [("wan0", "wan"), ("lan0", "lan"), ("dmz0", "dmz")]
assert n["wan"]["ipv4"]["address"] == "203.0.113.1/24" and n["lan"]["ipv4"]["address"] == "192.168.10.1/24"
assert n["lan"]["dhcp"]["from"] == "192.168.10.100" and n["lan"]["manage"] and "dhcp" not in n["dmz"]
PY
check 'status shows the services' bash -c "ip netns exec gw '$BUILD/sekisho' --lang en status | tr '\n' ' ' | grep -q 'DHCP.*DNS.*NTP'"
check 'the people are two' test "$(grep -c . "$BOX/etc/sekisho/people")" = 2

check 'they are Unix users, with a folder of their own' bash -c 'id tanaka && [ "$(stat -c %U:%a ~sato)" = sato:700 ]'

# ---- the menu --------------------------------------------------------------------------------------------
menu() { printf '%s\n' "$1" | ip netns exec gw "$BUILD/sekisho" --lang en console >"$W/menu.out" 2>&1; }
shows() { menu "$1" && grep -q -- "$2" "$W/menu.out" || { cat "$W/menu.out"; return 1; }; }
check 'root alone is told at once that it is set up' bash -c "! ip netns exec gw '$BUILD/sekisho' --lang en setup </dev/null >$W/root.out 2>&1 && grep -q 'set up already' $W/root.out && ! grep -q 'Name of' $W/root.out"
check 'the menu shows the state' shows $'1\n10' 'Generation'
refuse 'the menu is for root' as 2001 console
check 'setting up again wants an administrator' shows $'3\ntanaka\nwrong-Password-1\n10' 'is wrong'
check '… whose password opens it' shows $'3\ntanaka\nYama-to-Kawa-58\nOther site\n10' 'Name of this machine'
roles() { sk --json account show "$1" | rows 'd["roles"]'; }
check 'a person is recovered' shows $'4\nsato\nforgot the password\ny\ny\nn\nKita-no-Yama-29\n10' 'can sign in'
check '… with the roles as they were' test "$(roles sato)" = approver
check 'nobody is recovered who has no account' shows $'4\nnobody1\nwhy\n10' 'There is no account nobody1'
check 'an administrator is recovered' shows $'4\nsato\ntanaka has left the company\nn\ny\nn\nweak\nHigashi-no-Umi-47\n10' 'can sign in'
check '… after a weak password was refused' grep -q 'at least 10' "$W/menu.out"
check '… who has the role, beside those of before' bash -c "[[ ,$(roles sato), == *,admin,* && ,$(roles sato), == *,approver,* ]]"
check 'an administrator only gets a password' shows $'4\ntanaka\nforgot the password\ny\nn\nYama-to-Kawa-59\n10' 'can sign in'
check '… and keeps the roles' bash -c "[[ ,$(roles tanaka), == *,admin,* && ,$(roles tanaka), == *,requester,* ]]"
check '… and the password' shows $'3\nsato\nHigashi-no-Umi-47\nOther site\n10' 'Name of this machine'
check '… and it is in the audit log' bash -c \
	"ip netns exec gw setpriv --reuid $(id -u sato) --clear-groups '$BUILD/sekisho' --json audit list | grep -q 'has left the company'"
check 'the new password is kept for the next start' bash -c \
	"[ \"\$(grep ^sato: /etc/sekisho/people | cut -d: -f4)\" = \"\$(grep ^sato: /etc/shadow | cut -d: -f2)\" ]"

# What is tried at the machine is in the journal.
mkdir "$W/dev"
for f in null zero urandom; do
	touch "$W/dev/$f"
	mount --bind "/dev/$f" "$W/dev/$f"
done
python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode(), flush=True)' "$W/dev/log" >"$W/journal.out" &
journal=$!
wait_for 10 test -S "$W/dev/log"
printf '3\nsato\nwrong-Password-1\n3\nsato\nHigashi-no-Umi-47\n10\n' |
	ip netns exec gw bash -c "mount --rbind $W/dev /dev && exec '$BUILD/sekisho' --lang en console" >"$W/menu.out" 2>&1
check 'a wrong password is in the journal' wait_for 5 grep -q '<84>.*console menu: wrong name or password for sato on' "$W/journal.out"
check '… and so is a right one' wait_for 5 grep -q '<85>.*console menu: right password for sato on' "$W/journal.out"
check '… but no password' bash -c "! grep -q 'Password-1\|Umi-47' $W/journal.out"
kill "$journal"

check 'a factory reset needs the code' shows $'6\n000000\n10' 'nothing was erased'
check '… and nothing is done without' shows $'6\n\n10' 'Nothing was erased'
# sekisho-system, who would do it, is a fake here.
python3 "$(dirname "$0")/setup_fake.py" /run/sekisho/system.sock true >"$W/system.out" &
fake=$!
wait_for 10 test -S /run/sekisho/system.sock
rm -f "$W/keys"
mkfifo "$W/keys"
ip netns exec gw "$BUILD/sekisho" --lang en console <"$W/keys" >"$W/reset.out" 2>&1 &
menu=$!
exec 7>"$W/keys"
echo 6 >&7
wait_for 10 grep -q -- '--code [0-9]' "$W/reset.out"
grep -o -- '--code [0-9]*' "$W/reset.out" | cut -d' ' -f2 >&7
echo 10 >&7
exec 7>&-
wait "$menu"
check 'with the code it is done' grep -q '"op": "[a-z.]*reset"' "$W/system.out"
check '… and in the audit log' bash -c \
	"ip netns exec gw setpriv --reuid $(id -u sato) --clear-groups '$BUILD/sekisho' --json audit list | grep -c system.reset | grep -qv '^[01]$'"
kill "$fake"

# So is sekisho-backup.
python3 "$(dirname "$0")/setup_fake.py" /run/sekisho/backup.sock true >"$W/backup.out" &
fake=$!
wait_for 10 test -S /run/sekisho/backup.sock
menu $'5\na-backup\n\nn\n10'
check 'a restore wants a yes' bash -c "grep -q 'Replace everything here' $W/menu.out && ! grep -q backup.restore $W/backup.out"
menu $'5\na-backup\n/etc/hostname\ny\n10'
check 'it is done with a key file' grep -q '"name": "a-backup".*"secret": "key".*backup.restore' "$W/backup.out"
menu $'5\nb-backup\n\ny\nmy-passphrase'
check '… or with a passphrase' grep -q '"name": "b-backup".*"secret": "passphrase".*backup.restore' "$W/backup.out"
kill "$fake"

# ---- a part of the line's prefix -------------------------------------------------------------------------
python3 - /etc/sekisho/gateway.json <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
n = {x["role"]: x for x in d["networks"]}
n["wan"]["ipv6"] = {"method": "auto", "prefix_delegation": True}
n["lan"]["ipv6"] = {"method": "delegated", "subnet": 1}
json.dump(d, open(sys.argv[1], "w"))
PY
in_ns gw ip -6 addr flush dev lan0 scope global
state_has() { sk status 2>&1 | tr '\n' ' ' | tee "$W/status.out" | grep -q "$1"; }
check 'status says that the line brought no prefix' state_has 'the line brought no IPv6 prefix for lan'
in_ns gw ip -6 addr add 2001:db8:77:1::1/64 dev lan0 nodad
check '… and which it brought' state_has 'IPv6 prefixes.*lan 2001:db8:77:1::/64'
check '… with the state of the advertisements' state_has 'IPv6 advertisements'

kill "$SETUP"
finish
