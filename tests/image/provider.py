#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider of PPPoE: a second, tiny virtual machine between the gateway's wan card and the internet's namespace. It has the
image's own kernel, whose modules this host's lacks, and busybox, pppd, pppoe-server and Kea of this host. Its prefix comes by DHCPv6
alone: it sends no router advertisements, as many do.

    gateway ── tline ═ bridge "line" ═ tisp ── provider ── tinet ═ bridge "inet" ═ vwan ── twan in namespace wan
"""
import glob
import lzma
import os
import re
import shutil
import signal
import subprocess
import time

import net
import vm

USER, PASSWORD, MTU = "sekisho@isp.example", "Ame-no-oto-5", 1454
OWN, GIVEN, PREFIX = "198.51.100.1", "198.51.100.2", "2001:db8:c00::"
MODULES = ["failover", "net_failover", "virtio_net", "slhc", "ppp_generic", "ppp_async"]
PROGRAMS = ["busybox", "pppd", "pppoe-server", "pppoe", "kea-dhcp6"]
# The card towards the internet has the address that hosts there know the gateway by (gateway.py).
CARDS = {"tisp": "52:54:00:00:01:01", "tinet": net.SIDES["wan"]}
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /run /var/run /var/lock /tmp /var/log /var/lib/kea
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
for m in /modules/*; do insmod "$m" || echo "provider: no $m"; done
for w in $(cat /proc/cmdline); do case $w in sk.pass=*) pass=${w#sk.pass=} ;; esac; done
echo "\\"@USER@\\" * \\"$pass\\" *" >/etc/ppp/chap-secrets
chmod 600 /etc/ppp/chap-secrets
for d in /sys/class/net/*; do
	case $(cat $d/address) in @LINE@) line=${d##*/} ;; @INET@) inet=${d##*/} ;; esac
done
ip link set lo up
ip link set $line up
ip link set $inet up
ip addr add 203.0.113.2/24 dev $inet
ip addr add 2001:db8:113::2/64 dev $inet
echo 1 >/proc/sys/net/ipv4/ip_forward
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
pppoe-server -I $line -C sekisho-test -L @OWN@ -R @GIVEN@ -N 8 -O /etc/ppp/server -X /run/pppoe-server.pid
echo "provider: ready"
while :; do wait; sleep 1; done
"""
OPTIONS = """auth
require-chap
name isp
mtu @MTU@
mru @MTU@
ms-dns 203.0.113.10
lcp-echo-interval 5
lcp-echo-failure 3
noccp
+ipv6
debug
logfile /dev/ttyS0
"""
# The office's network is reached through the gateway, if the gateway lets it be.
UP = "#!/bin/sh\nip route replace 192.168.0.0/16 dev $1\necho \"provider: line up\" >/dev/ttyS0\n"

# Kea takes an address' other end for its own: none is named.
UP6 = """#!/bin/sh
ip -6 addr flush dev $1
ip -6 addr add $4/64 dev $1
ip -6 route replace @PREFIX@/56 dev $1
sed "s/@LINK@/$1/g" /etc/kea.json >/run/kea.json
[ ! -e /run/kea.pid ] || kill $(cat /run/kea.pid)
KEA_LOCKFILE_DIR=/run KEA_PIDFILE_DIR=/run kea-dhcp6 -c /run/kea.json >/dev/ttyS0 2>&1 &
echo $! >/run/kea.pid
"""
KEA = """{"Dhcp6": {"interfaces-config": {"interfaces": ["@LINK@"]}, "lease-database": {"type": "memfile", "persist": false},
"renew-timer": 30, "rebind-timer": 60, "preferred-lifetime": 90, "valid-lifetime": 120,
"option-data": [{"name": "dns-servers", "data": "2001:db8:113::10"}],
"subnet6": [{"subnet": "2001:db8:c00::/40", "interface": "@LINK@",
"pd-pools": [{"prefix": "@PREFIX@", "prefix-len": 56, "delegated-len": 56}]}],
"loggers": [{"name": "kea-dhcp6", "output_options": [{"output": "stdout"}], "severity": "INFO"}]}}
"""


def fill(text):
    for key, value in (("USER", USER), ("LINE", CARDS["tisp"]), ("INET", CARDS["tinet"]), ("OWN", OWN), ("GIVEN", GIVEN), ("PREFIX", PREFIX), ("MTU", str(MTU))):
        text = text.replace(f"@{key}@", value)
    return text


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chmod(path, mode)


def programs(root):
    """The programs with all that they load."""
    files = set()
    for name in PROGRAMS:
        path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
        if not path:
            raise vm.Failed(f"no {name}: .ci/deps image")
        shutil.copy(path, os.path.join(root, "bin", name))
        listed = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
        files.update(re.findall(r"(/\S+) \(0x", listed))
    for path in files:
        to = root + path
        os.makedirs(os.path.dirname(to), exist_ok=True)
        shutil.copy(path, to)
    # pppoe-server has their places built in.
    os.makedirs(root + "/usr", exist_ok=True)
    for link in ("sbin", "usr/sbin", "usr/bin"):
        os.symlink("/bin", os.path.join(root, link))


