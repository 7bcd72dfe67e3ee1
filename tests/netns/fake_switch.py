#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A switch's side of RFC 5176: fake_switch.py PORT SECRET MODE-FILE LOG. Each request is checked with code of its own
and becomes a JSON line; it is answered as the mode file says: ack, nak, nak503, silent, forged."""

import hashlib
import hmac
import json
import socket
import struct
import sys
import time

NAMES = {1: "user", 4: "nas_ip", 5: "nas_port", 27: "session_timeout", 31: "caller", 32: "nas_id", 44: "session",
         55: "time", 64: "tunnel_type", 65: "tunnel_medium", 80: "ma", 81: "vlan", 87: "port_id"}


def attributes(p):
    out, off = {}, 20
    while off < len(p):
        t, n = p[off], p[off + 1]
        assert n >= 2 and off + n <= len(p)
        out[t] = (off + 2, p[off + 2:off + n])
        off += n
    return out


def check(p, secret):
    """Request Authenticator (RFC 2866) and Message-Authenticator over zeros."""
    zero = p[:4] + bytes(16) + p[20:]
    if hashlib.md5(zero + secret).digest() != p[4:20]:
        return "request authenticator"
    a = attributes(p)
    if 80 not in a:
        return "no message authenticator"
    at, mac = a[80]
    blank = zero[:at] + bytes(16) + zero[at + 16:]
    if hmac.new(secret, blank, "md5").digest() != mac:
        return "message authenticator"
    return ""


def answer(p, code, secret, attrs=b""):
    ma = b"\x50\x12" + bytes(16)
    body = ma + attrs
    head = struct.pack("!BBH", code, p[1], 20 + len(body))
    mac = hmac.new(secret, head + p[4:20] + body, "md5").digest()
    body = b"\x50\x12" + mac + attrs
    return head + hashlib.md5(head + p[4:20] + body + secret).digest() + body


def main():
    port, secret, mode_file, log = int(sys.argv[1]), sys.argv[2].encode(), sys.argv[3], sys.argv[4]
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", port))
    with open(log, "a", encoding="utf-8") as f:
        print("{}", file=f, flush=True)
        while True:
            p, peer = s.recvfrom(4096)
            with open(mode_file, encoding="utf-8") as m:
                mode = m.read().strip()
            a = attributes(p)
            if 4 in a:
                a[4] = (a[4][0], socket.inet_ntoa(a[4][1]).encode())
            row = {"at": time.time(), "code": p[0], "id": p[1], "bad": check(p, secret), "hash": hashlib.md5(p).hexdigest()}
            for t, (_, v) in a.items():
                name = NAMES.get(t, str(t))
                row[name] = int.from_bytes(v, "big") if t in (5, 27, 55, 64, 65) else v.decode("latin-1")
            print(json.dumps(row), file=f, flush=True)
            if mode == "ack":
                s.sendto(answer(p, p[0] + 1, secret), peer)
            elif mode == "nak":
                s.sendto(answer(p, p[0] + 2, secret, b"\x65\x06" + struct.pack("!I", 401)), peer)
            elif mode == "nak503":
                s.sendto(answer(p, p[0] + 2, secret, b"\x65\x06" + struct.pack("!I", 503)), peer)
            elif mode == "forged":
                s.sendto(answer(p, p[0] + 1, b"somebody-else-entirely"), peer)


main()
