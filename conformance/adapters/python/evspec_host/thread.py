"""The helper thread: carries out the ``thread`` actions of scenarios, one after the other."""

from __future__ import annotations

import queue
import sys
import threading
from typing import Callable, Dict, List, NamedTuple

from .recorder import Recorder
from .sleep import SleepDetector

#: Between two looks at a thread that is awake, s. It leaves the global lock to the loop; nothing depends on its length.
BETWEEN_LOOKS = 0.000_2


class Order(NamedTuple):
    """One ``thread`` action."""

    acts: List[Callable[[], object]]
    times: int
    #: Between repetitions, s.
    every: float
    when_idle: bool
    #: Of the scenario; only its clock is used.
    recorder: Recorder


class HelperThread:
    """Kept for the life of the host; started by the first order."""

    def __init__(self, loop_thread: SleepDetector) -> None:
        self._loop_thread = loop_thread
        self._orders: "queue.Queue[Order]" = queue.Queue()
        self._reports: List[Dict[str, object]] = []
        self._over = threading.Event()
        self._started = False

    def order(self, order: Order) -> None:
        """Never waits for it to be carried out."""
        if not self._started:
            threading.Thread(target=self._run, name="evspec-helper", daemon=True).start()
            self._started = True
        self._orders.put(order)

    def end_scenario(self) -> List[Dict[str, object]]:
        """Breaks off what is under way. Returns a report of each order since the last call."""
        self._over.set()
        self._orders.join()
        self._over.clear()
        reports, self._reports = self._reports, []
        return reports

    def _run(self) -> None:
        while True:
            report = self._carry_out(self._orders.get())
            self._reports.append(report)
            self._orders.task_done()

    def _carry_out(self, order: Order) -> Dict[str, object]:
        slept = order.when_idle and self._await_sleep()
        started = last = order.recorder.now()
        for i in range(order.times):
            if i > 0 and order.every > 0:
                self._over.wait(order.every)
            if self._over.is_set():
                break
            last = order.recorder.now()
            self._act(order.acts)
        return {"slept": slept, "startedAt": started, "lastAt": last, "endedAt": order.recorder.now()}

    def _act(self, acts: List[Callable[[], object]]) -> None:
        for act in acts:
            try:
                act()
            except Exception as error:  # of the loop's own call; a trace has no record for it
                print(f"evspec_host: a thread action raised {error!r}", file=sys.stderr)

    def _await_sleep(self) -> bool:
        while not self._over.wait(BETWEEN_LOOKS):
            if self._loop_thread.sleeps_in_poll():
                return True
        return False
