#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP of one megabyte: big_srv.py PORT [BYTES] sends it (GET) and takes it (PUT), and says how long segments to this
client may be."""
import asyncio
import socket
import sys

SIZE = int(sys.argv[2]) if len(sys.argv) > 2 else 1 << 20


async def serve(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        sock = writer.get_extra_info("socket")
        print(head.split()[0].decode(), sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
        left = SIZE if head.startswith(b"PUT") else 0
        if b"100-continue" in head:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while left:
            got = await reader.read(min(left, 65536))
            if not got:
                return
            left -= len(got)
        body = b"x" * SIZE if head.startswith(b"GET") else b""
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    sock = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
    await asyncio.start_server(serve, sock=sock)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
