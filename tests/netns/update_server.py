#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A folder over HTTPS with byte ranges: update_server.py DIR PORT CERT KEY. While DIR/cut holds a number, every
answer ends after so many bytes; each request is a line of its output. Says "ready"."""

import http.server
import os
import re
import ssl
import sys

TOP = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = os.path.join(TOP, os.path.basename(self.path.split("?")[0]))
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        print(self.path, self.headers.get("Range", "-"), flush=True)
        if not os.path.isfile(path):
            self.send_error(404)
            return
        with open(path, "rb") as f:
            data = f.read()
        start = int(wanted.group(1)) if wanted else 0
        if start >= len(data) and wanted:
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        part = data[start:]
        cut = os.path.join(TOP, "cut")
        if os.path.exists(cut) and path.endswith(".raucb"):
            self.wfile.write(part[:int(open(cut).read())])
            self.wfile.flush()
            self.connection.close()
            self.close_connection = True
            return
        self.wfile.write(part)


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[3], sys.argv[4])
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
