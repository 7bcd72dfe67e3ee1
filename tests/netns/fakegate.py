#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sekisho-fwd's operations for the gate (docs/ipc.md, nac.*) as nacd needs them, small: enforces with a table of
nft's, sees strangers' frames with packet sockets. For tests of nacd alone. fakegate.py SOCKET LOG"""
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

REQUEST, DATA, END, EVENT = 1, 2, 3, 4
ports, rows, seen, taps = {}, {}, {}, {}
log = None


def say(*what):
    print("%.6f" % time.time(), *what, file=log, flush=True)


def nft(text):
    r = subprocess.run(["nft", "-f", "-"], input=text, text=True, capture_output=True, check=False)
    if r.returncode:
        say("nft", r.stderr.strip().split("\n")[0], text)


def table():
    names = [n for n, p in ports.items() if p["mode"] != "off" and os.path.exists("/sys/class/net/" + n)]
    strict = [n for n in names if ports[n]["mode"] == "enforce"]
    page = max([p.get("page_port", 0) for p in ports.values()] + [0])
    devices = ", ".join(names)
    text = "table netdev fake\ndelete table netdev fake\n"
    if names:
        text += f"""table netdev fake {{
        map dev {{ type ifname . ether_addr : verdict; flags timeout; }}
        set out {{ type ifname . ether_addr; flags timeout; }}
        chain quarantine {{
            ether type arp accept
            tcp dport {{ 80, {page} }} accept
            drop
        }}
        chain ingress {{ type filter hook ingress devices = {{ {devices} }} priority -400; policy accept;
            ether type 0x888e ether daddr 01:80:c2:00:00:03 accept
            ether type 0x888e drop
            iifname . ether saddr vmap @dev
            {" ".join(f'iifname {n} drop;' for n in strict)}
        }}
        chain egress {{ type filter hook egress devices = {{ {devices} }} priority -400; policy accept;
            ether type 0x888e accept
            oifname . ether daddr @out accept
            {" ".join(f'oifname {n} ether daddr & 01:00:00:00:00:00 == 0 drop;' for n in strict)}
        }}
    }}
    """
        for (port, mac), (state, until) in rows.items():
            text += row_text(port, mac, state, until)
    nft(text)


def row_text(port, mac, state, until):
    left = max(1, int(until - time.time()))
    verdict = "accept" if state == "admitted" else "goto quarantine"
    return (f"add element netdev fake dev {{ {port} . {mac} timeout {left}s : {verdict} }}\n"
            f"add element netdev fake out {{ {port} . {mac} timeout {left}s }}\n")


def gone_text(port, mac):
    return f"delete element netdev fake dev {{ {port} . {mac} }}\ndelete element netdev fake out {{ {port} . {mac} }}\n"


def op(name, args):
    now = time.time()
    if name == "nac.ports":
        ports.clear()
        ports.update({p["name"]: p for p in args["ports"]})
        for n in list(taps):
            if n not in ports:
                taps.pop(n).close()
        open_taps()
        table()
    elif name == "nac.admit":
        text = ""
        for r in args["rows"]:
            key = (r["port"], r["mac"])
            if key in rows and rows[key][1] > now:
                text += gone_text(*key)
            rows[key] = (r["state"], now + r["seconds"])
            text += row_text(*key, *rows[key])
            say("admit", r["port"], r["mac"], r["state"], r["seconds"])
        nft(text)
    elif name == "nac.close":
        for r in args["rows"]:
            had = rows.pop((r["port"], r["mac"]), None)
            seen.pop((r["port"], r["mac"]), None)
            if had and had[1] > now:
                nft(gone_text(r["port"], r["mac"]))
            say("close", r["port"], r["mac"])
    elif name == "nac.forget":
        for r in args["rows"]:
            seen.pop((r["port"], r["mac"]), None)
    elif name == "nac.list":
        return [{"port": p, "mac": m, "state": s, "left": int(u - now)} for (p, m), (s, u) in rows.items() if u > now]
    elif name == "nac.subscribe":
        seen.clear()
    else:
        return None
    return []


def open_taps():
    for n in ports:
        if n in taps or not os.path.exists("/sys/class/net/" + n):
            continue
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        s.bind((n, 0))
        taps[n] = s


def frame(port, s):
    data, addr = s.recvfrom(2048)
    if addr[2] == socket.PACKET_OUTGOING or data[12:14] == b"\x88\x8e" or data[6] & 1:
        return None
    mac = ":".join("%02x" % b for b in data[6:12])
    now = time.time()
    state = rows.get((port, mac))
    if (state and state[1] > now) or seen.get((port, mac), 0) > now - 30:
        return None
    seen[(port, mac)] = now
    return {"port": port, "mac": mac, "vlan": 0, "proto": data[12] << 8 | data[13], "ts": int(now * 1e6),
            "payload": data[14:142].hex(), "count": 1}


def message(s, kind, ident, body):
    data = json.dumps(body).encode()
    s.send(struct.pack(">4sBBHII", b"SKIP", 1, kind, 0, ident, len(data)) + data)


def main():
    global log
    log = open(sys.argv[2], "a", encoding="utf-8")
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    srv = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    srv.bind(sys.argv[1])
    os.chmod(sys.argv[1], 0o666)
    srv.listen(8)
    clients, subscriber = [], None
    while True:
        open_taps()
        ready = select.select([srv] + clients + list(taps.values()), [], [], 0.5)[0]
        for s in ready:
            if s is srv:
                clients.append(srv.accept()[0])
            elif s in clients:
                data = s.recv(1 << 18)
                if not data:
                    clients.remove(s)
                    subscriber = None if s is subscriber else subscriber
                    continue
                ident, body = struct.unpack(">I", data[8:12])[0], json.loads(data[16:])
                got = op(body["op"], body.get("args", {}))
                if got:
                    message(s, DATA, ident, {"rows": got})
                message(s, END, ident, {"code": 0 if got is not None else -95, "en": "no", "ja": ""})
                if body["op"] == "nac.subscribe":
                    subscriber = s
            else:
                port = [n for n, t in taps.items() if t is s]
                try:
                    f = frame(port[0], s)
                except OSError:
                    taps.pop(port[0]).close()
                    continue
                if f and subscriber:
                    message(subscriber, EVENT, 0, {"frames": [f]})


main()
