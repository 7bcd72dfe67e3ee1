#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The stages of tests/image/check.py, in order. Each takes the gateway as the one before left it."""
import base64
import difflib
import json
import os
import random
import re
import subprocess
import time

import gateway
import net
import screen
import wizard

RULES = """\
reject tcp any any -> any any (msg:"Beacon of the test"; flow:established,to_server; content:"SK-BEACON-1"; \
classtype:trojan-activity; metadata:confidence High, signature_severity Critical; sid:9100001; rev:1;)
"""


def server(g, side, port, body="hello\n"):
    """An HTTP server on a side; it is there when this returns."""
    root = os.path.join(g.work, f"www.{side}")
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "index.html"), "w", encoding="ascii") as f:
        f.write(body)
    p = net.popen(side, "python3", "-m", "http.server", "--bind", "::", "-d", root, str(port),
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while net.run(side, "curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/")[0] and time.monotonic() < deadline:
        time.sleep(0.1)
    return p


def get(side, url, *args, seconds=8):
    return net.run(side, "curl", "-s", "-m", str(seconds), "-o", "/dev/null", *args, url, timeout=seconds + 10)[0]


def until(seconds, what):
    """Until what() is true; whether it became so."""
    deadline = time.monotonic() + seconds
    while True:
        if what():
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)


class Noise:
    """Datagrams in every direction without a pause: `out` from inside to outside, `in` the other way, `side` between inside
    networks, `self` to the gateway itself (only its answer would be seen), and `open`, which a rule allows."""

    def __init__(self):
        here = os.path.join(gateway.HERE, "cross.py")
        self.procs = [
            net.popen("lan", "python3", here, "send", "out", "10", "203.0.113.10", "7777", "2001:db8:113::10", "7777"),
            net.popen("wan", "python3", here, "send", "in", "10", "192.168.10.10", "7777", "192.168.20.10", "7777",
                      "2001:db8:10::10", "7777"),
            net.popen("dmz", "python3", here, "send", "side", "20", "192.168.10.10", "7777"),
            net.popen("lan", "python3", here, "send", "open", "20", "203.0.113.10", "7778"),
            net.popen("wan", "ping", "-i", "0.02", "-p", b"SKX:self:1 ".hex(), "203.0.113.2", stdout=subprocess.DEVNULL)]

    def end(self, g):
        """Senders that ended before make every count worthless."""
        g.check("the senders were at work", all(p.poll() is None for p in self.procs))
        for p in self.procs:
            p.kill()
            p.wait()


