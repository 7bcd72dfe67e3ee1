#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What sekisho-hostapd.socket and its unit do: hostapd_launcher.py SOCKET USER UID-OF-NACD PROGRAM ARGS… starts the
program for each connection, as USER, with the unit's rights and the connection as the socket that was passed."""
import os
import pwd
import signal
import socket
import sys

path, user, owner, program, args = sys.argv[1], pwd.getpwnam(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[4:]
CAPS = "+net_admin,+net_raw,+net_bind_service"
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(path)
os.chown(path, owner, -1)
os.chmod(path, 0o600)
s.listen(1)
while True:
    c, _ = s.accept()
    if os.fork():
        c.close()
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if c.fileno() != 3:
        os.dup2(c.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
    os.execvp("setpriv", ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups",
                          "--inh-caps=-all," + CAPS, "--ambient-caps=-all," + CAPS, "--bounding-set=-all," + CAPS,
                          "--no-new-privs"] + args)
