"""What the subject says of itself: facets and capabilities follow from the methods that its driver overrides."""

from __future__ import annotations

import os
import platform
from typing import Any, Dict

from .driver import Driver

PROTOCOL_VERSION = 1
#: The largest fd that select(2) takes.
LARGEST_OF_SELECT = 1023

#: A capability that the driver lacks unless it overrides all of these methods.
METHODS_OF = {
    "combined": ("add_handler",),
    "update": ("update_handler",),
    "unschedule": ("remove_callback",),
    "timeoutAt": ("now", "add_timeout"),
    "cancel": ("remove_timeout",),
    "periodic": ("periodic",),
    "closeLoop": ("close",),
    "log": ("log_to",),
    "thread": ("create_wakeup",),
}

#: A facet is claimed if the driver overrides all methods of one of these sets.
FACETS = {
    "ready": (("add_handler", "remove_handler"), ("add_reader", "remove_reader", "add_writer", "remove_writer")),
    "tasks": (("add_callback",),),
    "timers": (("call_later",), ("now", "add_timeout")),
    "run": (("start", "stop"),),
    "wake": (("create_wakeup",),),
    "signals": (("add_signal_handler", "remove_signal_handler"),),
    "errors": (("log_to",),),
}


def hello(driver: Driver) -> Dict[str, Any]:
    """The ``hello`` reply's content."""
    facets = [
        facet
        for facet, ways in FACETS.items()
        if facet not in driver.unclaimed and any(driver.offers(*way) for way in ways)
    ]
    if driver.claims_seed:
        facets.append("seed")
    unclaimed = {
        capability: f"the driver does not offer {' and '.join(methods)}"
        for capability, methods in METHODS_OF.items()
        if not driver.offers(*methods)
    }
    if driver.limits.get("maxFd", LARGEST_OF_SELECT + 1) <= LARGEST_OF_SELECT:
        unclaimed["highFds"] = f"it watches fds up to {driver.limits['maxFd']}"
    unclaimed.update(driver.unclaimed)
    return {
        "protocol": PROTOCOL_VERSION,
        "name": driver.name or type(driver).__name__,
        "version": driver.version,
        "language": f"{platform.python_implementation()} {platform.python_version()}",
        "pid": os.getpid(),
        "facets": facets,
        "unclaimed": unclaimed,
        "choices": driver.choices,
        "limits": driver.limits,
        "rounds": "tasks" if driver.offers("add_callback") else "timers",
        "loop": "ambient" if "manyLoops" in unclaimed else "created",
    }
