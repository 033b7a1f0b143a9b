"""A driver for every loop that plugs into asyncio, made from the factory of such loops.

Its streams are asyncio's own, :class:`asyncio.StreamReader` and :class:`asyncio.StreamWriter`, over the transports of that loop.
Whatever waits there is a coroutine, which becomes a task, whose callback gets to know what it came to.
"""

from __future__ import annotations

import asyncio
import importlib
import platform
import signal
import socket
from contextlib import suppress
from importlib import metadata
from typing import Any, Callable, Coroutine, Dict, Optional, Tuple

from .driver import Address, Callback, DoneCallback, Driver, Log, NotOffered, ReadCallback
from .futures import on_done, on_read

Loop = asyncio.AbstractEventLoop
#: For ``StreamReader.read``, which without a number reads to the end. Bytes; the default of the reader's own limit.
USUAL = 65_536
Ends = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Stream:
    """A reader and a writer, or the task that connects and will bring them."""

    def __init__(self, loop: Loop, ends: Optional[Ends], connecting: Optional[asyncio.Task[Ends]] = None) -> None:
        self.loop = loop
        self.connecting = connecting
        self._ends = ends

    @property
    def ends(self) -> Optional[Ends]:
        """None: it is not connected yet, or can't be."""
        task = self.connecting
        if self._ends is None and task is not None and task.done() and not task.cancelled() and not task.exception():
            self._ends = task.result()
        return self._ends

    @property
    def reader(self) -> asyncio.StreamReader:
        return self._ends_or_refuse()[0]

    @property
    def writer(self) -> asyncio.StreamWriter:
        return self._ends_or_refuse()[1]

    def _ends_or_refuse(self) -> Ends:
        if self.ends is None:
            raise NotOffered("a stream that is not connected")
        return self.ends

    def start(self, coroutine: Coroutine[Any, Any, Any], done: Callable[[Any], None]) -> None:
        """Runs a coroutine of the stream as a task."""
        self.loop.create_task(coroutine).add_done_callback(done)


