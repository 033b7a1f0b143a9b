"""The contestant `Tornado`: its IOStream on asyncio's loop. See ../contestant.ts and works.ts."""

import asyncio
import json
import resource
import socket
import sys
import time

from tornado.iostream import IOStream, StreamClosedError

LINE = b"a" * 63 + b"\n"
BLOCK_BYTES = 65536
LINES_A_BLOCK = BLOCK_BYTES // 64
BURST_LINES = 256
BLOCK = b"a" * BLOCK_BYTES
BLOCK_OF_LINES = LINE * LINES_A_BLOCK


async def write_blocks(stream, block, count):
    for _ in range(count):
        await stream.write(block)


async def read_lines(stream, count):
    for _ in range(count):
        await stream.read_until(b"\n")


async def bulk(near, far, count):
    writer = asyncio.create_task(write_blocks(near, BLOCK, count))
    missing = count * BLOCK_BYTES
    while missing > 0:
        missing -= len(await far.read_bytes(BLOCK_BYTES, partial=True))
    await writer


async def exchange(near, far, count):
    async def echo():
        try:
            while True:
                await far.write(await far.read_until(b"\n"))
        except StreamClosedError:
            pass

    echoing = asyncio.create_task(echo())
    for _ in range(count):
        near.write(LINE)
        await near.read_until(b"\n")
    near.close()
    await echoing


async def lines(near, far, count):
    async def write():
        for i in range(count):
            written = near.write(LINE)
            if i % BURST_LINES == BURST_LINES - 1:
                await written

    writer = asyncio.create_task(write())
    await read_lines(far, count)
    await writer


async def flood(near, far, count):
    writer = asyncio.create_task(write_blocks(near, BLOCK_OF_LINES, count // LINES_A_BLOCK))
    await read_lines(far, count)
    await writer


async def until(near, far, count):
    async def write():
        await write_blocks(near, BLOCK, count // BLOCK_BYTES)
        await near.write(b"\n")

    writer = asyncio.create_task(write())
    message = await far.read_until(b"\n")
    assert len(message) == count + 1, len(message)
    await writer


WORKS = {work.__name__: work for work in (bulk, exchange, lines, flood, until)}


def connected_pair(transport):
    if transport == "unix":
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far = listener.accept()[0]
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def run(job):
    near, far = (IOStream(end) for end in connected_pair(job["transport"]))
    wall, cpu = time.monotonic(), cpu_seconds()
    await WORKS[job["work"]](near, far, job["count"])
    reading = {"wallSeconds": time.monotonic() - wall, "cpuSeconds": cpu_seconds() - cpu}
    near.close()
    far.close()
    return reading


for text in sys.stdin:
    print(json.dumps(asyncio.run(run(json.loads(text)))), flush=True)
