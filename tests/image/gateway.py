#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The gateway under test: its disk, its starts and power cuts, its people, and the counting of what crosses it."""
import glob
import json
import os
import shlex
import subprocess
import time

import net
import vm

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT = 600  # seconds a start may take here: software emulation, two busy cores
PEOPLE = {"tanaka": "Hashi-no-ue-7", "sato": "Kawa-no-oto-8"}


def answers(**changes):
    """What the administrator would have written on the stick."""
    doc = {
        "format": "sekisho-setup", "version": 1, "language": "en", "site": "サンプル製作所", "hostname": "sekisho",
        "timezone": "Asia/Tokyo", "ntp": ["203.0.113.10"], "operation": "routed",
        "ports": [{"match": {"mac": mac}, "role": side} for side, mac in net.SIDES.items()],
        "networks": [
            {"role": "wan", "ipv4": {"method": "static", "address": "203.0.113.2/24", "gateway": "203.0.113.1",
                                     "dns": ["203.0.113.10"]},
             "ipv6": {"method": "static", "address": "2001:db8:113::2/64", "gateway": "2001:db8:113::10"}},
            {"role": "lan", "ipv4": {"method": "static", "address": "192.168.10.1/24"},
             "ipv6": {"method": "static", "address": "2001:db8:10::1/64"},
             "dhcp": {"from": "192.168.10.100", "to": "192.168.10.199", "lease": "12h"}, "dns": True, "ntp": True},
            {"role": "dmz", "ipv4": {"method": "static", "address": "192.168.20.1/24"}, "ipv6": {"method": "none"}}],
        "people": [
            {"name": "tanaka", "display": "田中 一郎", "roles": ["requester", "admin"], "password": PEOPLE["tanaka"]},
            {"name": "sato", "display": "佐藤 花子", "roles": ["approver"], "password": PEOPLE["sato"]}],
        "inspection": {"profile": "balanced", "when_down": "closed"}, "admission": "learn", "first_rules": ["web"]}
    doc.update(changes)
    return doc


