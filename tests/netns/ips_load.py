#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP requests one after the other. ips_load.py HOST PORT PATH SIZE SECONDS: prints "N requests, M failed"
(not answered whole within 5 s)."""
import sys
import time
import urllib.request


def main():
    host, port, path, size, seconds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
    end, n, failed = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        n += 1
        try:
            with urllib.request.urlopen("http://%s:%s%s" % (host, port, path), timeout=5) as r:
                failed += len(r.read()) != size
        except OSError:
            failed += 1
    print("%d requests, %d failed" % (n, failed))


main()
