#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What happens when the inspection engine is killed, stopped, or short of memory, under traffic: the fail mode
# of the firewall's setting holds, the firewall itself keeps standing, the engine is back within moments.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_ips.sh"
sandbox "$@"
net_up
fwd_start
serve inet 80,81 53
TRY=0.4
cat >"$W/a.rules" <<'R'
drop tcp any any -> any 80 (msg:"exploit string"; flow:established,to_server; content:"EVIL"; sid:1; rev:1;)
R
policy "$W/a.rules"
mkdir -p $STATE/ips
cp "$W/policy.json" $STATE/ips/policy.json
site_policy on closed
ipsd_start
engine_pid() { ips status | sed -n 's/.*"pid": \([0-9]*\).*/\1/p'; }
passes() { tcp_try lan 203.0.113.10 81; }
inspects() { ! try lan 203.0.113.10 80 'GET /EVIL HTTP/1.0\r\n\r\n'; }
back() { [ "$(engine_pid)" != "$1" ] && passes; } # OLD-PID
ms() { date +%s%3N; }

check "the policy of last time is in use at once" inspects
check "innocent traffic passes" passes

# ---- killed: the monitor starts another one
for i in 1 2 3; do
	old=$(engine_pid) t=$(ms)
	kill -9 "$old"
	check "killed: inspected traffic passes again" wait_for 5 back "$old"
	t=$(($(ms) - t))
	check "within three seconds ($t ms)" [ $t -lt 3000 ]
	check "and is inspected" inspects
done

# ---- stopped: bound to the queue, but dead to the world
old=$(engine_pid) t=$(ms)
kill -STOP "$old"
refuse "stopped: nothing passes while the queue is held" passes
check "stopped: it is killed and started anew" wait_for 8 back "$old"
t=$(($(ms) - t))
check "within four seconds ($t ms)" [ $t -lt 4000 ]
check "and inspects" inspects
check "the log tells" grep -q 'silent: killed' "$W/ipsd.log"

# ---- all of it gone: the firewall's fail mode
stop_all() {
	kill -9 $IPSD # the monitor; the engine dies with it
	wait $IPSD 2>/dev/null
	wait_for 3 eval '! pgrep -f "sekisho-ipsd --state-dir" >/dev/null'
}
stop_all
refuse "closed: without an engine nothing that is to be inspected passes" passes
refuse "closed: nor by UDP" udp_try lan 203.0.113.10 53
site_policy on open
check "open: it passes uninspected" wait_for 3 passes
check "open: by UDP too" wait_for 3 udp_try lan 203.0.113.10 53
refuse "open: what no rule allows stays closed" in_ns inet curl -s --max-time 0.5 http://192.168.10.10:80/
check "the firewall answers" in_ns gw "$BUILD/fwdctl" status
ipsd_start
check "started again it inspects" wait_for 5 inspects

# ---- short of memory: a policy that does not fit is refused, the old one stays
python3 - "$W/big.rules" <<'PY'
import random, sys
random.seed(1)
with open(sys.argv[1], "w") as f:
    for i in range(20000):
        text = "".join(random.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(24))
        f.write('alert http any any -> any any (msg:"rule %d"; http.uri; content:"%s"; pcre:"/%s[a-z]{3,9}x/U"; sid:%d; rev:1;)\n'
                % (i, text, text[:8], 100000 + i))
PY
old=$(engine_pid)
size=$(awk '/VmSize/ {print $2 * 1024}' "/proc/$old/status")
prlimit --pid "$old" --as=$((size + 24 * 1024 * 1024))
policy "$W/big.rules"
ips apply "$W/policy.json" >"$W/oom.out" 2>&1
check "without memory for it a policy is refused, or the engine starts anew" eval \
	'grep -Eq "memory|Cannot allocate" "$W/oom.out" || wait_for 5 back "$old"'
check "and the old rules are in use" wait_for 5 inspects
check "traffic passes" wait_for 5 passes

# ---- a load that is not kept waiting while all this happens
in_ns lan python3 "$TOP/tests/netns/ips_load.py" 203.0.113.10 81 / 19 3 >"$W/load" 2>&1 &
LOAD=$!
wait_for 2 passes
kill -9 "$(engine_pid)"
wait $LOAD
check "open: a load goes on through a kill ($(cat "$W/load"))" eval '[ "$(sed "s/.*, \([0-9]*\) failed/\1/" "$W/load")" -le 8 ]'
# ---- told to end while its engine dies, as a shutdown may have it: no other engine is started
engine=$(engine_pid)
kill -STOP "$IPSD"
kill -TERM "$IPSD"
kill -KILL "$engine"
kill -CONT "$IPSD"
check "told to end while its engine dies, it ends" wait_for 5 eval '! kill -0 $IPSD 2>/dev/null'
finish
