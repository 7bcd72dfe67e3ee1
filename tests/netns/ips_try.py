#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Client for the inspection tests. ips_try.py HOST PORT PIECE…: sends each piece as a segment of its own,
then reads until the end. Prints what came back; exit status 0 answered, 3 reset, 4 silence."""
import socket
import sys
import time


def main():
    host, port, pieces = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    s = socket.create_connection((host, port), timeout=2)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(1.5)
    try:
        for p in pieces:
            s.sendall(p.encode().decode("unicode_escape").encode("latin-1"))
            time.sleep(0.05)  # a segment each, not a guess: Nagle is off and the peer only reads
        got = b""
        while True:
            data = s.recv(65536)
            if not data:
                break
            got += data
    except ConnectionResetError:
        sys.exit(3)
    except TimeoutError:
        sys.exit(4)
    sys.stdout.write(got.decode("latin-1"))
    sys.exit(0 if got else 4)


main()
