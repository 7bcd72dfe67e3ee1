# SPDX-License-Identifier: GPL-2.0-or-later
"""frames.py IFACE KIND ARGS…: send frames no well-behaved program would."""
import os
import random
import socket
import struct
import sys
import time


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


BROADCAST = mac("ff:ff:ff:ff:ff:ff")


def eth(dst, src, kind, body):
    return (dst + src + struct.pack("!H", kind) + body).ljust(60, b"\0")


def arp(op, sha, spa, tha, tpa):
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, op) + sha + socket.inet_aton(spa) + tha + socket.inet_aton(tpa)


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(src, dst, proto, body):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, proto, 0)
    head += socket.inet_aton(src) + socket.inet_aton(dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def udp(sport, dport, body):
    return struct.pack("!HHHH", sport, dport, 8 + len(body), 0) + body


def ip6(src, dst, nxt, body, hops=255):
    return struct.pack("!IHBB", 0x60000000, len(body), nxt, hops) + src6(src) + src6(dst) + body


def src6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def icmp6(src, dst, body):
    pseudo = src6(src) + src6(dst) + struct.pack("!II", len(body), 58)
    return body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]


def nb_name(text, suffix):
    raw = text.upper().encode().ljust(15) + bytes([suffix])
    return b"\x20" + b"".join(bytes([65 + (b >> 4), 65 + (b & 15)]) for b in raw) + b"\0"


def garp(me, ip):
    """Everybody is told that ip is here."""
    return eth(BROADCAST, me, 0x0806, arp(2, me, ip, BROADCAST, ip))


def as_other(me, other, ip):
    return eth(BROADCAST, me, 0x0806, arp(2, mac(other), ip, BROADCAST, ip))


def na(me, ip):
    body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + src6(ip) + b"\x02\x01" + me
    return eth(mac("33:33:00:00:00:01"), me, 0x86dd, ip6(ip, "ff02::1", 58, icmp6(ip, "ff02::1", body)))


def ra(me, hidden=""):
    """hidden: behind a destination options header, as RA guards are evaded."""
    src = "fe80::bad"
    body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + b"\x01\x01" + me
    body += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 3600, 0) + src6("2001:db8:bad::")
    body = icmp6(src, "ff02::1", body)
    if hidden:
        return eth(mac("33:33:00:00:00:01"), me, 0x86dd,
                   ip6(src, "ff02::1", 60, b"\x3a\x00\x01\x04\0\0\0\0" + body))
    return eth(mac("33:33:00:00:00:01"), me, 0x86dd, ip6(src, "ff02::1", 58, body))


def dhcp(op, chaddr, options, yiaddr="0.0.0.0"):
    head = struct.pack("!BBBBIHH", op, 1, 6, 0, 7, 0, 0x8000) + b"\0" * 4 + socket.inet_aton(yiaddr) + b"\0" * 8
    return head + chaddr.ljust(16, b"\0") + b"\0" * 192 + b"\x63\x82\x53\x63" + options + b"\xff"


def offer(me, server, router):
    body = dhcp(2, mac("00:11:22:33:44:55"), b"\x35\x01\x02\x36\x04" + socket.inet_aton(server) +
                b"\x03\x04" + socket.inet_aton(router), "192.168.10.99")
    return eth(BROADCAST, me, 0x0800, ip4(server, "255.255.255.255", 17, udp(67, 68, body)))


def request(me, host, vendor, params):
    options = b"\x35\x01\x01" + b"\x0c" + bytes([len(host)]) + host.encode()
    options += b"\x3c" + bytes([len(vendor)]) + vendor.encode()
    numbers = bytes(int(n) for n in params.split(","))
    options += b"\x37" + bytes([len(numbers)]) + numbers
    return eth(BROADCAST, me, 0x0800,
               ip4("0.0.0.0", "255.255.255.255", 17, udp(68, 67, dhcp(1, me, options))))


def nbns(me, name, ip):
    body = struct.pack("!HHHHHH", 9, 0x2910, 1, 0, 0, 1) + nb_name(name, 0) + b"\0\x20\0\x01"
    body += b"\xc0\x0c\0\x20\0\x01\0\0\0\0\0\x06\0\0" + socket.inet_aton(ip)
    return eth(BROADCAST, me, 0x0800, ip4(ip, "192.168.10.255", 17, udp(137, 137, body)))


def lldp(me, name, caps):
    def tlv(kind, value):
        return struct.pack("!H", kind << 9 | len(value)) + value
    body = tlv(1, b"\x04" + me) + tlv(2, b"\x05p1") + tlv(3, b"\0\x78") + tlv(5, name.encode())
    body += tlv(7, struct.pack("!HH", 0xff, int(caps))) + tlv(0, b"")
    return eth(mac("01:80:c2:00:00:0e"), me, 0x88cc, body)


def tagged(me, vlan, ip):
    inner = struct.pack("!HH", int(vlan), 0x0806) + arp(1, me, ip, b"\0" * 6, ip)
    return eth(BROADCAST, me, 0x8100, inner)


def silent(me, dst, ip, dst_ip):
    """Unicast data to an address that was set by hand: nothing that names its sender."""
    return eth(mac(dst), me, 0x0800, ip4(ip, dst_ip, 17, udp(4000, 4000, b"x")))


def flood(s, count):
    for _ in range(int(count)):
        src = bytes([random.randrange(64) * 4 + 2]) + os.urandom(5)
        try:
            s.send(eth(BROADCAST, src, 0x0806, arp(1, src, "0.0.0.0", b"\0" * 6, "192.168.10.200")))
        except OSError:
            time.sleep(0.01)


def main(iface, kind, *args):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((iface, 0))
    me = s.getsockname()[4]
    if kind == "flood":
        return flood(s, *args)
    times = 1
    if kind == "repeat":
        times, kind, args = int(args[0]), args[1], args[2:]
    frame = globals()[kind](me, *args)
    for _ in range(times):
        s.send(frame)
    return None


main(*sys.argv[1:])
