#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Talks to sekisho-nacd as the manager does (docs/ipc.md). nacctl.py apply FILE | check FILE | status |
events [SECONDS] | op NAME [ARGS-JSON]: prints JSON, one object a line; exit status 1 when refused."""
import fcntl
import json
import os
import select
import socket
import struct
import sys
import time

SOCK = os.environ.get("SEKISHO_NAC_SOCKET", "/run/sekisho/nac.sock")
REQUEST, DATA, END, EVENT, ACK = 1, 2, 3, 4, 5
F_ADD_SEALS, ALL_SEALS = 1033, 0xF


def connect():
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(SOCK)
    return s


def send(s, kind, body, fd=None):
    data = json.dumps(body).encode()
    msg = struct.pack(">4sBBHII", b"SKIP", 1, kind, 0, 1, len(data)) + data
    if fd is None:
        s.send(msg)
    else:
        socket.send_fds(s, [msg], [fd])


def receive(s, timeout=60.0):
    if not select.select([s], [], [], timeout)[0]:
        return None, None
    data = s.recv(256 * 1024)
    if not data:
        return None, None
    return data[5], json.loads(data[16:])


def sealed(text):
    fd = os.memfd_create("document", os.MFD_ALLOW_SEALING)
    os.write(fd, text)
    fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


def call(op, args=None, fd=None):
    s = connect()
    send(s, REQUEST, {"op": op, "args": args or {}}, fd)
    while True:
        kind, body = receive(s)
        if body is None:
            sys.exit("no answer")
        print(json.dumps(body, ensure_ascii=False), flush=True)
        if kind == END:
            sys.exit(0 if body.get("code") == 0 else 1)


def events(seconds):
    """Follows, also over restarts of the daemon, whose numbering then begins anew."""
    end = time.monotonic() + seconds
    last = {"instance": "", "seq": 0}
    while time.monotonic() < end:
        try:
            s = connect()
            send(s, REQUEST, {"op": "events.subscribe",
                              "args": {"ack": last["seq"], "instance": last["instance"]}})
            while time.monotonic() < end:
                kind, body = receive(s, max(0.0, end - time.monotonic()))
                if body is None:
                    break
                if kind != EVENT:
                    continue
                for e in body["events"]:
                    print(json.dumps(e, ensure_ascii=False), flush=True)
                last = {"instance": body["instance"], "seq": body["seq"]}
                send(s, ACK, last)
        except OSError:
            time.sleep(0.05)


def main():
    what = sys.argv[1]
    if what in ("apply", "check"):
        with open(sys.argv[2], "rb") as f:
            call("nac." + what, fd=sealed(f.read()))
    if what == "events":
        events(float(sys.argv[2]) if len(sys.argv) > 2 else 3600)
        return
    if what == "op":
        call(sys.argv[2], json.loads(sys.argv[3]) if len(sys.argv) > 3 else None)
    call(what)


if __name__ == "__main__":
    main()
