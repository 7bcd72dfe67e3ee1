#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No.80 from the request to the frame: a device is requested, approved by another person and let in by a real
# sekisho-nacd, sekisho-fwd and hostapd; a certificate of the gateway's own authority; quarantine, revocation, expiry;
# learn, rehearse, enforce; lists from a spreadsheet; events, reports and the yearly stock-taking.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_nac.sh"
sandbox "$@"
command -v hostapd >/dev/null || { skip "devices" "hostapd is not installed"; finish; }
nac_net 1 2 3
in_ns gw ip link add wan0 type veth peer name wan1
in_ns gw ip link set wan0 up
cat >"$W/site.json" <<-'JSON'
{"site": {"name": "plant"}, "zones": [
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true, "reject": true},
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"], "bogons": false}],
 "ports": [{"name": "lan1", "mode": "learn", "zone": "lan", "dot1x": true, "mac": true}],
 "switches": [{"name": "sw-2f", "address": "192.168.20.2", "coa_port": 3799}]}
JSON
fwd_start --nac-user nobody
mgmtd_start
site_up "$W/site.json"
nacd_start
check_quiet apply
M1=00:1b:21:00:00:01 M2=00:1b:21:00:00:02 M3=00:1b:21:00:00:03
number() { python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])'; }
field() { python3 -c 'import json,sys
v = json.load(sys.stdin)
v = v if isinstance(v, list) else [v]
print("\n".join(str(r.get(sys.argv[1], "")) for r in v))' "$1"; }
request() { as $SUZUKI --json device request --owner '総務 花子' --department 総務部 --purpose 'printing' "$@" | number; }
seen() { as $KANSA --json device seen | python3 -c 'import json,sys
for r in json.load(sys.stdin):
    if r["mac"] == sys.argv[1]: print(r.get(sys.argv[2], ""))' "$1" "$2"; }
ev() { # ACTION [KEY=VALUE…]: such an event is stored
	as $KANSA --json nac events --action "$1" | python3 -c 'import json,sys
want = dict(a.split("=", 1) for a in sys.argv[1:])
sys.exit(not any(all(str(r.get(k)) == v for k, v in want.items()) for r in json.load(sys.stdin)))' "${@:2}"
}

# ---- ports
check "site import: its port and switch are there" eval 'as $KANSA --json port list | grep -q "\"lan1\"" && as $KANSA --json switch list | grep -q 192.168.20.2'
check "a port is added" as $TANAKA port set lan2 --zone lan --quarantine yes
check "another" as $TANAKA port set lan3 --zone lan
refuse "not by a requester" as $SUZUKI port set lan4
refuse "nothing that nacd would refuse" as $TANAKA port set lan9 --zone 'no zone at all!'
check "the document is in use" wait_for 5 eval 'as $KANSA --json nac status | grep -q "\"document_state\": *\"in_use\""'
check "learn: everything passes" wait_for 5 reach 1 10.9.0.1
check "learn: the device is collected, with its maker" wait_for 5 eval '[ "$(seen $M1 vendor)" = "Intel Corporate" ] && [ "$(seen $M1 would)" = cut_off ]'

# ---- rehearse
check "rehearse" as $TANAKA port mode all rehearse --reason 'two weeks'
check "rehearse: passes" reach 2 10.9.0.1
# It might prove itself: nacd is patient for 15 s.
check "rehearse: who would be cut off is stored" wait_for 30 ev would_cut mac=$M2 port=lan2
check "rehearse: the count for the day" eval 'as $KANSA --json report admission --by day --action would_cut | grep -q "would_cut_devices"'

# ---- enforce, request, approve
check "enforce" as $TANAKA port mode all enforce --reason 'rehearsed'
check "enforce: a stranger is out" wait_for 3 eval '! reach 1 10.9.0.1'
check "enforce: that is told" wait_for 30 ev refused mac=$M1 port=lan1 why=unknown
D1=$(request --name printer-1 --mac 00-1B-21-00-00-01 --kind printer)
refuse "requested: not yet in" reach 1 10.9.0.1
refuse "the applicant does not approve" as $SUZUKI device approve "$D1"
refuse "nor an administrator" as $TANAKA device approve "$D1"
check "approved by another person" as $SATO device approve "$D1" --comment 'serial checked'
check "approved: in, within the second" wait_for 3 reach 1 10.9.0.1
check "approved: the event names it" wait_for 3 ev admitted mac=$M1 name=printer-1 owner='総務 花子'
check "explain says whose it is" eval 'as $KANSA nac explain $M1 | grep -q "device $D1: printer-1"'
check "explain of a stranger says why not" eval 'as $KANSA nac explain $M3 2>&1 | grep -q "not registered"'
refuse "the same address for another device" as $SUZUKI device request --name twin --mac $M1 --owner x --purpose 'again'

# ---- a certificate of the gateway's own authority
check "the authority" as $TANAKA device authority init --organisation Example
D2=$(request --name pc-002 --mac $M2 --kind pc --identity host/pc-002)
check_quiet as $SATO device approve "$D2"
cd "$W" || exit
chmod 777 "$W"
refuse "no certificate for a requester" as $SUZUKI device certificate issue "$D2" --output no.p12
check "no file of it, either" test ! -e no.p12
check "a certificate" eval 'as $TANAKA --json device certificate issue "$D2" --output "$W/pc.p12" >"$W/cert.json"'
check "nobody else may read it" test "$(stat -c %a "$W/pc.p12")" = 600
PW=$(field password <"$W/cert.json")
check "a file that is there is refused, before anything is issued" eval '! as $TANAKA device certificate renew "$D2" --output "$W/pc.p12" >"$W/again.out" 2>&1 &&
	grep -q "pc.p12: is there already" "$W/again.out" && [ "$(as $TANAKA --json device certificate list | grep -c \"serial\")" = 1 ]'
check "as PKCS#12 with the password shown" eval 'openssl pkcs12 -in "$W/pc.p12" -passin "pass:$PW" -nodes -out "$W/pc.pem"'
check "the password stands in no log" eval '! grep -rq "$PW" $STATE/mgmtd "$W"/*.log'
openssl x509 -in "$W/pc.pem" -out "$W/cert.pem"
openssl pkey -in "$W/pc.pem" -out "$W/key.pem"
supplicant 2 'eap=TLS' 'identity="host/pc-002"' "client_cert=\"$W/cert.pem\"" "private_key=\"$W/key.pem\""
check "802.1X with it: in" wait_for 15 reach 2 10.9.0.1
check "802.1X: the event" wait_for 3 ev admitted mac=$M2 number="$D2" identity=host/pc-002 method=dot1x
check "renewed: the new one too" eval 'as $TANAKA device certificate renew "$D2" --output "$W/pc2.p12" | grep -q "earlier certificates are still valid"'
check "certificates revoked" as $TANAKA device certificate revoke "$D2" --reason lost
check "revoked: out at once" wait_for 2 ev closed mac=$M2 why=revoked
refuse "revoked: stays out" reach 2 10.9.0.1
supplicant_stop 2

# ---- another port, quarantine, revocation
in_ns c3 ip link set eth0 down
in_ns c3 ip link set eth0 address $M1
in_ns c3 ip link set eth0 up
refuse "its address on another port" reach 3 10.9.0.1
check "is told as a conflict" wait_for 5 ev conflict mac=$M1 name=printer-1
in_ns c3 ip link set eth0 down
in_ns c3 ip link set eth0 address $M3
in_ns c3 ip link set eth0 up
check "quarantine" as $TANAKA device quarantine "$D1" --reason 'looks odd'
refuse "quarantine: out" reach 1 10.9.0.1
check "quarantine: listed as such" eval '[ "$(as $KANSA --json device show "$D1" | field state)" = quarantined ]'
refuse "quarantine: not twice" as $TANAKA device quarantine "$D1" --reason again
check "released" as $TANAKA device release "$D1" --reason clean
check "released: in" wait_for 3 reach 1 10.9.0.1
start=$(date +%s%N)
check_quiet as $TANAKA device revoke "$D1" --reason stolen
gone=$((($(date +%s%N) - start) / 1000000))
check "revoked: out at once (the command took $gone ms)" wait_for 2 eval '! reach 1 10.9.0.1'
check "revoked: told by its name" wait_for 5 ev closed mac=$M1 why=revoked name=printer-1
check "revoked: may be requested anew" as $SUZUKI device request --number "$D1" --location 3F --purpose 'found again' --dry-run

# ---- nacd away
nacd_stop -KILL
D3=$(request --name plc-3 --mac $M3 --kind plc)
check "nacd away: an approval is kept" eval 'as $SATO device approve "$D3" 2>&1 | grep -q "not reachable"'
check "nacd away: status says so" eval 'as $KANSA status 2>&1 | grep -q "admission daemon is not reachable"'
nacd_start
check "nacd back: it has it by itself" wait_for 15 reach 3 10.9.0.1
kill -KILL "$MGMTD"
wait "$MGMTD" 2>/dev/null
rm -f /run/sekisho/mgmt.sock
check "mgmtd killed: it stays in" reach 3 10.9.0.1
mgmtd_start
check "mgmtd back: same document, nobody put out" wait_for 5 eval 'as $KANSA --json nac status | grep -q in_use && reach 3 10.9.0.1'

# ---- lists
printf '\xef\xbb\xbf端末名,MACアドレス,種別,管理者,部署,利用用途\r\n複合機,00:1b:21:00:00:11,複合機,営業 一郎,営業部,印刷\r\nplc-3,%s,PLC,総務 花子,製造部,printing\r\n' $M3 >"$W/list.csv"
check "import: what would change" eval 'as $SUZUKI --json device import "$W/list.csv" | tee "$W/diff.json" | grep -q "製造部"'
check "import: one new, one changed" eval '[ "$(field result <"$W/diff.json" | sort | uniq -c | tr -s " " | tr "\n" ";")" = " 1 changed; 1 new;" ]'
check "import: nothing was changed" eval '! as $KANSA --json device list | grep -q 複合機'
check "import: applied" as $SUZUKI device import "$W/list.csv" --apply
check "import: waits for approval" eval 'as $KANSA --json device list --state requested | grep -q 複合機'
iconv -t CP932 "$W/list.csv" 2>/dev/null >"$W/sjis.csv" || sed '1s/^\xef\xbb\xbf//' "$W/list.csv" | iconv -t CP932 >"$W/sjis.csv"
printf '端末名,MACアドレス\n悪い,00:1b:21\n' >"$W/bad.csv"
refuse "import: a faulty line, nothing" as $SUZUKI device import "$W/bad.csv" --apply
as $KANSA --lang ja device export >"$W/export.csv"
check "export: can be imported again without a change" eval 'as $SUZUKI device import "$W/export.csv" | grep -q "new 0, changed 0"'

# ---- stock-taking
check "stock-taking" as $TANAKA review start --of devices --title 2026 --due 2099-12-31
check "its devices" eval 'as $KANSA --json device review | grep -q plc-3'
refuse "not by the applicant" as $SUZUKI review decide "$D3" --decision keep
check "kept" as $SATO review decide "$D2" --decision keep
check_quiet as $SATO device approve "$D3"
check "removed: out" eval 'as $SATO review decide "$D3" --decision remove --reason scrapped && wait_for 5 eval "! reach 3 10.9.0.1"'
check "signed off" as $SATO review finish
check "all of it is in the audit log, unbroken" eval 'as $KANSA audit verify && as $KANSA --json audit list --limit 500 | grep -q "device.revoke"'
finish
