"""The driver: how to call one particular loop in its own words.

Override what the loop's public API offers and leave out the rest: what is not overridden is unclaimed, never emulated.
**A driver must not queue, sort, re-arm or retry on the loop's behalf**; each method is one or two calls of the loop.

``loop`` is whatever :meth:`Driver.new_loop` returned, and handles are whatever the loop returned: the host only hands
them back. Times are milliseconds. Callbacks take no arguments, but for handlers: ``handler(fd, events)``. All methods
are called on the thread that runs the loop.

A stream is likewise whatever :meth:`Driver.new_stream` or :meth:`Driver.connect_stream` returned. Its callbacks are called
once for each operation; :mod:`evspec_host.futures` makes them of futures.
"""

from __future__ import annotations

import signal
import socket
from typing import Any, Callable, Dict, NamedTuple, Optional, Protocol

#: Bits of an interest mask and of what is passed to handlers; equal to epoll's.
READ = 0x001
WRITE = 0x004
ERROR = 0x018

Callback = Callable[[], None]
Handler = Callable[[int, int], None]
#: How a read ended: ``(None, data)``, or ``(error, None)``.
ReadCallback = Callable[[Optional[BaseException], Optional[bytes]], None]
#: How a write or a connect ended, or why a stream was closed: the error, or None.
DoneCallback = Callable[[Optional[BaseException]], None]


class Address(NamedTuple):
    """Whom to connect to: a loopback address of TCP, or a path."""

    family: socket.AddressFamily
    #: What ``socket.connect`` takes in this family.
    sockaddr: Any


class Log(Protocol):
    """Where the loop's reports go. ``level`` is ``"warning"`` or ``"error"``; ``fd`` if the report itself names it."""

    def __call__(
        self, level: str, text: str, error: Optional[BaseException] = None, fd: Optional[int] = None
    ) -> None: ...


class Serving(NamedTuple):
    """A server that listens. Both functions are called on another thread than the server's, and return at once."""

    host: str
    port: int
    #: Ends it gracefully: no new connections, idle ones are closed, the others get their answer first.
    stop: Callable[[], object]
    #: Closes the listener and all connections.
    close: Callable[[], object]


