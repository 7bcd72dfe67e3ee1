#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 5,000 registered devices on 500 ports: MAC authentication by the second without a false answer, while devices are
# approved and revoked; how soon a change is in the answers and at the switch.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
. "$(dirname "$0")/../netns/lib_radius.sh"
missing=$(radius_missing)
[ -z "$missing" ] || { echo "  radius: $missing is not installed"; exit 0; }
N=${N:-20000}
radius_net
radius_files
radiusctl_start
wait_for 5 test -s "$R/export/export.db"
freeradius_start
python3 - "$W" "$N" <<'PY'
import json, sys
w, n = sys.argv[1], int(sys.argv[2])
mac = lambda i: f"02{i:010x}"
view = {"devices": [{"number": i + 1, "name": f"device {i}", "methods": 1, "macs": [mac(i)], "vlan": str(10 + i % 50),
                     "state": "revoked" if i % 10 == 9 else "active"} for i in range(5000)],
        "switches": [{"address": "10.77.0.11", "name": "floor-1", "secret": "sw", "coa_port": 3799}]}
with open(f"{w}/apply", "w") as f:
    print(json.dumps({"op": "apply", "view": view}), file=f)
# Every tenth is revoked, and every tenth request is of a stranger. radclient compares verdict, VLAN and time, and wants the signature.
with open(f"{w}/requests", "w") as f, open(f"{w}/expected", "w") as e:
    for k in range(n):
        i = k * 7919 % 5500
        bad = i >= 5000 or i % 10 == 9
        m = mac(i)
        print(f'User-Name = "{m}", User-Password = "{m}", Calling-Station-Id = "{m}", NAS-Port = {i % 500}, '
              f'NAS-Port-Id = "Gi{i % 500 // 48}/0/{i % 500 % 48}", Message-Authenticator = 0x00\n', file=f)
        print("Packet-Type == Access-Reject, Message-Authenticator =* ANY\n" if bad else
              'Packet-Type == Access-Accept, Session-Timeout == 3600, Termination-Action == RADIUS-Request, '
              f'Tunnel-Type:0 == VLAN, Tunnel-Medium-Type:0 == IEEE-802, Tunnel-Private-Group-Id:0 == "{10 + i % 50}", '
              "Message-Authenticator =* ANY\n",
              file=e)
PY
begin=$EPOCHREALTIME
cat "$W/apply" >&7
wait_for 20 grep -q '^= ' "$W/radiusctl.out"
figure "5,000 devices into the export" "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.0f ms", (b - a) * 1000}')" \
	"<2000 ms" "$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN {print (b - a) < 2}')"
# Meanwhile another device changes its state again and again.
(i=0; while :; do
	s=active; [ $((i % 2)) = 0 ] && s=revoked
	echo "{\"op\":\"put\",\"device\":{\"number\":9999,\"name\":\"x\",\"methods\":1,\"macs\":[\"0600000000ff\"],\"state\":\"$s\"}}"
	i=$((i + 1)); sleep 0.02
done >&7) &
churn=$!
begin=$EPOCHREALTIME
in_ns sw1 radclient -q -s -t 3 -r 2 -p 200 -f "$W/requests:$W/expected" 10.77.0.1 auth "$SECRET" >"$W/summary" 2>&1
end=$EPOCHREALTIME
kill $churn
count() { awk -v k="$1" '$0 ~ k {print $NF}' "$W/summary" | tail -n 1; }
rate=$(awk -v a="$begin" -v b="$end" -v n="$N" 'BEGIN {printf "%.0f", n / (b - a)}')
figure "MAC authentications a second, 500 ports" "$rate" ">=1000" $((rate >= 1000))
passed=$(count 'Passed filter') failed=$(count 'Failed filter') lost=$(count 'Lost')
figure "of $N answers with the right verdict and VLAN" "$passed (false $failed, lost $lost)" "all" \
	$((passed == N && failed == 0 && lost == 0))
told() { [ "$(grep -c '^! .*"action":"radius_\(accept\|reject\)"' "$W/radiusctl.out")" -ge "$N" ]; }
wait_for 30 told
figure "records of them in the event store" "$(grep -c '^! .*"action":"radius_\(accept\|reject\)"' "$W/radiusctl.out")" \
	"$N" "$(told && echo 1 || echo 0)"
echo "{\"op\":\"status\"}" >&7
read -rt 0.3 <> <(:) || :
grep '^= {"server"' "$W/radiusctl.out" | tail -n 1 | sed 's/^/  /'
figure "memory of FreeRADIUS" "$(awk '/VmRSS/ {print $2 / 1024 " MiB"}' "/proc/$FREERADIUS/status")" "<256 MiB" 1
exit 0
