#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast admission opens, closes and tells, seen from the wire. Runs in the gateway's namespace, where nacd's
socket can be reached; frames are stamped by the kernel in the devices' namespaces.

  nac_latency.py stamp IFACE ETHERTYPE   prints "ready", then of each frame that arrives: microseconds, first bytes in hex
  nac_latency.py eap ROUNDS SUPPLICANT.CONF   c1 proves itself again and again: EAP success to first forwarded frame
  nac_latency.py close ROUNDS MAC DOCUMENT-IN DOCUMENT-OUT
  nac_latency.py told ROUNDS             c3 sends frames of unknown devices: to the event
Each result is a line "name median 99% worst" in milliseconds."""
import atexit
import json
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "netns"))
sys.dont_write_bytecode = True
import nacctl  # noqa: E402

TIMESTAMPNS, RCVBUFFORCE, OUTGOING = 35, 33, 4


def now():
    return time.time_ns() / 1e3


def stamp(iface, proto):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(proto))
    s.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, 1 << 24)
    s.setsockopt(socket.SOL_SOCKET, TIMESTAMPNS, 1)
    s.bind((iface, proto))
    print("ready", flush=True)
    while True:
        data, anc, _, addr = s.recvmsg(2048, 64)
        if addr[2] == OUTGOING:
            continue
        sec, ns = next(struct.unpack("qq", d) for _, kind, d in anc if kind == TIMESTAMPNS)
        print(f"{sec * 1000000 + ns / 1e3:.1f} {data[:20].hex()}", flush=True)


class Stamps:
    """The frames that arrive in a namespace, as a growing list of (time, bytes)."""

    def __init__(self, ns, proto):
        self.seen = []
        self.p = subprocess.Popen(["ip", "netns", "exec", ns, sys.executable, __file__, "stamp", "eth0", hex(proto)],
                                  stdout=subprocess.PIPE, text=True)
        atexit.register(self.p.kill)
        assert self.p.stdout.readline() == "ready\n"
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.p.stdout:
            at, head = line.split()
            self.seen.append((float(at), bytes.fromhex(head)))

    def wait(self, since, seconds, want=lambda head: True):
        """The time of the first frame after since that is wanted."""
        end, i = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            for at, head in self.seen[i:]:
                i += 1
                if at >= since and want(head):
                    return at
            time.sleep(0.002)
        return None

    def last(self, since):
        """The time of the last frame after since; since when there is none."""
        return max([at for at, _ in self.seen if at >= since], default=since)


def summary(name, values):
    v = sorted(values)
    if v:
        print(f"{name} {v[len(v) // 2] / 1e3:.2f} {v[max(0, int(len(v) * 0.99) - 1)] / 1e3:.2f} {v[-1] / 1e3:.2f}")


def call(op, args=None, document=None):
    s = nacctl.connect()
    fd = nacctl.sealed(document) if document else None
    nacctl.send(s, nacctl.REQUEST, {"op": op, "args": args or {}}, fd)
    while True:
        kind, body = nacctl.receive(s)
        if kind == nacctl.END:
            s.close()
            if fd is not None:
                os.close(fd)
            assert body["code"] == 0, body
            return body


class Supplicant:
    """A wpa_supplicant on c1."""

    def __init__(self, conf):
        self.p = subprocess.Popen(["ip", "netns", "exec", "c1", "wpa_supplicant", "-Dwired", "-ieth0", "-c", conf],
                                  stdout=subprocess.DEVNULL)
        atexit.register(self.p.kill)

    def leave(self):
        """By its cable: hostapd would be deaf for seconds to one that logged off."""
        self.p.terminate()
        self.p.wait()
        subprocess.run(["ip", "link", "set", "lan1", "down"], check=True)
        time.sleep(0.05)
        subprocess.run(["ip", "link", "set", "lan1", "up"], check=True)


def is_success(head):
    """IEEE 802.1X-2010 11.3: version, type 0, length; RFC 3748 4: code 3."""
    return head[15] == 0 and head[18] == 3


def eap(rounds, conf):
    passed, answers, took = Stamps("c2", 0x0800), Stamps("c1", 0x888e), []
    for _ in range(rounds):
        begin = now()
        assert passed.last(begin - 30000) == begin - 30000, "it is still in"
        p = Supplicant(conf)
        success = answers.wait(begin, 20, is_success)
        assert success, "no success"
        first = passed.wait(begin, 5)
        assert first, "no frame passes"
        took.append(first - success)
        time.sleep(random.random() * 0.03)
        p.leave()
        time.sleep(0.05)
    summary("eap", took)


def wait_in(passed, begin):
    at = passed.wait(begin, 5)
    assert at, "it does not come in again"
    return at - begin


def close(rounds, mac, inside, outside):
    with open(inside, "rb") as f:
        inside = f.read()
    with open(outside, "rb") as f:
        outside = f.read()
    passed = Stamps("c2", 0x0800)
    took = {"close": [], "close+apply": [], "apply": [], "approve": []}
    ways = {"close": [("close", {"mac": mac}, None)],
            "close+apply": [("close", {"mac": mac}, None), ("nac.apply", None, outside)],
            "apply": [("nac.apply", None, outside)]}
    for _ in range(rounds):
        for name, calls in ways.items():
            begin = now()
            for c in calls:
                call(*c)
            time.sleep(0.1)
            last = passed.last(begin)
            assert last < now() - 50000, "it is still in"
            took[name].append(last - begin)
            begin = now()
            call("nac.apply", None, inside)
            took["approve"].append(wait_in(passed, begin))
            time.sleep(0.02 + random.random() * 0.02)
            del passed.seen[:-10]
    for name, values in took.items():
        summary(name, values)


def told(rounds):
    s = nacctl.connect()
    nacctl.send(s, nacctl.REQUEST, {"op": "events.subscribe", "args": {"ack": 0, "instance": ""}})
    took = []
    for i in range(rounds):
        mac = f"00:1b:21:ee:00:{i:02x}"
        p = subprocess.run(["ip", "netns", "exec", "c3", sys.executable, "-c",
                            "import socket,sys,time\ns=socket.socket(socket.AF_PACKET,socket.SOCK_RAW,0)\n"
                            "s.bind(('eth0',0))\nprint(time.time_ns()/1e3)\n"
                            "s.send(b'\\xff'*6+bytes.fromhex(sys.argv[1].replace(':',''))+b'\\x08\\x06'+bytes(46))",
                            mac], capture_output=True, text=True, check=True)
        sent = float(p.stdout)
        while True:
            kind, body = nacctl.receive(s, 5)
            at = now()
            assert body is not None, "no event"
            if kind != nacctl.EVENT:
                continue
            hits = [e for e in body["events"] if e["sekisho"]["action"] == "new" and e["sekisho"]["mac"] == mac]
            nacctl.send(s, nacctl.ACK, {"instance": body["instance"], "seq": body["seq"]})
            if hits:
                took.append(at - sent)
                break
    summary("told", took)


def main(a):
    if a[0] == "stamp":
        stamp(a[1], int(a[2], 0))
    elif a[0] == "eap":
        eap(int(a[1]), a[2])
    elif a[0] == "close":
        close(int(a[1]), *a[2:])
    elif a[0] == "told":
        told(int(a[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
