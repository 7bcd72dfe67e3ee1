#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTPS servers that give feeds as they are and as they must not be: feed_server.py DIR SAMPLES.
DIR holds good.crt/.key, wrongname.*, selfsigned.*, expired.*; good serves on 8443, the others on 8444 to 8446.
The path says what happens; /log tells how often each path was asked, and with which headers."""
import gzip
import http.server
import io
import json
import os
import ssl
import sys
import threading
import time
import zipfile

DIR, SAMPLES = sys.argv[1], sys.argv[2]
LOG, LOCK = {}, threading.Lock()
KEY = "s3cret-of-the-feed"
HERE, OTHER = "https://127.0.0.1:8443", "https://localhost:8443"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def bomb(size):
    """gzip of that many zeros: about a thousandth."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as z:
        for _ in range(size >> 20):
            z.write(b"\0" * (1 << 20))
    return out.getvalue()


def zipped(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, data)
    return out.getvalue()


BOMB = bomb(400 << 20)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def give(self, body, status=200, **headers):
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def to(self, where):
        self.give(b"", 302, Location=where)

    # ---- as it should be ----
    def do_sample(self, name):
        if self.headers.get("If-None-Match") == '"v1"':
            self.send_response(304)
            self.send_header("ETag", '"v1"')
            self.end_headers()
            return
        self.give(sample(name), ETag='"v1"', Last_Modified="Mon, 30 Nov 2026 03:00:00 GMT")

    def do_dir(self, name):
        with open(os.path.join(DIR, "www", name), "rb") as f:
            self.give(f.read())

    def do_encoded(self, name):
        self.give(gzip.compress(sample(name)), Content_Encoding="gzip")

    def do_gz(self, name):
        self.give(gzip.compress(sample(name)))

    def do_zip(self, name):
        self.give(zipped(name, sample(name)))

    def do_hop(self, n):
        self.to(f"{HERE}/hop/{int(n) - 1}" if int(n) else f"{HERE}/sample/drop.json")

    # ---- as it must not be ----
    def do_loop(self, n):
        self.to(f"{HERE}/loop/{int(n or 0) + 1}")

    def do_goto(self, where):
        self.to({"http": "http://127.0.0.1:8080/x", "file": "file:///etc/passwd",
                 "ftp": "ftp://127.0.0.1/x", "password": "https://u:p@127.0.0.1:8443/x",
                 "nowhere": ""}[where])

    def do_status(self, n):
        self.give(b"<html>no</html>", int(n))

    def do_truncated(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(sample("addresses.txt"))
        self.close_connection = True

    def do_cutchunk(self, _):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"400\r\n192.0.2.1\n")
        self.close_connection = True

    def do_endless(self, _):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(b"192.0.2.1\n" * 1000)

    def do_declared(self, _):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        self.close_connection = True

    def do_bomb(self, how):
        self.give(BOMB, **({"Content_Encoding": "gzip"} if how == "encoding" else {}))

    def do_badgzip(self, how):
        self.give(gzip.compress(sample("addresses.txt"))[:-9],
                  **({"Content_Encoding": "gzip"} if how == "encoding" else {}))

    def do_brotli(self, _):
        self.give(b"\x8b\x00\x80x\x03", Content_Encoding="br")

    def do_notgzip(self, _):
        self.give(sample("addresses.txt"), Content_Encoding="gzip")

    def do_utf16(self, _):
        self.give(sample("addresses.txt").decode().encode("utf-16"))

    def do_html(self, _):
        self.give(b"<!DOCTYPE html><html><body>Please log in</body></html>")

    def do_empty(self, _):
        self.give(b"")

    def do_half(self, name):
        body = sample(name)
        self.give(body[:len(body) // 2])

    def do_slow(self, _):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(300):
            self.wfile.write(b"1")
            self.wfile.flush()
            time.sleep(0.2)

    def do_hang(self, _):
        time.sleep(60)

    def do_headers(self, _):
        self.send_response(200)
        for i in range(3000):
            self.send_header(f"X-Fill-{i}", "x" * 60)
        self.send_header("Content-Length", "0")
        self.end_headers()

    # ---- keys ----
    def do_keyheader(self, _):
        good = self.headers.get("Auth-Key") == KEY
        self.give(sample("domains.txt") if good else b"no", 200 if good else 403)

    def do_keyquery(self, _):
        good = self.path.endswith("?auth-key=" + KEY)
        self.give(sample("domains.txt") if good else b"no", 200 if good else 403)

    def do_keyaway(self, _):
        self.to(f"{OTHER}/keyleak/")

    def do_keyleak(self, _):
        self.give(b"leaked" if self.headers.get("Auth-Key") else b"kept.example\n")

    def do_keyecho(self, _):
        self.to("http://127.0.0.1:8080/x" + self.path[self.path.find("?"):])

    def do_log(self, _):
        with LOCK:
            self.give(json.dumps(LOG).encode())

    def do_GET(self):
        verb, _, rest = self.path.split("?")[0].lstrip("/").partition("/")
        with LOCK:
            LOG.setdefault(self.path.split("?")[0], []).append(dict(self.headers))
        try:
            getattr(self, "do_" + verb)(rest)
        except (BrokenPipeError, ConnectionError, ssl.SSLError):
            self.close_connection = True
        except (AttributeError, FileNotFoundError):
            self.give(b"not found", 404)


def serve(port, name):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ctx.load_cert_chain(f"{DIR}/{name}.crt", f"{DIR}/{name}.key")

    class Server(http.server.ThreadingHTTPServer):
        def finish_request(self, request, client):
            # The handshake in the request's own thread.
            try:
                super().finish_request(ctx.wrap_socket(request, server_side=True), client)
            except (ssl.SSLError, OSError):
                pass

        def handle_error(self, request, client):
            pass
    s = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=s.serve_forever, daemon=True).start()


for at, which in ((8443, "good"), (8444, "wrongname"), (8445, "selfsigned"), (8446, "expired")):
    serve(at, which)
print("ready", flush=True)
threading.Event().wait()
