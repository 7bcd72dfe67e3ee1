#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The image, tried as a whole: `check.py [--lane N] [STAGE…]`, from tests/image/run. Stages of a lane build on one
another, in their order; each prints "ok - …" or "not ok - …" for what a user would notice, and the console of every start is kept."""
import glob
import os
import shutil
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import gateway  # noqa: E402
import lines  # noqa: E402
import stages  # noqa: E402
import transparent  # noqa: E402


# What .ci/run has the time for.
BRIEF = ["setup", "login", "traffic", "services", "inspection", "blocklist", "admission", "reboot", "backup", "full", "refused", "update",
         "broken", "answers", "wizard", "approval", "cuts", "reset", "transparent"]
LANES = [stages.LANES[0] + transparent.ALL, stages.LANES[1] + lines.ALL]
NEEDS = {"wizard": ["answers"], "approval": ["answers", "wizard"], "reboot": ["setup", "traffic"], "backup": ["setup", "traffic"],
         "inspection": ["setup", "traffic"], "blocklist": ["setup", "traffic"], "full": ["setup", "traffic"], "update": ["setup", "traffic", "refused"],
         "broken": ["setup", "traffic", "refused", "update"], "rollback": ["setup", "traffic", "refused", "update"],
         "corrupt": ["setup", "traffic", "refused", "update"], "restored": ["setup", "traffic"],
         "cuts": [], "reset": []}
BEGIN = [*stages.BEGIN, *(n for n, _ in lines.ALL + transparent.ALL)]  # need no stage before them


def main():
    every = {n: f for lane in LANES for n, f in lane}
    args = sys.argv[1:]
    if args == ["--list"]:
        print("\n".join(f"{n:12} {'' if n in BRIEF else '(all) '}{f.__doc__.splitlines()[0]}" for n, f in every.items()))
        return 0
    lane = int(args[1]) if args[:1] == ["--lane"] else None
    names = args[2:] if lane is not None else args[1:] if args[:1] == ["--lanes"] else args
    for n in names:
        if n not in every and n != "all":
            sys.exit(f"no stage {n}: {' '.join(every)}")
    names = list(every) if "all" in names else names or BRIEF
    if args[:1] == ["--lanes"]:
        print(*(i for i, stages_of in enumerate(LANES) if any(n in names for n, _ in stages_of)))
        return 0
    wanted = [n for i, stages_of in enumerate(LANES) for n, _ in stages_of if n in names and lane in (None, i)]
    # What a stage stands on comes before it, asked for or not.
    for n in list(wanted):
        for before in NEEDS.get(n, [] if n in BEGIN else ["setup"]):
            if before not in wanted:
                wanted.append(before)
    if {"cuts", "reset"} & set(wanted) and "approval" not in wanted:  # on either lane's gateway
        wanted += ["setup", "traffic"]
    wanted = [n for n in every if n in wanted]
    g = gateway.Gateway(os.environ["SK_WORK"], os.environ["SK_IMAGE"])
    g.wanted = wanted
    begin = time.monotonic()
    try:
        for name in wanted:
            stage = every[name]
            start = time.monotonic()
            print(f"== {name}: {stage.__doc__.splitlines()[0]}")
            try:
                stage(g)
            except Exception as e:  # pylint: disable=broad-except
                g.bad(f"{name}: {e}")
                traceback.print_exc(limit=-3, file=sys.stdout)
                if name in ("setup", "answers"):
                    break
            print(f"== {name}: {time.monotonic() - start:.0f} s")
    finally:
        g.stop()
        out = os.environ.get("SK_IMAGE_OUT")
        if out:
            os.makedirs(out, exist_ok=True)
            for log in glob.glob(os.environ["SK_WORK"] + "/*.log") + glob.glob(os.environ["SK_WORK"] + "/*.png"):
                shutil.copy(log, os.path.join(out, os.environ.get("SK_LANE", "") + os.path.basename(log)))
    print(f"image: {time.monotonic() - begin:.0f} s")
    print(f"{g.passed} passed, {g.failed} failed, {g.skipped} skipped")
    return 1 if g.failed else 0


sys.exit(main())
