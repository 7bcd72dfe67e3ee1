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
meets() { # LAN: with the line's address by DHCP, what status says of it
	python3 - "$1" <<-'PY'
		import json, sys
		d = json.load(open("/etc/sekisho/gateway.json"))
		n = {x["role"]: x for x in d["networks"]}
		n["wan"]["ipv4"] = {"method": "dhcp"}
		n["lan"]["ipv4"]["address"] = sys.argv[1]
		n["lan"].pop("dhcp", None)
		json.dump(d, open("/etc/sekisho/gateway.json", "w"))
	PY
	sk status | tr -s ' \n' ' ' | grep -q 'network 203.0.113.0/24 overlaps'
}
cp -p /etc/sekisho/gateway.json "$W/gateway.kept"
refuse 'a line beside the office is nothing to warn of' meets 192.168.10.1/24
check 'one whose network is the same in part is told' meets 203.0.113.129/25
check '… also if it is within' meets 203.0.0.1/16
cp -p "$W/gateway.kept" /etc/sekisho/gateway.json
check 'the people are two' test "$(grep -c . "$BOX/etc/sekisho/people")" = 2

check 'they are Unix users, with a folder of their own' bash -c 'id tanaka && [ "$(stat -c %U:%a ~sato)" = sato:700 ]'

# ---- the menu --------------------------------------------------------------------------------------------
menu() { printf '%s\n' "$1" | ip netns exec gw "$BUILD/sekisho" --lang en console >"$W/menu.out" 2>&1; }
shows() { menu "$1" && grep -q -- "$2" "$W/menu.out" || { cat "$W/menu.out"; return 1; }; }
check 'root alone is told at once that it is set up' bash -c "! ip netns exec gw '$BUILD/sekisho' --lang en setup </dev/null >$W/root.out 2>&1 && grep -q 'set up already' $W/root.out && ! grep -q 'Name of' $W/root.out"
check 'the menu shows the state' shows $'1\n11' 'Generation'
refuse 'the menu is for root' as 2001 console
check 'setting up again wants an administrator' shows $'3\ntanaka\nwrong-Password-1\n11' 'is wrong'
check '… whose password opens it' shows $'3\ntanaka\nYama-to-Kawa-58\nOther site\n11' 'Name of this machine'
roles() { sk --json account show "$1" | rows 'd["roles"]'; }
check 'a person is recovered' shows $'4\nsato\nforgot the password\ny\ny\nn\nKita-no-Yama-29\n11' 'can sign in'
check '… with the roles as they were' test "$(roles sato)" = approver
check 'nobody is recovered who has no account' shows $'4\nnobody1\nwhy\n11' 'There is no account nobody1'
check 'an administrator is recovered' shows $'4\nsato\ntanaka has left the company\nn\ny\nn\nweak\nHigashi-no-Umi-47\n11' 'can sign in'
check '… after a weak password was refused' grep -q 'at least 10' "$W/menu.out"
check '… who has the role, beside those of before' bash -c "[[ ,$(roles sato), == *,admin,* && ,$(roles sato), == *,approver,* ]]"
check 'an administrator only gets a password' shows $'4\ntanaka\nforgot the password\ny\nn\nYama-to-Kawa-59\n11' 'can sign in'
check '… and keeps the roles' bash -c "[[ ,$(roles tanaka), == *,admin,* && ,$(roles tanaka), == *,requester,* ]]"
check '… and the password' shows $'3\nsato\nHigashi-no-Umi-47\nOther site\n11' 'Name of this machine'
check '… and it is in the audit log' bash -c \
	"ip netns exec gw setpriv --reuid $(id -u sato) --clear-groups '$BUILD/sekisho' --json audit list | grep -q 'has left the company'"
check 'the new password is kept for the next start' bash -c \
	"[ \"\$(grep ^sato: /etc/sekisho/people | cut -d: -f4)\" = \"\$(grep ^sato: /etc/shadow | cut -d: -f2)\" ]"

