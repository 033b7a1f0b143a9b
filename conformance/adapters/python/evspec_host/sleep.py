"""Whether the loop's thread sleeps in its poll, by what ``/proc`` says of it. No clock is asked.

Its state ``S`` is not enough: a thread that waits for Python's global lock, which another thread holds while it looks,
sleeps too. So its system call must be one that polls, and its count of voluntary switches must be the same before and
after that was read: then it was one sleep. Where the kernel hides ``syscall``, the state and the count have to do.
"""

from __future__ import annotations

import os
import platform
import threading
from typing import Dict, Optional, Set

from .high_fds import move_high

#: Numbers of the system calls in which a loop waits, by machine: poll, select, epoll_wait, pselect6, ppoll,
#: epoll_pwait, io_uring_enter, epoll_pwait2.
POLLS: Dict[str, Set[bytes]] = {
    "x86_64": {b"7", b"23", b"232", b"270", b"271", b"281", b"426", b"441"},
    "aarch64": {b"72", b"73", b"22", b"426", b"441"},
}


class SleepDetector:
    """Looks at the thread that made it, from any other thread.

    Its files are opened once and lie high: to look takes no fd number that the loop's thread could be about to get.
    """

    def __init__(self) -> None:
        self._task = f"/proc/self/task/{threading.get_native_id()}"
        self._polls = POLLS.get(platform.machine())
        self._status = self._open("status")
        self._syscall: Optional[int] = None
        try:
            self._syscall = self._open("syscall")
        except OSError:
            self._polls = None

    def sleeps_in_poll(self) -> bool:
        """Whether it does now, in one sleep since before this was called."""
        before = self._switches_if_asleep()
        return before is not None and self._is_in_poll() and self._switches_if_asleep() == before

    def _switches_if_asleep(self) -> Optional[bytes]:
        status = os.pread(self._status, 4096, 0)
        if b"\nState:\tS" not in status:
            return None
        return status.partition(b"\nvoluntary_ctxt_switches:\t")[2].partition(b"\n")[0]

    def _is_in_poll(self) -> bool:
        if self._polls is None or self._syscall is None:
            return True
        return os.pread(self._syscall, 256, 0).partition(b" ")[0] in self._polls

    def _open(self, file: str) -> int:
        fd = os.open(f"{self._task}/{file}", os.O_RDONLY)
        os.pread(fd, 1, 0)
        return move_high(fd)
