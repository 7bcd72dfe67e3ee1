#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the machine's programs wrote, for who is not root on it: a real journald of this run, real entries.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/lib_setup.sh"
sandbox "$@"

JOURNALD=/usr/lib/systemd/systemd-journald
if [ ! -x $JOURNALD ] || [ ! -s /etc/machine-id ]; then
	skip 'the journal is shown' 'needs systemd-journald and a machine id'
	finish
fi
# In memory, in this run's /run; what the machine's own journald keeps is not seen.
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/journal "/run/log/journal/$(cat /etc/machine-id)"
$JOURNALD >"$W/journald.log" 2>&1 &
check 'journald is there' wait_for 10 test -S /run/systemd/journal/socket
net_up
fwd_start
mgmtd_start
site_up

write() { # PRIORITY PROGRAM TEXT [UNIT]: what a program says, or claims to say of a unit
	printf 'PRIORITY=%s\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%b\nUNIT=%s\n' "$1" "$2" "$3" "${4:-}" |
		python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(sys.stdin.buffer.read(), "/run/systemd/journal/socket")'
}
log() { sk --json system log "$@"; }
has() { log "${@:2}" | rows "any('$1' in r['message'] for r in d)" | grep -qx True; }

write 3 sekisho-pppoe 'the first thing that failed'
write 4 sekisho-dns 'something to know \xff\x1b[31m 名前'
write 6 sekisho-pppoe 'the line is up'
write 3 somebody 'words put into its mouth' sekisho-pppoe.service
check 'what a unit wrote is shown' wait_for 10 has 'the line is up' --unit sekisho-pppoe
check '… with when and how urgent' test "$(log --unit sekisho-pppoe | rows '[r["priority"] for r in d]')" = "['error', 'info']"
refuse '… and of no other' has 'something to know' --unit sekisho-pppoe
check 'without a unit, all of them' has 'something to know'
check 'only what is urgent' test "$(log --priority error --unit sekisho-pppoe | rows 'len(d)')" = 1
refuse '… and not the rest' has 'something to know' --priority error
check 'warnings and worse' has 'something to know' --priority warning
refuse 'nobody else speaks for a unit' has 'put into' --unit sekisho-pppoe
check '… but under its own name' has 'put into' --unit somebody
check 'the newest of more' test "$(log --unit sekisho-pppoe --limit 1 | rows '[r["message"] for r in d]')" = "['the line is up']"
check 'broken text is shown, and steers no terminal' \
	bash -c "ip netns exec gw '$BUILD/sekisho' --lang en system log --unit sekisho-dns | tee '$W/out' | grep -q '名前' && ! grep -q $'\\x1b' '$W/out'"
check 'a period in which nothing was' bash -c "ip netns exec gw '$BUILD/sekisho' --lang en system log --from 2020-01-01 --to 2020-01-02 2>&1 | grep -q 'nothing was written'"
check 'a period that is none' says 'ends before it begins' sk --lang en system log --from 2020-01-02 --to 2020-01-01
check 'an administrator may' as "$TANAKA" system log
check 'that it was read is in the audit log' bash -c "ip netns exec gw setpriv --reuid $TANAKA --regid $TANAKA --clear-groups '$BUILD/sekisho' --json audit list | grep -q system.log"
check 'an approver may not, and is told so' says 'role' as "$SATO" system log
check 'an auditor may' as "$KANSA" system log
sk account set kansa --roles security --purpose test >/dev/null
check 'security alone may not' says 'role' as "$KANSA" system log

gw_stop "$MGMTD"
chmod 700 /run/log/journal
chown -R nobody $STATE/mgmtd /run/sekisho
mgmtd_start --user nobody
check 'a manager that may not read it says what it needs' says 'systemd-journal' sk system log
finish
