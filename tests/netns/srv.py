#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A server for the tests: TCP answers HTTP (or streams for /stream), UDP echoes. Logs each contact."""
import asyncio
import socket
import sys


def say(*words):
    print(*words, flush=True)


async def tcp(reader, writer):
    peer, here = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    say("tcp", here[1], peer[0].removeprefix("::ffff:"))
    try:
        line = await reader.readline()
        if b"/stream" in line:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while True:
                writer.write(b"tick\n")
                await writer.drain()
                await asyncio.sleep(0.05)
        body = b"hello from port %d\n" % here[1]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body))
        writer.write(body)
        await writer.drain()
    except (ConnectionError, TimeoutError):
        pass
    finally:
        writer.close()


class Udp(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.t = transport

    def datagram_received(self, data, addr):
        say("udp", self.t.get_extra_info("sockname")[1], addr[0].removeprefix("::ffff:"))
        self.t.sendto(data, addr)


def ports(text):
    return [int(p) for p in text.split(",") if p]


async def main():
    loop = asyncio.get_running_loop()
    for port in ports(sys.argv[1]):
        s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
        await asyncio.start_server(tcp, sock=s)
    for port in ports(sys.argv[2]):
        s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        s.bind(("::", port))
        await loop.create_datagram_endpoint(Udp, sock=s)
    say("ready")
    await asyncio.Event().wait()


asyncio.run(main())
