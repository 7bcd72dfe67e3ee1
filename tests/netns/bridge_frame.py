#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames and datagrams across the gateway's bridge, from and to eth0, told apart by a name that they carry.

    bridge_frame.py send MAC    frames of every kind, to everybody and to MAC
    bridge_frame.py udp SPEC…   NAME,SOURCE,PORT,DESTINATION,PORT: one datagram each, then ARP
    bridge_frame.py hear S      prints "ready", then the names of those that came (in S seconds, or 1 s after ARP)
"""
import socket
import struct
import sys
import time

MARK = b"SEKISHO-FRAME-"
TYPES = {"arp": 0x0806, "vlan": 0x8100, "qinq": 0x88A8, "pppoe-d": 0x8863, "pppoe": 0x8864, "lldp": 0x88CC,
         "other": 0x9000, "llc": 0x0042}
ALL = b"\xff" * 6


def frame(s, name, destination):
    me = s.getsockname()[4]
    body = struct.pack(">HH", 5, 0x0800) if name in ("vlan", "qinq") else b""
    if name == "arp":
        ip = bytes([192, 168, 1, 99])
        body = struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, 2, me, ip, ALL, ip)
    s.send((destination + me + struct.pack(">H", TYPES[name]) + body + MARK + name.encode()).ljust(80, b"\0"))


def datagram(name, source, sport, destination, dport):
    v6 = ":" in destination
    body = MARK + name.encode() + b"\0"
    u = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    u.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    u.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
    scope = (0, socket.if_nametoindex("eth0")) if v6 else ()
    if v6:
        u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_CHECKSUM, 6)
    u.bind((source, 0) + (scope if source.startswith("fe80") else ()))
    scope = scope if destination.startswith(("fe80", "ff02")) else ()
    u.sendto(struct.pack(">4H", int(sport), int(dport), 8 + len(body), 0) + body, (destination, 0) + scope)


def hear(s, seconds):
    print("ready", flush=True)
    end, seen = time.time() + seconds, set()
    s.settimeout(0.2)
    while time.time() < end:
        try:
            f = s.recv(2000)
        except TimeoutError:
            continue
        if MARK in f:
            seen.add(f.split(MARK)[1].split(b"\0")[0].decode())
            if "arp" in seen and end - time.time() > 1:
                end = time.time() + 1
    print(*sorted(seen))


def main():
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind(("eth0", 0))
    if sys.argv[1] == "hear":
        hear(s, float(sys.argv[2]))
    elif sys.argv[1] == "udp":
        for spec in sys.argv[2:]:
            datagram(*spec.split(","))
        frame(s, "arp", ALL)
    else:
        for name in TYPES:
            frame(s, name, ALL)
            frame(s, name, bytes.fromhex(sys.argv[2].replace(":", "")))


main()
