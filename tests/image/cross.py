#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What crosses: `cross.py send DEVICE FILE…` sends datagrams without a pause, `cross.py see DEVICE MARK` counts what arrives.

    send MARK DST PORT INTERVAL_MS [DST PORT…]  to each destination in turn, until it is ended
    see DEVICE OUT                              every frame on the device whose payload has a mark: one line of
                                                "mark source time" in OUT (AF_PACKET: also what no socket would get)
Marks are "SKX:" and a word; times are those of the host's monotonic clock.
"""
import re
import socket
import sys
import time


def send(mark, interval, targets):
    socks = {}
    n = 0
    while True:
        for dst, port in targets:
            family = socket.AF_INET6 if ":" in dst else socket.AF_INET
            if family not in socks:
                socks[family] = socket.socket(family, socket.SOCK_DGRAM)
            try:
                socks[family].sendto(f"SKX:{mark}:{n}".encode(), (dst, port))
            except OSError:
                pass  # the tap is away while the machine is: what is not sent does not cross
        n += 1
        time.sleep(interval / 1000)


def see(device, out):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((device, 0))
    with open(out, "a", buffering=1, encoding="ascii") as f:
        f.write("ready\n")
        while True:
            try:
                frame, meta = s.recvfrom(65536)
            except OSError:
                return
            if meta[2] == socket.PACKET_OUTGOING:
                continue
            m = re.search(rb"SKX:(\w+):(\d+)", frame)
            if m:
                f.write(f"{m.group(1).decode()} {m.group(2).decode()} {time.monotonic():.3f}\n")


if __name__ == "__main__":
    if sys.argv[1] == "send":
        rest = sys.argv[4:]
        send(sys.argv[2], float(sys.argv[3]), [(rest[i], int(rest[i + 1])) for i in range(0, len(rest), 2)])
    else:
        see(sys.argv[2], sys.argv[3])