class AsyncioDriver(Driver):
    """Calls ``asyncio.AbstractEventLoop`` and nothing else."""

    unclaimed = {
        "combined": "add_reader and add_writer take one callback for each direction",
        "update": "there is no mask to change: a reader or a writer is added or removed",
        "periodic": "asyncio has no periodic callbacks",
        "readUntilRegex": "StreamReader.readuntil takes a separator",
        "sent": "StreamWriter.drain waits until there is room for more, not until all is written",
        "maxBytes": "the limit is one of the reader, not of a read",
        "maxWrite": "the limits of a transport say when to pause; nothing is refused",
        "pipes": "open_connection is for sockets; connect_read_pipe gives a protocol its bytes, not a stream",
        "meanwhile": "open_connection is a coroutine: a callback can't have its stream before it returns",
        "early": "open_connection gives the stream when it is connected",
        "unconnected": "open_connection takes sockets that are connected",
    }

    def __init__(self, factory: Callable[[], Loop] = asyncio.new_event_loop) -> None:
        self.new_event_loop = factory

    def new_loop(self) -> Loop:
        return self.new_event_loop()

    def start(self, loop: Loop) -> None:
        loop.run_forever()

    def stop(self, loop: Loop) -> None:
        loop.stop()

    def close(self, loop: Loop) -> None:
        loop.close()

    def log_to(self, loop: Loop, log: Log) -> None:
        def report(_: Loop, context: Dict[str, Any]) -> None:
            log("error", str(context.get("message", "")), context.get("exception"))

        loop.set_exception_handler(report)

    def add_reader(self, loop: Loop, fd: int, callback: Callback) -> None:
        loop.add_reader(fd, callback)

    def remove_reader(self, loop: Loop, fd: int) -> None:
        loop.remove_reader(fd)

    def add_writer(self, loop: Loop, fd: int, callback: Callback) -> None:
        loop.add_writer(fd, callback)

    def remove_writer(self, loop: Loop, fd: int) -> None:
        loop.remove_writer(fd)

    def add_callback(self, loop: Loop, callback: Callback) -> asyncio.Handle:
        return loop.call_soon(callback)

    def remove_callback(self, loop: Loop, handle: asyncio.Handle) -> None:
        handle.cancel()

    def now(self, loop: Loop) -> float:
        return loop.time() * 1000

    def add_timeout(self, loop: Loop, deadline: float, callback: Callback) -> asyncio.TimerHandle:
        return loop.call_at(deadline / 1000, callback)

    def call_later(self, loop: Loop, delay: float, callback: Callback) -> asyncio.TimerHandle:
        return loop.call_later(delay / 1000, callback)

    def remove_timeout(self, loop: Loop, handle: asyncio.TimerHandle) -> None:
        handle.cancel()

    def create_wakeup(self, loop: Loop, callback: Callback) -> Callable[[], object]:
        return lambda: loop.call_soon_threadsafe(callback)

    def add_signal_handler(self, loop: Loop, number: signal.Signals, callback: Callback) -> None:
        loop.add_signal_handler(number, callback)

    def remove_signal_handler(self, loop: Loop, number: signal.Signals) -> None:
        loop.remove_signal_handler(number)

    # Streams.

    def new_stream(self, loop: Loop, sock: socket.socket, max_read: Optional[int], max_write: Optional[int]) -> Stream:
        if _some_loop_runs():
            raise NotOffered("a stream that is made in a callback")
        if max_read is None:
            opening = asyncio.open_connection(sock=sock)
        else:
            opening = asyncio.open_connection(sock=sock, limit=max_read)
        return Stream(loop, loop.run_until_complete(opening))

    def connect_stream(self, loop: Loop, address: Address, callback: DoneCallback) -> Stream:
        if address.family == socket.AF_UNIX:
            connecting = loop.create_task(asyncio.open_unix_connection(address.sockaddr))
        else:
            host, port = address.sockaddr[:2]
            connecting = loop.create_task(asyncio.open_connection(host, port))
        connecting.add_done_callback(on_done(callback))
        return Stream(loop, None, connecting)

    def read_until(self, stream: Stream, delimiter: bytes, callback: ReadCallback, max_bytes: Optional[int]) -> None:
        stream.start(stream.reader.readuntil(delimiter), on_read(callback))

    def read_bytes(self, stream: Stream, size: int, callback: ReadCallback) -> None:
        stream.start(stream.reader.readexactly(size), on_read(callback))

    def read_some(self, stream: Stream, size: Optional[int], callback: ReadCallback) -> None:
        stream.start(stream.reader.read(USUAL if size is None else size), on_read(callback))

    def read_until_close(self, stream: Stream, callback: ReadCallback) -> None:
        stream.start(stream.reader.read(), on_read(callback))

    def write(self, stream: Stream, data: bytes, callback: Optional[DoneCallback]) -> None:
        stream.writer.write(data)

    def set_close_callback(self, stream: Stream, callback: DoneCallback) -> None:
        stream.start(stream.writer.wait_closed(), on_done(callback))

    def end_stream(self, stream: Stream) -> None:
        stream.writer.write_eof()

    def close_stream(self, stream: Stream) -> None:
        if stream.ends is None and stream.connecting is not None:
            stream.connecting.cancel()
        else:
            stream.writer.close()

    def abort_stream(self, stream: Stream) -> None:
        if stream.ends is None:
            self.close_stream(stream)
        else:
            # Of CPython, seen on 3.11: a transport that closed once it had written the rest forgets that it is closed.
            with suppress(AttributeError):
                stream.writer.transport.abort()

    def stream_writing(self, stream: Stream) -> Optional[bool]:
        if stream.ends is None:
            return None
        return stream.writer.transport.get_write_buffer_size() > 0

    def stream_closed(self, stream: Stream) -> Optional[bool]:
        return None if stream.ends is None else stream.writer.is_closing()


def from_factory(spec: str) -> AsyncioDriver:
    """The driver for ``MODULE:FACTORY``, such as ``uvloop:new_event_loop``.

    Raises ValueError, ImportError or AttributeError with a sentence that says what is wrong.
    """
    module_name, colon, factory_name = spec.partition(":")
    if not (module_name and colon and factory_name):
        raise ValueError(f"--asyncio takes MODULE:FACTORY, such as uvloop:new_event_loop, not '{spec}'")
    factory = getattr(importlib.import_module(module_name), factory_name)
    driver = AsyncioDriver(factory)
    driver.name = module_name
    driver.version = _version_of(module_name.partition(".")[0])
    return driver


def _some_loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return platform.python_version()