class Gateway:
    def __init__(self, work, image):
        self.work, self.image = work, image
        self.passed = self.failed = self.skipped = 0
        self.disk = os.path.join(work, "disk.qcow2")
        self.vm = None
        self.wanted = []  # stages
        self.starts = 0
        self.watchers = []
        net.up()
        self.new_disk()

    # ---- results
    def ok(self, what):
        self.passed += 1
        print(f"ok - {what}")

    def bad(self, what, detail=""):
        self.failed += 1
        print(f"not ok - {what}")
        for line in str(detail).splitlines()[-25:]:
            print(f"#   {line}")

    def check(self, what, good, detail=""):
        if good:
            self.ok(what)
        else:
            self.bad(what, detail)
        return good

    def figure(self, what, value, unit):
        """What `make bench-image` prints; a test passes whatever it is."""
        print(f"figure: {what}: {value} {unit}")

    def skip(self, what, why):
        self.skipped += 1
        print(f"ok - {what} # SKIP {why}")

    # ---- disk
    def new_disk(self, size="4G"):
        base = sorted(glob.glob(self.image + "/sekisho-*.img"))[-1]
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", self.disk, size], check=True)

    def stick(self, name, files):
        """A USB stick labelled SEKISHO with these files."""
        path = os.path.join(self.work, name + ".fat")
        total = sum(os.path.getsize(f) if isinstance(f, str) else len(f) for f in files.values())
        with open(path, "wb") as f:
            f.truncate(max(4, total // (1 << 20) * 21 // 20 + 8) << 20)
        subprocess.run(["mkfs.vfat", "-n", "SEKISHO", path], check=True, stdout=subprocess.DEVNULL)
        for to, content in files.items():
            src = content
            if not isinstance(content, str):
                src = os.path.join(self.work, "stick.tmp")
                with open(src, "wb") as f:
                    f.write(content)
            subprocess.run(["mcopy", "-i", path, src, "::/" + to], check=True)
        return path

    def answer_stick(self, doc):
        body = doc if isinstance(doc, bytes) else json.dumps(doc, ensure_ascii=False).encode()
        return self.stick("answers", {"sekisho-answers.json": body})

    # ---- starts and ends
    def start(self, sticks=(), uefi=False, vga=False, nics=None):
        """Power on; its cards joined to the sides. `nics` makes the cards, if not net.taps."""
        self.starts += 1
        self.vm = vm.VM(self.work, self.disk, f"start{self.starts:02d}", uefi=uefi, vga=vga)
        self.vm.drives = list(sticks)
        self.vm.nics = (nics or net.taps)()
        self.vm.start(net.QEMU)
        net.join()
        for side, gw in (("wan", "203.0.113.2"), ("lan", "192.168.10.1"), ("dmz", "192.168.20.1")):
            net.ip("-n", side, "neigh", "replace", gw, "lladdr", net.SIDES[side], "dev", f"t{side}", "nud", "permanent")
        for side, gw in (("wan", "2001:db8:113::2"), ("lan", "2001:db8:10::1")):
            net.ip("-n", side, "neigh", "replace", gw, "lladdr", net.SIDES[side], "dev", f"t{side}", "nud", "permanent")
        self.watch()
        return self.vm

    def again(self, timeout=BOOT, sticks=None):
        """Until it wants to start again by itself; then it does, with the sticks it had or these."""
        try:
            self.vm.con.expect(rb"\Zx", timeout)  # never: only its end ends this
        except vm.Ended:
            sticks = self.vm.drives if sticks is None else sticks
            self.vm.kill()
            self.start(sticks=sticks)

    def wait(self, timeout=BOOT):
        """Until the health check has said that this start stays; its words, and the slots that were started until then."""
        slots = []
        for _ in range(6):
            try:
                slots.append(self.vm.con.expect(rb"sekisho loader: slot ([AB])", timeout, boot=True).group(1).decode())
                line = self.vm.con.expect(rb"sekisho-health: ((NOT )?GOOD slot|FAIL the slot could not)[^\n]*\n", timeout).group(0).decode().strip()
                self.vm.wait_agent(60)
                return line + f" (started: {' '.join(slots)})"
            except vm.Ended:
                self.again()
        raise vm.Failed(f"it starts again and again: {slots}")

    def off(self):
        """Power cut."""
        if self.vm:
            self.vm.pump()
            self.vm.kill()
            self.vm = None

    def stop(self):
        for p in self.watchers:
            p.kill()
        if self.vm:
            self.vm.kill()

    # ---- what crosses
    def watch(self):
        """See marked frames on every side; a new tap needs a new listener."""
        for p in self.watchers:
            p.kill()
            p.wait()
        self.watchers = []
        for side in net.SIDES:
            path = self.seen_path(side)
            size = os.path.getsize(path) if os.path.exists(path) else 0
            self.watchers.append(net.popen(side, "python3", HERE + "/cross.py", "see", f"t{side}", path))
            deadline = time.monotonic() + 20
            while not os.path.exists(path) or os.path.getsize(path) <= size:
                if time.monotonic() > deadline:
                    raise vm.Failed(f"no listener on {side}")
                time.sleep(0.05)

    def seen_path(self, side):
        return os.path.join(self.work, f"seen.{side}")

    def seen(self, side, mark, since=0.0):
        """Times at which frames with this mark arrived at this side."""
        out = []
        with open(self.seen_path(side), encoding="ascii") as f:
            for line in f:
                word = line.split()
                if len(word) == 3 and word[0] == mark and float(word[2]) >= since:
                    out.append(float(word[2]))
        return out

    # ---- people and inside
    def sekisho(self, person, *args, timeout=90, only=""):
        """(status, output) of a command as this person."""
        line = "cd /tmp; LC_ALL=C.UTF-8 runuser -u %s -- sekisho %s %s" % (person, " ".join(shlex.quote(a) for a in args), only)
        return self.vm.run(line, timeout)

    def restarts(self, person, *args, timeout=90):
        """The same of a command that restarts the gateway: that may come before its end is told, which then was a good one."""
        try:
            return self.sekisho(person, *args, timeout=timeout)
        except vm.Ended:
            return 0, self.vm.agent.data[self.vm.agent.mark:].decode(errors="replace")

    def json(self, person, *args, timeout=90):
        status, out = self.sekisho(person, "--json", *args, timeout=timeout, only="2>/dev/null")
        if status:
            raise vm.Failed(f"{person}: sekisho {' '.join(args)}: {status}: {out[-500:]}")
        return json.loads(out)

    def inside(self, script, timeout=60):
        return self.vm.run(script, timeout)
