#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A set-up that fails half-way locks nobody out and says what stands; a manager that was taken over makes nobody a user
# whom this machine knows as somebody else; cards that moved get no addresses; the line's password and name servers.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

net_up
fwd_start
mgmtd_start
box_root
answers "$W/answers.json"
SETTINGS=$BOX/etc/sekisho/gateway.json
boot() { in_ns gw "$BUILD/sekisho-setup" --boot --root "$BOX" >"$W/boot.out" 2>&1; }

# ---- the firewall goes away in the middle ----------------------------------------------------------------
python3 "$(dirname "$0")/setup_fake.py" /run/sekisho/setup.sock kill -9 "$FWD" >"$W/fake.out" &
fake=$!
wait_for 10 test -S /run/sekisho/setup.sock
check 'a set-up without a policy at its end fails, and says what stands' \
	says 'the registry has it, but it is not in force' sk setup --answers "$W/answers.json"
check '… nothing counts as set up' test ! -e "$SETTINGS"
check 'it is still the turn of the console' says 'nothing was changed' sk --lang en setup </dev/null
refuse '… and not of others' as 2001 setup --answers "$W/answers.json"
kill "$fake"
rm -f /run/sekisho/setup.sock
rm -f /run/sekisho/fwd.sock
fwd_start
wait_for 20 bash -c "ip netns exec gw '$BUILD/sekisho' --json status | grep -q '\"fwd\": *\"reachable\"'"
setup_start

# ---- people that are somebody else here ------------------------------------------------------------------
cp -a "$BOX/etc" "$W/etc.before"
uid() { sk --json account show "$1" | rows 'd["uid"]'; }
TANAKA=$(uid tanaka)
somebody() { # NAME FILE LINE: with that line there, it is refused
	echo "$3" >>"$BOX/etc/$2"
	check "$1" says 'somebody else' sk setup --answers "$W/answers.json"
	check '… and no password was set' bash -c "! grep -q '^tanaka:.y' $BOX/etc/shadow; [ ! -e $BOX/etc/sekisho/people ]"
	cp -a "$W/etc.before/$2" "$BOX/etc/$2"
}
somebody 'a user of the machine is not taken over' passwd "tanaka:x:1500:1500::/home/tanaka:/bin/bash"
somebody '… also with the same number' passwd "tanaka:x:$TANAKA:$TANAKA::/home/tanaka:/bin/bash"
somebody 'a number is not shared' passwd "admin1:x:$TANAKA:$TANAKA::/home/admin1:/bin/bash"
somebody 'nobody gets into a group by the name' group 'sudo:x:27:admin1,tanaka'

# ---- settings that cannot be kept --------------------------------------------------------------------------
mkdir "$SETTINGS"
check 'settings that cannot be kept are no success' \
	says 'the policy is in force, but the settings are not kept' sk setup --answers "$W/answers.json"
check 'nothing was asked for twice' test "$(sk --json rule list --state requested | rows 'len(d)')" = 2
rmdir "$SETTINGS"
answers "$W/again.json" 'del d["people"]'
check 'now it is the turn of the administrator' says 'an administrator changes it' sk setup --answers "$W/again.json"
check '… who completes it' as "$TANAKA" setup --answers "$W/again.json"
check '… and it is kept' grep -q 52:54 "$SETTINGS" -e '"mac"'

# ---- a manager that was taken over ---------------------------------------------------------------------------
cp -a "$BOX/etc/shadow" "$W/shadow.before"
write() { # UIDS PYTHON…: asks sekisho-setup itself
	answers "$W/forged.json" "${@:2}"
	in_ns gw python3 - "$1" "$W/forged.json" <<-PY
		import json, sys
		sys.path.insert(0, "$(dirname "$0")")
		import feedctl
		a = feedctl.ask("/run/sekisho/setup.sock", "setup.write", {"uids": json.loads(sys.argv[1])}, open(sys.argv[2], "rb").read())
		print(a.end)
		sys.exit(a.code != 0)
	PY
}
check 'a person keeps the number' says 'cannot have the number' write '{"tanaka": 2999, "sato": 2998}'
check 'a number keeps the person' says 'cannot have the number' \
	write "{\"mallory\": $TANAKA, \"sato\": $(uid sato)}" 'd["people"][0]["name"] = "mallory"'
