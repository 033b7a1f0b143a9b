"""A driver for every loop that plugs into asyncio, made from the factory of such loops."""

from __future__ import annotations

import asyncio
import importlib
import platform
import signal
from importlib import metadata
from typing import Any, Callable, Dict

from .driver import Callback, Driver, Log

Loop = asyncio.AbstractEventLoop


class AsyncioDriver(Driver):
    """Calls ``asyncio.AbstractEventLoop`` and nothing else."""

    unclaimed = {
        "combined": "add_reader and add_writer take one callback for each direction",
        "update": "there is no mask to change: a reader or a writer is added or removed",
        "periodic": "asyncio has no periodic callbacks",
    }

    def __init__(self, factory: Callable[[], Loop] = asyncio.new_event_loop) -> None:
        self.new_event_loop = factory

    def new_loop(self) -> Loop:
        return self.new_event_loop()

    def start(self, loop: Loop) -> None:
        loop.run_forever()

    def stop(self, loop: Loop) -> None:
        loop.stop()

    def close(self, loop: Loop) -> None:
        loop.close()

    def log_to(self, loop: Loop, log: Log) -> None:
        def report(_: Loop, context: Dict[str, Any]) -> None:
            log("error", str(context.get("message", "")), context.get("exception"))

        loop.set_exception_handler(report)

    def add_reader(self, loop: Loop, fd: int, callback: Callback) -> None:
        loop.add_reader(fd, callback)

    def remove_reader(self, loop: Loop, fd: int) -> None:
        loop.remove_reader(fd)

    def add_writer(self, loop: Loop, fd: int, callback: Callback) -> None:
        loop.add_writer(fd, callback)

    def remove_writer(self, loop: Loop, fd: int) -> None:
        loop.remove_writer(fd)

    def add_callback(self, loop: Loop, callback: Callback) -> asyncio.Handle:
        return loop.call_soon(callback)

    def remove_callback(self, loop: Loop, handle: asyncio.Handle) -> None:
        handle.cancel()

    def now(self, loop: Loop) -> float:
        return loop.time() * 1000

    def add_timeout(self, loop: Loop, deadline: float, callback: Callback) -> asyncio.TimerHandle:
        return loop.call_at(deadline / 1000, callback)

    def call_later(self, loop: Loop, delay: float, callback: Callback) -> asyncio.TimerHandle:
        return loop.call_later(delay / 1000, callback)

    def remove_timeout(self, loop: Loop, handle: asyncio.TimerHandle) -> None:
        handle.cancel()

    def create_wakeup(self, loop: Loop, callback: Callback) -> Callable[[], object]:
        return lambda: loop.call_soon_threadsafe(callback)

    def add_signal_handler(self, loop: Loop, number: signal.Signals, callback: Callback) -> None:
        loop.add_signal_handler(number, callback)

    def remove_signal_handler(self, loop: Loop, number: signal.Signals) -> None:
        loop.remove_signal_handler(number)


def from_factory(spec: str) -> AsyncioDriver:
    """The driver for ``MODULE:FACTORY``, such as ``uvloop:new_event_loop``.

    Raises ValueError, ImportError or AttributeError with a sentence that says what is wrong.
    """
    module_name, colon, factory_name = spec.partition(":")
    if not (module_name and colon and factory_name):
        raise ValueError(f"--asyncio takes MODULE:FACTORY, such as uvloop:new_event_loop, not '{spec}'")
    factory = getattr(importlib.import_module(module_name), factory_name)
    driver = AsyncioDriver(factory)
    driver.name = module_name
    driver.version = _version_of(module_name.partition(".")[0])
    return driver


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return platform.python_version()
