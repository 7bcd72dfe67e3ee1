# SPDX-License-Identifier: GPL-2.0-or-later
"""A stage of tests/image/check.py about transparent operation: the gateway as a bridge between a router and a LAN that share one
network, from the first second and through the kernel's own queue statement."""
import json
import os
import time

import gateway
import lines
import net
from stages import get, inspection, server, until, web

HOST, HOST6 = "203.0.113.200", "2001:db8:113::200"


def answers():
    doc = gateway.answers(operation="transparent")
    doc["ports"] = doc["ports"][:2]
    doc["networks"] = [
        {"role": "wan", "ipv4": doc["networks"][0]["ipv4"], "ipv6": {"method": "auto"}},
        {"role": "lan", "ipv4": {"method": "none"}, "dns": True, "ntp": True, "manage": True}]
    return doc


def neighbours():
    """The office's host is in the router's network, and both know each other's card, so that they send also while nothing passes."""
    net.ip("-n", "lan", "addr", "add", HOST + "/24", "dev", "tlan")
    net.ip("-n", "lan", "addr", "add", HOST6 + "/64", "dev", "tlan", "nodad")
    net.ip("netns", "exec", "lan", "sysctl", "-qw", "net.ipv6.conf.tlan.accept_ra=2", "net.ipv6.conf.tlan.autoconf=1")
    for side, other, addresses in (("lan", "wan", ("203.0.113.10", "2001:db8:113::10")), ("wan", "lan", (HOST, HOST6))):
        mac = json.loads(net.ip("-n", other, "-j", "link", "show", f"t{other}").stdout)[0]["address"]
        for a in addresses:
            net.ip("-n", side, "neigh", "replace", a, "lladdr", mac, "dev", f"t{side}", "nud", "permanent")


class Senders:
    def __init__(self, g):
        here = os.path.join(gateway.HERE, "cross.py")
        self.g, self.begin = g, time.monotonic()
        self.procs = [
            net.popen("lan", "python3", here, "send", "out", "10", "203.0.113.10", "7777", "2001:db8:113::10", "7777"),
            net.popen("wan", "python3", here, "send", "in", "10", HOST, "7777", HOST6, "7777")]

    def end(self, what):
        alive = all(p.poll() is None for p in self.procs)
        for p in self.procs:
            p.kill()
            p.wait()
        self.g.check(f"{what}: nothing that no rule allows crossed the bridge", alive and not self.g.seen("wan", "out", self.begin) and
                     not self.g.seen("lan", "in", self.begin), (alive, self.g.seen("wan", "out", self.begin)[:3], self.g.seen("lan", "in", self.begin)[:3]))


def crossing(g):
    """The router's DHCP and IPv6 announcements."""
    s, out = net.run("lan", "sh", "-c", "ip link add m0 link tlan type macvlan mode bridge 2>/dev/null; ip link set m0 up;"
                     "busybox udhcpc -i m0 -n -q -t 8 -T 3 -s /bin/true 2>&1; ip link del m0", timeout=60)
    g.check("a device of the office gets its address from the router beyond", "lease of 203.0.113.1" in out, out)

    def announced():
        out = net.ip("-n", "lan", "-6", "-j", "addr", "show", "dev", "tlan", "scope", "global").stdout
        return any(a.get("dynamic") and a["local"].startswith("2001:db8:113:") for link in json.loads(out or "[]") for a in link["addr_info"])
    g.check("… and an IPv6 address by its announcements", until(60, announced), net.ip("-n", "lan", "-6", "addr").stdout)


def transparent(g):
    """transparent operation: a bridge with one address; the router's DHCP and IPv6 cross, else what rules allow; inspected"""
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    g.start(sticks=[g.answer_stick(answers())])
    neighbours()
    isp, senders = lines.Isp(g), Senders(g)
    servers = []
    try:
        said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
        g.check("the answers are taken", "FAILED" not in said, said)
        g.check("the start is a good one", "GOOD" in g.wait())
        servers = [server(g, "wan", 80), server(g, "wan", 4444), server(g, "lan", 80)]
        g.check("nothing passes as long as nobody approved it", not web())
        senders.end("first start")
        isp.start(lines.ONE)
        lines.allow(g)
        six = "http://[2001:db8:113::10]/"
        g.check("what a rule allows passes, IPv4", until(30, web), g.sekisho("tanaka", "explain", HOST, "203.0.113.10", "tcp", "80")[1])
        g.check("… and IPv6", until(30, lambda: get("lan", six, "-g") == 0), g.sekisho("tanaka", "explain", HOST6, "2001:db8:113::10", "tcp", "80")[1])
        g.check("another port does not", get("lan", "http://203.0.113.10:4444/", seconds=3) != 0)
        g.check("nothing from outside comes in", get("wan", f"http://{HOST}/", seconds=3) != 0 and get("wan", f"http://[{HOST6}]/", "-g", seconds=3) != 0)
        crossing(g)
        inspection(g)
        s, out = g.inside("nft flush ruleset; ip -c=never -d link show br-gate")
        g.check("the bridge asks the policy, which root cannot empty", "nf_call_iptables 1" in out and web() and
                get("lan", "http://203.0.113.10:4444/", seconds=3) != 0, out)
        again(g)
    finally:
        isp.stop()
        for p in servers:
            p.kill()


def again(g):
    g.off()
    g.start()
    neighbours()
    senders = Senders(g)
    g.check("power cut: the start is a good one", "GOOD" in g.wait())
    g.check("what a rule allows passes again", until(60, web))
    senders.end("power cut")


ALL = [("transparent", transparent)]
