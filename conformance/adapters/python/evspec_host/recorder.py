"""The recorder: the records of one trace, in order, each with two clocks."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, Optional

from .errors import errno_name

Record = Dict[str, Any]

DEFAULT_MAX_RECORDS = 5_000
#: The most bytes that one record carries.
MAX_DATA = 1_048_576


class Recorder:
    """Collects records; the first beyond ``limit`` is replaced by ``cut``, then ``on_cut`` is called and silence kept.

    Clocks are µs since :meth:`begin`: ``t`` of the monotonic clock, ``c`` of this thread's CPU time.
    """

    def __init__(self, limit: int, on_cut: Callable[[], None], flush: Optional[Callable[[Record], None]]) -> None:
        self.records: List[Record] = []
        self.open = True
        self._limit = limit
        self._on_cut = on_cut
        self._flush = flush
        self.begin()

    def begin(self) -> None:
        """Starts both clocks at zero. Called on the loop's thread, like everything but :meth:`now`."""
        self._cpu_zero = time.thread_time_ns()
        self._zero = time.monotonic_ns()

    def now(self) -> int:
        """µs since the scenario began. Any thread may ask."""
        return (time.monotonic_ns() - self._zero) // 1000

    def enter(self, run: str, nth: int, kind: str, token: int, where: Dict[str, Any]) -> None:
        """The loop called a callback. ``where``: fd, number and events of a handler; how a stream's operation ended."""
        self._add({"k": "enter", **self._clocks(), "run": run, "nth": nth, "as": kind, "token": token, **where})

    def exit(self, raised: Optional[BaseException] = None) -> None:
        """The callback returned, or raised what its scenario told it to."""
        record = {"k": "exit", **self._clocks()}
        if raised is not None:
            record["raised"] = type(raised).__name__
        self._add(record)

    def did(self, op: str, fields: Dict[str, Any]) -> None:
        """One action was done."""
        self._add({"k": "did", **self._clocks(), "op": op, **fields})

    def starting(self) -> None:
        """The loop is about to be started."""
        self._add({"k": "starting", **self._clocks()})

    def log(self, level: str, text: str, error: Optional[BaseException] = None, fd: Optional[int] = None) -> None:
        """The loop reported something (:data:`evspec_host.driver.Log`)."""
        record = {"k": "log", **self._clocks(), "text": text[:2000], "level": level}
        if error is not None:
            record["type"] = type(error).__name__
            name = errno_name(error)
            if name is not None:
                record["errno"] = name
        if fd is not None:
            record["fd"] = fd
        self._add(record)

    def _clocks(self) -> Record:
        return {"t": self.now(), "c": (time.thread_time_ns() - self._cpu_zero) // 1000}

    def _add(self, record: Record) -> None:
        if not self.open:
            return
        full = len(self.records) >= self._limit
        if full:
            record = {"k": "cut", "t": record["t"], "c": record["c"]}
        self.records.append(record)
        if self._flush is not None:
            self._flush(record)
        if full:
            self.open = False
            self._on_cut()
