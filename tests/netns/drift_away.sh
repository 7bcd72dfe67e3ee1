#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is done to the table while fwd is not running is undone and reported at its next start; a start on an
# untouched table reports nothing, nor does a stop, a kill or a re-apply in between.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
net_up
serve inet 80,81 53
ctl() { in_ns gw "$BUILD/fwdctl" "$@"; }
drifts() { ctl status | python3 -c 'import json,sys; print(json.load(sys.stdin)["drift_count"])'; }
none() { [ "$(drifts)" = 0 ]; }
some() { [ "$(drifts)" = 1 ]; }
sealed() { [ -s $STATE/fwd/seal ]; }
cat >"$W/doc.json" <<'JSON'
{"generation": 1, "site": {"reverse_path": true}, "objects": [], "zones": [
 {"name": "wan", "label": "w", "kind": "outside", "interfaces": ["wan0"]},
 {"name": "lan", "label": "l", "kind": "inside", "interfaces": ["lan0"], "ping": true}], "rules": [
 {"number":1001,"from":"lan","to":"wan","protocol":"tcp","port":"80,443",
  "destination":"203.0.113.10,203.0.113.20,203.0.113.30-203.0.113.40"}]}
JSON
again() { # SIGNAL: stop and start
	kill "-$1" $FWD
	wait $FWD 2>/dev/null
	rm -f /run/sekisho/fwd.sock
	[ -z "${2:-}" ] || in_ns gw nft "${@:2}" || not_ok "nft ${*:2}"
	fwd_start ${SK_FWD_OPTS:-}
}
fwd_start ${SK_FWD_OPTS:-}
check "away: policy" ctl apply "$W/doc.json" 0
check "away: what the kernel holds is noted" wait_for 5 sealed
for signal in TERM KILL; do
	again $signal
	check "away: SIG$signal and an untouched table report nothing" none
	wait_for 5 sealed
done
again KILL insert rule inet sekisho forward accept
check "away: a rule inserted meanwhile is reported" some
refuse "away: and undone" tcp_try lan 203.0.113.10 81
check "away: what is allowed passes" tcp_try lan 203.0.113.10 80
wait_for 5 sealed
again TERM add chain inet sekisho forward '{ policy accept; }'
check "away: a policy changed meanwhile is reported" some
wait_for 5 sealed
again KILL delete table inet sekisho
check "away: a table deleted meanwhile is reported" some
refuse "away: and is back" tcp_try lan 203.0.113.10 81
wait_for 5 sealed
again KILL
check "away: and then nothing more" none
finish
