#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast the gate opens, closes and tells. Runs in the gateway's namespace; reads the times at which frames of the
device arrive at the other one from standard input (microseconds, CLOCK_MONOTONIC, one a line).

  gate_latency.py ROUNDS PORT MAC SENDER…   SENDER: a command that sends one frame of an unknown device"""
import json
import random
import socket
import struct
import subprocess
import sys
import threading
import time

rounds, port, mac, sender = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
arrivals = []


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect("/run/sekisho/fwd.sock")
    return s


def call(s, op, args=None):
    body = json.dumps({"op": op, "args": args or {}}).encode()
    s.send(b"SKIP" + struct.pack(">BBHII", 1, 1, 0, 1, len(body)) + body)
    while True:
        d = s.recv(1 << 20)
        if d[5] == 3:
            v = json.loads(d[16:])
            assert v["code"] == 0, v
            return v


def now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) / 1e3


def reader():
    for line in sys.stdin:
        if line[:1].isdigit():
            arrivals.append(float(line))


def summary(name, values):
    v = sorted(values)
    print(f"{name} {v[len(v) // 2] / 1e3:.2f} {v[int(len(v) * 0.99) - 1] / 1e3:.2f} {v[-1] / 1e3:.2f}")


threading.Thread(target=reader, daemon=True).start()
s = connect()
row = {"port": port, "mac": mac}
events = []
for _ in range(rounds):
    for op, args in (("nac.admit", dict(row, seconds=600, state="admitted")), ("nac.close", row)):
        begin = now()
        call(s, op, {"rows": [args]})
        events.append((op, begin, now()))
        time.sleep(0.03 + random.random() * 0.02)
time.sleep(0.5)
opened, closed = [], []
for i, (op, begin, _) in enumerate(events):
    end = events[i + 1][1] if i + 1 < len(events) else begin + 1e5
    hits = [t for t in arrivals if begin <= t < end]
    if op == "nac.admit":
        opened.append((hits[0] if hits else end) - begin)
    else:
        closed.append((hits[-1] if hits else begin) - begin)
summary("open", opened)
summary("close", closed)
summary("admit-op", [e - b for op, b, e in events if op == "nac.admit"])
summary("close-op", [e - b for op, b, e in events if op == "nac.close"])
sub = connect()
call(sub, "nac.subscribe")
sub.settimeout(5)
told = []
for i in range(min(rounds, 50)):
    p = subprocess.Popen(sender + [f"02:ee:00:00:00:{i:02x}"], stdout=subprocess.PIPE, text=True)
    while True:
        d = json.loads(sub.recv(1 << 20)[16:])
        if any(f["mac"] == f"02:ee:00:00:00:{i:02x}" for f in d.get("frames", [])):
            break
    at = now()
    told.append(at - float(p.communicate()[0]))
summary("told", told)
