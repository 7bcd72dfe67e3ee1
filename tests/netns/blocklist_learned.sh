#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.146: an address that a listed name was seen to have is blocked by inspection and firewall; one that this site has
# long been in touch with is not, whatever a listed name's owner says it is; a shared one is given back.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_feeds.sh"
sandbox "$@"
net_up
# Addresses of the internet: documentation addresses are never learned.
for a in 34 35 36 37 38; do in_ns inet ip addr add 93.184.216.$a/32 dev eth0; done
in_ns gw ip route add 93.184.216.0/24 via 203.0.113.10
cat >"$W/zone" <<'Z'
new.example CNAME host.evil.example
host.evil.example A 93.184.216.34
trap.example CNAME partner.evil.example
partner.evil.example A 93.184.216.35
cdn.example CNAME edge.evil.example
edge.evil.example A 93.184.216.36
two.example CNAME host.evil2.example
host.evil2.example A 93.184.216.37
three.example CNAME host.evil3.example
host.evil3.example A 93.184.216.38
shop.example A 93.184.216.36
Z
in_ns inet python3 "$TOP/tests/netns/dns_serve.py" "$W/zone" 203.0.113.10 >"$W/dns.log" 2>&1 &
wait_for 10 grep -q ready "$W/dns.log"
serve inet 80 ''
publisher_up
fwd_start
mgmtd_start --feeds "$W/feeds"
feed_start
site_up
mkdir -p $STATE/ips
ip netns exec gw "$BUILD/sekisho-ipsd" --state-dir $STATE/ips --run-dir /run/sekisho --queues 1 >>"$W/ipsd.log" 2>&1 &
as $TANAKA setting set inspection.mode on --purpose 'No.146' >/dev/null
mapfile -t waiting < <(as $SATO --json change list --state requested | python3 -c \
	'import json,sys; [print(c["number"]) for c in json.load(sys.stdin)]')
as $SATO change approve "${waiting[@]}" >/dev/null || exit 1
rule_add --source any --destination any --direction 'lan->wan' --protocol tcp --port 80 >/dev/null
rule_add --source any --destination any --direction 'lan->wan' --protocol udp --port 53 >/dev/null
apply || exit 1
echo evil.example >"$W/www/names.txt"
as $TANAKA blocklist add names --url https://localhost:8443/names.txt --format domains --suffix >/dev/null
wait_for 10 feed_is names result ok || not_ok "fetched"
as $TANAKA blocklist mode names block --reason test >/dev/null
check "the list is in use" wait_for 15 tested host.evil.example block names

ask() { in_ns lan python3 "$TOP/tests/netns/dns_ask.py" 203.0.113.10 "$1" A; }
asked() { ask "$1" | grep -q "$2"; }
passes() { TRY=1 tcp_try lan 93.184.216.$1 80; }
learned_by_firewall() { in_ns gw "$BUILD/fwdctl" op blocklist.test "{\"address\":\"93.184.216.$1\"}" | grep -q '"verdict": *"block"'; }
said() { grep "\"action\": *\"$1\"" $STATE/mgmtd/eve.json | grep -q "$2"; }

check "before anything is learned the address can be reached" passes 34
check "a name that leads to a listed one is not answered with its address" asked new.example NXDOMAIN
check "its address is blocked" wait_for 5 eval '! passes 34'
check "by the firewall as well" wait_for 5 learned_by_firewall 34
check "which is told of, with the name" wait_for 5 eval 'as $KANSA --json report blocked --by detail | grep -q host.evil.example'

# ---- the partner whom this site talks to every day
check "the partner can be reached" passes 35
seen() { as $KANSA --json why 93.184.216.35 | grep -q 192.168.10.10; }
check "the contact is known within a minute" wait_for 70 seen
sqlite3 $STATE/mgmtd/contacts.db "UPDATE contact SET days = 5" || not_ok "five days"
check "a listed name is pointed at the partner" asked trap.example NXDOMAIN
check "which is noticed" wait_for 5 said spared 93.184.216.35
check "the partner can still be reached" wait_for 3 passes 35
refuse "the firewall was not told to block it" learned_by_firewall 35
check "asking again changes nothing" asked trap.example NXDOMAIN
check "it still can" passes 35

# ---- an address that others have, too
check "an address of a listed name is learned" asked cdn.example NXDOMAIN
check "by the firewall" wait_for 5 learned_by_firewall 36
check "then another name is seen to have it" asked shop.example A=93.184.216.36
check "the firewall gives it back" wait_for 5 eval '! learned_by_firewall 36'
check "and it passes" wait_for 3 passes 36

# ---- the allow-list and the lists change their mind
allow() {
	local n
	n=$(as $SUZUKI --json blocklist allow request "$1" --purpose 'orders of parts' |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])') &&
		as $SATO blocklist allow approve "$n" --comment 'site is clean'
}
in_kernel() { in_ns gw nft list table inet sekisho | grep -q "$1"; }
for name in evil2 evil3; do as $TANAKA blocklist entry add .$name.example --purpose incident >/dev/null; done
check "names of our own are blocked" wait_for 10 tested host.evil3.example block local
check "their addresses are learned" eval 'asked two.example NXDOMAIN && asked three.example NXDOMAIN'
for a in 34 37 38; do check "93.184.216.$a is blocked" wait_for 5 eval "learned_by_firewall $a && in_kernel 93.184.216.$a"; done
check "a learned address is allowed" allow 93.184.216.34
check "and passes firewall and inspection" wait_for 5 passes 34
check "the name of another is allowed" allow .evil2.example
check "and passes" wait_for 5 passes 37
refuse "the third does not" passes 38
check "its name is no longer blocked" as $TANAKA blocklist entry remove .evil3.example --reason 'cleaned up'
check "and passes" wait_for 5 passes 38
refuse "the kernel has none of them" in_kernel 93.184.216
finish
