"""What the subject says of itself: facets and capabilities follow from the methods that its driver overrides."""

from __future__ import annotations

import os
import platform
import socket
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
    "readUntil": ("read_until",),
    "readUntilRegex": ("read_until_regex",),
    "readBytes": ("read_bytes",),
    "readSome": ("read_some",),
    "atMost": ("read_some",),
    "readUntilClose": ("read_until_close",),
    "sent": ("write",),
    "maxWrite": ("write",),
    "closeCallback": ("set_close_callback",),
    "halfClose": ("end_stream",),
    "pipes": ("new_pipe_stream",),
    "maxRead": ("new_stream",),
    "meanwhile": ("new_stream",),
    "unconnected": ("new_stream",),
    "early": ("connect_stream",),
    "unixConnect": ("connect_stream",),
}
#: A capability that the driver lacks if it overrides none of these methods.
ANY_OF = {
    "maxBytes": ("read_until", "read_until_regex"),
    "streamState": ("stream_reading", "stream_writing", "stream_closed"),
}
READS = ("read_until", "read_until_regex", "read_bytes", "read_some", "read_until_close")

#: A facet is claimed if the driver overrides all methods of one of these sets.
FACETS = {
    "ready": (("add_handler", "remove_handler"), ("add_reader", "remove_reader", "add_writer", "remove_writer")),
    "tasks": (("add_callback",),),
    "timers": (("call_later",), ("now", "add_timeout")),
    "run": (("start", "stop"),),
    "wake": (("create_wakeup",),),
    "signals": (("add_signal_handler", "remove_signal_handler"),),
    "errors": (("log_to",),),
    "streams": (("new_stream", "close_stream"),),
    "reading": tuple(("new_stream", read) for read in READS),
    "writing": (("new_stream", "write"),),
    "limits": (("new_stream",),),
    "connecting": (("connect_stream",),),
    "http": (("serve",),),
    "server": (("serve",),),
}
#: The facet ``limits`` is nothing without one of them.
LIMITS = {"maxRead", "maxBytes", "maxWrite"}


def has_ipv6() -> bool:
    """Whether ``::1`` can be listened on."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def hello(driver: Driver) -> Dict[str, Any]:
    """The ``hello`` reply's content."""
    unclaimed = {
        capability: f"the driver does not offer {' and '.join(methods)}"
        for capability, methods in METHODS_OF.items()
        if not driver.offers(*methods)
    }
    for capability, methods in ANY_OF.items():
        if not any(driver.offers(method) for method in methods):
            unclaimed[capability] = f"the driver offers none of {', '.join(methods)}"
    if driver.limits.get("maxFd", LARGEST_OF_SELECT + 1) <= LARGEST_OF_SELECT:
        unclaimed["highFds"] = f"it watches fds up to {driver.limits['maxFd']}"
    if not has_ipv6():
        unclaimed["ipv6"] = "this machine has no IPv6 loopback"
    unclaimed.update(driver.unclaimed)
    facets = [
        facet
        for facet, ways in FACETS.items()
        if facet not in driver.unclaimed and any(driver.offers(*way) for way in ways)
    ]
    if LIMITS <= unclaimed.keys() and "limits" in facets:
        facets.remove("limits")
    if driver.claims_seed:
        facets.append("seed")
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
