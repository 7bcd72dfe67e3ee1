#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Subscribes to the gate's frames and prints each as a line of JSON; "ready" first. [SECONDS] [SOCKET]"""
import json
import socket
import struct
import sys
import time

end = time.monotonic() + float(sys.argv[1])
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[2] if len(sys.argv) > 2 else "/run/sekisho/fwd.sock")
body = json.dumps({"op": "nac.subscribe"}).encode()
s.send(b"SKIP" + struct.pack(">BBHII", 1, 1, 0, 1, len(body)) + body)
while time.monotonic() < end:
    s.settimeout(max(0.01, end - time.monotonic()))
    try:
        d = s.recv(1 << 20)
    except TimeoutError:
        break
    if not d:
        sys.exit("closed")
    kind, v = d[5], json.loads(d[16:])
    if kind == 3:
        if v["code"]:
            sys.exit(f"refused: {v}")
        print("ready", flush=True)
    for f in v.get("frames", []):
        f["at"] = time.time()
        print(json.dumps(f), flush=True)
