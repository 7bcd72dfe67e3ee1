#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The sides of a virtual gateway: one network namespace each, on tap devices that QEMU opened; and what is sent from
one to another without a pause, so that what crosses while the gateway starts, applies or falls is counted."""
import subprocess

SIDES = {"wan": "52:54:00:00:00:01", "lan": "52:54:00:00:00:02", "dmz": "52:54:00:00:00:03"}
ADDRESSES = {"wan": ["203.0.113.1/24", "203.0.113.10/24", "203.0.113.66/24", "2001:db8:113::10/64"],
             "lan": ["192.168.10.10/24", "192.168.10.66/24", "2001:db8:10::10/64"],
             "dmz": ["192.168.20.10/24", "2001:db8:20::10/64"]}
ROUTES = {"wan": ["192.168.0.0/16 via 203.0.113.2", "2001:db8:10::/48 via 2001:db8:113::2"],
          "lan": ["default via 192.168.10.1", "default via 2001:db8:10::1"],
          "dmz": ["default via 192.168.20.1", "default via 2001:db8:20::1"]}
QEMU = "vm"


def ip(*args, check=True):
    return subprocess.run(["ip", *args], check=check, capture_output=True, text=True)


def up():
    """Namespaces; the taps wait in the one that QEMU is started in."""
    for n in [QEMU, *SIDES]:
        ip("netns", "add", n)
        ip("-n", n, "link", "set", "lo", "up")


def taps():
    """New tap devices for a machine that is about to start: [(name, MAC)]."""
    for side in SIDES:
        ip("-n", side, "link", "del", f"t{side}", check=False)
        ip("-n", QEMU, "tuntap", "add", "dev", f"t{side}", "mode", "tap")
    return [(f"t{side}", mac) for side, mac in SIDES.items()]


def join():
    """QEMU has opened the taps: each goes to its side, with addresses and routes as hosts there have."""
    for side in SIDES:
        dev = f"t{side}"
        ip("-n", QEMU, "link", "set", dev, "netns", side)
        ip("netns", "exec", side, "sysctl", "-qw", f"net.ipv6.conf.{dev}.accept_dad=0", check=False)
        ip("-n", side, "link", "set", dev, "up")
        for a in ADDRESSES[side]:
            ip("-n", side, "addr", "add", a, "dev", dev, *(["nodad"] if ":" in a else []))
        for r in ROUTES[side]:
            to, via, gw = r.split()
            ip("-n", side, *(["-6"] if ":" in gw else []), "route", "replace", to, via, gw, check=False)


def popen(side, *cmd, **kw):
    return subprocess.Popen(["ip", "netns", "exec", side, *cmd], **kw)


def run(side, *cmd, timeout=30):
    """(status, output) of a command on one side; 124: it took too long."""
    try:
        p = subprocess.run(["ip", "netns", "exec", side, *cmd], capture_output=True, text=True, timeout=timeout,
                           stdin=subprocess.DEVNULL, check=False)
        return p.returncode, p.stdout + p.stderr
    except subprocess.TimeoutExpired:
        return 124, ""
