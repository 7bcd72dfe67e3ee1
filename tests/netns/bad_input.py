#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that behaves badly, for bad_input.sh: bad_input.py WHAT SOCKET [ARGUMENT…]; says "ok - …" or "not ok - …"."""
import array
import fcntl
import hashlib
import json
import os
import random
import re
import resource
import socket
import struct
import sys
import time

MAX = 192 * 1024
bad = 0


def check(ok, what, detail=""):
    global bad
    print("ok -" if ok else "not ok -", what, "" if ok else f"({detail})", flush=True)
    bad += not ok


def connect(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * MAX)
    s.connect(path)  # waits while the backlog is full
    s.settimeout(5)
    return s


def frame(body, magic=b"SKIP", version=1, kind=1, flags=0, ident=1, length=None):
    return struct.pack("!4sBBHII", magic, version, kind, flags, ident, len(body) if length is None else length) + body


def request(op, args=None):
    return frame(json.dumps({"op": op, "args": args or {}}).encode())


def send_fds(s, data, fds):
    s.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))])


def answer(s):
    """The END's body; None when the connection was closed."""
    while True:
        try:
            d = s.recv(2 * MAX)
        except ConnectionError:
            return None
        if not d:
            return None
        if d[5] == 3:
            return json.loads(d[16:])


def alive(path):
    s = connect(path)
    s.send(request("status"))
    a = answer(s)
    s.close()
    return bool(a) and a["code"] == 0


def frames():
    deep = b'{"op":' + b"[" * 5000 + b"]" * 5000 + b"}"
    good = request("status")
    yield "one byte", b"S"
    yield "a header alone", good[:16]
    yield "cut in the header", good[:9]
    yield "cut in the body", good[:-3]
    yield "wrong magic", frame(b"{}", magic=b"EVIL")
    yield "another version", frame(b"{}", version=9)
    yield "an unknown type", frame(b"{}", kind=77)
    yield "a type that only the daemon sends", frame(b"{}", kind=2)
    yield "flags", frame(b"{}", flags=1)
    yield "a length that is too large", frame(b"{}", length=1 << 31)
    yield "a length that is too small", frame(b'{"op":"status"}', length=2)
    yield "no body", frame(b"")
    yield "no JSON", frame(b"\xff\xfe{]")
    yield "a list", frame(b"[1,2]")
    yield "deep nesting", frame(deep)
    yield "the same key twice", frame(b'{"op":"status","op":"status"}')
    yield "an op that is no text", frame(b'{"op":17}')
    yield "no op", frame(b'{"args":{}}')
    yield "a NUL in the op", frame(b'{"op":"status\\u0000x"}')
    yield "as large as it may be", frame(b'{"op":"status","args":{"x":"' + b"A" * (MAX - 64) + b'"}}')
    yield "larger than it may be", frame(b'{"op":"' + b"A" * (2 * MAX) + b'"}')
    yield "a huge number", frame(b'{"op":"status","args":' + b"9" * 400 + b"}")
    yield "args that are no object", frame(b'{"op":"status","args":[]}')


def garbage(path):
    for what, data in frames():
        s = connect(path)
        try:
            s.send(data)
            a = answer(s)
            check(a is None or a["code"] < 0, f"frame: {what}", a)
        except OSError as e:
            check(isinstance(e, ConnectionError), f"frame: {what}", e)
        s.close()
    rnd = random.Random(7)
    for n in range(300):
        s = connect(path)
        data = bytearray(request("status", {"x": "y" * rnd.randrange(60)}))
        for _ in range(rnd.randrange(1, 6)):
            data[rnd.randrange(len(data))] = rnd.randrange(256)
        s.send(data[: rnd.randrange(1, len(data) + 1)])
        s.close()
    check(alive(path), "frame: after 300 broken at random it still answers")


