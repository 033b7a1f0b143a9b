"""Fds 0, 1 and 2: the null device, and stderr twice. A scenario may take their numbers for a while.

The real stderr also lies out of the way, and Python's streams are bound to that: what is printed never gets into an
fd under test.
"""

from __future__ import annotations

import os
import sys

from .high_fds import move_high


class StandardFds:
    """Made once, after the control channel has taken what it needs."""

    def __init__(self) -> None:
        self._null = move_high(os.open(os.devnull, os.O_RDWR))
        self._stderr = move_high(os.dup(2))
        sys.stdout = sys.stderr = open(self._stderr, "w", buffering=1, errors="backslashreplace", closefd=False)
        self.put_back()

    def put_back(self) -> None:
        """Puts them where they belong, whatever is there now."""
        os.dup2(self._null, 0)
        os.dup2(self._stderr, 1)
        os.dup2(self._stderr, 2)
