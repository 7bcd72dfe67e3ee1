# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks sekisho-feed as the manager does (docs/ipc.md)."""
import fcntl
import json
import os
import select
import socket
import struct

REQUEST, DATA, END = 1, 2, 3
F_ADD_SEALS, F_GET_SEALS, ALL_SEALS = 1033, 1034, 0xF


def sealed(data):
    fd = os.memfd_create("feed", os.MFD_ALLOW_SEALING)
    with os.fdopen(os.dup(fd), "wb") as f:
        f.write(data)
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, F_ADD_SEALS, ALL_SEALS)
    return fd


class Answer:
    """What came: end (the END body), list (bytes or None)."""

    def __init__(self, end, content):
        self.end, self.list = end, content
        self.code = end["code"]

    def entries(self):
        """{"4 192.0.2.1": (since, note)}"""
        out = {}
        for line in self.list.decode("utf-8", "surrogateescape").split("\n")[1:-2]:
            kind, value, since, note = line.split("\t")
            out[f"{kind} {value}"] = (int(since), note)
        return out


def ask(path, op, args, content=None, timeout=90.0):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(path)
    data = json.dumps({"op": op, "args": args}).encode()
    msg = struct.pack(">4sBBHII", b"SKIP", 1, REQUEST, 0, 7, len(data)) + data
    fd = sealed(content) if content is not None else None
    if fd is None:
        s.send(msg)
    else:
        socket.send_fds(s, [msg], [fd])
        os.close(fd)
    got = None
    while True:
        if not select.select([s], [], [], timeout)[0]:
            raise TimeoutError("no answer from sekisho-feed")
        data, fds, _, _ = socket.recv_fds(s, 256 * 1024, 4)
        if not data:
            raise ConnectionError("sekisho-feed closed the connection")
        body = json.loads(data[16:])
        for f in fds:
            assert fcntl.fcntl(f, F_GET_SEALS) == ALL_SEALS, "the list is not sealed"
            with os.fdopen(f, "rb") as r:
                r.seek(0)
                got = r.read()
        if data[5] == END:
            return Answer(body, got)
        assert data[5] == DATA and body == {"list": True} and fds, body
