#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for sekisho-ipsd at SOCKET: ips_fake.py SOCKET EVENTS-FILE. Answers status, lists.test
(NAME is blocked by the list "names") and events.subscribe; the events are the JSON lines of the file,
"ts" added. For tests of what mgmtd makes of them."""
import json
import os
import selectors
import socket
import struct
import sys
import time

NAME = "bad.example"
REQUEST, DATA, END, EVENT, ACK = 1, 2, 3, 4, 5


def message(kind, ident, body):
    text = json.dumps(body).encode()
    return struct.pack(">4sBBHII", b"SKIP", 1, kind, 0, ident, len(text)) + text


def events(path):
    now = int(time.time() * 1e6)
    out = []
    for i, line in enumerate(open(path)):
        e = json.loads(line)
        e["ts"] = now + i
        for c in e["sekisho"].get("contacts", []):
            c["first"] = c["last"] = now
        out.append(e)
    return {"instance": "fake", "seq": len(out), "events": out}


def answer(op, args):
    if op == "status":
        return {"code": 0, "version": "fake", "state": "no_rules", "generation": 0, "sha256": "",
                "events": {"instance": "fake", "seq": 0}, "workers": [], "tally": {}}
    if op == "lists.test":
        name = args["value"].split("/")[0] if args["kind"] != "url" else ""
        if name == NAME or name.endswith("." + NAME):
            return {"code": 0, "verdict": "block", "feed": "names", "entry": NAME}
        return {"code": 0, "verdict": "none"}
    if op == "events.subscribe":
        return {"code": 0, "instance": "fake", "seq": 0}
    return {"code": -95, "en": "unknown operation", "ja": "不明な操作です"}


def main():
    path, lines = sys.argv[1:3]
    if os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.bind(path)
    server.listen(8)
    sel = selectors.DefaultSelector()
    sel.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in sel.select():
            if key.fileobj is server:
                sel.register(server.accept()[0], selectors.EVENT_READ)
                continue
            m = key.fileobj.recv(1 << 18)
            if not m:
                sel.unregister(key.fileobj)
                key.fileobj.close()
                continue
            _, _, kind, _, ident, _ = struct.unpack(">4sBBHII", m[:16])
            if kind != REQUEST:
                continue
            body = json.loads(m[16:])
            key.fileobj.send(message(END, ident, answer(body["op"], body.get("args", {}))))
            if body["op"] == "events.subscribe":
                key.fileobj.send(message(EVENT, 0, events(lines)))


main()
