#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Managed switches: real FreeRADIUS, radclient and eapol_test as switches, the manager's part, a switch that takes
# requests; who may enter, who may not, what is recorded, and how a revocation reaches the switch.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
. "$(dirname "$0")/lib_radius.sh"
. "$(dirname "$0")/lib_setup.sh"
missing=$(radius_missing)
if [ -n "$missing" ]; then
	skip "managed switches" "$missing is not installed"
	finish
fi
radius_net
radius_files
ALT=pc1.corp.test cert pc1 host/pc-001 ca
ALT=pc2.corp.test cert pc2 host/pc-002 ca
ALT=pc3.corp.test cert pc3 nobody-knows ca
ALT=x.test cert stranger host/pc-999 ca
ALT=pc1.corp.test cert foreign host/pc-001 evil
ALT=pc1.corp.test cert old host/pc-001 ca -days -1
# A list with pc2's certificate in it.
touch "$R/pki/index.txt"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/pki/index.txt\ndefault_md=sha256\ndefault_crl_days=30\n' "$R" >"$R/pki/ca.cnf"
openssl ca -config "$R/pki/ca.cnf" -keyfile "$R/pki/ca.key" -cert "$R/pki/ca.pem" -revoke "$R/pki/pc2.pem" 2>/dev/null
openssl ca -config "$R/pki/ca.cnf" -keyfile "$R/pki/ca.key" -cert "$R/pki/ca.pem" -gencrl -out "$R/pki/crl.pem" 2>/dev/null
chmod 644 "$R"/pki/*.pem "$R"/pki/pc*.key "$R"/pki/{stranger,foreign,old}.key

radiusctl_start
check "the export is made" wait_for 5 test -s "$R/export/export.db"
check "FreeRADIUS starts with our configuration" freeradius_start
echo ack >"$W/switch.mode"
ip netns exec sw1 python3 "$TOP/tests/netns/fake_switch.py" 3799 "$SECRET" "$W/switch.mode" "$SWITCH_LOG" \
	>"$W/switch.log" 2>&1 &
wait_for 5 test -s "$SWITCH_LOG"

python3 "$TOP/tests/netns/radius_try.py" "$W" "$R" "$SECRET" "$GATEWAY"
FAILED=$((FAILED + $?))

# ---- the server dies and comes back ----
said() { grep -q "^! .*\"action\":\"$1\"" "$W/radiusctl.out"; }
begin=$SECONDS
kill -9 "$FREERADIUS"
check "a dead RADIUS server is told" wait_for 20 said radius_down
check "… within ten seconds ($((SECONDS - begin)))" test $((SECONDS - begin)) -le 11
check "FreeRADIUS starts again" freeradius_start
check "and that it is back" wait_for 10 said radius_up

# ---- nothing is told twice, and nothing is lost ----
accepts() { grep -c '^! .*"action":"radius_accept"' "$W/radiusctl.out"; }
printer() {
	printf '%s\n' 'User-Name=001a2b3c4d5e' 'Calling-Station-Id=00-1A-2B-3C-4D-5E' 'Message-Authenticator=0x00' |
		in_ns sw1 radclient -t 2 -r 1 10.77.0.1 auth "$SECRET"
}
before=$(accepts)
check "the manager's part ends when asked" radiusctl_stop
check "a switch is answered while the manager is away" printer
radiusctl_start
more() { [ "$(accepts)" -gt "$before" ]; }
check "what happened meanwhile is told" wait_for 5 more
read -rt 1.2 <> <(:) || :
check "and nothing else a second time" test "$(accepts)" = $((before + 1))
radiusctl_stop

# ---- the manager itself ----
mkdir -p /run/sekisho "$W/mgmtd"
chown $MGMT "$W/mgmtd" /run/sekisho
ip netns exec gw setpriv --reuid=$MGMT --regid=$MGMT --clear-groups "$BUILD/sekisho-mgmtd" --state-dir "$W/mgmtd" \
	--run-dir /run/sekisho --radius-dir "$R/export" --radius-spool "$R/spool" --radius-secrets "$R/secrets" \
	--rules-dir "$W/mgmtd/rules" >"$W/mgmtd.log" 2>&1 &
MGMTD=$!
check "sekisho-mgmtd starts" wait_for 10 grep -q 'is ready' "$W/mgmtd.log"
site_up
check "a switch is entered" as $TANAKA switch set sw1 --address 10.77.0.11 --secret sw --coa-port 3799
n=$(as $SUZUKI --json device request --name printer --mac 00-1a-2b-3c-4d-5e --kind printer --method mac --owner 'Hanako' \
	--purpose printing 2>"$W/request.err" | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
refuse "what is only requested does not enter by the switch" printer
check "it is approved" as $SATO device approve "$n"
check "a printer enters by the switch" wait_for 3 printer
kept() { grep '"radius_accept"' "$W/mgmtd/eve.json" | grep -q '"name":"printer"'; }
check "its event is in the manager's store" wait_for 5 kept
session() {
	printf '%s\n' 'User-Name=001a2b3c4d5e' 'Calling-Station-Id=00-1A-2B-3C-4D-5E' 'Acct-Status-Type=Start' 'Acct-Session-Id=5a' \
		'NAS-IP-Address=10.77.0.11' 'NAS-Port-Id=Gi1/0/7' | in_ns sw1 radclient -t 2 -r 1 10.77.0.1 acct "$SECRET"
}
check "the switch tells of its session" session
started() { grep -q '"radius_start"' "$W/mgmtd/eve.json"; }
check "which the manager knows" wait_for 5 started
asked() { grep -c . "$SWITCH_LOG"; }
before=$(asked)
check "the device is revoked" as $TANAKA device revoke "$n" --reason stolen
more() { [ "$(asked)" -gt "$before" ]; }
check "the switch is asked to end the session within a second" wait_for 2 more
refuse "and the device does not enter again" printer

# ---- people with a password, set by an administrator ----
peap() { # NAME PASSWORD
	printf 'network={\n key_mgmt=IEEE8021X\n eap=PEAP\n ca_cert="%s"\n phase2="auth=MSCHAPV2"\n identity="%s"\n password="%s"\n}\n' \
		"$R/pki/ca.pem" "$1" "$2" >"$W/peap.conf"
	in_ns sw1 eapol_test -c "$W/peap.conf" -a 10.77.0.1 -A 10.77.0.11 -s "$SECRET" -M 02:aa:bb:cc:dd:21 -t 8 -N 87:s:Gi1/0/9 \
		>"$W/peap.out" 2>&1 && tail -1 "$W/peap.out" | grep -q SUCCESS
}
# What sekisho-radius.service gets of the file at its start.
users_taken_up() {
	freeradius_stop
	cat "$BOX/etc/sekisho/radius.users" >"$R/users" 2>/dev/null || echo '#' >"$R/users"
	freeradius_start
}
m=$(as $SUZUKI --json device request --name note-pc --mac 02:aa:bb:cc:dd:21 --kind pc --method dot1x --identity hanako \
	--owner 'Hanako' --purpose office 2>"$W/request.err" | python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])')
as $SATO device approve "$m" >/dev/null
setup_start $MGMT
check "an administrator types somebody's password" \
	typed 'Name of a user\thanako\nPassword\tUmi-no-Sakana-73\nOnce more\tUmi-no-Sakana-73\nName of a user\t\n' radius.users
users_taken_up
check "which lets her in by PEAP" wait_for 5 peap hanako Umi-no-Sakana-73
refuse "another password does not" peap hanako Umi-no-Sakana-74
check "she is taken away" as $TANAKA secret remove radius.users hanako
users_taken_up
refuse "and does not enter any more" peap hanako Umi-no-Sakana-73
check "neither password nor hash is in a log" bash -c "! grep -i -e Umi-no-Sakana -e $(nt_hash Umi-no-Sakana-73) $W/*.log $W/mgmtd/eve.json"
kill "$SETUP"

up() { in_ns gw "$BUILD/sekisho" --json status | grep -q '"radius": *"up"'; }
check "status says that the server answers" wait_for 10 up
kill "$FREERADIUS"
down() { in_ns gw "$BUILD/sekisho" status | grep -q 'sekisho-radius'; }
check "status says when it does not" wait_for 12 down
kill "$MGMTD"
check "sekisho-mgmtd ends when asked" wait "$MGMTD"
check "no secret stands in a log" test "$(cat "$W"/*.log "$W/radiusctl.out" | grep -c -e "$SECRET" -e "$GATEWAY")" = 0
finish
