#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Succeed if a row of the JSON file has every KEY=VALUE given: rows.py FILE KEY=VALUE…"""
import json
import sys

want = dict(a.split("=", 1) for a in sys.argv[2:])
rows = json.load(open(sys.argv[1]))
sys.exit(not any(all(str(r.get(k)) == v for k, v in want.items()) for r in rows))