# ---- a person is added -----------------------------------------------------------------------------------
TANAKA_PW=Yama-to-Kawa-59
is_user() { grep -q "^$1:" /etc/passwd && grep -q "^$1:" /etc/shadow && grep -q "^$1:" /etc/group && grep -q "^$1:" /etc/sekisho/people; }
no_user() { ! cat /etc/passwd /etc/shadow /etc/group /etc/sekisho/people | grep -q "^$1:" && [ ! -e "/home/$1" ]; }
person() { setpriv --reuid "$(id -u "$1")" --clear-groups "$BUILD/sekisho" --lang en "${@:2}"; }
in_gw() { ip netns exec gw bash -c "$(declare -f person); BUILD=$BUILD; $1"; }
check 'somebody is added by an administrator, whose weak password was refused' shows \
	$'10\ntanaka\n'$TANAKA_PW$'\nkansa\nKansa Keiko\nauditr\nauditor,admin\nthe yearly audit\nweak\nMori-no-Kuma-61\nMori-no-Kuma-62\nMori-no-Kuma-61\nMori-no-Kuma-61\ny\n11' 'kansa can sign in'
check '… a role that there is not, too' grep -q '"auditr" is no role' "$W/menu.out"
check '… the password, too' grep -q 'at least 10' "$W/menu.out"
check '… and two that differ' grep -q 'They differ' "$W/menu.out"
check '… no password is shown' bash -c "! grep -q Mori-no $W/menu.out"
check 'the new person is a Unix user, with a number of its own and a folder' bash -c \
	"$(declare -f is_user); is_user kansa && [ \$(id -u kansa) = 2002 ] && [ \"\$(stat -c %U:%a ~kansa)\" = kansa:700 ]"
check '… who has no account before another person approves it' bash -c "! ip netns exec gw '$BUILD/sekisho' account show kansa"
refuse '… and may do nothing' in_gw 'person kansa audit list'
number=$(sk --json change list --state requested | rows '[c["number"] for c in d if c["name"] == "kansa"][0]')
check 'asking twice is refused while it waits' shows $'10\ntanaka\n'$TANAKA_PW$'\nkansa\n11' 'waits for approval'
refuse 'the administrator does not approve it' in_gw "person tanaka change approve $number"
check 'another person does' in_gw "person sato change approve $number"
check '… then the account has its roles' bash -c "[[ ,$(roles kansa), == *,auditor,* && ,$(roles kansa), == *,admin,* ]]"
check '… who it is is known by the number' in_gw 'person kansa audit list'
check '… and by the password' shows $'3\nkansa\nMori-no-Kuma-61\nOther site\n11' 'Name of this machine'
check 'who asked and why is in the audit log' in_gw "person kansa --json audit list --account tanaka | grep 'the yearly audit' | grep -q account.add"
check 'a name that is in use is refused' shows $'10\ntanaka\n'$TANAKA_PW$'\nkansa\n11' 'exists already'
check '… and one of the system' shows $'10\ntanaka\n'$TANAKA_PW$'\ndaemon\n11' 'somebody else'
check '… nothing came of it' bash -c "[ \$(grep -c . /etc/sekisho/people) = 3 ]"
started=$(date +%s%N)
check 'nobody is added without a password that is right' shows $'10\ntanaka\nwrong-Password-1\n11' 'is wrong'
check '… and it costs more time than the wrong one before, though the menu was left since' \
	test $((($(date +%s%N) - started) / 1000000)) -ge 4000
rm -f /run/sekisho-console.wrong

check 'another is asked for' shows \
	$'10\ntanaka\n'$TANAKA_PW$'\nsuzuki\nSuzuki Jiro\nrequester\nthird requester\nKita-no-Kuni-83\nKita-no-Kuni-83\ny\n11' 'suzuki can sign in'
number=$(sk --json change list --state requested | rows '[c["number"] for c in d if c["name"] == "suzuki"][0]')
check '… and returned' in_gw "person sato change return $number --reason 'with the role approver, please'"
check '… asked for again, with the same number' shows \
	$'10\ntanaka\n'$TANAKA_PW$'\nsuzuki\nSuzuki Jiro\nrequester,approver\nthird requester\nKita-no-Kuni-84\nKita-no-Kuni-84\ny\n11' 'suzuki can sign in'
check '… indeed' bash -c "[ \$(id -u suzuki) = 2003 ] && [ \$(grep -c ^suzuki: /etc/shadow) = 1 ]"
number=$(sk --json change list --state requested | rows '[c["number"] for c in d if c["name"] == "suzuki"][0]')
check '… and approved' in_gw "person sato change approve $number"
check '… it is the new password that opens' shows $'10\nsuzuki\nKita-no-Kuni-84\n11' 'suzuki is no administrator'
check 'who is no administrator adds nobody' bash -c "! grep -q 'Full name' $W/menu.out"

