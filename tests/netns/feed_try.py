#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""feed_try.py SOCKET DIR SAMPLES: every way in which a feed can come, and what sekisho-feed makes of it.
Prints "ok - …" and "not ok - …" lines; the exit status is the number of failures, at most 99."""
import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import feedctl  # noqa: E402

SOCK, DIR, SAMPLES = sys.argv[1:4]
HERE, NOW = "https://127.0.0.1:8443", 1796000000
FAILED = 0


def definition(fmt="addresses", **more):
    d = {"name": "test", "title": {"en": "Test"}, "kind": "mixed", "format": fmt, "timeout": 20,
         "max_bytes": 1 << 20}
    d.update(more)
    return d


def fetch(url, fmt="addresses", args=None, content=None, **more):
    if not url.startswith("https:"):
        url = HERE + url
    return feedctl.ask(SOCK, "feed.fetch", {"definition": definition(fmt, url=url, **more), "now": NOW,
                                            **(args or {})}, content)


def local(path, fmt="addresses", args=None, **more):
    return feedctl.ask(SOCK, "feed.fetch", {"definition": definition(fmt, path=path, **more),
                                            "now": NOW, **(args or {})})


def case(name, fn):
    global FAILED
    try:
        fn()
        print(f"ok - {name}", flush=True)
    except Exception as e:  # whatever it is, it is this case's failure
        FAILED += 1
        print(f"not ok - {name}\n#   {type(e).__name__}: {e}", flush=True)


def equal(a, b):
    assert a == b, f"{a!r} is not {b!r}"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def log():
    ctx = ssl.create_default_context(cafile=f"{DIR}/ca.crt")
    with urllib.request.urlopen(f"{HERE}/log/", context=ctx) as r:
        return json.load(r)


# ---- what is good ----
def good():
    a = fetch("/sample/drop.json", "spamhaus-drop-json")
    equal(a.code, 0)
    equal(sorted(a.entries()), ["4 192.0.2.0/24", "4 198.51.100.0/25", "6 2001:db8:dead::/48"])
    equal(a.entries()["4 192.0.2.0/24"], (NOW, "SBL100001"))
    equal((a.end["http_status"], a.end["entries"], a.end["lines"], a.end["errors"]), (200, 3, 3, 0))
    equal(a.end["by_kind"], {"ipv4": 2, "ipv6": 1})
    equal(a.end["etag"], '"v1"')
    equal(a.end["last_modified"], "Mon, 30 Nov 2026 03:00:00 GMT")
    lines = a.list.split(b"\n")
    end = json.loads(lines[-2])["end"]
    equal(end["sha256"], hashlib.sha256(b"\n".join(lines[:-2]) + b"\n").hexdigest())
    equal(json.loads(lines[0])["feed"], "test")


def not_modified():
    a = fetch("/sample/drop.json", "spamhaus-drop-json", {"etag": '"v1"'})
    equal((a.code, a.end["not_modified"], a.list), (0, True, None))
    equal(a.end["http_status"], 304)
    a = fetch("/sample/drop.json", "spamhaus-drop-json", {"etag": '"v0"'})
    equal((a.code, a.end["not_modified"]), (0, False))
    assert a.list
    # A 304 that nobody asked for is none.
    a = fetch("/status/304")
    assert a.code < 0 and not a.list


def since():
    before = fetch("/sample/drop.json", "spamhaus-drop-json", {"now": NOW - 86400}).list
    a = fetch("/sample/addresses.txt", content=before)
    equal(a.entries()["4 192.0.2.1"][0], NOW)
    a = fetch("/sample/drop.txt", "spamhaus-drop", content=before)
    equal(a.entries()["4 192.0.2.0/24"][0], NOW - 86400)
    equal(a.entries()["4 203.0.113.128/25"][0], NOW)


def line_errors():
    a = fetch("/sample/addresses.txt")
    equal((a.code, a.end["errors"], a.end["lines"]), (0, 3, 12))
    first = a.end["first_errors"][0]
    equal((first["line"], first["sample"]), (12, "not-an-address"))
    assert first["en"] and first["ja"]


def packed():
    want = fetch("/sample/addresses.txt").entries()
    for url in ("/encoded/addresses.txt", "/gz/addresses.txt", "/zip/addresses.txt"):
        a = fetch(url)
        equal(a.code, 0)
        equal(a.entries(), want)


def redirects():
    equal(fetch("/hop/4", "spamhaus-drop-json").code, 0)
    a = fetch("/hop/5", "spamhaus-drop-json")
    assert a.code < 0 and "redirected more than 5" in a.end["en"], a.end


# ---- what is bad: code, words, Japanese words ----
def bad(name, url, words, ja, fmt="addresses", **more):
    def run():
        begin = time.monotonic()
        a = fetch(url, fmt, **more)
        assert a.code < 0, a.end
        assert a.list is None, "a list came all the same"
        assert words in a.end["en"], a.end["en"]
        assert ja in a.end["ja"], a.end["ja"]
        assert time.monotonic() - begin < 30, "took too long"
    case("refused: " + name, run)


def memory_of_bombs():
    """Neither bomb costs more than what it may: watched from outside."""
    peak = [0]
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            for pid in os.listdir("/proc"):
                if not pid.isdigit():
                    continue
                try:
                    with open(f"/proc/{pid}/status", encoding="ascii") as f:
                        text = f.read()
                    if text.startswith("Name:\tsekisho-feed"):
                        kib = int(text.split("VmHWM:")[1].split()[0])
                        peak[0] = max(peak[0], kib)
                except (OSError, IndexError):
                    pass
            time.sleep(0.005)
    t = threading.Thread(target=watch)
    t.start()
    for how in ("encoding", "file"):
        assert fetch("/bomb/" + how).code < 0
    stop.set()
    t.join()
    assert 0 < peak[0] < 64 * 1024, f"{peak[0]} KiB"


# ---- keys ----
def key_header():
    equal(fetch("/keyheader/", "domains", name="keyed", api_key_header="Auth-Key").code, 0)
    a = fetch("/keyheader/", "domains", name="wrongkey", api_key_header="Auth-Key")
    assert a.code < 0 and "API key" in a.end["en"], a.end
    a = fetch("/keyheader/", "domains", name="nokey", api_key_header="Auth-Key")
    assert a.code < 0 and "secret set feeds" in a.end["en"] and "nokey" in a.end["en"], a.end


def key_query():
    equal(fetch("/keyquery/?auth-key={key}", "domains", name="keyed").code, 0)
    a = fetch("/keyecho/?auth-key={key}", "domains", name="keyed")
    assert a.code < 0 and "s3cret" not in json.dumps(a.end), a.end


def key_stays():
    a = fetch("/keyaway/", "domains", name="keyed", api_key_header="Auth-Key")
    equal(a.code, 0)
    assert "Auth-Key" in log()["/keyaway/"][-1], "the first host did not get it"
    equal(list(a.entries()), ["d kept.example"])


def asks_politely():
    assert log()["/sample/drop.json"][0]["User-Agent"].startswith("sekisho/"), "user agent"


# ---- hashes and signatures ----
def sign(data):
    with open(f"{DIR}/tosign", "wb") as f:
        f.write(data)
    return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", f"{DIR}/sign.key", "-in",
                           f"{DIR}/tosign"], check=True, capture_output=True).stdout


def public_key():
    der = subprocess.run(["openssl", "pkey", "-in", f"{DIR}/sign.key", "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    return der[-32:]


def put(name, data):
    os.makedirs(f"{DIR}/www", exist_ok=True)
    with open(f"{DIR}/www/{name}", "wb") as f:
        f.write(data)


def checksum():
    data = sample("addresses.txt")
    digest = hashlib.sha256(data).hexdigest()
    put("list.txt", data)
    put("SHA256SUMS", f"{'0' * 64}  other.txt\n{digest} *list.txt\n".encode())
    put("bad.sha256", b"0" * 64 + b"\n")
    equal(fetch("/dir/list.txt", checksum={"sha256": digest}).code, 0)
    equal(fetch("/dir/list.txt", checksum={"url": HERE + "/dir/SHA256SUMS"}).code, 0)
    for c in ({"sha256": "0" * 64}, {"url": HERE + "/dir/bad.sha256"}, {"url": HERE + "/dir/none"}):
        a = fetch("/dir/list.txt", checksum=c)
        assert a.code < 0 and a.list is None and a.end["path"].startswith("checksum"), a.end


def minisign(data, comment, algorithm=b"Ed"):
    message = data if algorithm == b"Ed" else hashlib.blake2b(data, digest_size=64).digest()
    sig = sign(message)
    text = "untrusted comment: x\n" + base64.b64encode(algorithm + b"KEYID..8" + sig).decode()
    text += f"\ntrusted comment: {comment}\n" + base64.b64encode(sign(sig + comment.encode())).decode() + "\n"
    return text.encode()


def signatures():
    data = sample("addresses.txt")
    key = "untrusted comment: k\n" + base64.b64encode(b"EdKEYID..8" + public_key()).decode()
    key = key.split("\n")[1]
    put("list.txt", data)
    put("changed.txt", data + b"192.0.2.200\n")
    put("a.minisig", minisign(data, "timestamp:1"))
    put("b.minisig", minisign(data, "timestamp:1", b"ED"))
    put("c.minisig", minisign(data, "timestamp:1").replace(b"timestamp:1", b"timestamp:2"))
    put("d.minisig", minisign(data, "x").replace(b"trusted", b"trusting"))
    put("raw.sig", sign(data))

    def with_sig(name, what="list.txt", kind="minisign", k=key):
        return fetch("/dir/" + what, signature={"type": kind, "key": k, "url": f"{HERE}/dir/{name}"})
    equal(with_sig("a.minisig").code, 0)
    equal(with_sig("b.minisig").code, 0)
    equal(with_sig("raw.sig", kind="ed25519", k=base64.b64encode(public_key()).decode()).code, 0)
    for wrong in (with_sig("a.minisig", "changed.txt"), with_sig("c.minisig"), with_sig("d.minisig"),
                  with_sig("none"), with_sig("a.minisig", k=base64.b64encode(b"EdOTHER..8" + public_key()).decode()),
                  with_sig("raw.sig", "changed.txt", "ed25519", base64.b64encode(public_key()).decode())):
        assert wrong.code < 0 and wrong.list is None and wrong.end["path"].startswith("signature"), wrong.end


# ---- MISP ----
def misp():
    put("manifest.json", sample("misp-manifest.json"))
    put("5a2f1c3e-0000-4000-8000-0123456789ab.json", sample("misp.json"))
    a = fetch("/dir/manifest.json", "misp", options={"days": 90})
    equal(a.code, 0)
    assert "d panel.bad.example" in a.entries(), a.entries()
    # One of two events is not there: told, and no reason to lose the rest.
    equal(a.end["first_errors"][0]["sample"], "5a2f1c3e-0000-4000-8000-0123456789ad")
    put("manifest.json", sample("misp-manifest.json")[:200])
    a = fetch("/dir/manifest.json", "misp")
    assert a.code < 0 and a.list is None


# ---- from disk ----
def files():
    a = local(f"{SAMPLES}/hosts", "hosts")
    equal((a.code, a.end["entries"]), (0, 3))
    b = local(f"{SAMPLES}/hosts", "hosts", {"etag": a.end["etag"]})
    equal((b.code, b.end["not_modified"], b.list), (0, True, None))
    a = local(f"{SAMPLES}/none", "hosts")
    assert a.code < 0 and "none" in a.end["en"]
    a = local("/dev/zero", "hosts")
    assert a.code < 0 and "neither" in a.end["en"], a.end


def folder():
    d = f"{DIR}/folder"
    os.makedirs(d, exist_ok=True)
    os.chmod(d, 0o755)
    for name, text in (("a.txt", "192.0.2.1\n"), ("b.txt", "192.0.2.2\n"), (".hidden", "192.0.2.3\n")):
        with open(f"{d}/{name}", "w", encoding="ascii") as f:
            f.write(text)
    if not os.path.lexists(f"{d}/link"):
        os.symlink("/etc/passwd", f"{d}/link")
        os.mkfifo(f"{d}/pipe")
    a = local(d)
    equal(sorted(a.entries()), ["4 192.0.2.1", "4 192.0.2.2"])
    with open(f"{d}/c.txt", "wb") as f:
        f.write(b"<html>")
    a = local(d)
    assert a.code < 0 and "c.txt" in a.end["path"], a.end


def uploaded():
    a = feedctl.ask(SOCK, "feed.parse", {"definition": definition("stix", path="/x"), "now": NOW,
                                         "name": "stix.json"}, sample("stix.json"))
    equal((a.code, a.end["entries"]), (0, 7))
    a = feedctl.ask(SOCK, "feed.parse", {"definition": definition("stix", path="/x"), "now": NOW}, b"{")
    assert a.code < 0 and a.list is None
    a = feedctl.ask(SOCK, "feed.parse", {"definition": definition("stix", path="/x"), "now": NOW})
    assert a.code < 0


# ---- requests ----
def requests():
    for op, args in (("feed.steal", {}), ("feed.fetch", {}), ("feed.fetch", {"definition": {}, "now": 1}),
                     ("feed.fetch", {"definition": definition(url=HERE), "now": -1}),
                     ("feed.fetch", {"definition": definition(url=HERE), "now": 1, "extra": 1}),
                     ("feed.fetch", {"definition": definition(url=HERE), "now": 1, "etag": "a\r\nX: y"}),
                     ("feed.fetch", {"definition": definition(url="http://127.0.0.1/x"), "now": 1})):
        a = feedctl.ask(SOCK, op, args)
        assert a.code < 0 and a.list is None, (op, args)


def confined():
    """What the process that reads from the network could do: nothing of the file system, no rights."""
    seen = {}

    def look():
        end = time.monotonic() + 10
        while time.monotonic() < end and "Seccomp" not in seen:
            for pid in os.listdir("/proc"):
                try:
                    with open(f"/proc/{pid}/status", encoding="ascii") as f:
                        s = dict(x.split(":\t", 1) for x in f.read().splitlines() if ":\t" in x)
                    if s.get("Name") == "sekisho-feed" and s.get("Seccomp") == "2":
                        seen.update(s)
                except (OSError, ValueError):
                    pass
            time.sleep(0.01)
    t = threading.Thread(target=look)
    t.start()
    fetch("/slow/", timeout=5)
    t.join()
    assert seen, "no confined process was seen"
    equal(seen["NoNewPrivs"].strip(), "1")
    equal(int(seen["CapEff"], 16), 0)
    assert int(seen["Seccomp_filters"]) >= 2, seen["Seccomp_filters"]
    assert seen["Uid"].split()[0] != "0", "runs as root"


def many_at_once():
    """More requests than places: all are answered, one slow one does not hold up the others."""
    answers = []
    slow = threading.Thread(target=lambda: fetch("/slow/", timeout=6))
    slow.start()
    begin = time.monotonic()
    ts = [threading.Thread(target=lambda: answers.append(fetch("/sample/addresses.txt").code))
          for _ in range(12)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    assert time.monotonic() - begin < 5.5, "waited for the slow one"
    slow.join()
    equal(answers, [0] * 12)


def vanished():
    """A manager that leaves in the middle harms nobody."""
    import socket
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(SOCK)
    s.send(b"garbage")
    s.close()
    equal(fetch("/sample/addresses.txt").code, 0)


def large():
    """A feed of 100,000 entries, fetched, parsed and answered."""
    put("large.txt", b"".join(b"%d.%d.%d.%d\n" % (11 + i % 80, i >> 16, i >> 8 & 255, i & 255)
                              for i in range(100000)))
    begin = time.monotonic()
    a = fetch("/dir/large.txt", max_bytes=8 << 20)
    took = time.monotonic() - begin
    equal((a.code, a.end["entries"]), (0, 100000))
    print(f"# 100,000 entries: {took:.2f} s")
    assert took < 3


case("a feed comes as a canonical, sealed list with its figures", good)
case("unchanged: no list, and no second transfer", not_modified)
case("since when an entry is listed is kept", since)
case("wrong lines are counted and shown, the others count", line_errors)
case("gzip, as encoding and as file, and zip are unpacked", packed)
case("five redirects are followed, six are not", redirects)
bad("redirect loop", "/loop/", "redirected more than 5", "転送が 5 回")
bad("redirect to http", "/goto/http", "not fetched", "取得できない先")
bad("redirect to a file", "/goto/file", "not fetched", "取得できない先")
bad("redirect to ftp", "/goto/ftp", "not fetched", "取得できない先")
bad("redirect with a password", "/goto/password", "not fetched", "取得できない先")
bad("404", "/status/404", "no such file", "ファイルがありません")
bad("403", "/status/403", "refuses access", "拒否")
bad("429", "/status/429", "too often", "頻度")
bad("500", "/status/500", "fault of its own", "サーバー側")
bad("204", "/status/204", "status", "サーバーの応答")
bad("wrong name in the certificate", "https://127.0.0.1:8444/sample/drop.txt", "certificate", "証明書")
bad("certificate of nobody we trust", "https://127.0.0.1:8445/sample/drop.txt", "certificate", "証明書")
bad("expired certificate", "https://127.0.0.1:8446/sample/drop.txt", "certificate", "証明書")
bad("nobody listens", "https://127.0.0.1:8499/x", "cannot connect", "接続できません")
bad("name that is none", "https://no.such.host.invalid/x", "cannot be resolved", "解決できません")
bad("truncated by length", "/truncated/", "cut short", "途中で切れました")
bad("truncated chunk", "/cutchunk/", "cut short", "途中で切れました")
bad("truncated document", "/half/drop.json", "cut short", "途中で切れて", "spamhaus-drop-json")
bad("truncated JSON", "/half/feodo.json", "JSON", "JSON", "feodo-json")
bad("oversized without end", "/endless/", "larger than 1048576 bytes", "1048576 バイト")
bad("oversized and says so", "/declared/", "larger than 1048576 bytes", "1048576 バイト")
bad("gzip bomb as encoding", "/bomb/encoding", "larger than 1048576 bytes", "1048576 バイト")
bad("gzip bomb as file", "/bomb/file", "larger than 1048576 bytes", "1048576 バイト")
case("bombs cost no memory", memory_of_bombs)
bad("damaged gzip as encoding", "/badgzip/encoding", "damaged or cut short", "壊れている")
bad("an encoding that nobody asked for", "/brotli/", "nobody asked for", "要求していない")
bad("an encoding that it is not in", "/notgzip/", "and is not", "圧縮形式ではありません")
bad("damaged gzip as file", "/badgzip/file", "damaged or cut short", "壊れている")
bad("UTF-16", "/utf16/", "UTF-16", "UTF-16")
bad("web page", "/html/", "web page", "Web ページ")
bad("empty", "/empty/", "empty", "空の")
bad("too many entries", "/sample/addresses.txt", "more than 2 entries", "2 件", max_entries=2)
bad("endless headers", "/headers/", "cannot be fetched", "取得できません")
bad("slow", "/slow/", "too slow", "遅すぎる", timeout=5)
bad("hanging", "/hang/", "too slow", "遅すぎる", timeout=5)
case("an API key in a header, from the secrets file alone", key_header)
case("an API key in the URL is never shown", key_query)
case("an API key stays with its host", key_stays)
case("says who asks", asks_politely)
case("hashes: in the definition, beside the file, wrong ones", checksum)
case("signatures: minisign in both forms, Ed25519, changed content", signatures)
case("a MISP feed: manifest, events, one that is gone", misp)
case("a local file, unchanged the second time", files)
case("a folder: regular files, none hidden, no link", folder)
case("an uploaded file", uploaded)
case("requests that are none", requests)
case("the process that fetches is confined", confined)
case("more requests than places", many_at_once)
case("a peer that vanishes", vanished)
case("100,000 entries within 3 s", large)
sys.exit(min(FAILED, 99))