def upstream(g):
    """The line's servers of names and time, there from the start as at a provider's."""
    empty = os.path.join(g.work, "dnsmasq.conf")
    with open(empty, "wb"):
        pass
    g.upstream = [net.popen("wan", "dnsmasq", "-k", "--no-hosts", "--no-resolv", "--address=/www.example.jp/203.0.113.80", "--pid-file",
                            "--listen-address=203.0.113.10", "--bind-interfaces", "--user=root", "--conf-file=" + empty),
                  net.popen("wan", "chronyd", "-n", "-U", "-x", "local stratum 3", "bindaddress 203.0.113.10", "allow all", f"pidfile {g.work}/chrony.pid",
                            "cmdport 0", "bindcmdaddress /", "user root", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]


# ---- set-up ------------------------------------------------------------------------------------------
def setup(g):
    """first start: answers on a stick, two people, a policy; nothing passes before"""
    begin = time.monotonic()
    g.start(sticks=[g.answer_stick(gateway.answers())])
    upstream(g)
    noise = Noise()
    said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
    if not g.check("the answers are taken", "FAILED" not in said, said):
        return
    took = time.monotonic() - begin
    health = g.wait()
    noise.end(g)
    g.ok("unattended set-up from the stick")
    g.figure("power on to a set-up gateway, first start", f"{took:.0f}", "s")
    g.check("the start is a good one", "GOOD" in health, health)
    for side in ("lan", "dmz"):
        g.check(f"nothing from outside reached {side}", not g.seen(side, "in"), g.seen(side, "in")[:3])
    g.check("nothing from inside went out", not g.seen("wan", "out") and not g.seen("wan", "open"))
    g.check("the gateway answered nobody outside", not g.seen("wan", "self"))
    size, sectors = g.inside("sed -n 's/.*sekisho.offset=\\([0-9]*\\).*/\\1/p' /proc/cmdline; awk '{print $3}' /sys/block/dm-0/stat")[1].split()
    g.check("every block of the new system was read and found good", int(sectors) * 512 >= int(size), (size, sectors))
    status = g.json("tanaka", "status")
    g.check("a policy is in force", str(status.get("generation", status)).strip("{}") not in ("0", ""), status)
    s, out = g.inside("getent shadow root | cut -d: -f2; ls /usr/sbin/sshd /usr/bin/gcc /usr/bin/cc 2>/dev/null; "
                      "awk -F: '($3>=1000&&$3<60000)||$3==0{print $1}' /etc/passwd; systemctl is-enabled ssh 2>/dev/null")
    g.check("no password of root, no compiler, no ssh server, no account but people's",
            out.split()[0].startswith("!") or out.split()[0] == "*", out)
    g.check("… exactly the two people of the answers", sorted(w for w in out.split()[1:] if "/" not in w and w not in (
        "not-found", "disabled", "masked")) == ["root", "sato", "tanaka"] and "/usr/" not in out, out)
    s, out = g.inside("systemctl --failed --no-legend --plain")
    g.check("no unit failed", out.strip() == "", out)
    s, out = g.inside("journalctl -b -p err --no-pager -q _TRANSPORT=stdout + SYSLOG_IDENTIFIER=systemd -p err | tail -n 20")
    g.check("no part of it complains", out.strip() == "", out)
    rows = g.json("tanaka", "system", "log", "--unit", "sekisho-fwd")
    g.check("its administrator can read what its programs wrote", any("sekisho" in r["message"] for r in rows), rows)
    s, out = g.inside("grep -rlE --devices=skip 'Hashi-no-ue|Kawa-no-oto' /data /etc /run/[a-s]* /var/log 2>/dev/null")
    g.check("no password of anybody is kept in clear", out.strip() == "", out)


def login(g):
    """a person signs in at the console with the password of the answers"""
    con = g.vm.con
    con.send("\r")
    con.expect(rb"login: ?", 60)
    con.send("tanaka\r")
    con.expect(rb"[Pp]assword: ?", 60)
    con.send(gateway.PEOPLE["tanaka"] + "\r")
    con.expect(rb"tanaka@\w+", 90)
    con.send("sekisho account list\r")
    con.expect(rb"sato", 60)
    g.ok("tanaka signs in at the console and asks for the accounts")
    con.send("passwd\r")
    for prompt, answer in ((rb"Current password: ?", gateway.PEOPLE["tanaka"]), (rb"New password: ?", "abcdef7"),
                           (rb"Retype new password: ?", "abcdef7")):
        con.expect(prompt, 60)
        con.send(answer + "\r")
    con.expect(rb"at least 10 characters", 60)
    con.expect(rb"tanaka@\w+", 60)
    g.ok("passwd refuses what the set-up would")
    con.send("exit\r")
    con.expect(rb"login: ?", 60)
    con.send("root\r")
    con.expect(rb"[Pp]assword: ?", 60)
    con.send("\r")
    con.expect(rb"incorrect|Login incorrect", 60)
    g.ok("root cannot")


# ---- traffic -----------------------------------------------------------------------------------------
def web(family="4"):
    return get("lan", "http://203.0.113.10/" if family == "4" else "http://[2001:db8:113::10]/") == 0


def traffic(g):
    """firewall: request, approval by another, apply; only that passes"""
    g.servers = [server(g, "wan", 80), server(g, "wan", 4444), server(g, "lan", 80)]
    g.check("office to internet is blocked as long as nobody approved it", not web())
    waiting = [r["number"] for r in g.json("tanaka", "rule", "list") if r.get("state") == "requested" and r["number"] > 1000]
    if not g.check("the answers' first rules wait for approval", waiting, g.sekisho("tanaka", "rule", "list")[1]):
        return
    g.check("who asked cannot approve", g.sekisho("tanaka", "rule", "approve", str(waiting[0]))[0] != 0)
    s, out = g.sekisho("tanaka", "rule", "request", "--source", "192.168.10.0/24", "--destination", "203.0.113.10", "--direction",
                       "lan->wan", "--protocol", "udp", "--port", "7778", "--purpose", "datagrams that are counted")
    g.check("tanaka asks for one more", s == 0, out)
    waiting = [r["number"] for r in g.json("tanaka", "rule", "list") if r.get("state") == "requested" and r["number"] > 1000]
    for n in waiting:
        s, out = g.sekisho("sato", "rule", "approve", str(n), "--comment", "first rules")
        g.check(f"sato approves rule {n}", s == 0, out)
    s, out = g.sekisho("tanaka", "apply", "--confirm", "120")
    g.check("apply", s == 0, out)
    s, out = g.sekisho("tanaka", "confirm")
    g.check("confirm", s == 0, out)
    g.check("now HTTP passes", until(20, web), g.sekisho("tanaka", "explain", "192.168.10.10", "203.0.113.10", "tcp", "80")[1])
    g.check("another port does not", get("lan", "http://203.0.113.10:4444/", seconds=3) != 0)
    g.check("nothing from outside comes in", get("wan", "http://192.168.10.10/", seconds=3) != 0)
    s, out = g.inside("nft list table inet sekisho | grep -c 'queue'")
    g.check("inspected packets go through the kernel's own queue statement", int(out.split()[-1]) > 0, out)


QUERY = """
import socket, struct, sys
name = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[1].split(".")) + b"\\0\\0\\1\\0\\1"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.sendto(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + name, ("192.168.10.1", 53))
r = s.recv(2000)
print(socket.inet_ntoa(r[-4:]) if struct.unpack(">H", r[6:8])[0] else "none")
"""
CLOCK = """
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.sendto(b"\\x23" + 47 * b"\\0", ("192.168.10.1", 123))
r = s.recv(100)
assert r[0] & 7 == 4 and 0 < r[1] < 16 and abs(int.from_bytes(r[40:44], "big") - 2208988800 - time.time()) < 60, r
"""


def services(g):
    """services for the inside: DHCP, names, time; each in status"""
    s, out = net.run("lan", "sh", "-c", "ip link add m0 link tlan type macvlan mode bridge 2>/dev/null; ip link set m0 up;"
                     "busybox udhcpc -i m0 -n -q -t 8 -T 3 -s /bin/true 2>&1; ip link del m0", timeout=60)
    g.check("a device gets an address", "192.168.10.1" in out and "lease of" in out, out)
    g.check("a name is answered by way of the line's server", until(40, lambda: "203.0.113.80" in net.run("lan", "python3", "-c", QUERY, "www.example.jp")[1]),
            net.run("lan", "python3", "-c", QUERY, "www.example.jp")[1])
    g.check("the time is given", until(120, lambda: net.run("lan", "python3", "-c", CLOCK)[0] == 0), net.run("lan", "python3", "-c", CLOCK)[1])
    s, out = g.sekisho("tanaka", "status")
    for word in ("DHCP", "DNS", "NTP"):
        g.check(f"status shows {word}", word.lower() in out.lower(), out)


def inspection(g):
    """inspection: a rule set in force, its beacon is cut, an ordinary request passes"""
    g.inside("mkdir -p /tmp/set; chmod 755 /tmp/set; base64 -d >/tmp/set/test.rules <<X\n%s\nX"
             % base64.b64encode(RULES.encode()).decode())
    g.sekisho("tanaka", "setting", "set", "ips.trial_days", "0", "--purpose", "test")
    for c in g.json("sato", "change", "list", "--state", "requested"):
        g.sekisho("sato", "change", "approve", str(c["number"]))
    g.sekisho("tanaka", "apply", "--confirm", "0")
    extra = os.environ.get("SK_RULES")
    if extra:
        # A whole rule set from outside, for the figure of memory: in pieces, by way of the root shell.
        packed = base64.b64encode(subprocess.run(["tar", "-cz", "-C", extra, "."], check=True, capture_output=True).stdout).decode()
        for i in range(0, len(packed), 60000):
            g.inside(f"printf %s {packed[i:i + 60000]} >>/tmp/set.b64", 60)
        g.inside("base64 -d /tmp/set.b64 | tar -xz -C /tmp/set; chmod -R a+rX /tmp/set", 60)
    s, out = g.sekisho("tanaka", "ips", "rules", "import", "/tmp/set", timeout=400)
    g.check("a rule set is imported", s == 0, out)
    ask = ["-H", "X-Test: SK-BEACON-1"]
    # Cut by the rule, that is: while inspection takes the set up, nothing passes for a moment either.
    cut_by_rule = until(90, lambda: get("lan", "http://203.0.113.10/", *ask) != 0 and "9100001" in g.sekisho("tanaka", "--json", "alert", "list")[1])
    g.check("the beacon is cut, and the alert names the rule", cut_by_rule,
            g.sekisho("tanaka", "ips", "status")[1] + g.sekisho("tanaka", "alert", "list")[1])
    g.check("the beacon stays cut, an ordinary request passes", until(20, web) and get("lan", "http://203.0.113.10/", *ask) != 0 and web())


def blocklist(g):
    """blocklist: a listed address is cut, and why"""
    g.check("before, the address answers", until(10, lambda: get("lan", "http://203.0.113.66/") == 0))
    g.inside("printf '203.0.113.66\\n' >/var/lib/sekisho/feeds/files-addresses/own.txt")
    s, out = g.sekisho("tanaka", "blocklist", "enable", "files-addresses")
    g.check("it is put to use", s == 0, out)
    s, out = g.sekisho("tanaka", "blocklist", "update", "files-addresses", timeout=120)
    g.check("a list of the site's own is taken", s == 0, out)
    s, out = g.sekisho("tanaka", "blocklist", "mode", "files-addresses", "block", "--reason", "test")
    g.check("it blocks", s == 0, out)
    g.check("why says which list", until(60, lambda: "files-addresses" in g.sekisho("tanaka", "why", "203.0.113.66")[1]))
    g.check("the listed address is refused", until(60, lambda: get("lan", "http://203.0.113.66/") != 0))
    g.check("others still answer", web())


def admission(g):
    """admission in learn: devices of the inside are collected"""
    s, out = g.sekisho("tanaka", "--json", "nac", "status")
    g.check("admission answers", s == 0, out)
    g.check("it learns, on both inside ports", '"ports_learning": 2' in out, out)


# ---- starts and falls --------------------------------------------------------------------------------
def protected(g, noise, begin):
    """What crossed since `begin` while the gateway started: assertions, and whether what is allowed passes at last."""
    passes = until(gateway.BOOT, lambda: g.vm.pump() or web())
    time.sleep(1)
    noise.end(g)
    for side in ("lan", "dmz"):
        g.check(f"nothing from outside reached {side}", not g.seen(side, "in", begin))
    g.check("nothing that no rule allows went out", not g.seen("wan", "out", begin))
    g.check("nothing crossed between inside networks", not g.seen("lan", "side", begin))
    g.check("the gateway answered nobody outside", not g.seen("wan", "self", begin))
    g.check("what a rule allows was seen again", g.seen("wan", "open", begin))
    return passes


def reboot(g):
    """restart with traffic in all directions: nothing crosses, the policy returns by itself"""
    stick = [updates_stick(g)] if "refused" in g.wanted else None  # a start less
    noise, begin = Noise(), time.monotonic()
    s, out = g.restarts("tanaka", "system", "reboot")
    g.check("an administrator restarts it", s == 0, out)
    g.again(sticks=stick)
    start = time.monotonic()
    passes = protected(g, noise, begin)
    g.check("allowed traffic passes again", passes)
    opened = [t - start for t in g.seen("wan", "open", begin) if t > start]
    g.figure("power on to protected and passing what is allowed", f"{min(opened, default=0):.0f}", "s")
    g.check("the start is a good one", "GOOD" in g.wait())
    time.sleep(20)
    s, out = g.inside("awk '/MemTotal/{t=$2}/MemAvailable/{a=$2}END{print int((t-a)/1024)}' /proc/meminfo; "
                      "du -sm /data | cut -f1")
    g.figure("memory in use, idle", out.split()[0], "MiB")


def same(g, what):
    """The registry is whole, and the kernel holds what it says."""
    s, out = g.sekisho("tanaka", "audit", "verify", timeout=120)
    g.check(f"{what}: the audit log is whole", s == 0, out)
    status = g.json("tanaka", "status")
    g.check(f"{what}: kernel and registry agree", agree(status), json.dumps(status, ensure_ascii=False)[:1500])


def agree(status):
    """What runs is what was confirmed, every rule in force is in the kernel, and nothing foreign is there."""
    return (status["fwd"] == "reachable" and status["state"] == "running" and status["drift_count"] == 0 and
            status["generation"] == status["confirmed_generation"] and not status["foreign"] and
            status["rules"] == status["rules_by_state"].get("active", 0))


APPLY = "for i in $(seq 50); do runuser -u tanaka -- sekisho apply --confirm 0; done"
WRITE = ("for i in $(seq 200); do runuser -u tanaka -- sekisho rule request --source 192.168.10.0/24 --destination 203.0.113.10 "
         "--direction 'lan->wan' --protocol tcp --port $((2000 + i)) --purpose test; done")
BACKUP = "runuser -u tanaka -- sekisho backup create --passphrase /run/pass"
BUSY = [("during an apply", APPLY), ("while the registry is written", WRITE), ("during a start", None),
        ("during a backup", BACKUP), ("while it has nothing to do", "true")]


def cut(g, what, busy, wait):
    """Power cut `wait` seconds into something; nothing to do: into its start."""
    before = rules(g)
    if busy is None:
        g.off()
        g.start()
    else:
        g.inside("printf 'Umi-no-kaze-9-nami\\n' >/run/pass; chmod 644 /run/pass")
        g.vm.agent.send(f"\n({busy}) >/dev/null 2>&1 &\n")
    time.sleep(wait)
    g.off()
    g.start()
    health = g.wait()
    g.check(f"power cut {what} ({wait:.1f} s): it starts and is well", "GOOD" in health, health)
    same(g, f"power cut {what}")
    check_rules(g, f"power cut {what}: the kernel's rules are what they were", before)
    g.check(f"power cut {what}: allowed traffic passes", until(60, web))


def cuts(g):
    """power cuts at random moments: an apply, writing to the registry, a start, a backup"""
    seed = int(os.environ.get("SK_SEED") or int.from_bytes(os.urandom(4), "big"))
    count = int(os.environ.get("SK_CUTS") or 3)
    print(f"# {count} cuts, seed {seed}")
    g.inside("printf 'Umi-no-kaze-9-nami\\n' >/run/pass; chmod 644 /run/pass")
    for what, busy in BUSY:
        one = re.sub(r"seq \d+", "seq 1", busy or "true")
        g.check(f"{what}: what is cut does its work when it is not", g.inside(one, 240)[0] == 0, g.inside(one, 240)[1])
    dice = random.Random(seed)
    for i in range(count):
        what, busy = BUSY[i % len(BUSY)]
        cut(g, what, busy, dice.uniform(1, 30 if busy is None else 8))


# ---- updates -----------------------------------------------------------------------------------------
STICK = "/media/stick/"


def slot_of(g):
    st = g.json("tanaka", "update", "status", timeout=120)
    return st.get("slot"), st.get("version"), st


def updates_stick(g):
    out = os.path.join(g.work, "updates")
    if not os.path.isdir(out):
        log = os.path.join(g.work, "updates.log")
        with open(log, "wb") as f:
            subprocess.run([os.path.join(gateway.HERE, "updates"), out], check=True, stdout=f, stderr=f,
                           env=dict(os.environ, SK_IMAGE=g.image))
    return g.stick("stick", {n: os.path.join(out, n) for n in sorted(os.listdir(out)) if n.endswith(".raucb")})


def refused(g):
    """updates that are refused: somebody else's, an older version, one cut short; nothing is written"""
    if g.inside(f"ls {STICK}forged.raucb")[0]:
        g.off()
        g.start(sticks=[updates_stick(g)])
        g.check("the start is a good one", "GOOD" in g.wait())
    for name, what, word in (("forged", "signed by somebody else", "sign"), ("older", "an older version", "older"),
                             ("short", "cut short", "")):
        s, out = g.sekisho("tanaka", "update", "apply", f"{STICK}{name}.raucb", timeout=300)
        g.check(f"{what}: refused, with the reason", s != 0 and word in out.lower() and len(out) > 20, out)
    s, out = g.inside("head -c 4096 /dev/disk/by-partlabel/sekisho-root-b | tr -d '\\000' | wc -c; "
                      "head -c 4096 /dev/disk/by-partlabel/sekisho-boot-b | tr -d '\\000' | wc -c")
    g.check("nothing was written to the other slot", out.split()[-2:] == ["0", "0"], out)


def update(g):
    """a signed update: power cut while it is written, then to the other slot, on trial, kept"""
    g.vm.agent.send(f"\n(runuser -u tanaka -- sekisho update apply {STICK}good.raucb) >/dev/null 2>&1 &\n")
    g.check("it is being written", until(120, lambda: g.inside(
        "head -c 4096 /dev/disk/by-partlabel/sekisho-boot-b | tr -d '\\000' | wc -c; cat /boot/state/grubenv")[1].split()[0] != "0"))
    g.off()
    g.start(sticks=[os.path.join(g.work, "stick.fat")])
    g.check("power cut while it is written: the old system starts and is well", "GOOD slot A" in g.wait())
    same(g, "after it")
    begin = time.monotonic()
    s, out = g.restarts("tanaka", "update", "apply", f"{STICK}good.raucb", "--restart", timeout=600)
    g.check("the update is taken", s == 0, out)
    g.again()
    health = g.wait()
    g.figure("update: command to kept", f"{time.monotonic() - begin:.0f}", "s")
    g.check("it runs from the other slot and is kept", "GOOD slot B" in health, health)
    slot, version, st = slot_of(g)
    g.check("update status says slot, version and hash", slot == "B" and version.endswith(".1") and len(st.get("hash", "")) == 64, st)
    same(g, "after the update")
    g.check("allowed traffic passes", until(60, web))


def rollback(g):
    """back to the version before, by the administrator: the other slot, kept, and told"""
    s, out = g.restarts("tanaka", "update", "rollback", "--restart", timeout=120)
    g.check("it is taken", s == 0, out)
    g.again()
    health = g.wait()
    g.check("the version before runs and is kept", "GOOD slot A" in health, health)
    slot, version, st = slot_of(g)
    g.check("update status says so", slot == "A" and version.endswith(".0"), json.dumps(st, ensure_ascii=False)[:1500])
    g.check("the audit log says who", any(r.get("op") == "update.rollback" and r.get("account") == "tanaka" for r in g.json("tanaka", "audit", "list")),
            g.sekisho("tanaka", "audit", "list")[1])
    same(g, "after it")
    g.check("allowed traffic passes", until(60, web))


def corrupt(g):
    """a damaged slot does not start: the other one does"""
    damaged = slot_of(g)[0]
    other = {"A": "B", "B": "A"}[damaged]
    g.off()
    spans = json.loads(subprocess.run(["python3", os.path.join(gateway.HERE, "../../image/mkdisk.py"), "--spans"], check=True,
                                      capture_output=True, text=True).stdout)
    start = spans["root-" + damaged.lower()]
    subprocess.run(["qemu-io", "-c", f"write -P 0x55 {start + (1 << 20)} 4M", g.disk], check=True, stdout=subprocess.DEVNULL)
    g.start(sticks=[os.path.join(g.work, "stick.fat")])
    health = g.wait()
    g.check("the other slot starts and is well", f"GOOD slot {other}" in health and f"started: {damaged}" in health, health)
    g.check("status and audit log say which did not start", until(60, lambda: slot_of(g)[2].get("failed_slot") == damaged) and
            "update.fallback" in g.sekisho("tanaka", "--json", "audit", "list")[1], json.dumps(slot_of(g)[2], ensure_ascii=False)[:1500])
    same(g, "after it")


def broken(g):
    """an update whose inspection is missing: back to the old slot by itself, and it is told"""
    before = slot_of(g)[0]
    other = {"A": "B", "B": "A"}[before]
    s, out = g.restarts("tanaka", "update", "apply", f"{STICK}broken.raucb", "--restart", timeout=600)
    g.check("it is taken, as it is signed", s == 0, out)
    g.again()
    health = g.wait()
    g.check("the gateway returns to the slot before", f"GOOD slot {before}" in health and f"started: {other} {before}" in health, health)
    told = until(60, lambda: slot_of(g)[2].get("last_update") == "returned" and "inspection" in slot_of(g)[2].get("last_why", ""))
    g.check("update status says why", told, json.dumps(slot_of(g)[2], ensure_ascii=False)[:1500])
    g.check("allowed traffic passes", until(60, web))


# ---- bad days ----------------------------------------------------------------------------------------
def full(g):
    """a full data partition: the boundary stands, it is told, and it works again afterwards"""
    g.inside("fallocate -l $(df --output=avail -B1 /data | tail -1) /data/fill 2>/dev/null; dd if=/dev/zero of=/data/fill2 bs=64k 2>/dev/null; df /data", 120)
    s, out = g.sekisho("tanaka", "rule", "request", "--source", "192.168.10.0/24", "--destination", "203.0.113.10", "--direction",
                       "lan->wan", "--protocol", "tcp", "--port", "9999", "--purpose", "full")
    known = any(r.get("port") == "9999" or "9999" in json.dumps(r) for r in g.json("tanaka", "rule", "list"))
    g.check("a request is refused with a reason and not recorded, or recorded whole", known == (s == 0) and (s == 0 or "sekisho:" in out), out)
    g.check("allowed traffic passes", until(30, web))
    g.check("nothing from outside comes in", get("wan", "http://192.168.10.10/", seconds=3) != 0)
    g.inside("rm -f /data/fill /data/fill2")
    g.check("afterwards it can be written again", until(60, lambda: g.sekisho("tanaka", "rule", "request", "--source", "192.168.10.0/24",
            "--destination", "203.0.113.10", "--direction", "lan->wan", "--protocol", "tcp", "--port", "9998", "--purpose", "full")[0] == 0))
    same(g, "after it")


def backup(g):
    """backup to a file, drill, and restore on this gateway"""
    g.inside("mkdir -p /media/b; printf 'Umi-no-kaze-9-nami\\n' >/tmp/pass; chmod 644 /tmp/pass")
    s, out = g.sekisho("tanaka", "--json", "backup", "create", "--passphrase", "/tmp/pass", timeout=240)
    if not g.check("a backup is made", s == 0, out):
        return
    rows = g.json("tanaka", "backup", "list")
    if not g.check("it is listed", rows, out):
        return
    name = rows[0]["name"]
    drill = g.json("tanaka", "backup", "drill", name, "--passphrase", "/tmp/pass", timeout=240)
    took = [v for k, v in drill.items() if k.endswith("ms")]
    g.check("the drill restores it into a scratch place and tells the time", took, drill)
    g.figure("restore drill", max(took, default="?"), "ms")
    g.sekisho("tanaka", "rule", "request", "--source", "192.168.10.0/24", "--destination", "203.0.113.10", "--direction",
              "lan->wan", "--protocol", "tcp", "--port", "7", "--purpose", "made after the backup")
    made = [r for r in g.json("tanaka", "rule", "list") if "made after the backup" in json.dumps(r, ensure_ascii=False)]
    g.check("something is different after the backup", made)
    before = rules(g)
    s, out = g.sekisho("tanaka", "backup", "restore", name, "--passphrase", "/tmp/pass", "--yes", timeout=300)
    g.check("it is restored", s == 0, out)
    g.check("what was made after the backup is gone", "made after the backup" not in g.sekisho("tanaka", "--json", "rule", "list")[1])
    check_rules(g, "the kernel holds the same rules", before)
    same(g, "after it")


def rules(g):
    """What the kernel holds, without counters and what traffic puts there; an anonymous set's name ends with how often its
    content was there before."""
    text = g.inside("nft list table inet sekisho", 120)[1].split("\n", 2)[2]
    text = re.sub(r"packets \d+ bytes \d+| expires \w+", "", text)
    text = re.sub(r"(_[0-9a-f]{16})_\d+", r"\1", text)
    blocks = text.rstrip().removesuffix("}").strip("\n").split("\n\n")
    blocks = [re.sub(r"\s*elements = \{.*?\}", "", b, flags=re.S) if re.search("flags .*(dynamic|timeout)", b) else b for b in blocks]
    return "\n\n".join(sorted(blocks))


def check_rules(g, what, before):
    until(30, lambda: rules(g) == before)
    now = rules(g)
    g.check(what, now == before, "\n".join(difflib.unified_diff(before.split("\n"), now.split("\n"), "before", "now", "", "", 1)))


def restored(g):
    """a backup on a fresh gateway, at its console: the kernel's rules, people, addresses are those of the backup"""
    before = rules(g)
    g.inside("printf 'Umi-no-kaze-9-nami\\n' >/run/pass; chmod 644 /run/pass")
    s, out = g.sekisho("tanaka", "backup", "create", "--passphrase", "/run/pass", timeout=240)
    g.check("a backup is made", s == 0, out)
    packed = g.inside("base64 -w0 $(ls -t $(find /var/lib/sekisho -name '*.backup') | head -n 1)", 120)[1].split()[-1]
    stick = g.stick("backup", {"gateway.backup": base64.b64decode(packed)})
    g.off()
    os.unlink(g.disk)
    g.new_disk()
    g.start(sticks=[stick])
    g.wait()
    noise, begin = Noise(), time.monotonic()
    con = g.vm.con
    con.send("\r")
    con.expect(rb"login: ?\Z", 60)
    talk = wizard.Dialogue(g)
    talk.answer("menu")
    for answer in ("5", STICK + "gateway.backup", "", "y", "Umi-no-kaze-9-nami"):
        talk.asked(120)
        talk.answer(answer)
    said = talk.asked(300)
    g.check("it is restored", "tanaka" in g.inside("sekisho account list")[1] and not web(), talk.text()[-2500:])
    talk.answer("7")
    talk.asked(60)
    talk.answer("y")
    g.again(sticks=[])
    g.check("the start is a good one", "GOOD" in g.wait())
    noise.end(g)
    for side in ("lan", "dmz"):
        g.check(f"nothing from outside reached {side}", not g.seen(side, "in", begin))
    g.check("nothing that no rule allows went out", not g.seen("wan", "out", begin))
    check_rules(g, "the kernel holds the same rules", before)
    same(g, "after it")
    g.check("what a rule allows passes", until(60, web))
    rows = [r for r in g.json("tanaka", "audit", "list") if r.get("op") == "backup.restored"]
    g.check("the audit log says that it was restored", rows and rows[-1].get("result") == "ok", rows)
    login(g)


def reset(g):
    """factory reset: registry, people and keys are gone for good, and nothing passes"""
    g.inside("echo SK-SECRET-OF-THE-TEST >/var/lib/sekisho/secret; sync")
    code = g.json("tanaka", "system", "reset").get("code")
    g.check("the first call only answers with a code", code)
    s, out = g.restarts("tanaka", "system", "reset", "--code", str(code))
    g.check("with the code it begins", s == 0, out)
    foreign = os.path.join(g.work, "foreign.ext4")
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-L", "SEKISHO", foreign, "8M"], check=True, stdout=subprocess.DEVNULL)
    g.again(sticks=[foreign])
    noise, begin = Noise(), time.monotonic()
    g.vm.con.expect(rb"factory reset: done", gateway.BOOT)
    health = g.wait()
    time.sleep(3)
    noise.end(g)
    g.check("it starts", "sekisho-health" in health, health)
    for side in ("lan", "dmz"):
        g.check(f"nothing reaches {side}", not g.seen(side, "in", begin))
    g.check("nothing goes out", not g.seen("wan", "out", begin) and not g.seen("wan", "open", begin))
    s, out = g.inside("getent passwd tanaka; ls /etc/sekisho; sekisho account list 2>&1")
    g.check("nobody is left", "tanaka" not in out, out)
    s, out = g.inside("test -b /dev/disk/by-label/SEKISHO && echo there; ls /media/stick/lost+found && echo seen")
    g.check("a stick with a file system that sticks do not come with is not mounted", "there" in out and "seen" not in out, out)
    s, out = g.inside("grep -c SK-SECRET-OF-THE-TEST /dev/disk/by-partlabel/sekisho-data", 300)
    g.check("nothing of the data is on the disk", out.split()[-1] == "0", out)


def answers(g):
    """a new disk and answers that are wrong: refused by name at the console, nothing passes"""
    ports = gateway.answers()["ports"]
    twice = json.loads(json.dumps(ports))
    twice[1]["role"] = "wan"
    away = json.loads(json.dumps(ports))
    away[1]["match"]["mac"] = "52:54:00:99:99:99"
    g.start(sticks=[g.answer_stick(json.dumps(gateway.answers())[:-40].encode())])
    noise = Noise()
    said = g.vm.con.expect(rb"sekisho: set[- ]up from [^\n]*\n", gateway.BOOT, boot=True).group(0).decode()
    g.check("a stick with a broken file: refused, with the reason, at the console", "FAILED" in said and "JSON" in said, said)
    g.wait()
    noise.end(g)
    for side in ("lan", "dmz"):
        g.check(f"nothing from outside reached {side}", not g.seen(side, "in"), g.seen(side, "in")[:3])
    g.check("nothing from inside went out", not g.seen("wan", "out") and not g.seen("wan", "open"))
    cases = (("two ports of the internet", gateway.answers(ports=twice), "ports"),
             ("a port that is not there", gateway.answers(ports=away), "ports"))
    for what, doc, word in cases:
        body = json.dumps(doc, ensure_ascii=False).encode()
        g.inside("cat >/tmp/a.json.b64 <<X\n%s\nX\nbase64 -d /tmp/a.json.b64 >/tmp/a.json" % base64.b64encode(body).decode())
        s, out = g.inside("sekisho setup --answers /tmp/a.json")
        g.check(f"{what}: refused, with the place", s != 0 and word in out, out)
    s, out = g.inside("ls /etc/sekisho/gateway.json; sekisho account list")
    g.check("nothing was half applied", "No such file" in out and "tanaka" not in out, out)


def approval(g):
    """what the console's questions asked for is approved by the other person, and passes"""
    g.servers = [server(g, "wan", 80)]
    failed = [r for r in g.json("tanaka", "audit", "list") if r["op"].startswith("setup") and r["result"] != "ok"]
    g.check("the audit log has the stick and the answers that were refused", len(failed) >= 3, json.dumps(failed, ensure_ascii=False, indent=0))
    waiting = [r["number"] for r in g.json("tanaka", "rule", "list") if r.get("state") == "requested" and r["number"] > 1000]
    g.check("before, nothing passes", waiting and not web(), g.sekisho("tanaka", "rule", "list")[1])
    for n in waiting:
        s, out = g.sekisho("sato", "rule", "approve", str(n), "--comment", "first rules")
        g.check(f"sato approves rule {n}", s == 0, out)
    s, out = g.sekisho("tanaka", "apply", "--confirm", "0")
    g.check("it is applied, and HTTP passes", s == 0 and until(20, web), out)


def uefi(g):
    """a new disk under UEFI: it starts, the data partition takes the rest of the disk, the screen is Japanese"""
    g.off()
    os.unlink(g.disk)
    g.new_disk("6G")
    g.start(uefi=True, vga=True, sticks=[g.answer_stick(gateway.answers(language="ja", keyboard="us"))])
    g.check("the start is a good one", "GOOD" in g.wait())
    s, out = g.inside("ls -d /sys/firmware/efi; df --output=size -m /data | tail -n 1")
    g.check("it is UEFI", "/sys/firmware/efi" in out, out)
    g.check("the data partition has grown over the disk", int(out.split()[-1]) > 4000, out)
    screen.person(g, screen.menu(g, "uefi"))


# Two lanes, each with a gateway and a disk of its own. The first begins with an unattended set-up, the second with a new
# disk and what its administrator types; a stage of BEGIN needs none before it.
LANES = [
    [("setup", setup), ("login", login), ("traffic", traffic), ("services", services), ("inspection", inspection),
     ("blocklist", blocklist), ("admission", admission), ("reboot", reboot), ("backup", backup), ("full", full),
     ("refused", refused), ("update", update), ("rollback", rollback),
     ("corrupt", corrupt), ("broken", broken), ("restored", restored)],
    [("answers", answers), ("wizard", wizard.wizard), ("approval", approval), ("cuts", cuts), ("reset", reset),
     ("screen", screen.screen), ("uefi", uefi)]]
BEGIN = ("setup", "answers", "screen", "uefi")