# A number that is only asked for is nobody else's; an account that is not given leaves no Unix user.
check 'a number is asked for without a Unix user' in_gw "person tanaka account add ito --display Ito --uid 2004 --roles requester --purpose x"
rm -f "$W/keys"
mkfifo "$W/keys"
ip netns exec gw "$BUILD/sekisho" --lang en console <"$W/keys" >"$W/add.out" 2>&1 &
menu=$!
exec 7>"$W/keys"
printf '10\nkansa\nMori-no-Kuma-61\nyamada\nYamada Saburo\nrequester\nhelps out\nMinami-no-Shima-35\nMinami-no-Shima-35\n' >&7
check 'the menu asks whether to do it' wait_for 10 grep -q 'Add this person' "$W/add.out"
check '… the administrator has just been disabled' in_gw "person sato account disable kansa --reason 'left the company'"
printf 'y\n11\n' >&7
exec 7>&-
wait "$menu"
check '… so nobody is added' grep -q 'Nobody was added' "$W/add.out"
check '… and no Unix user stays' no_user yamada
check 'a disabled administrator adds nobody' shows $'10\nkansa\nMori-no-Kuma-61\n11' 'kansa is no administrator'
refuse '… and may do nothing any more' in_gw 'person kansa status'
check 'a number that is asked for is not given away' shows \
	$'10\ntanaka\n'$TANAKA_PW$'\nyamada\nYamada Saburo\nrequester\nhelps out\nMinami-no-Shima-35\nMinami-no-Shima-35\ny\n11' 'yamada can sign in'
check '… indeed' bash -c "[ \$(id -u yamada) = 2005 ]"
check 'without a yes nobody is added' shows \
	$'10\ntanaka\n'$TANAKA_PW$'\nmori\nMori Shiro\nrequester\nhelps out\nMinami-no-Shima-36\nMinami-no-Shima-36\nn\n11' 'Add this person'
check '… indeed' no_user mori

# Accounts that the registry has and the machine does not.
approve() { in_gw "person sato change approve $(sk --json change list --state requested | rows "[c['number'] for c in d if c['name'] == '$1'][0]")"; }
in_gw "person tanaka account add endo --display 'Endo: Goro' --uid 2030 --roles requester --purpose x" && approve endo
check 'an account without a Unix user gets one where it gets a password' shows \
	$'4\nendo\ncannot sign in\ny\ny\nn\nNishi-no-Kawa-72\n11' 'endo can sign in'
check '… with the number of the account' bash -c "$(declare -f is_user); is_user endo && [ \$(id -u endo) = 2030 ] && [ \"\$(stat -c %U:%a ~endo)\" = endo:700 ]"
check '… who signs in' shows $'10\nendo\nNishi-no-Kawa-72\n11' 'endo is no administrator'
echo 'other:x:2031:2031::/:/bin/sh' >>/etc/passwd
in_gw "person tanaka account add fukuda --display Fukuda --uid 2031 --roles requester --purpose x" && approve fukuda
check '… but not the number of somebody else' shows $'4\nfukuda\nno such number\ny\ny\nn\nNishi-no-Kawa-73\n11' 'fukuda (number 2031) is or belongs to somebody else'
check '… and then nothing is recorded' bash -c "ip netns exec gw setpriv --reuid $(id -u sato) --clear-groups '$BUILD/sekisho' --json audit list | grep -q 'cannot sign in' && \
	! ip netns exec gw setpriv --reuid $(id -u sato) --clear-groups '$BUILD/sekisho' --json audit list | grep -q 'no such number'"

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

check 'a factory reset needs the code' shows $'6\n000000\n11' 'nothing was erased'
check '… and nothing is done without' shows $'6\n\n11' 'Nothing was erased'
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
echo 11 >&7
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
menu $'5\na-backup\n\nn\n11'
check 'a restore wants a yes' bash -c "grep -q 'Replace everything here' $W/menu.out && ! grep -q backup.restore $W/backup.out"
menu $'5\na-backup\n/etc/hostname\ny\n11'
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
