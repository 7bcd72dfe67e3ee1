#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A resolver for the tests. dns_ask.py SERVER NAME TYPE [tcp] [edns] [do]: prints what came back as words:
rcode, aa/ad, each record as TYPE=VALUE, soa-ttl, ede code; exit status 0 answered, 3 reset, 4 silence."""
import ipaddress
import random
import socket
import struct
import sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "OPT": 41, "HTTPS": 65}
NAMES = {v: k for k, v in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def encode(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def decode(msg, at):
    parts, end = [], None
    while True:
        n = msg[at]
        if n >= 0xC0:
            end = end or at + 2
            at = (n & 0x3F) << 8 | msg[at + 1]
            continue
        at += 1
        if n == 0:
            return ".".join(parts), end or at
        parts.append(msg[at:at + n].decode())
        at += n


def query(name, kind, options):
    ident = random.randrange(65536)
    edns = "edns" in options or "do" in options
    q = struct.pack(">6H", ident, 0x0100, 1, 0, 0, edns)
    q += encode(name) + struct.pack(">2H", TYPES[kind], 1)
    if edns:
        q += b"\0" + struct.pack(">2H2B2H", 41, 1232, 0, 0, 0x8000 if "do" in options else 0, 0)
    return q


def exchange(server, q, options):
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    if "tcp" in options:
        with socket.create_connection((server, 53), timeout=2) as s:
            s.sendall(struct.pack(">H", len(q)) + q)
            head = s.recv(2, socket.MSG_WAITALL)
            return s.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL) if head else b""
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(1.5)
        s.connect((server, 53))  # only from whom it was asked, and with a good checksum
        s.send(q)
        return s.recv(4096)


def rdata(msg, kind, at, n):
    if kind == 1 or kind == 28:
        return str(ipaddress.ip_address(msg[at:at + n]))
    if kind in (2, 5):
        return decode(msg, at)[0]
    if kind == 6:
        at = decode(msg, decode(msg, at)[1])[1]
        return "minimum-%d" % struct.unpack(">5I", msg[at:at + 20])[4]
    return msg[at:at + n].hex()


def show(q, msg):
    ident, flags, qd, an, ns, ar = struct.unpack(">6H", msg[:12])
    assert ident == struct.unpack(">H", q[:2])[0] and flags & 0x8000, "not the answer"
    name, at = decode(msg, 12)
    words = [RCODES.get(flags & 15, str(flags & 15)), "question=" + name]
    assert msg[12:at + 4] == q[12:at + 4], "another question"
    words += [w for bit, w in ((0x400, "aa"), (0x100, "rd"), (0x80, "ra"), (0x20, "ad")) if flags & bit]
    at += 4
    for _ in range(an + ns + ar):
        _, at = decode(msg, at)
        kind, cls, ttl, n = struct.unpack(">2HIH", msg[at:at + 10])
        at += 10
        if kind == 41:
            words.append("opt" + ("+do" if ttl & 0x8000 else ""))
            o = msg[at:at + n]
            if len(o) >= 6:
                code, _, info = struct.unpack(">3H", o[:6])
                words.append(f"ede={info}" if code == 15 else f"option={code}")
        else:
            words.append(f"{NAMES.get(kind, kind)}={rdata(msg, kind, at, n)} ttl={ttl}")
        at += n
    assert at == len(msg), "bytes left over"
    print(" ".join(words))


def main():
    server, name, kind, options = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    q = query(name, kind, options)
    try:
        msg = exchange(server, q, options)
    except (ConnectionResetError, ConnectionRefusedError):
        sys.exit(3)
    except TimeoutError:
        sys.exit(4)
    if not msg:
        sys.exit(3)
    show(q, msg)


main()
