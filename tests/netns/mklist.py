#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a blocklist document (lib/blocklist.h). mklist.py GENERATION HEAD-JSON FEED… -- ENTRY…: a feed is
NAME:block or NAME:monitor, an entry KIND VALUE FEED-NAME, "-" for the allow-list, as one word each;
entries may come from standard input instead, one a line."""
import hashlib
import ipaddress
import json
import sys

KINDS = "46dsujkc"


def order(entry):
    kind, value, _ = entry
    if kind in "46":
        first = value.split("-")[0]
        return KINDS.index(kind), int(ipaddress.ip_network(first, strict=False).network_address), b""
    return KINDS.index(kind), 0, value.encode()


def main():
    generation, head = int(sys.argv[1]), json.loads(sys.argv[2])
    cut = sys.argv.index("--")
    feeds = [f.split(":") for f in sys.argv[3:cut]]
    words = sys.argv[cut + 1:]
    if words:
        entries = [words[i:i + 3] for i in range(0, len(words), 3)]
    else:
        entries = [line.split() for line in sys.stdin if line.strip()]
    names = [f[0] for f in feeds]
    doc = {"format": "sekisho-blocklist", "version": 1, "generation": generation,
           "feeds": [{"name": n, "block": mode == "block"} for n, mode in feeds]}
    doc.update(head)
    lines = [json.dumps(doc)]
    for kind, value, feed in sorted(entries, key=order):
        lines.append(f"{kind} {value} {'-' if feed == '-' else names.index(feed)}")
    text = ("\n".join(lines) + "\n").encode()
    end = {"end": {"entries": len(entries), "sha256": hashlib.sha256(text).hexdigest()}}
    sys.stdout.buffer.write(text + json.dumps(end).encode() + b"\n")


main()
