"""The fds of one scenario: their names, how they are made, and which numbers are still to be closed."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import socket
import struct
import tempfile
from contextlib import suppress
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from .driver import Address
from .errors import Unrunnable
from .standard_fds import StandardFds

#: ``struct linger``: on, for zero seconds. A socket closed so sends RST and leaves nothing in TIME_WAIT.
LINGER_ZERO = struct.pack("ii", 1, 0)
#: How many connections may wait, where the scenario does not say; the system has the last word.
BACKLOG = 4096
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "unix": socket.AF_UNIX}
#: fcntl(2): the capacity of a pipe. Python has had the name since 3.10.
F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", 1031)


def count_open() -> int:
    """Number of open fds of this process."""
    # Since Linux 6.2 the size of the directory is the count, and asking for it takes no fd.
    return os.stat("/proc/self/fd").st_size or len(os.listdir("/proc/self/fd")) - 1


def borrow_socket(fd: int) -> socket.socket:
    """A socket object for an fd that stays ours: end it with ``detach()``. Raises OSError if it is no socket."""
    if fd < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))  # where socket() raises a ValueError
    return socket.socket(fileno=fd)


def set_linger_zero(fd: int) -> None:
    """Has ``close`` send RST. Raises OSError if ``fd`` is no socket."""
    borrowed = borrow_socket(fd)
    try:
        borrowed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    finally:
        borrowed.detach()


class Fds:
    """Names and numbers.

    A name keeps its number after the fd was closed, so that a scenario can use it wrongly; unless ``forgetful``.
    """

    def __init__(self, standard: StandardFds, forgetful: bool = False) -> None:
        self._standard = standard
        self._forgetful = forgetful
        self.numbers: Dict[str, int] = {}
        self._open: Set[int] = set()
        self._groups: Dict[str, int] = {}
        #: Of listeners, also of those that are closed: who connects to them then is refused.
        self._addresses: Dict[str, Address] = {}
        #: What a listener was made of.
        self._specs: Dict[str, Dict[str, Any]] = {}
        #: Temporary folders in which UNIX sockets are.
        self._folders: List[str] = []
        self._took_standard = False

    def make(self, specs: Dict[str, Dict[str, Any]]) -> None:
        """Makes what ``scenario.fds`` lists. Every fd is non-blocking and close-on-exec. Raises OSError."""
        for name, spec in specs.items():
            count = spec.get("count")
            if count is None:
                self._make_one(name, spec)
            else:
                self._groups[name] = count
                for i in range(count):
                    self._make_one(f"{name}{i}", spec)

    def number(self, name: str) -> int:
        """The number of a name; -1, which no system call takes, if it could not be made."""
        return self.numbers.get(name, -1)

    def members(self, pattern: str) -> Iterator[str]:
        """The names that ``x*`` or ``x*.peer`` stands for."""
        group, _, end = pattern.partition("*")
        return (f"{group}{i}{end}" for i in range(self._groups[group]))

    def adopt(self, name: str, number: int) -> None:
        """Gives an open fd a name, makes it non-blocking, and takes over its closing."""
        self.numbers[name] = number
        self._open.add(number)
        os.set_blocking(number, False)

    def release(self, number: int) -> None:
        """Somebody else closes it from now on, and may have done so by any later time."""
        self._open.discard(number)

    def address(self, listener: str) -> Optional[Address]:
        """Where a listener of the scenario listens, or did; None of any other name."""
        return self._addresses.get(listener)

    def set_buffers_of(self, listener: str, accepted: socket.socket) -> None:
        """Gives a connection the buffers of its listener, which a TCP socket has already and a UNIX one has not."""
        set_buffers(accepted, self._specs.get(listener, {}))

    def forget(self, name: str) -> None:
        """The name stands for no fd until it is given to another."""
        self.numbers.pop(name, None)

    def close(self, name: str) -> None:
        """Closes the number of a name, whatever it is now. Raises OSError."""
        number = self.number(name)
        self.was_closed(name)
        self._open.discard(number)
        os.close(number)

    def was_closed(self, name: str) -> None:
        """The fd of a name was closed."""
        if self._forgetful:
            self.numbers[name] = -1

    def close_all(self) -> None:
        """Closes what is still open, and puts the host's standard fds back."""
        for number in self._open:
            with suppress(OSError):  # not a socket, or closed behind our back
                set_linger_zero(number)
            with suppress(OSError):
                os.close(number)
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        if self._took_standard:
            self._standard.put_back()

    def _make_one(self, name: str, spec: Dict[str, Any]) -> None:
        near, far = self._listen(name, spec) if spec["kind"] == "listener" else _open_kind(spec)
        self.adopt(name, near)
        if far is not None:
            self.adopt(f"{name}.peer", far)
        if "number" in spec:
            self._took_standard = True
            self._move(name, os.dup2(near, spec["number"], inheritable=False))
        elif "from" in spec:
            self._move(name, fcntl.fcntl(near, fcntl.F_DUPFD_CLOEXEC, spec["from"]))

    def _listen(self, name: str, spec: Dict[str, Any]) -> Tuple[int, None]:
        family = FAMILIES[spec.get("family", "ipv4")]
        path = None
        if family == socket.AF_UNIX:
            self._folders.append(tempfile.mkdtemp(prefix="evspec-"))
            path = os.path.join(self._folders[-1], "socket")
        listener = _listen(family, spec, path)
        self._addresses[name] = Address(family, listener.getsockname())
        self._specs[name] = spec
        return listener.detach(), None

    def _move(self, name: str, number: int) -> None:
        self.close(name)
        self.adopt(name, number)


