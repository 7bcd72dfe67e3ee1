#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A name server for the tests, UDP and TCP, IPv4 and IPv6. dns_serve.py ZONE-FILE: lines NAME TYPE VALUE
[TTL]; a CNAME is followed. Prints each question as it comes."""
import asyncio
import ipaddress
import socket
import struct
import sys

TYPES = {"A": 1, "CNAME": 5, "AAAA": 28}


def encode(name):
    return b"".join(bytes([len(p)]) + p.encode() for p in name.split(".") if p) + b"\0"


def question(msg):
    parts, at = [], 12
    while msg[at]:
        parts.append(msg[at + 1:at + 1 + msg[at]].decode())
        at += 1 + msg[at]
    return ".".join(parts).lower(), struct.unpack(">H", msg[at + 1:at + 3])[0], at + 5


class Zone:
    def __init__(self, path):
        self.rows = [line.split() for line in open(path) if line.strip()]

    def find(self, name, kind):
        for row in self.rows:
            ttl = int(row[3]) if len(row) > 3 else 300
            if row[0] != name:
                continue
            if row[1] == "CNAME":
                return [(name, 5, ttl, encode(row[2]))] + self.find(row[2], kind)
            if TYPES[row[1]] == kind:
                return [(name, kind, ttl, ipaddress.ip_address(row[2]).packed)] + \
                    [(name, kind, ttl, ipaddress.ip_address(r[2]).packed) for r in self.rows
                     if r is not row and r[0] == name and r[1] == row[1]]
        return []

    def answer(self, msg):
        name, kind, end = question(msg)
        print(name, kind, flush=True)
        found = self.find(name, kind)
        known = any(r[0] == name for r in self.rows)
        head = struct.pack(">2s5H", msg[:2], 0x8580 | (0 if known else 3), 1, len(found), 0, 0)
        body = b"".join(encode(n) + struct.pack(">2HIH", k, 1, ttl, len(d)) + d for n, k, ttl, d in found)
        return head + msg[12:end] + body


class Udp(asyncio.DatagramProtocol):
    def __init__(self, zone):
        self.zone = zone

    def connection_made(self, transport):
        self.t = transport

    def datagram_received(self, data, addr):
        self.t.sendto(self.zone.answer(data), addr)


async def main():
    zone = Zone(sys.argv[1])

    async def tcp(reader, writer):
        try:
            while True:
                n = struct.unpack(">H", await reader.readexactly(2))[0]
                out = zone.answer(await reader.readexactly(n))
                writer.write(struct.pack(">H", len(out)) + out)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    loop = asyncio.get_running_loop()
    # One socket an address: an answer must come from the address that was asked.
    for addr in sys.argv[2:]:
        family = socket.AF_INET6 if ":" in addr else socket.AF_INET
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.bind((addr, 53))
        await loop.create_datagram_endpoint(lambda: Udp(zone), sock=s)
        await asyncio.start_server(tcp, addr, 53)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