echo 'admin1:x:1600:1600::/home/admin1:/bin/bash' >>"$BOX/etc/passwd"
check 'a user of the machine gets no password' says 'somebody else' \
	write "{\"admin1\": 1600, \"sato\": $(uid sato)}" 'd["people"][0]["name"] = "admin1"'
check '… nothing was set' cmp "$W/shadow.before" "$BOX/etc/shadow"

# ---- cards ----------------------------------------------------------------------------------------------------
mac=$(in_ns gw cat /sys/class/net/lan0/address)
check 'a card keeps its name' grep -qx "MACAddress=$mac" "$BOX/etc/systemd/network/50-sekisho-lan0.link"
check '… the one that the policy knows' grep -qx 'Name=lan0' "$BOX/etc/systemd/network/50-sekisho-lan0.link"
check 'at a start all cards are there' boot
check '… and nothing is complained of' test ! -s "$W/boot.out"
in_ns gw ip link set lan0 address 52:54:00:0a:0b:0c
check 'at a start with another card of that name' boot
check '… the console says so' grep -q "port lan (lan0, $mac).*another card has this name" "$W/boot.out"
check '… in Japanese, too' grep -q 別のカード "$W/boot.out"
check '… and the other card gets no addresses' bash -c "tr '\n' ' ' <$BOX/run/systemd/network/50-sekisho-lan.network | grep -q 'Name=lan0 MACAddress=$mac '"
in_ns gw ip link set lan0 address "$mac"
in_ns gw ip link set lan0 name lan9
check 'at a start with the card under another name' boot
check '… the console says so' grep -q "port lan (lan0, $mac).*the card has another name" "$W/boot.out"
check '… and it gets no addresses' bash -c "! grep -rq 'Name=lan9' $BOX/run/systemd/network"
in_ns gw ip link set lan9 name lan0

# ---- the line ---------------------------------------------------------------------------------------------------
line() { # USER PASSWORD: PPPoE
	answers "$W/line.json" 'del d["people"]' \
		"d['networks'][0] = {'role': 'wan', 'ipv4': {'method': 'pppoe'}, 'pppoe': {'user': '$1'${2:+, 'password': '$2'}}}"
	as "$TANAKA" setup --confirm 0 --answers "$W/line.json"
}
check 'a line over PPPoE needs its password' says 'pppoe.password: is missing' line u@isp
check 'with it, it is set up' line u@isp line-secret-1
check '… and kept for root alone' test "$(stat -c %a "$BOX/etc/sekisho/pppoe.secret")" = 600
check 'nobody types it again' line u@isp
check '… and pppd has it' grep -q 'line-secret-1' "$BOX/run/sekisho-setup/ppp.options"
check 'it is not that of another user' says 'no password of this user' line v@isp
mkdir -p "$BOX/etc/ppp" "$BOX/run/systemd/netif"
ip netns exec gw "$BUILD/sekisho-setup" --upstream --root "$BOX" >"$W/upstream.log" 2>&1 &
UPSTREAM=$!
asked() { grep -qx "nameserver $1" "$BOX/run/sekisho-setup/resolv.conf"; }
printf 'nameserver 203.0.113.77\nnameserver 203.0.113.78\n' >"$BOX/etc/ppp/resolv.conf"
check 'name servers that pppd was told are asked' wait_for 10 asked 203.0.113.77
for i in $(seq 1 100); do printf 'DNS=203.0.113.%d\n' "$i" >"$W/state" && mv "$W/state" "$BOX/run/systemd/netif/state"; done
check 'of many in a row, the last' wait_for 10 asked 203.0.113.100
check '… beside what pppd has' asked 203.0.113.78
rm -r "$BOX/etc/ppp"
check 'without that folder it ends, to be started anew' wait_for 10 eval '! kill -0 $UPSTREAM 2>/dev/null'
check '… and says why' grep -q 'cannot be watched' "$W/upstream.log"
in_ns gw ip link set wan0 down
mac=$(in_ns gw cat /sys/class/net/wan0/address)
in_ns gw ip link set wan0 address 52:54:00:0a:0b:0d
check 'at a start with another card at the line' boot
check '… the password is not said to it' test ! -e "$BOX/run/sekisho-setup/ppp.options"
in_ns gw ip link set wan0 address "$mac"
in_ns gw ip link set wan0 up
check 'a line without PPPoE' as "$TANAKA" setup --confirm 0 --answers "$W/again.json"
check '… leaves no password behind' test ! -e "$BOX/etc/sekisho/pppoe.secret"

kill "$SETUP"
finish
