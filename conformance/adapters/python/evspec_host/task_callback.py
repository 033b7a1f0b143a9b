"""The callback that a loop gets for a task."""

from __future__ import annotations

from collections import deque
from typing import Callable, Deque


class TaskCallback:
    """One object, however often its callback is scheduled: a loop may mistake two tasks for one only if they look the same.

    Which of the schedules a call answers can't be told from the call. They are taken in order, as far as there are any: calls
    that are missing, or too many, show all the same.
    """

    def __init__(self, enter: Callable[[int], None]) -> None:
        self._enter = enter
        self._waiting: Deque[int] = deque()
        self._last = 0

    def expect(self, token: int) -> None:
        """Another schedule is under way."""
        self._waiting.append(token)

    def forget(self, token: int) -> None:
        """The loop has refused it."""
        if token in self._waiting:
            self._waiting.remove(token)

    def __call__(self) -> None:
        if self._waiting:
            self._last = self._waiting.popleft()
        self._enter(self._last)