def descriptors(path, op):
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(5)]
    for n in (2, 4, 5):
        s = connect(path)
        send_fds(s, request(op), fds[:n])
        a = answer(s)
        check(a is None or a["code"] < 0, f"descriptors: {n} at once", a)
        s.close()
    for what, fd in (("no memory at all", fds[0]), ("a socket", connect(path).fileno()),
                     ("a pipe", os.pipe()[0])):
        s = connect(path)
        try:
            send_fds(s, request(op), [fd])
            a = answer(s)
        except OSError:
            a = None
        check(a is None or a["code"] < 0, f"descriptors: {what}", a)
        s.close()
    check(alive(path), "descriptors: it still answers")


def alive_as(path, uid):
    child = os.fork()
    if child == 0:
        try:
            os.setuid(uid)
            os._exit(0 if alive(path) else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def crowd(path, pid, n, uid):
    pid, n = int(pid), int(n)
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, 2048))
    before = len(os.listdir(f"/proc/{pid}/fd"))
    held = []
    for _ in range(n):
        try:
            held.append(connect(path))
        except OSError:
            pass
    for s in held:
        try:
            s.send(request("status"))
        except OSError:
            pass
    served = 0
    for s in held:
        try:
            a = answer(s)
        except TimeoutError:
            a = None
        served += bool(a) and a["code"] == 0
    check(served > 0, f"crowd: of {n} at once some are served ({served})")
    check(alive_as(path, int(uid)), "crowd: another user is served meanwhile")
    for s in held:
        s.close()
    end = time.time() + 5
    while not (ok := alive(path)) and time.time() < end:
        pass
    check(ok, "crowd: afterwards it answers")
    while len(os.listdir(f"/proc/{pid}/fd")) > before and time.time() < end:
        time.sleep(0.02)
    now = len(os.listdir(f"/proc/{pid}/fd"))
    check(now <= before, "crowd: no descriptor is left", f"{before} before, {now} now")


def rss(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


def silent(path, pid, op, limit):
    before, most, sent, closed = rss(pid), 0, 0, 0
    clients = []
    for _ in range(6):
        s = connect(path)
        s.setblocking(False)
        clients.append(s)
    end = time.time() + 3
    slow = 0.0
    while time.time() < end and clients:
        for s in list(clients):
            try:
                for _ in range(50):
                    s.send(request(op))
                    sent += 1
            except BlockingIOError:
                pass
            except OSError:
                clients.remove(s)
                closed += 1
        begin = time.time()
        ok = alive(path)
        slow = max(slow, time.time() - begin)
        if not ok:
            break
        most = max(most, rss(pid) - before)
    check(ok and slow < 2, f"silent: others are served meanwhile (at worst after {slow:.2f} s)", ok)
    check(most < int(limit), f"silent: memory stays bounded ({most} MiB more after {sent} requests, {closed} closed)")
    for s in clients:
        s.close()
    check(alive(path), "silent: afterwards it answers")


def memfd(data, seal=True):
    fd = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    if seal:
        fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4 | 0x8)  # F_ADD_SEALS: all but future writes
    return fd


def finish(lines):
    text = "".join(x + "\n" for x in lines)
    rules = sum(x.startswith('{"rule"') for x in lines)
    end = {"end": {"rules": rules, "sha256": hashlib.sha256(text.encode()).hexdigest()}}
    return (text + json.dumps(end, separators=(",", ":")) + "\n").encode()


def check_doc(path, data, op="policy.check", seal=True):
    s = connect(path)
    s.settimeout(20)
    send_fds(s, request(op), [memfd(data, seal)])
    a = answer(s)
    s.close()
    return a or {"code": 1, "en": "closed"}


def refused(path, what, data, wants=(), **kw):
    a = check_doc(path, data, **kw)
    said = a.get("path", "") + ": " + a.get("en", "")
    check(a["code"] < 0 and all(w in said for w in wants), f"document: {what} ({said[:90]})", a)


