#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send one datagram, succeed if it is echoed: udp_try.py ADDR PORT SECONDS [SOURCE]."""
import socket
import sys

addr, port, wait = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
if len(sys.argv) > 4 and sys.argv[4]:
    s.bind((sys.argv[4], 0))
s.settimeout(wait)
try:
    s.connect((addr, port))
    s.send(b"ping")
    sys.exit(s.recv(16) != b"ping")
except OSError as e:
    sys.exit(str(e))
