#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py STEPS COMMAND…: the command at a terminal of its own; STEPS is a file of "PROMPT<tab>ANSWER" lines. What the
terminal shows goes to standard output."""

import os
import pty
import sys
import time

steps = [line.rstrip("\n").split("\t") for line in open(sys.argv[1], encoding="utf-8")]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen = shown = b""


def more():
    global seen, shown
    try:
        b = os.read(fd, 4096)
    except OSError:
        b = b""
    seen += b
    shown += b
    return b


for prompt, answer in steps:
    while prompt.encode() not in seen and more():
        pass
    seen = b""
    time.sleep(0.1)  # the echo is off by now
    os.write(fd, answer.encode() + b"\n")
while more():
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
