"""The Python host of evspec: it runs scenarios (``spec/scenario.ts``) on an event loop and answers with traces.

The author of a loop writes a subclass of :class:`Driver`; a loop that plugs into asyncio needs nothing at all::

    python3 -m evspec_host my_driver.py
    python3 -m evspec_host --asyncio uvloop:new_event_loop
"""

from .asyncio_driver import AsyncioDriver
from .driver import ERROR, READ, WRITE, Address, Driver, Log, NotOffered, Serving
from .futures import on_done, on_read
from .logs import forward_logging

__all__ = [
    "ERROR",
    "READ",
    "WRITE",
    "Address",
    "AsyncioDriver",
    "Driver",
    "Log",
    "NotOffered",
    "Serving",
    "forward_logging",
    "on_done",
    "on_read",
]