def _open_kind(spec: Dict[str, Any]) -> Tuple[int, Optional[int]]:
    """Returns the near end and the far one, if there is one."""
    kind = spec["kind"]
    if kind == "pair":
        ends = socket.socketpair()
        for end in ends:
            set_buffers(end, spec)
        return ends[0].detach(), ends[1].detach()
    if kind == "pipe":
        reader, writer = os.pipe()
        if "buffer" in spec:
            fcntl.fcntl(writer, F_SETPIPE_SZ, spec["buffer"])
        return (writer, reader) if spec.get("near") == "write" else (reader, writer)
    if kind == "tcp":
        return _tcp_pair(socket.AF_INET, spec)
    if kind == "tcp6":
        return _tcp_pair(socket.AF_INET6, spec)
    if kind == "socket":
        return _new_socket(socket.AF_INET, spec).detach(), None
    if kind == "file":
        number, path = tempfile.mkstemp(prefix="evspec-")
        os.unlink(path)
        return number, None
    raise Unrunnable(f"no kind of fd is named '{kind}'")


def _new_socket(family: socket.AddressFamily, spec: Dict[str, Any]) -> socket.socket:
    """With the scenario's buffers: TCP settles its window when it connects, so they must be there before."""
    made = socket.socket(family, socket.SOCK_STREAM)
    set_buffers(made, spec)
    return made


def set_buffers(end: socket.socket, spec: Dict[str, Any]) -> None:
    """Those that an entry of ``scenario.fds`` asks for, if it does."""
    if "buffer" in spec:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, spec["buffer"])
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, spec["buffer"])


def _listen(family: socket.AddressFamily, spec: Dict[str, Any], path: Optional[str] = None) -> socket.socket:
    listener = _new_socket(family, spec)
    try:
        listener.bind((LOOPBACK[family], 0) if path is None else path)
        listener.listen(spec.get("backlog", BACKLOG))
    except OSError:
        listener.close()
        raise
    return listener


def _tcp_pair(family: socket.AddressFamily, spec: Dict[str, Any]) -> Tuple[int, int]:
    """A connected pair over loopback that sends small writes at once."""
    near = _new_socket(family, spec)
    with _listen(family, spec) as listener:  # what it accepts has its buffers
        near.connect(listener.getsockname())
        far = listener.accept()[0]
    for end in (near, far):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near.detach(), far.detach()
