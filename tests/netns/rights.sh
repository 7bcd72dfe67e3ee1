#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemons as their units start them: own user, the unit's rights and no other, a runtime directory of their own
# and the links to their sockets. Each works so, is reached by whom it should be and by nobody else, and keeps
# no more than it needs. The inspection's monitor tells the service manager; a killed engine comes back with all
# its sockets.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
nac_net 1
in_ns gw sysctl -qw net.ipv4.ip_forward=1
link inet wan0 203.0.113 2001:db8:113
in_ns c1 ip route add default via 10.9.0.1
serve inet 80,81 53
MANAGER=4300 FWD_UID=4301 IPS_UID=4302 NAC_UID=4303
UNITS=$TOP/configs/systemd

# unit NAME KEY: the value in sekisho-NAME.service
unit() { sed -e ':a' -e '/\\$/{N;s/\\\n//;ba' -e '}' "$UNITS/sekisho-$1.service" | sed -n "s/^$2=//p" | head -n 1; }
caps() { unit "$1" "$2" | sed 's/CAP_/+/g; s/ /,/g' | tr '[:upper:]' '[:lower:]'; }
# as_unit NAME UID [OPTIONS…]: as systemd does it, but for users that exist here and directories of this test's own
as_unit() {
	local name=$1 uid=$2 dir state exec
	shift 2
	dir=/run/$(unit "$name" RuntimeDirectory) state=$STATE/$(unit "$name" StateDirectory)
	mkdir -p "$dir" "$state"
	chmod "$(unit "$name" RuntimeDirectoryMode)" "$dir"
	chmod "$(unit "$name" StateDirectoryMode)" "$state"
	chown "$uid:$uid" "$dir" "$state"
	read -ra exec <<<"$(unit "$name" ExecStart)"
	NOTIFY_SOCKET=${NOTIFY:-} ip netns exec gw setpriv --reuid "$uid" --regid "$uid" "${AS_GROUPS:---clear-groups}" --no-new-privs \
		--bounding-set "-all,$(caps "$name" CapabilityBoundingSet)" \
		--inh-caps "-all,$(caps "$name" AmbientCapabilities)" \
		--ambient-caps "-all,$(caps "$name" AmbientCapabilities)" \
		"$BUILD/${exec[0]##*/}" "${exec[@]:1}" --state-dir "$state" --allow-user $MANAGER "$@" >>"$W/$name.log" 2>&1 &
}
# may UID NAME: this user may connect to NAME.sock
may() {
	in_ns gw setpriv --reuid "$1" --regid "$1" --clear-groups /usr/bin/python3 -c '
import socket, sys
socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1])' "/run/sekisho/$2.sock"
}
as_manager() { in_ns gw setpriv --reuid $MANAGER --regid $MANAGER --clear-groups "$@"; }
# holds PID EFFECTIVE: as a bit mask
holds() { [ "$(awk '/^CapEff:/ {print $2}' "/proc/$1/status")" = "$(printf %016x "$2")" ]; }
never_root() { # PID…
	local p
	for p in "$@"; do ! grep -E '^[UG]id:' "/proc/$p/status" | grep -qw 0 || return 1; done
}
children() { cat "/proc/$1/task/$1/children"; }
NET_ADMIN=$((1 << 12)) NET_RAW=$((1 << 13))

# The links as they are shipped.
grep ' /run/sekisho' "$TOP/configs/tmpfiles/sekisho.conf" >"$W/tmpfiles.conf"
systemd-tmpfiles --create "$W/tmpfiles.conf" 2>"$W/tmpfiles.log"
check "the shared folder is root's alone" test "$(stat -c '%U %a' /run/sekisho)" = "root 755"
check "a name for each socket" test "$(readlink /run/sekisho/fwd.sock /run/sekisho/ips.sock /run/sekisho/nac.sock | paste -sd' ')" = "fwd/fwd.sock ips/ips.sock nac/nac.sock"

