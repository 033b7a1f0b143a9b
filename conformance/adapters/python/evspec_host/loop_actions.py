"""Actions of the loop: each is a call of the driver, and nothing besides.

What a driver raises is passed on; the interpreter records it as ``raised``.
"""

from __future__ import annotations

import signal
import threading
import traceback
from contextlib import suppress
from typing import Any, Callable, ClassVar, Dict, List, Optional, Set, Tuple

from .driver import READ, WRITE, Driver, Periodic
from .errors import Unrunnable
from .fds import Fds
from .recorder import Recorder
from .signals import Signals, signal_number
from .task_callback import TaskCallback
from .thread import HelperThread, Order

Action = Dict[str, Any]
#: Makes the callback for ``run``: (run, kind, token) → what the loop calls.
CallbackFactory = Callable[[str, str, int], Callable[[], None]]
#: The same for handlers: (run, token, fd name) → handler(fd, events).
HandlerFactory = Callable[[str, int, str], Callable[[int, int], None]]

#: Operations that register something with the loop; each gets a token.
REGISTERING = {"add", "schedule", "timeout", "timeoutAt", "periodic", "wakeup", "signal", "barrier"}
#: Polls to wait for in a barrier, where the kit does not say.
DEFAULT_ROUNDS = 3
#: What a stream may need to finish closing. asyncio: one in which its fd is closed, one in which who waits for it is woken,
#: and one for the callbacks of that; with one to spare.
CLOSING_ROUNDS = 4
#: A loop that was stopped before may return early once.
CLOSING_STARTS = 2

MASK = {"read": READ, "write": WRITE}


