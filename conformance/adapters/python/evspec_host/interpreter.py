"""The interpreter: runs one scenario and returns its trace."""

from __future__ import annotations

import errno
import os
import signal
import threading
import traceback
from typing import Any, Callable, Dict, List, NamedTuple, Optional

from . import loop_actions, stream_actions
from .delivered import Delivered, latin1
from .driver import ERROR, READ, WRITE, Driver, NotOffered
from .errors import Unrunnable, describe, errno_name
from .fds import Fds, count_open
from .kernel_actions import KernelActions
from .loop_actions import LoopActions
from .names import check_names
from .recorder import DEFAULT_MAX_RECORDS, Recorder
from .signals import Signals
from .standard_fds import StandardFds
from .stream_actions import StreamActions
from .thread import HelperThread

Action = Dict[str, Any]
Reply = Dict[str, Any]

OPERATIONS = {*KernelActions.OPERATIONS, *LoopActions.OPERATIONS, *StreamActions.OPERATIONS, "throw"}
#: Each gets a token.
REGISTERING = loop_actions.REGISTERING | stream_actions.REGISTERING


class Host(NamedTuple):
    """What outlives a scenario."""

    driver: Driver
    standard_fds: StandardFds
    helper: HelperThread
    send: Callable[[Reply], None]


def run_scenario(host: Host, request: Dict[str, Any]) -> Reply:
    """Answers a ``run`` request: the reply carries the trace, or says why the scenario can't be run."""
    try:
        check_names(request["run"], OPERATIONS)
        return {"id": request["id"], "trace": Interpreter(host, request).run()}
    except Unrunnable as error:
        return {"id": request["id"], "error": str(error)}
    except Exception as error:  # of the driver's new_loop, or of making fds
        traceback.print_exc()
        return {"id": request["id"], "error": f"the host could not run the scenario: {error!r}"}


