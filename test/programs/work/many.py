#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""many.py serve PORT: an echo by asyncio.
many.py drive PORT COUNT SECONDS: so many connections of asyncio, all open at
once, which then send chance and compare what comes back; prints how many were
opened a second, and how many exchanges there were."""
import asyncio
import json
import os
import random
import resource
import sys
import time

CHANCE = os.urandom(1 << 16)


async def echo(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def serve(port):
    server = await asyncio.start_server(echo, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


async def one(reader, writer, until):
    exchanges = 0
    while time.monotonic() < until or exchanges == 0:
        at = random.randrange(len(CHANCE) - 2000)
        sent = CHANCE[at:at + random.randrange(1, 2000)]
        writer.write(sent)
        if await reader.readexactly(len(sent)) != sent:
            sys.exit("an echo came back otherwise")
        exchanges += 1
    writer.write_eof()
    if await reader.read():
        sys.exit("octets that nobody sent")
    writer.close()
    await writer.wait_closed()
    return exchanges


async def drive(port, count, seconds):
    gate = asyncio.Semaphore(200)

    async def connect():
        async with gate:
            return await asyncio.open_connection("127.0.0.1", port)

    begun = time.monotonic()
    pairs = await asyncio.gather(*(connect() for _ in range(count)))
    opened = time.monotonic()
    done = await asyncio.gather(*(one(*pair, opened + seconds)
                                  for pair in pairs))
    print(json.dumps([count / (opened - begun),
                      sum(done) / (time.monotonic() - opened)]))


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
what, *numbers = sys.argv[1:]
asyncio.run({"serve": serve, "drive": drive}[what](*map(int, numbers)))
