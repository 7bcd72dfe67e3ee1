#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the disk image: a GPT with loader, state, two slots and data, without loop devices. `mkdisk.py OUT IMAGE`
takes slot/, disk/ in OUT; slot B is left empty, data is made at the first start and grows over the disk."""
import json
import os
import struct
import subprocess
import sys
import uuid

MIB = 1 << 20
ROOT = 512
BIOS_BOOT = "21686148-6449-6E6F-744E-656564454649"
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"


def uid(name):
    return uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.disk.sekisho.invalid")


PARTS = [("bios", 1, BIOS_BOOT), ("esp", 64, ESP), ("state", 8, "linux"), ("boot-a", 96, "linux"),
         ("root-a", ROOT, "linux"), ("boot-b", 96, "linux"), ("root-b", ROOT, "linux"), ("data", 512, "linux")]


def table(image):
    script = f"label: gpt\nlabel-id: {uid('table')}\nfirst-lba: 2048\n"
    for name, size, kind in PARTS:
        script += f"size={size}MiB, type={kind}, name=sekisho-{name}, uuid={uid(name)}\n"
    with open(image, "wb") as f:
        f.truncate((sum(p[1] for p in PARTS) + 3) * MIB)
    subprocess.run(["sfdisk", "-q", "--no-reread", "--no-tell-kernel", image], input=script.encode(), check=True)


def starts(f):
    f.seek(512)
    header = f.read(92)
    f.seek(struct.unpack("<Q", header[72:80])[0] * 512)
    return [struct.unpack("<QQ", f.read(128)[32:48]) for _ in PARTS]


def put(f, span, path):
    first, last = span
    if os.path.getsize(path) > (last - first + 1) * 512:
        sys.exit(f"{path} is larger than its partition")
    f.seek(first * 512)
    with open(path, "rb") as src:
        while block := src.read(MIB):
            if block.count(0) == len(block):
                f.seek(len(block), os.SEEK_CUR)  # stays a hole
            else:
                f.write(block)


def boot_sector(f, first, out):
    """GRUB's first stage in the MBR and its block list (grub/boot.h: 0x1f4 of diskboot, 0x5c of boot.img)."""
    core = bytearray(open(f"{out}/disk/core.img", "rb").read())
    struct.pack_into("<Q", core, 0x1F4, first + 1)
    with open(f"{out}/disk/core.placed", "wb") as c:
        c.write(core)
    boot = bytearray(open("/usr/lib/grub/i386-pc/boot.img", "rb").read())
    struct.pack_into("<Q", boot, 0x5C, first)
    boot[0x66:0x68] = b"\x90\x90"
    f.seek(0)
    f.write(boot[:440])


def main():
    if sys.argv[1] == "--spans":  # where each partition begins, in bytes (the first sector is 2048)
        at = MIB
        spans = {}
        for name, size, _ in PARTS:
            spans[name] = at
            at += size * MIB
        print(json.dumps(spans))
        return
    out, image = sys.argv[1:3]
    table(image)
    with open(image, "r+b") as f:
        spans = starts(f)
        boot_sector(f, spans[0][0], out)
        files = ["disk/core.placed", "disk/esp.img", "disk/state.img", "slot/boot.img", "slot/root.img"]
        for span, name in zip(spans, files):
            put(f, span, f"{out}/{name}")


main()
