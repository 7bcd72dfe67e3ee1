#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 at every durable step of request, approve, apply, confirm and expire: strace kills the daemon at its
# N-th write, N-th sync, N-th rename, N-th send, for N = 1, 2, … until the operation gets through. After each restart
# the record is whole, the kernel holds exactly the registry's active rules, and the audit chain verifies.
. "$(dirname "$0")/lib.sh"
sandbox "$@"
if ! command -v strace >/dev/null; then skip "crash" "strace is not installed"; finish; fi
gateway_up
CALLS='pwrite64 write fdatasync fsync rename unlink sendmsg sendto'
STEPS_MAX=${STEPS_MAX:-25}

kernel_set() {
	in_ns gw nft -j list table inet sekisho | python3 -c '
import json, re, sys
for o in json.load(sys.stdin)["nftables"]:
    m = re.match(r"(\d+) r(\d+)$", o.get("rule", {}).get("comment", ""))
    if m and int(m.group(1)) > 1000:
        print(m.group(1), m.group(2))' | sort -u
}
registry_set() {
	as $KANSA --json rule list --state active | python3 -c '
import json, sys
for r in json.load(sys.stdin):
    if r["number"] > 1000:
        print(r["number"], r["revision"])' | sort -u
}
agree() {
	kernel_set >"$W/kernel" && registry_set >"$W/registry" && cmp -s "$W/kernel" "$W/registry"
}
# A trial that outlived the kill is ended first: it is neither the old policy nor the new one.
settled() { ! sk --json status | grep -q '"state": *"confirming"' || as $TANAKA rollback; }
whole() { settled && agree && as $KANSA audit verify; }
alive() { kill -0 "$1" 2>/dev/null && [ "$(awk '{print $3}' "/proc/$1/stat" 2>/dev/null)" != Z ]; }

# with_kill DAEMON CALL N COMMAND…: run COMMAND while DAEMON will die at its N-th CALL; 1 when it died
with_kill() {
	local daemon=$1 call=$2 n=$3 pid tracer
	shift 3
	pid=${!daemon}
	strace -qq -f -p "$pid" -e trace="$call" -e inject="$call":signal=KILL:when="$n" -o /dev/null 2>"$W/strace.out" &
	tracer=$!
	wait_for 5 bash -c "! grep -q 'TracerPid:.0\$' /proc/$pid/status"
	"$@" >"$W/op.out" 2>&1
	if alive "$pid"; then
		kill $tracer 2>/dev/null
		wait $tracer 2>/dev/null
		alive "$pid" && return 0
	fi
	wait $tracer 2>/dev/null
	wait "$pid" 2>/dev/null
	return 1
}
restart() {
	if [ "$1" = MGMTD ]; then
		rm -f /run/sekisho/mgmt.sock
		mgmtd_start
	else
		rm -f /run/sekisho/fwd.sock
		fwd_start
	fi
}
# every_step NAME DAEMON PREPARE OPERATION
every_step() {
	local name=$1 daemon=$2 prepare=$3 operation=$4 n call stride bad=0 died=0
	for call in $CALLS; do
		# What is between two syncs is one step to a disk: every fifth write will do.
		stride=1
		[ "$call" != pwrite64 ] || stride=5
		for ((n = 1; n <= STEPS_MAX; n += stride)); do
			$prepare || { not_ok "crash_$name: preparation at $call $n"; return; }
			if with_kill "$daemon" "$call" $n $operation; then break; fi
			died=$((died + 1))
			restart "$daemon"
			if ! wait_for 8 whole; then
				bad=$((bad + 1))
				echo "#   $call $n: kernel $(tr '\n' ',' <"$W/kernel") registry $(tr '\n' ',' <"$W/registry")"
				as $KANSA audit verify 2>&1 | sed 's/^/#   /' | tail -n 3
			fi
		done
	done
	if [ $bad = 0 ] && [ $died -gt 0 ]; then ok "crash_$name: $daemon killed at each of $died steps"; else
		not_ok "crash_$name: $daemon killed at $died steps, $bad times not whole"; fi
}
port=20000
next_request() {
	port=$((port + 1))
	REQUEST=(--source 192.168.10.10 --destination 203.0.113.10 --direction 'lan->wan' --protocol tcp --port "$port")
}
request() { as $TANAKA rule request --purpose 'crash test' "${REQUEST[@]}"; }
requested() { next_request; N=$(as $TANAKA --json rule request --purpose 'crash test' "${REQUEST[@]}" |
	python3 -c 'import json,sys; print(json.load(sys.stdin)["number"])'); }
approve() { as $SATO rule approve "$N"; }
approved() { requested && approve >/dev/null; }
apply0() { as $TANAKA apply --confirm 0; }
on_trial() { as $TANAKA rollback >/dev/null 2>&1; approved && as $TANAKA apply --confirm 120 >/dev/null; }
confirm() { as $TANAKA confirm; }
suspended() { approved && apply0 >/dev/null; }
suspend() { as $TANAKA rule suspend "$N" --reason 'crash test'; }

every_step request MGMTD next_request request
every_step approve MGMTD requested approve
every_step apply_mgmtd MGMTD approved apply0
every_step apply_fwd FWD approved apply0
every_step suspend MGMTD suspended suspend
every_step confirm_mgmtd MGMTD on_trial confirm
as $TANAKA confirm >/dev/null 2>&1
every_step confirm_fwd FWD on_trial confirm
as $TANAKA rollback >/dev/null 2>&1
apply0 >/dev/null

# Expiry falls due while the daemon is made to die at its n-th step.
soon_expiring() {
	next_request
	EXPIRY=$(date -d '+5 seconds' +%FT%T)
	N=$(rule_add "${REQUEST[@]}" --expiry "$EXPIRY") && apply0 >/dev/null
}
past_expiry() { wait_for 8 bash -c "[ \$(date +%s) -gt \$(date -d $EXPIRY +%s) ]"; gone() { ! kernel_set | grep -q "^$N "; }; wait_for 5 gone; }
STEPS_MAX=2
every_step expire_fwd FWD soon_expiring past_expiry
every_step expire_mgmtd MGMTD soon_expiring past_expiry
finish
