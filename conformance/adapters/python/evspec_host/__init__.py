"""The Python host of evspec: it runs scenarios (``spec/scenario.ts``) on an event loop and answers with traces.

The author of a loop writes a subclass of :class:`Driver`; a loop that plugs into asyncio needs nothing at all::

    python3 -m evspec_host my_driver.py
    python3 -m evspec_host --asyncio uvloop:new_event_loop
"""

from .asyncio_driver import AsyncioDriver
from .driver import ERROR, READ, WRITE, Driver, Log
from .logs import forward_logging

__all__ = ["ERROR", "READ", "WRITE", "AsyncioDriver", "Driver", "Log", "forward_logging"]
