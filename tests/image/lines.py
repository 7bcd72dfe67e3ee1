#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stages of tests/image/check.py about the line and the cards: PPPoE with a real provider, DHCP with a delegated IPv6 prefix, and
cards that moved. Each begins with a disk of its own."""
import json
import os
import shutil
import subprocess
import time

import gateway
import net
import provider
from stages import Noise, get, server, until

BIG = os.path.join(gateway.HERE, "../netns/big_srv.py")
SIZE = 2 << 20


def fresh(g, doc, nics=None):
    """A new gateway, set up by the answers of a stick; it is well when this returns."""
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    g.start(sticks=[g.answer_stick(doc)], nics=nics)
    said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
    g.check("the answers are taken", "FAILED" not in said, said)


def allow(g):
    """What waits is approved by the other person, and put in force."""
    for r in g.json("tanaka", "rule", "list"):
        if r.get("state") == "requested" and r["number"] > 1000:
            s, out = g.sekisho("sato", "rule", "approve", str(r["number"]), "--comment", "first rules")
            g.check(f"sato approves rule {r['number']}", s == 0, out)
    s, out = g.sekisho("tanaka", "apply", "--confirm", "0")
    g.check("apply", s == 0, out)


def services(g):
    return g.json("tanaka", "status", timeout=180).get("services", {})


def warned(g, words):
    """Does `sekisho status` say so?"""
    out = g.sekisho("tanaka", "status", timeout=180)[1]
    return words in out, out


def quiet(g, since):
    """Nothing came in, and nothing that no rule allows went out."""
    g.check("nothing from outside reached lan", not g.seen("lan", "in", since), g.seen("lan", "in", since)[:3])
    g.check("nothing that no rule allows went out", not g.seen("wan", "out", since), g.seen("wan", "out", since)[:3])


def block_too_big():
    """"Packet too big" reaches no end, as on much of the internet."""
    for side in ("wan", "lan"):
        subprocess.run(["ip", "netns", "exec", side, "nft", "-f", "-"], check=True, text=True, input="""
            table inet lost {
                chain input {
                    type filter hook input priority 0
                    icmp type destination-unreachable drop
                    icmpv6 type packet-too-big drop
                }
            }
            """)


def big_server(g, side, port):
    log = os.path.join(g.work, f"big.{side}.{port}")
    with open(log, "wb") as f:
        p = net.popen(side, "python3", BIG, str(port), str(SIZE), stdout=f, stderr=f)
    until(10, lambda: os.path.getsize(log) > 0)
    return p, log


def download(url, seconds=60):
    s, out = net.run("lan", "curl", "-gsS", "-m", str(seconds), "-o", "/dev/null", "-w", "%{size_download}", url, timeout=seconds + 10)
    return s == 0 and out.strip() == str(SIZE)


def upload(g, url, seconds=60):
    path = os.path.join(g.work, "upload")
    with open(path, "wb") as f:
        f.truncate(SIZE)
    return net.run("lan", "curl", "-gsS", "-m", str(seconds), "-o", "/dev/null", "-T", path, url, timeout=seconds + 10)[0] == 0


# ---- PPPoE -------------------------------------------------------------------------------------------
def pppoe_answers():
    doc = gateway.answers()
    doc["networks"][1]["ipv6"] = {"method": "delegated", "subnet": 7}
    doc["networks"][0] = {"role": "wan", "ipv4": {"method": "pppoe"}, "ipv6": {"method": "auto", "prefix_delegation": True},
                          "pppoe": {"user": provider.USER, "password": provider.PASSWORD, "mtu": provider.MTU}}
    return doc


def connected(g):
    return services(g).get("pppoe") == "connected"


def pppoe(g):
    """PPPoE: refused password, line up, IPv4 and a delegated prefix, MTU 1454 without "too big", line lost and back, power cut"""
    g.off()
    isp = provider.Provider(g)
    g.lines = [server(g, "lan", 80)]
    try:
        pppoe_first(g, isp)
        pppoe_traffic(g)
        pppoe_lost(g, isp)
        pppoe_again(g, isp)
    finally:
        isp.kill()
        for p in g.lines:
            p.kill()


def pppoe_first(g, isp):
    begin = time.monotonic()
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    g.start(sticks=[g.answer_stick(pppoe_answers())], nics=provider.wire)
    noise = Noise()
    isp.start(password="somebody-elses")
    said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
    g.check("the answers are taken", "FAILED" not in said, said)
    health = g.wait()
    g.check("a refused password does not hold the start up", "GOOD" in health, health)
    g.check("status says that the provider refused", until(180, lambda: isp.pump() or services(g).get("pppoe") == "refused"), services(g))
    good, out = warned(g, "refused user name or password")
    g.check("… and what to do", good and "sekisho setup" in out, out)
    isp.kill()
    start = time.monotonic()
    isp.start()
    g.check("the line comes up by itself once the provider takes the password", until(240, lambda: isp.pump() or connected(g)),
            g.inside("journalctl -u sekisho-pppoe -n 30 --no-pager -o cat")[1])
    g.figure("PPPoE: provider there to line up", f"{time.monotonic() - start:.0f}", "s")
    told = until(30, lambda: isp.pump() or "nameserver 203.0.113.10" in g.inside("cat /run/sekisho-setup/resolv.conf")[1])
    s, out = g.inside("ip -c=never -br -4 addr show ppp-wan; ip -c=never route show default; cat /run/sekisho-setup/resolv.conf; cat /sys/class/net/ppp-wan/mtu")
    g.check("the provider's address, route, name server and MTU are used", told and "198.51.100." in out and "default dev ppp-wan" in out and out.split()[-1] == str(provider.MTU), out)
    g.check("status shows the line's address", services(g).get("line_address", "").startswith("198.51.100."), services(g))
    hosts_by_advertisement()
    pppoe_prefix(g, isp, "")
    g.check("no rule, no way out", get("lan", "http://203.0.113.10/", seconds=3) != 0)
    g.check("no rule, no way out, IPv6", get("lan", SIX, "-g", seconds=3) != 0)
    noise.end(g)
    quiet(g, begin)


SIX = "http://[2001:db8:113::10]/"


def pppoe_prefix(g, isp, when):
    """The office has its part of the prefix that came over the line."""
    g.check(f"{when}the office has its part of the line's prefix",
            until(120, lambda: isp.pump() or "lan 2001:db8:c00:7::/64" in services(g).get("ipv6_prefixes", [])),
            g.inside("networkctl status ppp-wan --no-pager | cat; ip -c=never -6 addr show ppp-wan; ip -c=never -6 route show default;"
                     "journalctl -u systemd-networkd -n 30 --no-pager -o cat")[1])
    g.check(f"{when}a host of the office has an address of it", until(90, lambda: isp.pump() or host_address("2001:db8:c00:7:")),
            net.ip("-n", "lan", "-6", "addr").stdout)


def pppoe_traffic(g):
    allow(g)
    block_too_big()
    web, log = big_server(g, "wan", 80)
    g.lines.append(web)
    url = "http://203.0.113.10/"
    g.check("2 MB from the line", until(60, lambda: download(url)), g.inside("journalctl -u sekisho-pppoe -n 30 --no-pager -o cat")[1])
    g.check("2 MB towards the line", upload(g, url + "big"))
    g.check("2 MB from the line, IPv6", until(60, lambda: download(SIX)),
            g.inside("ip -c=never -6 route; ip -c=never -6 addr; nft list table inet sekisho | grep -A4 'counter b29'")[1])
    g.check("2 MB towards the line, IPv6", upload(g, SIX + "big"))
    with open(log, encoding="ascii") as f:
        sizes = [int(line.split()[1]) for line in f if line.startswith(("GET", "PUT"))]
    g.check(f"segments fit the line ({provider.MTU} less 40, IPv6 60, and timestamps)", len(sizes) >= 4 and max(sizes) <= provider.MTU - 40 and
            min(sizes) >= provider.MTU - 80, sizes)
    g.check("through inspection", int(g.inside("nft list table inet sekisho | grep -c queue")[1].split()[-1]) > 0)
    g.check("nothing from outside comes in", get("wan", "http://192.168.10.10/", seconds=3) != 0)
    own = host_address("2001:db8:c00:7:")
    g.check("nothing from outside comes in, IPv6", own and get("wan", f"http://[{own}]/", "-g", seconds=3) != 0 and
            net.run("wan", "ping", "-6", "-c", "2", "-W", "1", own)[0] != 0, own)
    own = services(g).get("line_address", "")
    g.check("the gateway answers nobody on the line", net.run("wan", "ping", "-c", "2", "-W", "2", own)[0] != 0, own)


def pppoe_lost(g, isp):
    start = time.monotonic()
    isp.kill()
    g.check("a lost line is noticed", until(120, lambda: not connected(g)), services(g))
    g.figure("PPPoE: line lost to noticed", f"{time.monotonic() - start:.0f}", "s")
    g.check("status says that nobody answers", until(120, lambda: services(g).get("pppoe") == "no_answer"), services(g))
    start = time.monotonic()
    isp.start()
    g.check("the line comes back by itself", until(240, lambda: isp.pump() or connected(g)), services(g))
    g.figure("PPPoE: provider back to line up", f"{time.monotonic() - start:.0f}", "s")
    g.check("… and carries", until(60, lambda: isp.pump() or download("http://203.0.113.10/")))
    g.check("… IPv6, too", until(180, lambda: isp.pump() or download(SIX)), g.inside("ip -c=never -6 route; networkctl status ppp-wan --no-pager | cat")[1])


def pppoe_again(g, isp):
    noise, begin = Noise(), time.monotonic()
    g.off()
    g.start(nics=provider.wire)
    isp.route()
    health = g.wait()
    g.check("power cut: the start is a good one", "GOOD" in health, health)
    g.check("the line comes up by itself", until(240, lambda: isp.pump() or connected(g)), services(g))
    g.check("what a rule allows passes again", until(60, lambda: isp.pump() or download("http://203.0.113.10/")))
    hosts_by_advertisement()
    pppoe_prefix(g, isp, "power cut: ")
    g.check("… IPv6, too", until(60, lambda: isp.pump() or download(SIX)))
    noise.end(g)
    quiet(g, begin)


# ---- DHCP and a delegated prefix ---------------------------------------------------------------------
DHCP4 = """
default-lease-time 600;
authoritative;
subnet 203.0.113.0 netmask 255.255.255.0 {
	range 203.0.113.100 203.0.113.110;
	option routers 203.0.113.1;
	option domain-name-servers 203.0.113.10;
}
"""
DHCP6 = """
default-lease-time 120;
preferred-lifetime 60;
authoritative;
subnet6 2001:db8:113::/64 {
	prefix6 %s %s /56;
	option dhcp6.name-servers 2001:db8:113::10;
}
"""
RADVD = """
interface twan {
	AdvSendAdvert on;
	MinRtrAdvInterval 3;
	MaxRtrAdvInterval 10;
	AdvOtherConfigFlag on;
	prefix 2001:db8:113::/64 { AdvOnLink on; AdvAutonomous on; };
};
"""
LINK_LOCAL = "fe80::5054:ff:fe00:1"  # of the gateway's wan card, by its MAC address (RFC 4291, appendix A)


class Isp:
    """The provider's servers in the namespace of wan: addresses by DHCP, router advertisements, prefixes by DHCPv6."""

    def __init__(self, g):
        self.g, self.procs = g, []

    def program(self, name, *args):
        path = shutil.which(name, path="/usr/sbin:/usr/bin")
        if not path:
            raise RuntimeError(f"no {name}: .ci/deps image")
        with open(os.path.join(self.g.work, f"{name}.log"), "ab") as log:
            self.procs.append(net.popen("wan", path, *args, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def file(self, name, text):
        path = os.path.join(self.g.work, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        return path

    def start(self, prefix):
        net.ip("netns", "exec", "wan", "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        net.ip("-n", "wan", "-6", "route", "replace", prefix + "/56", "via", LINK_LOCAL, "dev", "twan")
        self.program("radvd", "-n", "-C", self.file("radvd.conf", RADVD), "-p", os.path.join(self.g.work, "radvd.pid"))
        for family, text in (("-4", DHCP4), ("-6", DHCP6 % (prefix, prefix))):
            conf = self.file(f"dhcpd{family}.conf", text)
            self.program("dhcpd", family, "-f", "--no-pid", "-cf", conf, "-lf", self.file(f"leases{family}", ""), "twan")

    def stop(self):
        for p in self.procs:
            p.kill()
            p.wait()
        self.procs = []


def hosts_by_advertisement():
    """Hosts of the office have what the gateway announces, and nothing else."""
    net.ip("netns", "exec", "lan", "sysctl", "-qw", "net.ipv6.conf.tlan.accept_ra=2", "net.ipv6.conf.tlan.autoconf=1")
    net.ip("-n", "lan", "-6", "addr", "flush", "dev", "tlan", "scope", "global")
    net.ip("-n", "lan", "-6", "route", "del", "default", check=False)


def host_address(begin):
    """The office host's address of this prefix, while it is preferred; "" if it has none."""
    out = net.ip("-n", "lan", "-6", "-j", "addr", "show", "dev", "tlan", "scope", "global").stdout
    for link in json.loads(out or "[]"):
        for a in link.get("addr_info", []):
            if a.get("local", "").startswith(begin) and not a.get("deprecated") and a.get("preferred_life_time", 1) > 0:
                return a["local"]
    return ""


def delegated_answers():
    doc = gateway.answers()
    doc["networks"][0] = {"role": "wan", "ipv4": {"method": "dhcp"}, "ipv6": {"method": "auto", "prefix_delegation": True}}
    doc["networks"][1]["ipv6"] = {"method": "delegated", "subnet": 7}
    return doc


ONE, OTHER = "2001:db8:a00::", "2001:db8:b00::"


def delegated(g):
    """DHCP and a delegated IPv6 prefix: lease, office's part announced, only what is allowed, another prefix"""
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    isp = g.isp = Isp(g)
    g.start(sticks=[g.answer_stick(delegated_answers())])
    isp.start(ONE)
    hosts_by_advertisement()
    said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
    g.check("the answers are taken", "FAILED" not in said, said)
    g.check("the start is a good one", "GOOD" in g.wait())
    servers = [server(g, "wan", 80), server(g, "wan", 4444), server(g, "lan", 80)]
    try:
        delegated_use(g)
        delegated_other(g, isp)
        g.delegated = True
    finally:
        for p in servers:
            p.kill()


def delegated_use(g):
    part = "lan 2001:db8:a00:7::/64"
    g.check("the office has its part of the prefix, by its number", until(90, lambda: part in services(g).get("ipv6_prefixes", [])), services(g))
    s, out = g.inside("ip -c=never -4 route show default; cat /run/sekisho-setup/resolv.conf; networkctl status enp0s3 --no-pager | cat")
    g.check("IPv4: address, route and name server are the lease's", services(g).get("line_address", "").startswith("203.0.113.1") and
            "default via 203.0.113.1 " in out and "nameserver 203.0.113.10" in out, out)
    g.check("a host of the office has an address of it", until(60, lambda: host_address("2001:db8:a00:7:")),
            net.ip("-n", "lan", "-6", "addr").stdout)
    six = "http://[2001:db8:113::10]/"
    g.check("no rule, no way out, IPv6", get("lan", six, "-g", seconds=3) != 0)
    g.check("… nor IPv4", get("lan", "http://203.0.113.10/", seconds=3) != 0)
    allow(g)
    g.check("what a rule allows passes, IPv4", until(30, lambda: get("lan", "http://203.0.113.10/") == 0))
    g.check("what a rule allows passes, IPv6", until(30, lambda: get("lan", six, "-g") == 0),
            g.sekisho("tanaka", "explain", host_address("2001:db8:a00:7:") or "::", "2001:db8:113::10", "tcp", "80")[1])
    g.check("another port does not, IPv6", get("lan", "http://[2001:db8:113::10]:4444/", "-g", seconds=3) != 0)
    own = host_address("2001:db8:a00:7:")
    g.check("nothing from outside comes in, IPv6", get("wan", f"http://[{own}]/", "-g", seconds=3) != 0 and
            net.run("wan", "ping", "-6", "-c", "2", "-W", "1", own)[0] != 0, own)


def delegated_other(g, isp):
    """The provider gives another prefix: hosts change over by themselves, the old one is used no more."""
    isp.stop()
    isp.start(OTHER)
    start = time.monotonic()
    g.check("another prefix: the office's part follows",
            until(240, lambda: "lan 2001:db8:b00:7::/64" in services(g).get("ipv6_prefixes", [])), services(g))
    g.figure("delegated prefix changed to announced", f"{time.monotonic() - start:.0f}", "s")
    g.check("hosts have an address of it", until(60, lambda: host_address("2001:db8:b00:7:")), net.ip("-n", "lan", "-6", "addr").stdout)
    g.check("… and take the old one for nothing new", until(120, lambda: not host_address("2001:db8:a00:7:")),
            net.ip("-n", "lan", "-6", "addr").stdout)
    g.check("what a rule allows passes with it", until(60, lambda: get("lan", "http://[2001:db8:113::10]/", "-g") == 0))
    own = host_address("2001:db8:b00:7:")
    g.check("nothing from outside comes in", get("wan", f"http://[{own}]/", "-g", seconds=3) != 0, own)


# ---- cards -------------------------------------------------------------------------------------------
def roles(g):
    """MAC address to IPv4 address of every card inside."""
    s, out = g.inside("ip -j -4 addr; echo; ip -j link")
    four, links = (json.loads(x) for x in out.strip().split("\n\n"))
    addresses = {x["ifname"]: [a["local"] for a in x.get("addr_info", [])] for x in four if x}
    return {x["address"]: (x["ifname"], addresses.get(x["ifname"], [])) for x in links if x.get("link_type") == "ether"}


def where(g, what):
    now = roles(g)
    for side, address in (("wan", "203.0.113.1"), ("lan", "192.168.10.1")):
        g.check(f"{what}: {side} is on its card", any(a.startswith(address) for a in now.get(net.SIDES[side], ("", []))[1]), now)


def cards(g):
    """network cards in other slots: roles follow the card; a missing one is told, and no other takes its place"""
    if not getattr(g, "delegated", False):
        g.isp = Isp(g)
        fresh(g, delegated_answers())
        g.isp.start(ONE)
        g.check("the start is a good one", "GOOD" in g.wait())
        allow(g)
    g.isp.stop()
    servers = [server(g, "wan", 80)]
    before = roles(g)
    g.off()
    g.start(nics=lambda: list(reversed(net.taps())))
    g.isp.start(ONE)
    g.check("cards in other slots: the start is a good one", "GOOD" in g.wait())
    until(60, lambda: services(g).get("line_address", "-") != "-")
    where(g, "cards in other slots")
    now = roles(g)
    g.check("each card has the name it had", {m: n for m, (n, _) in now.items()} == {m: n for m, (n, _) in before.items()}, f"{before}\n{now}")
    g.check("what a rule allows passes", until(60, lambda: get("lan", "http://203.0.113.10/") == 0))
    g.isp.stop()
    g.off()
    g.start(nics=lambda: [n for n in reversed(net.taps()) if n[1] != net.SIDES["dmz"]])
    g.isp.start(ONE)
    g.check("a card is missing: the console says which", g.vm.con.expect(rb"port dmz \([^)]*52:54:00:00:00:03\): there is no such card", gateway.BOOT))
    g.check("a card is missing: the start is a good one", "GOOD" in g.wait())
    good, out = warned(g, "port dmz")
    g.check("… status says which", good and "there is no such card" in out, out)
    until(60, lambda: services(g).get("line_address", "-") != "-")
    where(g, "a card is missing")
    g.check("… nobody else has its address", not any("192.168.20.1" in a for _, a in roles(g).values()), roles(g))
    g.check("what a rule allows passes", until(60, lambda: get("lan", "http://203.0.113.10/") == 0))
    g.isp.stop()
    for p in servers:
        p.kill()


ALL = [("pppoe", pppoe), ("delegated", delegated), ("cards", cards)]