class Interpreter:
    """One run of one scenario."""

    def __init__(self, host: Host, request: Dict[str, Any]) -> None:
        self._host = host
        self._request = request
        self._scenario = request["run"]
        self._runs: Dict[str, int] = {}
        self._tokens = 0
        self._failure: Optional[Exception] = None
        self._fds = Fds(host.standard_fds, self._scenario.get("forgetClosed", False))
        self._signals = Signals()
        self._delivered = Delivered()
        self._kernel = KernelActions(self._fds, self._signals)
        self._streams = StreamActions(host.driver, self._fds, lambda: self._loop.selected, self._stream_callback)
        self._recorder = Recorder(
            self._scenario.get("maxRecords", DEFAULT_MAX_RECORDS),
            lambda: self._loop.stop_running(),
            self._flush if request.get("flush") else None,
        )

    def run(self) -> Dict[str, Any]:
        """Returns the trace. Raises Unrunnable, or what making fds and loops raised."""
        before = count_open()
        try:
            trace = self._run()
            trace["openFds"] = {"before": before, "after": count_open()}
            return trace
        finally:
            self._streams.close_sockets()

    def _run(self) -> Dict[str, Any]:
        threads: List[Dict[str, object]] = []
        changed: List[Dict[str, Any]] = []
        try:
            self._fds.make(self._scenario["fds"])
            fds = dict(self._fds.numbers)
            self._loop = LoopActions(
                self._host.driver,
                self._fds,
                self._signals,
                self._recorder,
                self._host.helper,
                self._callback,
                self._handler,
            )
            if self._request.get("flush"):
                self._host.send({"id": self._request["id"], "records": [], "fds": fds})
            self._rendezvous("before")
            try:
                self._recorder.begin()
                self._perform_all(self._scenario["main"])
                self._rendezvous("after")
            finally:
                self._recorder.open = False
                threads = self._host.helper.end_scenario()
                changed = self._delivered.changed()
                if self._streams.abort_all():
                    self._loop.give_rounds()
                self._loop.close_loops()
        finally:
            self._kernel.restore()
            self._fds.close_all()
            self._signals.restore()
        if self._failure is not None:
            raise self._failure
        trace = {"fds": fds, "records": self._recorder.records}
        if threads:
            trace["threads"] = threads
        if changed:
            trace["changed"] = changed
        return trace

    # Actions.

    def _perform_all(self, actions: List[Action]) -> Optional[BaseException]:
        """Does one action after the other. Returns the exception that the scenario throws, which ends them."""
        for action in actions:
            if not self._recorder.open:
                return None
            if action["op"] == "throw":
                self._recorder.did("throw", {})
                return exception_to_throw(action)
            fd = action.get("fd", "")
            if "*" not in fd:
                self._perform(action, fd, {})
            else:
                for name in self._fds.members(fd):
                    self._perform(action, name, {"fd": name})
        return None

    def _perform(self, action: Action, fd: str, fields: Dict[str, Any]) -> None:
        """Does one action and records it with ``fields`` and what is found out."""
        op = action["op"]
        try:
            if op in KernelActions.OPERATIONS:
                self._call_kernel(action, fd, fields)
            else:
                self._call_subject(action, fd, fields)
        except NotOffered as error:
            raise Unrunnable(f"'{op}' needs '{error}', which the driver does not offer") from None
        self._recorder.did(op, fields)

    def _call_kernel(self, action: Action, fd: str, fields: Dict[str, Any]) -> None:
        try:
            fields.update(KernelActions.OPERATIONS[action["op"]](self._kernel, action, fd))
        except OSError as error:
            fields["errno"] = errno_name(error)

    def _call_subject(self, action: Action, fd: str, fields: Dict[str, Any]) -> None:
        op = action["op"]
        if op in REGISTERING:
            self._tokens += 1
            fields["token"] = self._tokens
        try:
            if op in StreamActions.OPERATIONS:
                fields.update(self._streams.perform(action, fd, self._tokens) or {})
            else:
                LoopActions.OPERATIONS[op](self._loop, action, fd, self._tokens)
        except (Unrunnable, NotOffered):
            raise
        except BaseException as error:  # whatever the loop raises is its answer, KeyboardInterrupt too
            fields["raised"] = self._describe(error)

    # Callbacks.

    def _callback(self, run: str, kind: str, token: int) -> Callable[[], None]:
        def callback() -> None:
            self._enter(run, kind, token, {})

        return callback

    def _handler(self, run: str, token: int, fd: str) -> Callable[[int, int], None]:
        def handler(number: int, events: int) -> None:
            self._enter(run, "handler", token, {"fd": fd, "number": number, "events": event_names(events)})

        return handler

    def _stream_callback(self, run: str, kind: str, token: int) -> Callable[..., None]:
        def callback(error: Optional[BaseException], data: Optional[bytes] = None) -> None:
            outcome: Dict[str, Any] = {}
            if error is not None:
                outcome["failed"] = self._describe(error)
            elif kind == "read":
                outcome["data"] = latin1(data or b"")
                if self._recorder.open:
                    self._delivered.keep(len(self._recorder.records), data, outcome["data"])
            self._enter(run, kind, token, outcome)

        return callback

    def _describe(self, error: BaseException) -> Dict[str, Any]:
        return describe(error, self._host.driver.cause_of(error))

    def _enter(self, run: str, kind: str, token: int, where: Dict[str, Any]) -> None:
        """The loop calls: does what the scenario says for this run of the callback."""
        if not self._recorder.open:
            self._loop.stop_running()
            return
        nth = self._runs[run] = self._runs.get(run, 0) + 1
        self._recorder.enter(run, nth, kind, token, where)
        try:
            thrown = self._perform_all(self._actions_of(run, nth))
        except Exception as error:  # the host's own: nothing that a loop should see
            self._give_up(error)
            return
        self._recorder.exit(thrown)
        if thrown is not None:
            raise thrown

    def _actions_of(self, run: str, nth: int) -> List[Action]:
        callback = self._scenario["callbacks"][run]
        runs: List[List[Action]] = callback["runs"]
        return runs[nth - 1] if nth <= len(runs) else callback.get("rest", [])

    # Ends.

    def _give_up(self, error: Exception) -> None:
        """The scenario can't go on. The loop must not notice more of it than a stop."""
        self._failure = self._failure or error
        self._recorder.open = False
        self._loop.stop_running()

    def _rendezvous(self, when: str) -> None:
        """Lets a tracer attach or detach: stops the process until it is continued."""
        if self._request.get("rendezvous"):
            self._host.send({"id": self._request["id"], "stopping": when})
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def _flush(self, record: Dict[str, Any]) -> None:
        self._host.send({"id": self._request["id"], "records": [record]})


def event_names(mask: int) -> List[str]:
    """Bits that a loop passed → names, as in a trace."""
    bits = (("read", READ), ("write", WRITE), ("error", ERROR))
    return [name for name, bit in bits if mask & bit]


def exception_to_throw(action: Action) -> BaseException:
    """What the action ``throw`` raises."""
    kind = action["kind"]
    if kind == "fatal":
        return KeyboardInterrupt("thrown by the scenario")
    if kind == "errno":
        number = getattr(errno, action.get("errno", "EIO"), None)
        if number is None:
            raise Unrunnable(f"no errno is named '{action['errno']}'")
        return OSError(number, os.strerror(number))
    return RuntimeError("thrown by the scenario")
