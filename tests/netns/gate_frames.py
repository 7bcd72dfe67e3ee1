#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames of every kind onto an interface, and who hears them. For the gate's tests; only ever used inside
the namespaces that a run makes.

  send IFACE SRC DST KIND...     one frame of each kind (all: every kind there is)
  fuzz IFACE COUNT SEED SRC[,SRC...] DST[,DST...]   random frames, marked; sources are those or random
  eapol IFACE COUNT RATE         EAPOL-Start frames, each from another address
  start IFACE SRC                one EAPOL-Start
  hear IFACE SECONDS [PROTO]     prints "ready", then a JSON object {source: frames} of what arrived
  marked IFACE SECONDS           the same, for frames that carry the mark alone
"""
import json
import random
import select
import signal
import socket
import struct
import sys
import time

MARK = b"sekisho-gate-frame"
PAE = bytes.fromhex("0180c2000003")
ALL = b"\xff" * 6
ETH_P_ALL, OUTGOING = 3, 4


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def text(b):
    return ":".join(f"{x:02x}" for x in b)


def checksum(b):
    if len(b) % 2:
        b += b"\0"
    s = sum(struct.unpack(f">{len(b) // 2}H", b))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def ipv4(src, dst, proto, data):
    h = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 7, 0, 64, proto, 0,
                    socket.inet_aton(src), socket.inet_aton(dst))
    return h[:10] + struct.pack(">H", checksum(h)) + h[12:] + data


def ipv6(src, dst, proto, data, hops=255):
    return struct.pack(">IHBB", 6 << 28, len(data), proto, hops) + \
        socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + data


def udp(sport, dport, data):
    return struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data


def tcp(sport, dport):
    return struct.pack(">HHIIBBHHH", sport, dport, 1, 0, 0x50, 2, 1000, 0, 0)


def arp(op, smac, sip, tip):
    return struct.pack(">HHBBH", 1, 0x800, 6, 4, op) + smac + socket.inet_aton(sip) + bytes(6) + \
        socket.inet_aton(tip)


def kinds(src, dst):
    """name: frame without the mark"""
    me, to = "10.9.0.66", "10.9.0.12"

    def eth(d, proto, data):
        return d + src + struct.pack(">H", proto) + data

    dhcp = struct.pack(">BBBB", 1, 1, 6, 0) + bytes(24) + src + bytes(202) + b"c\x82Sc\x35\x01\x01\xff"
    offer = struct.pack(">BBBB", 2, 1, 6, 0) + bytes(24) + src + bytes(202) + b"c\x82Sc\x35\x01\x02\xff"
    ra = struct.pack(">BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
    ns = struct.pack(">BBHI", 135, 0, 0, 0) + socket.inet_pton(socket.AF_INET6, "fd09::12")
    na = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + socket.inet_pton(socket.AF_INET6, "fd09::1")
    return {
        "arp-request": eth(ALL, 0x806, arp(1, src, me, to)),
        "arp-reply": eth(dst, 0x806, arp(2, src, "10.9.0.1", to)),
        "arp-gratuitous": eth(ALL, 0x806, arp(1, src, "10.9.0.1", "10.9.0.1")),
        "dhcp-discover": eth(ALL, 0x800, ipv4("0.0.0.0", "255.255.255.255", 17, udp(68, 67, dhcp))),
        "dhcp-offer": eth(ALL, 0x800, ipv4(me, "255.255.255.255", 17, udp(67, 68, offer))),
        "router-advertisement": eth(mac("33:33:00:00:00:01"), 0x86dd, ipv6("fe80::66", "ff02::1", 58, ra)),
        "neighbour-solicitation": eth(mac("33:33:ff:00:00:12"), 0x86dd,
                                      ipv6("fe80::66", "ff02::1:ff00:12", 58, ns)),
        "neighbour-advertisement": eth(dst, 0x86dd, ipv6("fe80::66", "fd09::12", 58, na)),
        "ipv4-udp": eth(dst, 0x800, ipv4(me, to, 17, udp(1, 7001, b""))),
        "ipv4-tcp": eth(dst, 0x800, ipv4(me, to, 6, tcp(1, 80))),
        "ipv4-icmp": eth(dst, 0x800, ipv4(me, to, 1, struct.pack(">BBHHH", 8, 0, 0xf7ff, 0, 0))),
        "ipv4-multicast": eth(mac("01:00:5e:00:00:fb"), 0x800, ipv4(me, "224.0.0.251", 17, udp(5353, 5353, b""))),
        "ipv6-udp": eth(dst, 0x86dd, ipv6("fd09::66", "fd09::12", 17, udp(1, 7001, b""))),
        "ipv4-tagged": eth(dst, 0x8100, struct.pack(">HH", 10, 0x800) + ipv4(me, to, 17, udp(1, 7001, b""))),
        "ipv4-priority-tag": eth(dst, 0x8100, struct.pack(">HH", 0xe000, 0x800) +
                                 ipv4(me, to, 17, udp(1, 7001, b""))),
        "ipv4-two-tags": eth(dst, 0x88a8, struct.pack(">HHHH", 5, 0x8100, 10, 0x800) +
                             ipv4(me, to, 17, udp(1, 7001, b""))),
        "eapol-unicast": eth(dst, 0x888e, b"\x01\x01\x00\x00"),
        "eapol-broadcast": eth(ALL, 0x888e, b"\x01\x01\x00\x00"),
        "eapol-tagged": eth(PAE, 0x8100, struct.pack(">HH", 0, 0x888e) + b"\x01\x01\x00\x00"),
        "lldp": eth(mac("01:80:c2:00:00:0e"), 0x88cc, b"\x02\x07\x04" + src + b"\0\0"),
        "stp": mac("01:80:c2:00:00:00") + src + struct.pack(">H", 38) + b"\x42\x42\x03" + bytes(35),
        "cdp": mac("01:00:0c:cc:cc:cc") + src + struct.pack(">H", 38) + b"\xaa\xaa\x03\0\0\x0c\x20\0" + bytes(30),
        "llc": dst + src + struct.pack(">H", 46) + b"\xe0\xe0\x03" + bytes(43),
        "pppoe": eth(ALL, 0x8863, b"\x11\x09\0\0\0\0"),
        "macsec": eth(dst, 0x88e5, bytes(30)),
        "mpls": eth(dst, 0x8847, bytes(30)),
        "unknown-type": eth(dst, 0x9999, bytes(30)),
        "wake-on-lan": eth(ALL, 0x842, ALL + src * 16),
        "jumbo-arp": eth(ALL, 0x806, arp(1, src, me, to) + bytes(1000)),
    }


def pad(frame):
    frame += MARK
    return frame + bytes(max(0, 60 - len(frame)))


def open_socket(iface, proto=ETH_P_ALL, size=1 << 22):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(proto))
    s.setsockopt(socket.SOL_SOCKET, 33, size)  # SO_RCVBUFFORCE
    s.bind((iface, proto))
    return s


def put(s, frame):
    while True:
        try:
            s.send(frame)
            return
        except OSError:  # a full queue
            time.sleep(0.0005)


def sender(iface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.bind((iface, 0))
    return s


def random_frame(r, sources, targets):
    src = r.choice(sources) if r.random() < 0.8 else bytes([r.randrange(256) & 0xfe]) + r.randbytes(5)
    roll = r.random()
    dst = r.choice(targets) if roll < 0.5 else ALL if roll < 0.7 else PAE if roll < 0.72 else \
        bytes.fromhex("0180c20000") + r.randbytes(1) if roll < 0.8 else r.randbytes(6)
    if r.random() < 0.5:
        frame = bytearray(r.choice(list(kinds(src, dst).values())))
        if r.random() < 0.5:
            frame[:6] = dst
        for _ in range(r.randrange(4)):  # behind the addresses
            frame[r.randrange(12, len(frame))] = r.randrange(256)
        return bytes(frame)
    proto = r.choice([0x800, 0x806, 0x86dd, 0x888e, 0x8100, 0x88a8, 0x88cc, r.randrange(65536), r.randrange(1500)])
    return dst + src + struct.pack(">H", proto) + r.randbytes(r.randrange(0, 200))


def fuzz(iface, count, seed, sources, targets):
    r, s = random.Random(seed), sender(iface)
    for _ in range(count):
        put(s, pad(random_frame(r, sources, targets)))
    print(count)


def eapol(iface, count, rate):
    r, s, begin = random.Random(7), sender(iface), time.monotonic()
    for i in range(count):
        put(s, pad(PAE + b"\x02" + r.randbytes(5) + b"\x88\x8e\x01\x01\x00\x00"))
        if rate and i / rate > time.monotonic() - begin:
            time.sleep(0.001)
    print(count)


def hear(iface, seconds, proto, marked):
    s = open_socket(iface, proto, 1 << 26)
    print("ready", flush=True)
    heard, end, told = {}, time.monotonic() + seconds, []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))  # what has arrived is still read
    while time.monotonic() < end:
        if not select.select([s], [], [], 0 if told else min(0.2, max(0, end - time.monotonic())))[0]:
            if told:
                break
            continue
        data, addr = s.recvfrom(65536)
        if addr[2] == OUTGOING or (marked and MARK not in data):
            continue
        heard[text(data[6:12])] = heard.get(text(data[6:12]), 0) + 1
    print(json.dumps(heard))


def main(a):
    if a[0] == "send":
        src, dst = mac(a[2]), mac(a[3])
        all_, s = kinds(src, dst), sender(a[1])
        for k in (all_ if a[4:] == ["all"] else a[4:]):
            put(s, pad(all_[k]))
    elif a[0] == "start":
        put(sender(a[1]), pad(PAE + mac(a[2]) + b"\x88\x8e\x01\x01\x00\x00"))
    elif a[0] == "fuzz":
        fuzz(a[1], int(a[2]), int(a[3]), [mac(x) for x in a[4].split(",")], [mac(x) for x in a[5].split(",")])
    elif a[0] == "eapol":
        eapol(a[1], int(a[2]), float(a[3]))
    elif a[0] in ("hear", "marked"):
        hear(a[1], float(a[2]), int(a[3], 0) if len(a) > 3 else ETH_P_ALL, a[0] == "marked")


main(sys.argv[1:])
