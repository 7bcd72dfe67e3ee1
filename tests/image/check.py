#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The image, tried as a whole: `check.py [STAGE…]`, from tests/image/run. Stages build on one another, in this order; each
prints "ok - …" or "not ok - …" for what a user would notice, and the console of every start is kept."""
import glob
import os
import shutil
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gateway  # noqa: E402
import stages  # noqa: E402


def main():
    names = [n for n, _ in stages.ALL]
    if sys.argv[1:] == ["--list"]:
        print("\n".join(f"{n:12} {f.__doc__.splitlines()[0]}" for n, f in stages.ALL))
        return 0
    wanted = sys.argv[1:] or names
    for n in wanted:
        if n not in names:
            sys.exit(f"no stage {n}: {' '.join(names)}")
    g = gateway.Gateway(os.environ["SK_WORK"], os.environ["SK_IMAGE"])
    begin = time.monotonic()
    try:
        for name, stage in stages.ALL:
            if name not in wanted and not (name == "setup" and wanted != ["boot"]):
                continue
            start = time.monotonic()
            print(f"== {name}: {stage.__doc__.splitlines()[0]}")
            try:
                stage(g)
            except Exception as e:  # pylint: disable=broad-except
                g.bad(f"{name}: {e}")
                traceback.print_exc(limit=-3, file=sys.stdout)
                if name == "setup":
                    break
            print(f"== {name}: {time.monotonic() - start:.0f} s")
    finally:
        g.stop()
        out = os.environ.get("SK_IMAGE_OUT")
        if out:
            os.makedirs(out, exist_ok=True)
            for log in glob.glob(os.environ["SK_WORK"] + "/*.log"):
                shutil.copy(log, out)
    print(f"image: {time.monotonic() - begin:.0f} s")
    print(f"{g.passed} passed, {g.failed} failed, {g.skipped} skipped")
    return 1 if g.failed else 0


sys.exit(main())
