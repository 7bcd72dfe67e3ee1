#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A blocklist document (lib/blocklist.h) on stdout. Arguments: GENERATION FEED[=monitor],… and then lines
"KIND VALUE FEED-INDEX" (or "-" for allowed) from stdin, in any order; or --random COUNT SEED for that many single
IPv4 addresses of the first feed (another seed: others), and the lines given as further arguments."""
import hashlib
import ipaddress
import json
import random
import sys


def place(line):
    kind, value, feed = line.split()
    if kind not in "46":
        return ("46dsujkc".index(kind), 0, 0, value.encode(), feed == "-")
    if "-" in value:
        lo, hi = (int(ipaddress.ip_address(a)) for a in value.split("-"))
    else:
        net = ipaddress.ip_network(value)
        lo, hi = int(net[0]), int(net[-1])
    return ("46".index(kind), lo, hi, b"", feed == "-")


def entries():
    if len(sys.argv) > 3 and sys.argv[3] == "--random":
        count, seed = int(sys.argv[4]), int(sys.argv[5])
        rnd = random.Random(seed)
        # Public addresses beyond those the test network uses.
        for a in sorted(rnd.sample(range(0x14000000, 0x60000000), count)):
            yield f"4 {a >> 24}.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255} 0"
        lines = sys.argv[6:]  # addresses behind those
    else:
        lines = [s.strip() for s in sys.stdin if s.strip()]
    yield from sorted(lines, key=place)


feeds = [{"name": f.split("=")[0], "block": not f.endswith("=monitor")} for f in sys.argv[2].split(",")]
head = {"format": "sekisho-blocklist", "version": 1, "generation": int(sys.argv[1]), "feeds": feeds}
body = [json.dumps(head, separators=(",", ":"), sort_keys=True)]
body += entries()
text = "".join(s + "\n" for s in body).encode()
sys.stdout.buffer.write(text)
end = {"end": {"entries": len(body) - 1, "sha256": hashlib.sha256(text).hexdigest()}}
print(json.dumps(end, separators=(",", ":")))