class Periodic(Protocol):
    """A periodic callback that can be started and stopped again and again."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class NotOffered(NotImplementedError):
    """A scenario asked for a method that the driver does not override."""


class Driver:
    """Base class of drivers."""

    #: Name and version of the implementation, for the report.
    name = ""
    version = ""
    #: What the public API lacks, a facet or capability (``CAPABILITIES`` in ``spec/protocol.ts``), and why: a sentence.
    unclaimed: Dict[str, str] = {}
    #: Choices (``spec/choices.json``) that the loop's documentation settles. What is left out is inferred.
    choices: Dict[str, str] = {}
    #: ``timerResolutionMs``, ``eventsPerPoll``, ``maxFd``: only where they are known.
    limits: Dict[str, float] = {}
    #: Whether the loop keeps the promises of the facet ``seed`` (``spec/loop/seed.md``), which is claimed by choice.
    claims_seed = False

    # A loop.

    def new_loop(self) -> Any:
        """Returns a new loop."""
        raise NotOffered("new_loop")

    def start(self, loop: Any) -> None:
        """Runs the loop until it is stopped. What it raises is recorded."""
        raise NotOffered("start")

    def stop(self, loop: Any) -> None:
        """Ends the run."""
        raise NotOffered("stop")

    def close(self, loop: Any) -> None:
        """Frees what the loop owns; fds that were registered stay open."""
        raise NotOffered("close")

    def log_to(self, loop: Any, log: Log) -> None:
        """Has the loop report exceptions that it caught to ``log``: the facet ``errors``."""
        raise NotOffered("log_to")

    # Readiness with combined interest: one handler and one mask an fd.

    def add_handler(self, loop: Any, fd: int, handler: Handler, events: int) -> None:
        """Watches an fd. Raises whatever the loop raises."""
        raise NotOffered("add_handler")

    def update_handler(self, loop: Any, fd: int, events: int) -> None:
        """Replaces the mask."""
        raise NotOffered("update_handler")

    def remove_handler(self, loop: Any, fd: int) -> None:
        """Ends the watching."""
        raise NotOffered("remove_handler")

    # Readiness with split interest: a reader and a writer an fd. Offer either this or the combined one.

    def add_reader(self, loop: Any, fd: int, callback: Callback) -> None:
        """Calls back while the fd is readable."""
        raise NotOffered("add_reader")

    def remove_reader(self, loop: Any, fd: int) -> None:
        """Ends it."""
        raise NotOffered("remove_reader")

    def add_writer(self, loop: Any, fd: int, callback: Callback) -> None:
        """Calls back while the fd is writable."""
        raise NotOffered("add_writer")

    def remove_writer(self, loop: Any, fd: int) -> None:
        """Ends it."""
        raise NotOffered("remove_writer")

    # Tasks.

    def add_callback(self, loop: Any, callback: Callback) -> Any:
        """Runs the callback once, in a later round. Returns a handle if the loop has them."""
        raise NotOffered("add_callback")

    def remove_callback(self, loop: Any, handle: Any) -> None:
        """Takes back what :meth:`add_callback` returned the handle of."""
        raise NotOffered("remove_callback")

    # Timers.

    def now(self, loop: Any) -> float:
        """The loop's own clock, ms."""
        raise NotOffered("now")

    def add_timeout(self, loop: Any, deadline: float, callback: Callback) -> Any:
        """Runs the callback at ``deadline``, ms on :meth:`now`. Returns a handle."""
        raise NotOffered("add_timeout")

    def call_later(self, loop: Any, delay: float, callback: Callback) -> Any:
        """Runs the callback after ``delay`` ms. Returns a handle."""
        raise NotOffered("call_later")

    def remove_timeout(self, loop: Any, handle: Any) -> None:
        """Takes back a timer of either kind."""
        raise NotOffered("remove_timeout")

    def periodic(self, loop: Any, callback: Callback, interval: float) -> Periodic:
        """A callback every ``interval`` ms, not started yet."""
        raise NotOffered("periodic")

    # Wake-ups and signals.

    def create_wakeup(self, loop: Any, callback: Callback) -> Callable[[], object]:
        """Returns a function that any thread may call to have the loop run ``callback``."""
        raise NotOffered("create_wakeup")

    def add_signal_handler(self, loop: Any, number: signal.Signals, callback: Callback) -> None:
        """Runs the callback on the loop when the signal arrived."""
        raise NotOffered("add_signal_handler")

    def remove_signal_handler(self, loop: Any, number: signal.Signals) -> None:
        """Ends it."""
        raise NotOffered("remove_signal_handler")

    # Streams: what reads and writes through a buffer, over one fd that it closes itself.

    def new_stream(self, loop: Any, sock: socket.socket, max_read: Optional[int], max_write: Optional[int]) -> Any:
        """A stream over a socket, which belongs to it from then on; if this raises, it stays the host's.

        ``max_read``: the most bytes that the stream keeps for a reader. ``max_write``: the most that wait to be written.
        None: as the API has it.
        """
        raise NotOffered("new_stream")

    def new_pipe_stream(self, loop: Any, fd: int, max_read: Optional[int], max_write: Optional[int]) -> Any:
        """The same over an fd that is no socket: the capability ``pipes``."""
        raise NotOffered("new_pipe_stream")

    def connect_stream(self, loop: Any, address: Address, callback: DoneCallback) -> Any:
        """A stream that begins to connect, over a socket that the driver or the API makes."""
        raise NotOffered("connect_stream")

    def read_until(self, stream: Any, delimiter: bytes, callback: ReadCallback, max_bytes: Optional[int]) -> None:
        """Reads up to and with the delimiter; fails if that is more than ``max_bytes``. Raises whatever the stream raises."""
        raise NotOffered("read_until")

    def read_until_regex(self, stream: Any, pattern: bytes, callback: ReadCallback, max_bytes: Optional[int]) -> None:
        """Reads up to the end of the first match."""
        raise NotOffered("read_until_regex")

    def read_bytes(self, stream: Any, size: int, callback: ReadCallback) -> None:
        """Reads exactly so many bytes."""
        raise NotOffered("read_bytes")

    def read_some(self, stream: Any, size: Optional[int], callback: ReadCallback) -> None:
        """Reads at least one byte, whatever is there, and at most so many. None: as many as is usual with this API."""
        raise NotOffered("read_some")

    def read_until_close(self, stream: Any, callback: ReadCallback) -> None:
        """Reads all that comes until the end of the peer's output."""
        raise NotOffered("read_until_close")

    def write(self, stream: Any, data: bytes, callback: Optional[DoneCallback]) -> None:
        """Writes all of it, at once or later. ``callback``, if there is one: the kernel has taken the last byte.

        A stream that has no such callback disclaims ``sent``, and is never given one.
        """
        raise NotOffered("write")

    def set_close_callback(self, stream: Any, callback: DoneCallback) -> None:
        """Calls back once, when the stream has been closed for whatever reason; with the cause if the API tells it."""
        raise NotOffered("set_close_callback")

    def end_stream(self, stream: Any) -> None:
        """Ends the stream's own output, after all that was written; reading goes on."""
        raise NotOffered("end_stream")

    def close_stream(self, stream: Any) -> None:
        """Closes the stream."""
        raise NotOffered("close_stream")

    def abort_stream(self, stream: Any) -> None:
        """Cleans up, when all has been recorded: the fd is closed now or in the loop's next rounds, whatever is unwritten.

        Called for every stream, also for those that are closed.
        """
        self.close_stream(stream)

    # A server.

    def serve(self, options: Dict[str, Any], announce: Callable[[Serving], None]) -> None:
        """Runs an HTTP server with the conformance application (``spec/http/application.md``) on this thread, until it has ended.

        ``options``: those of ``ServeOptions`` in ``spec/server-contract.ts`` that were asked for; what is not there is the server's own
        default. ``announce`` is called once, when it listens. What is raised before goes to the kit; what is raised after that ends
        the process.
        """
        raise NotOffered("serve")

    # What a stream is doing. None: it can't tell at the moment.

    def stream_reading(self, stream: Any) -> Optional[bool]:
        """Whether a read is pending."""
        raise NotOffered("stream_reading")

    def stream_writing(self, stream: Any) -> Optional[bool]:
        """Whether bytes wait to be written."""
        raise NotOffered("stream_writing")

    def stream_closed(self, stream: Any) -> Optional[bool]:
        """Whether the stream is closed."""
        raise NotOffered("stream_closed")

    def cause_of(self, error: BaseException) -> Optional[BaseException]:
        """What is behind an error, if the API tells it: its errno is shown where the error itself has none."""
        return error.__cause__

    def offers(self, *methods: str) -> bool:
        """Whether all of these methods are overridden."""
        return all(getattr(type(self), method) is not getattr(Driver, method) for method in methods)
