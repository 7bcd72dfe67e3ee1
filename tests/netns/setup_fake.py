#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Instead of a program of root: setup_fake.py PATH COMMAND… says yes to everything, shows what was asked, and runs
COMMAND at setup.write."""
import json
import os
import socket
import struct
import subprocess
import sys

s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen()
while True:
    c, _ = s.accept()
    data, fds, _, _ = socket.recv_fds(c, 1 << 18, 4)
    for fd in fds:
        os.close(fd)
    number, length = struct.unpack(">II", data[8:16])
    asked = json.loads(data[16 : 16 + length])
    print(json.dumps(asked, sort_keys=True), flush=True)
    if asked["op"] == "setup.write":
        subprocess.run(sys.argv[2:], check=True)
    body = b'{"code": 0}'
    c.send(b"SKIP" + struct.pack(">BBHII", 1, 3, 0, number, len(body)) + body)
    c.close()