class LoopActions:
    """The loops, handles and threads of one scenario."""

    def __init__(
        self,
        driver: Driver,
        fds: Fds,
        signals: Signals,
        recorder: Recorder,
        helper: HelperThread,
        callback: CallbackFactory,
        handler: HandlerFactory,
    ) -> None:
        self._driver = driver
        self._fds = fds
        self._signals = signals
        self._recorder = recorder
        self._helper = helper
        self._callback = callback
        self._handler = handler
        self._combined = driver.offers("add_handler")
        self._loops: Dict[str, Any] = {}
        self._closed: Set[str] = set()
        self._running: List[Any] = []
        # By id. A name that is not there yet, or whose last operation raised, stands for nothing to act on.
        self._tasks: Dict[str, Callable[[], None]] = {}
        #: By callback.
        self._task_callbacks: Dict[str, TaskCallback] = {}
        self._timers: Dict[str, Callable[[], None]] = {}
        self._periodics: Dict[str, Periodic] = {}
        self._wakeups: Dict[str, Callable[[], object]] = {}
        #: Clock readings, ms.
        self._bases: Dict[str, float] = {}
        #: With split interest: the directions that were added, by the loop's name and the fd's number.
        self._directions: Dict[Tuple[str, int], Set[str]] = {}
        self._selected = "main"
        self._make_loop("main")

    @property
    def selected(self) -> Any:
        """The loop that actions mean."""
        return self._loops[self._selected]

    _loop = selected

    def stop_running(self) -> None:
        """Stops every loop that runs: the trace was cut, or can't go on."""
        for loop in self._running:
            with suppress(Exception):  # there is no record for it any more
                self._driver.stop(loop)

    def give_rounds(self) -> None:
        """Runs each open loop a little more, when nothing is recorded any longer: its streams finish closing."""
        for name, loop in self._loops.items():
            if name not in self._closed:
                try:
                    self._run_briefly(loop)
                except BaseException:
                    traceback.print_exc()  # no action of the scenario, so nothing to record

    def _run_briefly(self, loop: Any) -> None:
        rounds_left = CLOSING_ROUNDS

        def one_round() -> None:
            nonlocal rounds_left
            rounds_left -= 1
            if rounds_left > 0:
                self._next_round(loop, one_round)
            else:
                self._driver.stop(loop)

        self._next_round(loop, one_round)
        for _ in range(CLOSING_STARTS):
            if rounds_left > 0:
                self._driver.start(loop)

    def close_loops(self) -> None:
        """Closes the loops that the scenario left open."""
        for name, loop in self._loops.items():
            if name not in self._closed:
                try:
                    self._driver.close(loop)
                except BaseException:
                    traceback.print_exc()  # no action of the scenario, so nothing to record

    # Readiness.

    def _add(self, action: Action, fd: str, token: int) -> None:
        handler = self._handler(action["run"], token, fd)
        if not self._combined:
            self._add_split(action["events"], fd, handler)
            return
        mask = sum(MASK[event] for event in action["events"])
        self._driver.add_handler(self._loop, self._fds.number(fd), handler, mask)

    def _add_split(self, events: List[str], fd: str, handler: Callable[[int, int], None]) -> None:
        number = self._fds.number(fd)
        directions = self._directions.setdefault((self._selected, number), set())
        for event in events:
            if event == "read":
                self._driver.add_reader(self._loop, number, lambda: handler(number, READ))
            else:
                self._driver.add_writer(self._loop, number, lambda: handler(number, WRITE))
            directions.add(event)

    def _update(self, action: Action, fd: str, token: int) -> None:
        mask = sum(MASK[event] for event in action["events"])
        self._driver.update_handler(self._loop, self._fds.number(fd), mask)

    def _remove(self, action: Action, fd: str, token: int) -> None:
        number = self._fds.number(fd)
        if self._combined:
            self._driver.remove_handler(self._loop, number)
            return
        added = self._directions.setdefault((self._selected, number), set())
        # Where nothing was added, the loop itself is to say what it thinks of that.
        for event in action.get("events", sorted(added) or ["read", "write"]):
            if event == "read":
                self._driver.remove_reader(self._loop, number)
            else:
                self._driver.remove_writer(self._loop, number)
            added.discard(event)

    # Tasks.

    def _schedule(self, action: Action, fd: str, token: int) -> None:
        loop = self._loop
        self._tasks.pop(action.get("id", ""), None)
        if "id" not in action:
            self._schedule_again(action["run"], token)
            return
        handle = self._driver.add_callback(loop, self._callback(action["run"], "task", token))
        self._tasks[action["id"]] = lambda: self._driver.remove_callback(loop, handle)

    def _schedule_again(self, run: str, token: int) -> None:
        """The same object for the same callback; a task that may be taken back has one of its own."""
        if run not in self._task_callbacks:
            self._task_callbacks[run] = TaskCallback(lambda of: self._callback(run, "task", of)())
        task = self._task_callbacks[run]
        task.expect(token)
        try:
            self._driver.add_callback(self._loop, task)
        except BaseException:
            task.forget(token)
            raise

    def _unschedule(self, action: Action, fd: str, token: int) -> None:
        if action["id"] in self._tasks:
            self._tasks[action["id"]]()

    def _barrier(self, action: Action, fd: str, token: int) -> None:
        """A chain of callbacks: the loop polls between each two of them."""
        entered = self._callback(action["run"], "barrier", token)
        loop = self._loop
        rounds_left = action.get("rounds", DEFAULT_ROUNDS)

        def one_round() -> None:
            nonlocal rounds_left
            if rounds_left <= 0 or not self._recorder.open:
                entered()
                return
            rounds_left -= 1
            self._next_round(loop, one_round)

        self._next_round(loop, one_round)

    def _next_round(self, loop: Any, callback: Callable[[], None]) -> None:
        if self._driver.offers("add_callback"):
            self._driver.add_callback(loop, callback)
        else:
            self._driver.call_later(loop, 0, callback)

    # Timers.

    def _timeout(self, action: Action, fd: str, token: int) -> None:
        loop = self._loop
        self._timers.pop(action.get("id", ""), None)
        callback = self._callback(action["run"], "timer", token)
        if self._driver.offers("call_later"):
            self._keep_timer(action, loop, self._driver.call_later(loop, action["delay"], callback))
        else:
            deadline = self._driver.now(loop) + action["delay"]
            self._keep_timer(action, loop, self._driver.add_timeout(loop, deadline, callback))

    def _now(self, action: Action, fd: str, token: int) -> None:
        self._bases[action["as"]] = self._driver.now(self._loop)

    def _timeout_at(self, action: Action, fd: str, token: int) -> None:
        loop = self._loop
        self._timers.pop(action.get("id", ""), None)
        if action["base"] not in self._bases:
            raise Unrunnable(f"the clock was not read as '{action['base']}' before it was needed")
        deadline = self._bases[action["base"]] + action["delay"]
        callback = self._callback(action["run"], "timer", token)
        self._keep_timer(action, loop, self._driver.add_timeout(loop, deadline, callback))

    def _keep_timer(self, action: Action, loop: Any, handle: Any) -> None:
        if "id" in action:
            self._timers[action["id"]] = lambda: self._driver.remove_timeout(loop, handle)

    def _cancel(self, action: Action, fd: str, token: int) -> None:
        if action["id"] in self._timers:
            self._timers[action["id"]]()

    def _periodic(self, action: Action, fd: str, token: int) -> None:
        callback = self._callback(action["run"], "periodic", token)
        self._periodics.pop(action["id"], None)
        periodic = self._driver.periodic(self._loop, callback, action["interval"])
        self._periodics[action["id"]] = periodic
        periodic.start()

    def _periodic_start(self, action: Action, fd: str, token: int) -> None:
        if action["id"] in self._periodics:
            self._periodics[action["id"]].start()

    def _periodic_stop(self, action: Action, fd: str, token: int) -> None:
        if action["id"] in self._periodics:
            self._periodics[action["id"]].stop()

    # Runs of the loop.

    def _start(self, action: Action, fd: str, token: int) -> None:
        self._recorder.starting()
        if not self._recorder.open:
            return
        self._running.append(self._loop)
        try:
            self._driver.start(self._loop)
        finally:
            self._running.pop()

    def _stop(self, action: Action, fd: str, token: int) -> None:
        self._driver.stop(self._loop)

    def _new_loop(self, action: Action, fd: str, token: int) -> None:
        self._make_loop(action["as"])

    def _make_loop(self, name: str) -> None:
        loop = self._driver.new_loop()
        self._loops[name] = loop
        if self._driver.offers("log_to"):
            self._driver.log_to(loop, self._recorder.log)

    def _use_loop(self, action: Action, fd: str, token: int) -> None:
        if action["as"] not in self._loops:
            raise Unrunnable(f"the loop '{action['as']}' was not made before it was needed")
        self._selected = action["as"]

    def _close_loop(self, action: Action, fd: str, token: int) -> None:
        self._closed.add(self._selected)
        self._driver.close(self._loop)
        self._signals.survive_touched()

    # Wake-ups, signals, threads.

    def _wakeup(self, action: Action, fd: str, token: int) -> None:
        callback = self._callback(action["run"], "wakeup", token)
        self._wakeups.pop(action["id"], None)
        self._wakeups[action["id"]] = self._driver.create_wakeup(self._loop, callback)

    def _wake(self, action: Action, fd: str, token: int) -> None:
        if action["id"] in self._wakeups:
            wake = self._wakeups[action["id"]]
            for _ in range(action.get("times", 1)):
                wake()

    def _signal(self, action: Action, fd: str, token: int) -> None:
        number = signal_number(action["signal"])
        self._signals.touch(number)
        self._driver.add_signal_handler(self._loop, number, self._callback(action["run"], "signal", token))

    def _unsignal(self, action: Action, fd: str, token: int) -> None:
        self._driver.remove_signal_handler(self._loop, signal_number(action["signal"]))
        self._signals.survive_touched()

    def _thread(self, action: Action, fd: str, token: int) -> None:
        acts = [made for made in map(self._thread_act, action["do"]) if made is not None]
        every = action.get("every", 0) / 1000
        self._helper.order(Order(acts, action.get("times", 1), every, action["when"] == "idle", self._recorder))

    def _thread_act(self, act: Action) -> Optional[Callable[[], object]]:
        if act["op"] == "wake":
            return self._wakeups.get(act["id"])
        number = signal_number(act["signal"])
        self._signals.survive(number)
        loop_thread = threading.get_ident()
        return lambda: signal.pthread_kill(loop_thread, number)

    OPERATIONS: ClassVar[Dict[str, Callable[[LoopActions, Action, str, int], None]]] = {
        "add": _add,
        "update": _update,
        "remove": _remove,
        "schedule": _schedule,
        "unschedule": _unschedule,
        "timeout": _timeout,
        "now": _now,
        "timeoutAt": _timeout_at,
        "cancel": _cancel,
        "periodic": _periodic,
        "periodicStart": _periodic_start,
        "periodicStop": _periodic_stop,
        "start": _start,
        "stop": _stop,
        "done": _stop,
        "newLoop": _new_loop,
        "useLoop": _use_loop,
        "closeLoop": _close_loop,
        "wakeup": _wakeup,
        "wake": _wake,
        "signal": _signal,
        "unsignal": _unsignal,
        "barrier": _barrier,
        "thread": _thread,
    }
