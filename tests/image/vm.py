#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual gateway: the image in QEMU under software emulation, its network cards in namespaces of this run.

The product has no password, no ssh and no shell for anybody. What a person does is typed at the serial console; what a
test must see inside (the kernel's rules, files) it asks a root shell that the virtual machine's maker, not the image,
puts there: a unit given as a systemd credential by SMBIOS, on a serial line of its own.
"""
import base64
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
import uuid

ANSI = re.compile(rb"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-B0-2]|\x1b[=>78cM]|\r")

AGENT = """[Unit]
Description=Shell of the test that runs this virtual machine
DefaultDependencies=no
Before=sysinit.target
[Service]
ExecStart=/bin/bash --noprofile --norc --noediting
StandardInput=tty-force
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS1
TTYReset=yes
Environment=PS1= TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin
Restart=always
RestartSec=1
"""


class Failed(Exception):
    """Something did not come in time."""


class Ended(Failed):
    """The machine ended: it was turned off, or wants to start again (a warm start is minutes slow in QEMU's emulation)."""


class Line:
    """A serial line on a unix socket: all that was read is kept, and written to a log file."""

    def __init__(self, path, log):
        self.path, self.log, self.data, self.mark, self.sock = path, open(log, "ab"), b"", 0, None

    def connect(self, deadline):
        while True:
            try:
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(self.path)
                return
            except OSError:
                self.sock.close()
                if time.monotonic() > deadline:
                    raise Failed(f"no {self.path}") from None
                time.sleep(0.05)

    def read(self, seconds):
        ready, _, _ = select.select([self.sock], [], [], seconds)
        if not ready:
            return False
        try:
            got = self.sock.recv(65536)
        except ConnectionError:
            got = b""
        if not got:
            raise Ended("the virtual machine ended")
        self.log.write(got)
        self.log.flush()
        self.data += ANSI.sub(b"", got)
        return True

    def expect(self, pattern, timeout, boot=False):
        """Wait until `pattern` (bytes) appears after what was matched last, or (boot) since the loader last spoke; the match."""
        pattern = re.compile(pattern)
        if boot:
            self.mark = max(self.data.rfind(b"sekisho loader: slot"), 0)
        deadline = time.monotonic() + timeout
        while True:
            found = pattern.search(self.data, self.mark)
            if found:
                self.mark = found.end()
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                tail = self.data[max(self.mark, len(self.data) - 1500):].decode(errors="replace")
                raise Failed(f"{pattern.pattern.decode()!r} did not come within {timeout} s; last: {tail}")
            self.read(min(left, 1))

    def send(self, text):
        self.sock.sendall(text.encode())

    def close(self):
        if self.sock:
            self.sock.close()
        self.log.close()


class VM:
    """`nics`: names of sides; each gets a tap device, which the caller's namespaces hold."""

    def __init__(self, work, disk, name, memory=1024, uefi=False, vga=False):
        self.work, self.disk, self.name, self.memory, self.uefi, self.vga = work, disk, name, memory, uefi, vga
        self.proc = None
        self.credentials = {"systemd.extra-unit.sekisho-test.service": AGENT.encode(),
                            "systemd.unit-dropin.sysinit.target": b"[Unit]\nWants=sekisho-test.service\n"}
        self.drives = []
        self.nics = []
        self.cpus = int(os.environ.get("SK_CPUS") or 2)

    def start(self, netns=None):
        w = os.path.join(self.work, self.name)
        for s in (".con", ".agent", ".mon"):
            if os.path.exists(w + s):
                os.unlink(w + s)
        cmd = ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "Nehalem",
               "-m", str(self.memory), "-smp", str(self.cpus), "-display", "none", "-nodefaults",
               "-no-reboot", "-device", "virtio-rng-pci", "-device", "i6300esb", "-action", "watchdog=reset",
               "-chardev", f"socket,id=con,path={w}.con,server=on,wait=off", "-serial", "chardev:con",
               "-chardev", f"socket,id=agent,path={w}.agent,server=on,wait=off", "-serial", "chardev:agent",
               "-monitor", f"unix:{w}.mon,server=on,wait=off",
               "-drive", f"if=virtio,format=qcow2,file={self.disk},cache=writeback,discard=unmap"]
        if self.vga:
            cmd += ["-vga", "std"]
        if self.uefi:
            shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", w + ".vars")
            cmd += ["-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
                    "-drive", f"if=pflash,format=raw,unit=1,file={w}.vars"]
        for path in self.drives:
            cmd += ["-drive", f"if=virtio,format=raw,readonly=on,file={path}"]
        for i, (tap, mac) in enumerate(self.nics):
            cmd += ["-netdev", f"tap,id=n{i},ifname={tap},script=no,downscript=no,vhost=off",
                    "-device", f"virtio-net-pci,netdev=n{i},mac={mac}"]
        if not self.nics:
            cmd += ["-nic", "none"]
        for key, value in self.credentials.items():
            path = f"{w}.cred.{key}"
            with open(path, "wb") as f:
                f.write(f"io.systemd.credential.binary:{key}=".encode() + base64.b64encode(value))
            cmd += ["-smbios", f"type=11,path={path}"]
        if netns:
            cmd = ["ip", "netns", "exec", netns] + cmd
        self.started = time.monotonic()
        self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=open(w + ".qemu.log", "ab"),
                                     stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 20
        self.con = Line(w + ".con", w + ".console.log")
        self.agent = Line(w + ".agent", w + ".agent.log")
        self.con.connect(deadline)
        self.agent.connect(deadline)
        # Its sockets are there before its network cards: a tap that is moved away too early it would make anew where it is.
        said = self.monitor("info network")
        if not all(tap in said for tap, _ in self.nics):
            raise Failed(f"cards that QEMU does not have: {said}")

    def kill(self):
        """Power cut."""
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGKILL)
            self.proc.wait()
        for line in ("con", "agent"):
            if getattr(self, line, None):
                getattr(self, line).close()
        self.proc = None

    def monitor(self, command):
        """A command of QEMU's own monitor, such as set_link; what it said."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            until = time.monotonic() + 20
            while s.connect_ex(os.path.join(self.work, self.name) + ".mon"):
                if time.monotonic() > until:
                    raise Failed("no monitor")
                time.sleep(0.05)
            said = b""
            for line in ("", command + "\n"):
                s.sendall(line.encode())
                said = b""
                while not said.endswith(b"(qemu) "):
                    said += s.recv(4096)
            return said.decode(errors="replace")

    def pump(self):
        """Read the console so that its log is whole and its buffer does not fill."""
        try:
            while self.con.read(0):
                pass
        except Ended:
            pass

    def run(self, script, timeout=60):
        """As root inside: (status, output). Only what a test must see that no person can."""
        # The marks are joined only when they are printed: the echo of the command has them apart.
        one, two = uuid.uuid4().hex[:16], uuid.uuid4().hex[:16]
        body = base64.b64encode(script.encode()).decode()
        self.agent.mark = len(self.agent.data)
        for i in range(0, len(body), 3000):  # a terminal's line ends at 4,095
            self.agent.send(f"\nprintf %s {body[i:i + 3000]} >>/run/b.{one}\n")
        self.agent.send(f"\nbase64 -d /run/b.{one} >/run/t.{one}; rm /run/b.{one}; printf '%s%s\\n' {one} B{two}; "
                        f"bash /run/t.{one} </dev/null 2>&1; printf '%s%s:%s:\\n' {one} E{two} $?; rm /run/t.{one}\n")
        begin = self.agent.expect(f"{one}B{two}\n".encode(), timeout).end()
        found = self.agent.expect(f"{one}E{two}:([0-9]+):".encode(), timeout)
        return int(found.group(1)), self.agent.data[begin:found.start()].decode(errors="replace")

    def wait_agent(self, timeout):
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.run("true", 5)
            except Failed as e:
                if "did not come" not in str(e) or time.monotonic() > deadline:
                    raise
