"""Whether every name that a scenario uses is one that it makes. Found out before anything runs."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator, List, Set, Tuple

from .errors import Unrunnable

Action = Dict[str, Any]

#: op → the field that holds a name, and what the name is of.
MAKES = {
    "schedule": ("id", "task"),
    "timeout": ("id", "timer"),
    "timeoutAt": ("id", "timer"),
    "now": ("as", "base"),
    "periodic": ("id", "periodic"),
    "wakeup": ("id", "wakeup"),
    "newLoop": ("as", "loop"),
    "dup": ("as", "fd"),
    "dup2": ("as", "fd"),
    "accept": ("as", "fd"),
    "connect": ("as", "fd"),
    "stream": ("as", "stream"),
    "connectStream": ("as", "stream"),
}
USES = {
    "unschedule": ("id", "task"),
    "cancel": ("id", "timer"),
    "timeoutAt": ("base", "base"),
    "periodicStart": ("id", "periodic"),
    "periodicStop": ("id", "periodic"),
    "wake": ("id", "wakeup"),
    "useLoop": ("as", "loop"),
}
#: Make one new thing of one fd.
OPENING = ("dup", "dup2", "accept", "connect", "stream", "connectStream")
#: Fields that mean the same in every operation.
FIELDS = (("run", "callback"), ("fd", "fd"), ("to", "fd"), ("onto", "fd"), ("stream", "stream"))
#: Kinds of fds that have no far end.
SINGLE = ("listener", "file", "socket")


def check_names(scenario: Dict[str, Any], operations: Set[str]) -> None:
    """Raises Unrunnable for the first operation that does not exist, or name that nothing makes."""
    actions = list(_actions(scenario))
    known: Set[Tuple[str, str]] = {("loop", "main")}
    known.update(("callback", name) for name in scenario["callbacks"])
    for name, spec in scenario["fds"].items():
        known.update(("fd", made) for made in _names_made(name, spec))
    for action in actions:
        if action["op"] not in operations:
            raise Unrunnable(f"no operation is named '{action['op']}'")
        field, kind = MAKES.get(action["op"], ("", ""))
        if field in action:
            known.add((kind, action[field]))
    if any(action["op"] == "throw" for action in scenario["main"]):
        raise Unrunnable("'throw' stands in main, outside of any callback")
    for action in actions:
        if action["op"] in OPENING and "*" in f"{action.get('fd')}{action.get('to')}{action['as']}":
            raise Unrunnable(f"'{action['op']}' takes one fd, not a group")
        for kind, name in _names_used(action):
            if (kind, name) not in known:
                raise Unrunnable(f"'{action['op']}' names the {kind} '{name}', which the scenario does not make")


def _actions(scenario: Dict[str, Any]) -> Iterator[Action]:
    """All actions, also those of threads."""
    lists: List[List[Action]] = [scenario["main"]]
    for callback in scenario["callbacks"].values():
        lists += callback["runs"]
        lists.append(callback.get("rest", []))
    for action in chain.from_iterable(lists):
        yield action
        yield from action.get("do", ())


def _names_made(name: str, spec: Dict[str, Any]) -> Iterator[str]:
    """``a`` and ``a.peer``; of a group also ``a*`` and ``a*.peer``."""
    count = spec.get("count")
    near = [name] if count is None else [f"{name}*", *(f"{name}{i}" for i in range(count))]
    yield from near
    if spec["kind"] not in SINGLE:
        yield from (f"{end}.peer" for end in near)


def _names_used(action: Action) -> Iterator[Tuple[str, str]]:
    for field, kind in FIELDS:
        if field in action:
            yield kind, action[field]
    field, kind = USES.get(action["op"], ("", ""))
    if field:
        yield kind, action[field]