def modules(image, work, root):
    tree = os.path.join(work, "modules")
    subprocess.run(["unsquashfs", "-q", "-n", "-f", "-d", tree, f"{image}/slot/root.img", "usr/lib/modules"], check=True,
                   stdout=subprocess.DEVNULL)
    os.makedirs(root + "/modules")
    for i, name in enumerate(MODULES):
        found = [f for f in glob.glob(tree + "/usr/lib/modules/*/kernel/**/*.ko*", recursive=True)
                 if os.path.basename(f).split(".ko")[0].replace("-", "_") == name]
        if not found:
            raise vm.Failed(f"the image's kernel has no module {name}")
        with (lzma.open if found[0].endswith(".xz") else open)(found[0], "rb") as f:
            data = f.read()
        with open(f"{root}/modules/{i:02d}-{name}.ko", "wb") as f:
            f.write(data)
    shutil.rmtree(tree)


def initramfs(image, work):
    root, out = os.path.join(work, "provider"), os.path.join(work, "provider.img")
    if os.path.exists(out):
        return out
    os.makedirs(root + "/bin")
    programs(root)
    modules(image, work, root)
    write(root + "/init", fill(INIT), 0o755)
    write(root + "/etc/ppp/server", fill(OPTIONS))
    write(root + "/etc/ppp/options", "")
    write(root + "/etc/ppp/ip-up", UP, 0o755)
    write(root + "/etc/ppp/ipv6-up", fill(UP6), 0o755)
    write(root + "/etc/kea.json", fill(KEA))
    write(root + "/etc/passwd", "root:x:0:0:root:/:/bin/sh\n")
    write(root + "/etc/group", "root:x:0:\n")
    with open(out, "wb") as f:
        subprocess.run("find . | busybox cpio -o -H newc 2>/dev/null", shell=True, check=True, cwd=root, stdout=f)
    return out


def wire():
    """Cards of the gateway, in place of net.taps: its wan one ends at the provider."""
    nics = net.taps()
    q = net.QEMU
    net.ip("-n", q, "link", "del", "twan")
    for bridge, port in (("line", "tline"), ("inet", "vwan")):
        net.ip("-n", q, "link", "add", bridge, "type", "bridge", check=False)
        net.ip("-n", q, "link", "set", bridge, "up")
        net.ip("-n", q, "link", "del", port, check=False)
        if port == "vwan":
            net.ip("-n", q, "link", "add", "twan", "type", "veth", "peer", "name", port)
        else:
            net.ip("-n", q, "tuntap", "add", "dev", port, "mode", "tap")
        net.ip("-n", q, "link", "set", port, "master", bridge, "up")
    return [("tline", nics[0][1])] + nics[1:]


class Provider:
    def __init__(self, g):
        self.g, self.proc, self.con, self.starts = g, None, None, 0
        self.image = initramfs(g.image, g.work)

    def start(self, password=PASSWORD):
        self.starts += 1
        w = os.path.join(self.g.work, f"provider{self.starts}")
        cmd = ["ip", "netns", "exec", net.QEMU, "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg", "-cpu", "Nehalem", "-m", "384",
               "-display", "none", "-nodefaults", "-no-reboot", "-kernel", f"{self.g.image}/slot/boot/vmlinuz", "-initrd", self.image,
               "-append", f"console=ttyS0 quiet panic=1 sk.pass={password}",
               "-chardev", f"socket,id=con,path={w}.con,server=on,wait=off", "-serial", "chardev:con"]
        for i, (tap, mac) in enumerate(CARDS.items()):
            net.ip("-n", net.QEMU, "link", "del", tap, check=False)
            net.ip("-n", net.QEMU, "tuntap", "add", "dev", tap, "mode", "tap")
            net.ip("-n", net.QEMU, "link", "set", tap, "master", {"tisp": "line", "tinet": "inet"}[tap], "up")
            cmd += ["-netdev", f"tap,id=n{i},ifname={tap},script=no,downscript=no,vhost=off", "-device", f"virtio-net-pci,netdev=n{i},mac={mac}"]
        with open(w + ".qemu.log", "ab") as log:
            self.proc = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.con = vm.Line(w + ".con", w + ".console.log")
        self.con.connect(time.monotonic() + 20)
        self.con.expect(rb"provider: ready", 120)
        self.route()

    @staticmethod
    def route():
        """Hosts of the internet reach what the provider gave through it; again after each start of the gateway, which makes the cards anew."""
        net.ip("-n", "wan", "route", "replace", "198.51.100.0/24", "via", "203.0.113.2")
        net.ip("-n", "wan", "route", "replace", PREFIX + "/56", "via", "2001:db8:113::2")

    def pump(self):
        """Its console must not fill up."""
        while self.con and self.con.read(0):
            pass

    def kill(self):
        if self.proc:
            self.proc.send_signal(signal.SIGKILL)
            self.proc.wait()
            self.con.close()
        self.proc = self.con = None
