# SPDX-License-Identifier: GPL-2.0-or-later
"""events.py FILE EXPRESSION: print the first JSON line e for which the expression holds, else exit 1."""
import json
import sys


class Event(dict):
    def __missing__(self, key):
        return ""


with open(sys.argv[1], encoding="utf-8") as f:
    for line in f:
        try:
            e = Event(json.loads(line))
        except ValueError:
            continue
        if eval(sys.argv[2], {"e": e, "p": Event(e["print"] or {})}):  # noqa: S307
            print(line.strip())
            sys.exit(0)
sys.exit(1)
