#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Between the manager and sekisho-setup: setup_between.py PATH REAL OP HOW [COMMAND…] passes everything on and shows
the answers, but of OP the answer is passed on after COMMAND ("after") or never ("lost"), or the request itself only
after the next setup.revert was answered ("late")."""
import json
import os
import socket
import struct
import subprocess
import sys

path, real, op, how = sys.argv[1:5]
held = []


def forward(data, fds):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
        s.connect(real)
        socket.send_fds(s, [data], fds)
        answer = s.recv(1 << 18)
    print(name(data), answer[16:].decode(), flush=True)
    return answer


def name(data):
    return json.loads(data[16 : 16 + struct.unpack(">I", data[12:16])[0]])["op"]


listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
listener.listen()
while True:
    c, _ = listener.accept()
    data, fds, _, _ = socket.recv_fds(c, 1 << 18, 4)
    asked = name(data)
    if asked == op and how == "late":
        held.append((data, fds))
        c.close()
        continue
    answer = forward(data, fds)
    for fd in fds:
        os.close(fd)
    if asked == op and how == "after":
        subprocess.run(sys.argv[5:], check=True)
    if asked != op or how != "lost":
        try:
            c.send(answer)
        except OSError:
            pass  # the manager was killed
    c.close()
    while held and asked == "setup.revert":
        data, fds = held.pop()
        forward(data, fds)
        for fd in fds:
            os.close(fd)
