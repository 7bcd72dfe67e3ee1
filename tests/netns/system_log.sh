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

write() { # PRIORITY UNIT TEXT: as the service manager says something of a unit
	printf 'PRIORITY=%s\nUNIT=%s\nMESSAGE=%b\nSYSLOG_IDENTIFIER=systemd\n' "$1" "$2" "$3" |
		python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(sys.stdin.buffer.read(), "/run/systemd/journal/socket")'
}
log() { sk --json system log "$@"; }
has() { log "${@:2}" | rows "any('$1' in r['message'] for r in d)" | grep -qx True; }

write 3 sekisho-pppoe.service 'the first thing that failed'
write 4 sekisho-dns.service 'something to know \xff\x1b[31m 名前'
write 6 sekisho-pppoe.service 'the line is up'
logger --journald <<<$'MESSAGE=the manager is ready\nSYSLOG_IDENTIFIER=sekisho-mgmtd'
check 'what a unit wrote is shown' wait_for 10 has 'the line is up' --unit sekisho-pppoe
check '… with when and how urgent' test "$(log --unit sekisho-pppoe | rows '[r["priority"] for r in d]')" = "['error', 'info']"
refuse '… and of no other' has 'something to know' --unit sekisho-pppoe
check 'without a unit, all of them' has 'something to know'
check 'only what is urgent' test "$(log --priority error --unit sekisho-pppoe | rows 'len(d)')" = 1
refuse '… and not the rest' has 'something to know' --priority error
check 'warnings and worse' has 'something to know' --priority warning
check 'a program of that name, too' has 'is ready' --unit sekisho-mgmtd
check 'the newest of more' test "$(log --unit sekisho-pppoe --limit 1 | rows '[r["message"] for r in d]')" = "['the line is up']"
check 'bytes that are no text, and what steers a terminal, do neither' \
	bash -c "ip netns exec gw '$BUILD/sekisho' --lang en system log --unit sekisho-dns | tee '$W/out' | grep -q '名前' && ! grep -q $'\\x1b' '$W/out'"
check 'a period in which nothing was' bash -c "ip netns exec gw '$BUILD/sekisho' --lang en system log --from 2020-01-01 --to 2020-01-02 2>&1 | grep -q 'nothing was written'"
check 'a period that is none' says 'ends before it begins' sk --lang en system log --from 2020-01-02 --to 2020-01-01
check 'an administrator may' as "$TANAKA" system log
check 'that it was read is in the audit log' bash -c "ip netns exec gw setpriv --reuid $TANAKA --regid $TANAKA --clear-groups '$BUILD/sekisho' --json audit list | grep -q system.log"
refuse 'an approver may not' as "$SATO" system log
check '… and is told so' says 'role' as "$SATO" --lang en system log

rm -r /run/log/journal
check 'no journal: what it needs' says 'systemd-journal' sk --lang en system log
finish