# ---- sekisho-fwd
as_unit fwd $FWD_UID --no-owner --nac-user $NAC_UID
FWD=$!
check "fwd starts" wait_for 10 may $MANAGER fwd
check "fwd is not root" never_root $FWD
check "fwd keeps CAP_NET_ADMIN alone" holds $FWD $NET_ADMIN
check "fwd: admission may connect" may $NAC_UID fwd
refuse "fwd: inspection may not" may $IPS_UID fwd
refuse "fwd: nobody else may" may 65534 fwd
cat >"$W/doc.json" <<-'J'
{"generation": 1, "site": {"reverse_path": false}, "objects": [],
 "rules": [{"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80"}], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"]}]}
J
if unshare --user true 2>/dev/null; then
	check "fwd tries a document in a namespace" as_manager "$BUILD/fwdctl" check "$W/doc.json"
else
	skip "fwd tries a document in a namespace" "no user namespaces here, as in a chroot"
fi
check "fwd applies one" as_manager "$BUILD/fwdctl" apply "$W/doc.json" 0
check "fwd: it is in force" tcp_try c1 203.0.113.10 80
refuse "fwd: and nothing more" tcp_try c1 203.0.113.10 81
check "fwd: its state is its own" test "$(stat -c %u "$STATE/sekisho/fwd/confirmed")" = $FWD_UID

# ---- sekisho-ipsd
mkdir -m 777 "$W/n"
NOTIFY=$W/n/socket
python3 - "$NOTIFY" >"$W/notified" <<'PY' &
import os, socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
while True:
    data, anc, _, _ = s.recvmsg(4096, 1024)
    print(struct.unpack("3i", anc[0][2][:12])[0], data.decode().replace("\n", " "), flush=True)
PY
check_quiet wait_for 5 test -S "$NOTIFY"
as_unit ipsd $IPS_UID --queues 2
IPSD=$!
NOTIFY=
check "ipsd starts" wait_for 20 may $MANAGER ips
check "ipsd is ready, says its main process" wait_for 20 grep -qx "$IPSD READY=1" "$W/notified"
check "ipsd: that is all that is said" test "$(wc -l <"$W/notified")" = 1
ENGINE=$(children $IPSD | tr -d ' ')
check "ipsd: neither monitor nor engine is root" never_root $IPSD "$ENGINE"
check "ipsd: the monitor has the unit's rights" holds $IPSD $((NET_ADMIN | NET_RAW))
check "ipsd: the engine keeps CAP_NET_ADMIN alone" holds "$ENGINE" $NET_ADMIN
refuse "ipsd: fwd may not connect" may $FWD_UID ips
cat >"$W/a.rules" <<'R'
drop tcp any any -> any 80 (msg:"bad"; flow:established,to_server; content:"BAD-WORD"; sid:1; rev:1;)
R
policy "$W/a.rules"
check "ipsd takes rules" as_manager /usr/bin/python3 "$TOP/tests/netns/ipsctl.py" apply "$W/policy.json"
sed 's/"generation": 1,/"generation": 2, "inspection": {"mode": "on", "fail": "closed", "queues": 2},/' "$W/doc.json" >"$W/on.json"
check "fwd sends packets to it" as_manager "$BUILD/fwdctl" apply "$W/on.json" 0
check "ipsd: the innocent pass" wait_for 5 tcp_try c1 203.0.113.10 80
bad() { in_ns c1 curl -fso /dev/null --max-time 1 http://203.0.113.10/BAD-WORD; }
refuse "ipsd: the others do not" bad
kill -KILL "$ENGINE"
alive() { ENGINE=$(children $IPSD | tr -d ' ') && [ -n "$ENGINE" ] && may $MANAGER ips; }
check "ipsd: a killed engine comes back" wait_for 10 alive
check "ipsd: with what it needs and no more" wait_for 5 holds "$(children $IPSD | tr -d ' ')" $NET_ADMIN
refuse "ipsd: and with all its sockets" grep -E 'no (packet|raw) socket|Operation not permitted' "$W/ipsd.log"
check "ipsd: it inspects again" wait_for 10 tcp_try c1 203.0.113.10 80
refuse "ipsd: and stops" bad

# ---- sekisho-nacd; with hostapd, whose user is another: nac_hostapd_user.sh
command -v hostapd >/dev/null || { skip "sekisho-nacd" "hostapd is not installed"; finish; }
mkdir -p /run/sekisho/hostapd
chown daemon:daemon /run/sekisho/hostapd
chmod 750 /run/sekisho/hostapd
ip netns exec gw python3 "$TOP/tests/netns/hostapd_launcher.py" /run/sekisho/hostapd.sock daemon $NAC_UID \
	"$BUILD/sekisho-nacd" --launcher --run-dir /run/sekisho/nac >>"$W/launcher.log" 2>&1 &
wait_for 5 test -S /run/sekisho/hostapd.sock
AS_GROUPS=--groups=$(id -g daemon) as_unit nacd $NAC_UID --control-dir /run/sekisho/hostapd
NACD=$!
check "nacd starts" wait_for 10 may $MANAGER nac
check "nacd is not root" never_root $NACD
check "nacd keeps CAP_NET_RAW alone" wait_for 5 holds $NACD $NET_RAW
refuse "nacd: nobody else may connect" may 65534 nac

# ---- the end
kill $IPSD $NACD $FWD
wait $IPSD $NACD $FWD
check "all end cleanly" test $? = 0
finish
