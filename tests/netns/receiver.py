#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A mail server (STARTTLS demanded, as many providers do) and an HTTPS server that keep what they get.
receiver.py MAILBOX SMTP_PORT HTTPS_PORT CERT KEY. While the file MAILBOX.down exists, both refuse. Each mail
or post is one JSON line of MAILBOX."""
import email
import email.header
import http.server
import json
import os
import socketserver
import ssl
import sys
import threading

MAILBOX, SMTP, HTTPS, CERT, KEY = sys.argv[1:6]
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CERT, KEY)
LOCK = threading.Lock()


def keep(what):
    with LOCK, open(MAILBOX, "a", encoding="utf-8") as f:
        f.write(json.dumps(what, ensure_ascii=False) + "\n")


def down():
    return os.path.exists(MAILBOX + ".down")


class Mail(socketserver.BaseRequestHandler):
    def say(self, line):
        self.request.sendall(line.encode() + b"\r\n")

    def line(self):
        b = b""
        while not b.endswith(b"\n"):
            c = self.request.recv(1)
            if not c:
                raise ConnectionError
            b += c
        return b.rstrip(b"\r\n")

    def handle(self):
        try:
            self.talk()
        except (ConnectionError, ssl.SSLError, OSError):
            pass

    def talk(self):
        tls, sender, to, auth = False, "", [], ""
        self.say("421 later" if down() else "220 test ESMTP")
        while not down():
            cmd = self.line().decode(errors="replace")
            word = cmd.split(" ")[0].upper().split(":")[0]
            if word == "EHLO":
                self.say("250-test")
                self.say("250-AUTH PLAIN" if tls else "250-STARTTLS")
                self.say("250 8BITMIME")
            elif word == "STARTTLS":
                self.say("220 go")
                self.request = CONTEXT.wrap_socket(self.request, server_side=True)
                tls = True
            elif word == "AUTH":
                auth = cmd
                if cmd.count(" ") == 1:
                    self.say("334 ")
                    auth += " " + self.line().decode()
                self.say("235 ok")
            elif word == "MAIL":
                sender = cmd
                self.say("250 ok" if tls else "530 STARTTLS first")
            elif word == "RCPT":
                to.append(cmd)
                self.say("250 ok")
            elif word == "DATA":
                self.say("354 go")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += self.line() + b"\r\n"
                m = email.message_from_bytes(body[:-3])
                subject = str(email.header.make_header(email.header.decode_header(m["Subject"])))
                keep({"way": "mail", "from": sender, "to": to, "auth": auth, "subject": subject, "tls": tls,
                      "text": m.get_payload(decode=True).decode(), "headers": dict(m.items())})
                self.say("250 ok")
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503 if down() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if not down():
            keep({"way": "webhook", "path": self.path, "auth": self.headers.get("Authorization", ""),
                  "body": json.loads(body)})

    def log_message(self, *args):
        pass


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


hook = http.server.ThreadingHTTPServer(("127.0.0.1", int(HTTPS)), Hook)
hook.socket = CONTEXT.wrap_socket(hook.socket, server_side=True)
threading.Thread(target=hook.serve_forever, daemon=True).start()
with Server(("127.0.0.1", int(SMTP)), Mail) as mail:
    print("ready", flush=True)
    mail.serve_forever()
