#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Begins a QUIC connection (RFC 9001): quic_hello.py HOST NAME sends an Initial packet whose hello asks for
NAME and waits for a datagram. Exit status 0 one came, 3 told that it is prohibited, 4 silence."""
import hashlib
import hmac
import os
import socket
import struct
import sys

SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")


def xtime(a):
    return ((a << 1) ^ 0x1B) & 0xFF if a & 0x80 else a << 1


def make_sbox():
    box, p, q = [0] * 256, 1, 1
    while True:
        p = p ^ xtime(p)
        for s in (1, 2, 4):
            q ^= (q << s) & 0xFF
        if q & 0x80:
            q ^= 9
        x = q
        for s in (1, 2, 3, 4):
            x ^= ((q << s) | (q >> (8 - s))) & 0xFF
        box[p] = x ^ 0x63
        if p == 1:
            break
    box[0] = 0x63
    return box


SBOX = make_sbox()


def aes(key, block):
    w, rcon = [list(key[i:i + 4]) for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        t = list(w[i - 1])
        if i % 4 == 0:
            t = [SBOX[x] for x in t[1:] + t[:1]]
            t[0] ^= rcon
            rcon = xtime(rcon)
        w.append([a ^ b for a, b in zip(w[i - 4], t)])
    rounds = [sum(w[i:i + 4], []) for i in range(0, 44, 4)]
    s = [a ^ b for a, b in zip(block, rounds[0])]
    for n in range(1, 11):
        s = [SBOX[x] for x in s]
        s = [s[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if n < 10:
            out = []
            for c in range(0, 16, 4):
                a, t = s[c:c + 4], s[c] ^ s[c + 1] ^ s[c + 2] ^ s[c + 3]
                out += [a[i] ^ t ^ xtime(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            s = out
        s = [a ^ b for a, b in zip(s, rounds[n])]
    return bytes(s)


def gcm(key, iv, plain, aad):
    h = int.from_bytes(aes(key, bytes(16)), "big")

    def mul(x):
        z, v = 0, h
        for i in range(127, -1, -1):
            if x >> i & 1:
                z ^= v
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
        return z

    out = b""
    for i in range(0, len(plain), 16):
        pad = aes(key, iv + struct.pack(">I", i // 16 + 2))
        out += bytes(a ^ b for a, b in zip(plain[i:i + 16], pad))
    y = 0
    padded = aad + bytes(-len(aad) % 16) + out + bytes(-len(out) % 16)
    for i in range(0, len(padded), 16):
        y = mul(y ^ int.from_bytes(padded[i:i + 16], "big"))
    y = mul(y ^ (len(aad) * 8 << 64 | len(out) * 8))
    tag = y ^ int.from_bytes(aes(key, iv + struct.pack(">I", 1)), "big")
    return out + tag.to_bytes(16, "big")


def expand(secret, label, n):
    label = b"tls13 " + label
    info = struct.pack(">HB", n, len(label)) + label + b"\0\1"
    return hmac.new(secret, info, hashlib.sha256).digest()[:n]


def ext(kind, body):
    return struct.pack(">2H", kind, len(body)) + body


def client_hello(name):
    sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name.encode()
    exts = ext(0, sni) + ext(43, b"\2\3\4") + ext(10, b"\0\2\0\x1d") + ext(13, b"\0\2\4\3")
    exts += ext(16, b"\0\3\2h3") + ext(51, struct.pack(">3H", 36, 29, 32) + os.urandom(32))
    body = b"\3\3" + os.urandom(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" + struct.pack(">H", len(exts)) + exts
    return b"\1" + struct.pack(">I", len(body))[1:] + body


def initial(name):
    dcid = os.urandom(8)
    first = hmac.new(SALT, dcid, hashlib.sha256).digest()
    secret = expand(first, b"client in", 32)
    key, iv, hp = expand(secret, b"quic key", 16), expand(secret, b"quic iv", 12), expand(secret, b"quic hp", 16)
    hello = client_hello(name)
    frames = b"\6\0" + struct.pack(">H", 0x4000 | len(hello)) + hello
    frames += bytes(1162 - len(frames))
    head = b"\xc3" + struct.pack(">I", 1) + b"\x08" + dcid + b"\0\0"
    head += struct.pack(">H", 0x4000 | (4 + len(frames) + 16)) + bytes(4)
    sealed = gcm(key, iv, frames, head)  # packet number 0: the nonce is the iv
    mask = aes(hp, sealed[:16])
    out = bytearray(head + sealed)
    out[0] ^= mask[0] & 15
    for i in range(4):
        out[len(head) - 4 + i] ^= mask[1 + i]
    return bytes(out)


def main():
    host, name = sys.argv[1:3]
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1.5)
    s.connect((host, 443))
    try:
        s.send(initial(name))
        s.recv(2048)
    except TimeoutError:
        sys.exit(4)
    except OSError as e:
        print(e)
        sys.exit(3)


main()
