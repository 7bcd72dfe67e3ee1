#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Send 1450 bytes with DF set until the path MTU is learnt from ICMP: pmtu_try.py ADDR PORT SOURCE."""
import socket
import sys
import time

IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
s.bind((sys.argv[3], 0))
s.connect((sys.argv[1], int(sys.argv[2])))
end = time.monotonic() + 3
while time.monotonic() < end:
    try:
        s.send(b"x" * 1450)
    except OSError:  # EMSGSIZE: the kernel has learnt it
        pass
    if s.getsockopt(socket.IPPROTO_IP, IP_MTU) < 1500:
        sys.exit(0)
    time.sleep(0.05)
sys.exit("no packet-too-big message came back")