def documents(path, name):
    good = open(name, "rb").read()
    lines = good.decode().splitlines()[:-1]
    check(check_doc(path, finish(lines))["code"] == 0, "document: the good one passes")
    refused(path, "not sealed", good, ["sealed"], seal=False)
    refused(path, "empty", b"")
    refused(path, "no line end", good[:-1])
    refused(path, "cut in half", good[: len(good) // 2])
    refused(path, "without its end", "".join(x + "\n" for x in lines).encode())
    refused(path, "one letter changed", good.replace(b"test traffic", b"test traffix"))
    refused(path, "wrong hash", re.sub(rb'"sha256":"[0-9a-f]{64}"', b'"sha256":"' + b"0" * 64 + b'"', good), ["sha256"])
    refused(path, "binary", random.Random(3).randbytes(5000))
    refused(path, "without its head", finish(lines[1:]))
    refused(path, "a line of deep nesting", finish(lines + ['{"rule":' + "[" * 3000 + "]" * 3000 + "}"]))
    at = next(i for i, x in enumerate(lines) if x.startswith('{"rule"'))
    number = json.loads(lines[at])["rule"]["number"]

    def rule(**change):
        r = json.loads(lines[at])["rule"]
        for k, v in change.items():
            if v is None:
                r.pop(k, None)
            else:
                r[k] = v
        return finish(lines[:at] + [json.dumps({"rule": r})] + lines[at + 1:])

    for f in ("applicant", "source", "destination", "from", "to", "protocol", "port", "purpose", "registered", "expiry",
              "approver", "approved_at"):
        refused(path, f"without {f}", rule(**{f: None}), [f"rule[{number}].{f}"])
        if f not in ("registered", "expiry", "approved_at"):
            refused(path, f"blank {f}", rule(**{f: "  "}), [f"rule[{number}].{f}"])
    now = int(time.time())
    for what, change, field in (
            ("expired", {"expiry": now - 5}, "expiry"),
            ("not approved", {"state": "requested"}, "state"),
            ("approved by its applicant", {"approver": "tanaka"}, "approver"),
            ("a zone that is not there", {"to": "moon"}, "to"),
            ("a port past the last", {"port": "70000"}, "port"),
            ("port 0", {"port": "0"}, "port"),
            ("ports in reverse", {"port": "90-80"}, "port"),
            ("a port with a zero before it", {"port": "080"}, "port"),
            ("an address with a zero before it", {"destination": "203.0.113.010"}, "destination"),
            ("a prefix with a zero before it", {"destination": "203.0.113.0/08"}, "destination"),
            ("a prefix past the last", {"destination": "203.0.113.0/33"}, "destination"),
            ("host bits in a network", {"destination": "203.0.113.9/24"}, "destination"),
            ("a range in reverse", {"destination": "203.0.113.9-203.0.113.1"}, "destination"),
            ("a range of two families", {"destination": "203.0.113.9-2001:db8::1"}, "destination"),
            ("an object that is not there", {"destination": "nowhere"}, "destination"),
            ("an unknown protocol", {"protocol": "tpc"}, "protocol"),
            ("an unknown field", {"hidden": "x"}, "hidden"),
            ("a number that is text", {"revision": "1"}, "revision"),
            ("a time beyond all times", {"expiry": 1 << 62}, "expiry"),
            ("a list of 100,000 addresses in the rule", {"destination": ",".join(["203.0.113.1"] * 100000)}, "destination")):
        refused(path, what, rule(**change), [f"rule[{number}].{field}"])
    refused(path, "the same number twice", finish(lines + [lines[at]]), [f"rule[{number}]"])
    refused(path, "objects in a loop", finish(
        lines[:at] + ['{"object":{"items":["b"],"kind":"address","name":"a"}}',
                      '{"object":{"items":["a"],"kind":"address","name":"b"}}'] + lines[at:]), ["loop", "a → b → a"])
    check(alive(path), "document: it still answers")


what, args = sys.argv[1], sys.argv[2:]
{"garbage": garbage, "descriptors": descriptors, "crowd": crowd, "silent": silent, "documents": documents}[what](*args)
sys.exit(bad > 0)
