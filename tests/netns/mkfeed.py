#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An accepted list as mgmtd keeps it (mgmt/feeds/list.h): mkfeed.py NAME SINCE "KIND VALUE NOTE"… (sorted)"""
import hashlib
import json
import sys

name, since, entries = sys.argv[1], int(sys.argv[2]), [a.split(" ", 2) for a in sys.argv[3:]]
head = {"entries": len(entries), "errors": 0, "feed": name, "fetched": since, "format": "sekisho-feed-list",
        "ignored": 0, "lines": len(entries), "version": 1}
text = json.dumps(head, sort_keys=True, separators=(",", ":")) + "\n"
for e in entries:
    kind, value, note = (e + [""])[:3]
    text += f"{kind}\t{value}\t{since}\t{note}\n"
digest = hashlib.sha256(text.encode()).hexdigest()
end = {"end": {"entries": len(entries), "sha256": digest}}
sys.stdout.write(text + json.dumps(end, separators=(",", ":")) + "\n")
