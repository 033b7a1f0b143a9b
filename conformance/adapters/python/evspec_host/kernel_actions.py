"""Actions on fds and on the process: system calls that the host makes itself. None of them concerns the loop.

Each is a method that returns the fields of its ``did`` record; an ``OSError`` that it raises becomes ``errno``.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, Callable, ClassVar, Dict, Optional, Tuple

from .errors import Unrunnable, errno_name
from .fds import Fds, borrow_socket, count_open, set_linger_zero
from .pattern import pattern
from .recorder import MAX_DATA
from .signals import Signals, signal_number

Action = Dict[str, Any]
Fields = Dict[str, Any]

CHUNK = 65_536
#: How many bytes of what was read are shown.
SHOWN = 64
HOW = {"read": socket.SHUT_RD, "write": socket.SHUT_WR, "both": socket.SHUT_RDWR}


class KernelActions:
    """The system calls of one scenario."""

    def __init__(self, fds: Fds, signals: Signals) -> None:
        self._fds = fds
        self._signals = signals
        self._fd_limit: Optional[Tuple[int, int]] = None

    def restore(self) -> None:
        """Undoes what would outlive the scenario."""
        if self._fd_limit is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._fd_limit)

    # Bytes.

    def _write(self, action: Action, fd: str) -> Fields:
        data = action.get("data")
        content = pattern(action.get("from", 0), action.get("size", 1)) if data is None else data.encode()
        return {"result": os.write(self._fds.number(fd), content)}

    def _read(self, action: Action, fd: str) -> Fields:
        size = action.get("size", CHUNK)
        return _shown(os.read(self._fds.number(fd), size), size > 0)

    def _fill(self, action: Action, fd: str) -> Fields:
        number = self._fds.number(fd)
        total = 0
        while True:
            try:
                total += os.write(number, pattern(total, CHUNK))
            except OSError as error:
                return {"result": total, **_unless_again(error)}

    def _drain(self, action: Action, fd: str) -> Fields:
        return self._read_all(fd, SHOWN)

    def _collect(self, action: Action, fd: str) -> Fields:
        # What doesn't fit the record is left for the next one.
        return self._read_all(fd, MAX_DATA, MAX_DATA)

    def _read_all(self, fd: str, shown: int, most: int = sys.maxsize) -> Fields:
        """Reads what is there, at most ``most`` bytes. ``shown``: how many bytes of it are recorded."""
        number = self._fds.number(fd)
        total = 0
        first = bytearray()
        ended: Fields = {}
        while not ended and total < most:
            try:
                chunk = os.read(number, min(CHUNK, most - total))
            except BlockingIOError:
                break
            except OSError as error:
                ended = {"errno": errno_name(error)}
            else:
                ended = {} if chunk else {"eof": True}
                total += len(chunk)
                first += chunk[: shown - len(first)]
        return {"result": total, "data": first.decode("latin-1"), **ended}

    # Ends.

    def _close(self, action: Action, fd: str) -> Fields:
        self._fds.close(fd)
        return {}

    def _reset(self, action: Action, fd: str) -> Fields:
        with suppress(OSError):  # only a TCP socket knows what it means; of others, what counts is the close
            set_linger_zero(self._fds.number(fd))
        self._fds.close(fd)
        return {}

    def _shutdown(self, action: Action, fd: str) -> Fields:
        borrowed = borrow_socket(self._fds.number(fd))
        try:
            borrowed.shutdown(HOW[action["how"]])
        finally:
            borrowed.detach()
        return {}

    # New numbers.

    def _dup(self, action: Action, fd: str) -> Fields:
        return self._name(action, lambda: os.dup(self._fds.number(fd)))

    def _dup2(self, action: Action, fd: str) -> Fields:
        onto = self._fds.number(action["onto"])

        def dup2() -> int:
            number = os.dup2(self._fds.number(fd), onto, inheritable=False)
            self._fds.was_closed(action["onto"])
            return number

        return self._name(action, dup2)

    def _accept(self, action: Action, fd: str) -> Fields:
        def accept() -> int:
            listener = borrow_socket(self._fds.number(fd))
            try:
                accepted = listener.accept()[0]
            finally:
                listener.detach()
            self._fds.set_buffers_of(fd, accepted)
            return accepted.detach()

        return self._name(action, accept)

    def _connect(self, action: Action, fd: str) -> Fields:
        listener = borrow_socket(self._fds.number(action["to"]))
        try:
            address = listener.getsockname()
        finally:
            listener.detach()
        connecting = socket.socket(listener.family, socket.SOCK_STREAM)
        connecting.setblocking(False)
        failed = connecting.connect_ex(address)
        fields = self._name(action, connecting.detach)
        if failed not in (0, errno.EINPROGRESS):
            fields["errno"] = errno.errorcode[failed]
        return fields

    def _name(self, action: Action, open_fd: Callable[[], int]) -> Fields:
        """Opens an fd under the name that the action gives; if that fails, the name stands for none."""
        self._fds.forget(action["as"])
        number = open_fd()
        self._fds.adopt(action["as"], number)
        return {"result": number}

    # The process.

    def _is_open(self, action: Action, fd: str) -> Fields:
        try:
            os.get_inheritable(self._fds.number(fd))
        except OSError:
            return {"result": 0}
        return {"result": 1}

    def _count_fds(self, action: Action, fd: str) -> Fields:
        return {"result": count_open()}

    def _limit_fds(self, action: Action, fd: str) -> Fields:
        """The limit is on numbers, not on the count: it goes just above the ``spare``-th free one."""
        self.restore()
        _, hard = self._fd_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken = {int(name) for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")}
        limit = 0
        spare = action["spare"]
        while limit in taken or spare > 0:
            spare -= limit not in taken
            limit += 1
        if hard != resource.RLIM_INFINITY and limit > hard:
            raise Unrunnable(f"{action['spare']} more fds are beyond the hard limit of {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        return {"result": action["spare"]}

    def _raise(self, action: Action, fd: str) -> Fields:
        number = signal_number(action["signal"])
        self._signals.survive(number)
        if action["from"] == "self":
            signal.raise_signal(number)
        else:
            command = f"kill -{number.value} {os.getpid()}"
            os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", command], os.environ), 0)
        return {}

    def _burn(self, action: Action, fd: str) -> Fields:
        end = time.monotonic_ns() + action["ms"] * 1_000_000
        while time.monotonic_ns() < end:
            pass
        return {}

    OPERATIONS: ClassVar[Dict[str, Callable[[KernelActions, Action, str], Fields]]] = {
        "write": _write,
        "read": _read,
        "fill": _fill,
        "drain": _drain,
        "collect": _collect,
        "close": _close,
        "reset": _reset,
        "shutdown": _shutdown,
        "dup": _dup,
        "dup2": _dup2,
        "accept": _accept,
        "connect": _connect,
        "isOpen": _is_open,
        "countFds": _count_fds,
        "limitFds": _limit_fds,
        "raise": _raise,
        "burn": _burn,
    }


def _shown(data: bytes, could_read: bool) -> Fields:
    fields = {"result": len(data), "data": data[:SHOWN].decode("latin-1")}
    if could_read and not data:
        fields["eof"] = True
    return fields


def _unless_again(error: OSError) -> Dict[str, Any]:
    """EAGAIN is how filling and draining end; any other errno is worth a word."""
    return {} if isinstance(error, BlockingIOError) else {"errno": errno_name(error)}
