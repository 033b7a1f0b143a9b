"""Actions of streams: each is a call of the driver, and nothing besides.

A stream closes its fd itself. So the number is not ours from the moment on that a stream is made over it, and may be somebody
else's later. Python closes the number of a socket object that it throws away, too, and does that late, as its garbage
collector is off: an object must not outlive the scenario and still believe that it owns a number. The objects are
kept here, therefore, and emptied when all else is done; what a stream has left open by then is counted as a leak, and
closed for the next scenario's sake. A pipe has no such object of ours: one that is left open stays so.
"""

from __future__ import annotations

import os
import socket
import stat
import traceback
from contextlib import suppress
from typing import Any, Callable, ClassVar, Dict, List, Optional

from .driver import Driver
from .errors import Unrunnable
from .fds import Fds
from .pattern import pattern

Action = Dict[str, Any]
Fields = Dict[str, Any]
#: What a driver calls: (error, data).
StreamCallback = Callable[..., None]
#: Makes it for ``run``: (run, kind, token).
StreamCallbackFactory = Callable[[str, str, int], StreamCallback]

#: Up to here, numbers have been given back to the host, and what had them is closed by that.
LAST_STANDARD_FD = 2
#: Operations that lead to a callback, or could; each gets a token.
REGISTERING = {
    "connectStream",
    "readUntil",
    "readUntilRegex",
    "readBytes",
    "readSome",
    "readUntilClose",
    "send",
    "onClose",
}


class StreamActions:
    """The streams of one scenario."""

    def __init__(
        self, driver: Driver, fds: Fds, selected_loop: Callable[[], Any], callback: StreamCallbackFactory
    ) -> None:
        self._driver = driver
        self._fds = fds
        self._selected_loop = selected_loop
        self._callback = callback
        #: By name. A name that is not there yet, or whose making raised, stands for nothing to act on.
        self._streams: Dict[str, Any] = {}
        #: All that were made, also those whose names were given to others.
        self._made: List[Any] = []
        self._sockets: List[socket.socket] = []

    def abort_all(self) -> bool:
        """Closes what is open; loops may need some rounds for it. Returns whether there were streams at all."""
        for stream in self._made:
            try:
                self._driver.abort_stream(stream)
            except BaseException:
                traceback.print_exc()  # no action of the scenario, so nothing to record
        return bool(self._made)

    def close_sockets(self) -> None:
        """Closes what the streams left open. When all loops and fds are closed: nobody has got these numbers since."""
        for sock in self._sockets:
            number = sock.detach()  # and not close(), which waits for whoever else uses the object
            if number > LAST_STANDARD_FD:
                with suppress(OSError):  # closed behind the stream's back
                    os.close(number)

    # Making.

    def _stream(self, action: Action, fd: str, token: int) -> None:
        self._streams.pop(action["as"], None)
        number = self._fds.number(fd)
        limits = (action.get("maxRead"), action.get("maxWrite"))
        if self._driver.offers("new_pipe_stream") and not _may_be_socket(number):
            made = self._driver.new_pipe_stream(self._selected_loop(), number, *limits)
        else:
            made = self._over_socket(number, *limits)
        self._fds.release(number)
        self._keep(action["as"], made)

    def _over_socket(self, number: int, max_read: Optional[int], max_write: Optional[int]) -> Any:
        sock = socket.socket(fileno=number)
        try:
            sock.setblocking(False)
            made = self._driver.new_stream(self._selected_loop(), sock, max_read, max_write)
        except BaseException:
            sock.detach()  # the fd stays ours
            raise
        self._sockets.append(sock)
        return made

    def _connect_stream(self, action: Action, fd: str, token: int) -> None:
        self._streams.pop(action["as"], None)
        address = self._fds.address(action["to"])
        if address is None:
            raise Unrunnable(f"'connectStream' leads to '{action['to']}', which is no listener")
        callback = self._callback(action["run"], "connected", token)
        self._keep(action["as"], self._driver.connect_stream(self._selected_loop(), address, callback))

    def _keep(self, name: str, made: Any) -> None:
        self._streams[name] = made
        self._made.append(made)

    # Reading and writing.

    def _read_until(self, stream: Any, action: Action, token: int) -> None:
        delimiter = action["delimiter"].encode("latin-1")
        self._driver.read_until(stream, delimiter, self._read(action, token), action.get("max"))

    def _read_until_regex(self, stream: Any, action: Action, token: int) -> None:
        expression = action["pattern"].encode("latin-1")
        self._driver.read_until_regex(stream, expression, self._read(action, token), action.get("max"))

    def _read_bytes(self, stream: Any, action: Action, token: int) -> None:
        self._driver.read_bytes(stream, action["size"], self._read(action, token))

    def _read_some(self, stream: Any, action: Action, token: int) -> None:
        self._driver.read_some(stream, action.get("size"), self._read(action, token))

    def _read_until_close(self, stream: Any, action: Action, token: int) -> None:
        self._driver.read_until_close(stream, self._read(action, token))

    def _read(self, action: Action, token: int) -> StreamCallback:
        return self._callback(action["run"], "read", token)

    def _send(self, stream: Any, action: Action, token: int) -> None:
        if "data" in action:
            content = action["data"].encode("latin-1")
        else:
            content = pattern(action.get("from", 0), action.get("size", 1))
        callback = self._callback(action["run"], "sent", token) if "run" in action else None
        self._driver.write(stream, content, callback)

    # Ends.

    def _on_close(self, stream: Any, action: Action, token: int) -> None:
        self._driver.set_close_callback(stream, self._callback(action["run"], "closed", token))

    def _end_stream(self, stream: Any, action: Action, token: int) -> None:
        self._driver.end_stream(stream)

    def _close_stream(self, stream: Any, action: Action, token: int) -> None:
        self._driver.close_stream(stream)

    def _stream_state(self, stream: Any, action: Action, token: int) -> Fields:
        asked = {
            "reading": self._driver.stream_reading,
            "writing": self._driver.stream_writing,
            "closed": self._driver.stream_closed,
        }
        state = {key: ask(stream) for key, ask in asked.items() if self._driver.offers(f"stream_{key}")}
        return {"state": {key: value for key, value in state.items() if value is not None}}

    def perform(self, action: Action, fd: str, token: int) -> Optional[Fields]:
        """Does one action. Returns what is to be recorded of it; raises what the driver raises."""
        if action["op"] in self._MAKING:
            return self._MAKING[action["op"]](self, action, fd, token)
        if action["stream"] not in self._streams:
            raise Unrunnable(f"'{action['op']}' names the stream '{action['stream']}', which was not made")
        return self._USING[action["op"]](self, self._streams[action["stream"]], action, token)

    _MAKING: ClassVar[Dict[str, Callable[[StreamActions, Action, str, int], None]]] = {
        "stream": _stream,
        "connectStream": _connect_stream,
    }
    _USING: ClassVar[Dict[str, Callable[[StreamActions, Any, Action, int], Optional[Fields]]]] = {
        "readUntil": _read_until,
        "readUntilRegex": _read_until_regex,
        "readBytes": _read_bytes,
        "readSome": _read_some,
        "readUntilClose": _read_until_close,
        "send": _send,
        "onClose": _on_close,
        "endStream": _end_stream,
        "closeStream": _close_stream,
        "streamState": _stream_state,
    }
    OPERATIONS: ClassVar[Dict[str, Any]] = {**_MAKING, **_USING}


def _may_be_socket(number: int) -> bool:
    """Whether it is one, or no open fd at all: then the socket module has the word for it."""
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return True
