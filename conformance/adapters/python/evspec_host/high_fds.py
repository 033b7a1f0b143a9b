"""The host's own fds lie at the top of the limit of open files, out of the way of the fds under test."""

from __future__ import annotations

import fcntl
import os
import resource

#: The host asks for at least so many fds: the largest group of a scenario is 4,000 pairs.
WANTED = 65_536
#: How many numbers at the top are left to the host.
RESERVED = 16


def raise_fd_limit() -> None:
    """Raises the soft limit of open files as far as is allowed and useful."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < WANTED:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, WANTED), hard))


def move_high(fd: int) -> int:
    """Moves an fd to the top, close-on-exec. Returns its new number."""
    limit = min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], WANTED)
    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, limit - RESERVED)
    os.close(fd)
    return high
