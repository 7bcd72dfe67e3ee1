# SPDX-License-Identifier: GPL-2.0-or-later
"""What `reference` and `run` share: captures and their names, alerts as counted lists."""

import collections
import json
import os
import sys

ENDINGS = (".pcap", ".pcapng", ".cap")


def captures(paths):
    """{flat name: path} of the captures named, and of those in the folders named and below."""
    found = {}
    for top in paths:
        if os.path.isfile(top):
            files = [(os.path.basename(top), top)]
        else:
            files = [(os.path.relpath(os.path.join(base, f), top), os.path.join(base, f))
                     for base, _, names in os.walk(top) for f in names if f.endswith(ENDINGS)]
        for rel, path in files:
            name = rel.replace(os.sep, "_")
            if name in found:
                die(f"two captures named {name}: {found[name]}, {path}")
            found[name] = path
    return dict(sorted(found.items()))


def rule_files(paths):
    """The rule files named, and the *.rules in the folders named, in their order of loading."""
    files = []
    for path in paths:
        if os.path.isdir(path):
            files += sorted(os.path.join(path, f) for f in os.listdir(path) if f.endswith(".rules"))
        else:
            files.append(path)
    for path in files:
        if not os.access(path, os.R_OK):
            die(f"cannot read {path}")
    if not files:
        die("no rule files")
    return files


def beside(rules, name):
    """A configuration file that lies beside the first rule file, or None."""
    path = os.path.join(os.path.dirname(rules[0]) or ".", name)
    return path if os.path.isfile(path) else None


def eve_alerts(path):
    """(name of the capture or None, gid, sid) of each alert. A line cut short ends the file."""
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            if '"alert"' not in line:
                continue
            try:
                event = json.loads(line)
            except ValueError:
                return
            if event.get("event_type") == "alert":
                alert = event["alert"]
                name = event.get("pcap_filename")
                yield name and os.path.basename(name), alert.get("gid", 1), alert["signature_id"]


def write_alerts(path, counted):
    with open(path, "w", encoding="ascii") as f:
        for (gid, sid), n in sorted(counted.items()):
            f.write(f"{gid}:{sid} {n}\n")


def read_alerts(path):
    counted = collections.Counter()
    with open(path, encoding="ascii") as f:
        for line in f:
            rule, n = line.split()
            gid, sid = rule.split(":")
            counted[int(gid), int(sid)] += int(n)
    return counted


def die(message):
    print(f"{os.path.basename(sys.argv[0])}: {message}", file=sys.stderr)
    sys.exit(2)
