"""``python3 -m evspec_host DRIVER.py`` or ``--asyncio MODULE:FACTORY``: serves the kit on standard input and output."""

from __future__ import annotations

import argparse
import gc
import importlib.util
import os
import signal
import sys
from typing import List, NoReturn

from .asyncio_driver import from_factory
from .channel import Channel
from .driver import Driver
from .hello import hello
from .high_fds import raise_fd_limit
from .interpreter import Host, run_scenario
from .serving import Servers
from .sleep import SleepDetector
from .standard_fds import StandardFds
from .thread import HelperThread

#: Containers that may be allocated and not freed before the cycles among them are looked for.
GARBAGE = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="evspec_host", description="Runs scenarios of evspec on an event loop.")
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("driver", nargs="?", metavar="DRIVER.py", help="file with a subclass of evspec_host.Driver")
    subject.add_argument("--asyncio", metavar="MODULE:FACTORY", help="a loop that plugs into asyncio")
    options = parser.parse_args()
    try:
        driver = from_factory(options.asyncio) if options.asyncio else load_driver(options.driver)
    except Exception as error:
        refuse(f"{type(error).__name__}: {error}")
    serve(driver)


def refuse(reason: str) -> NoReturn:
    """Answers hello, and whatever else is asked, with the reason why there is no subject."""
    channel = Channel()
    try:
        for request in channel.requests():
            channel.send({"id": request["id"], **({"bye": {}} if "bye" in request else {"error": reason})})
            if "bye" in request:
                break
    except BrokenPipeError:
        pass  # the kit is gone
    sys.exit(1)


def load_driver(path: str) -> Driver:
    """Makes the one driver that a file defines. Raises ImportError, or whatever the file raises."""
    folder, file = os.path.split(os.path.abspath(path))
    # A driver may be called after what it drives: `import tornado` in tornado.py must not find itself.
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    spec = importlib.util.spec_from_file_location("evspec_driver_" + os.path.splitext(file)[0], path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drivers: List[type] = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Driver) and value.__module__ == module.__name__
    ]
    if len(drivers) != 1:
        raise ImportError(f"{path} has {len(drivers)} subclasses of evspec_host.Driver, where one is needed")
    driver: Driver = drivers[0]()
    return driver


def serve(driver: Driver) -> NoReturn:
    """Answers requests until the kit says bye or is gone."""
    # Ctrl-C is for the kit, which then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_fd_limit()
    channel = Channel()
    servers = Servers(driver, channel.send)
    host = Host(driver, StandardFds(), HelperThread(SleepDetector()), channel.send)
    # A collection in a quiet window would look like a loop that spins, so it waits until a trace was sent.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for request in channel.requests():
            if "run" in request and servers.any():
                channel.send({"id": request["id"], "error": "a scenario can only be run when no server lives"})
            elif "run" in request:
                gc.disable()
                channel.send(run_scenario(host, request))
                if gc.get_count()[0] > GARBAGE:
                    gc.collect()
            elif "hello" in request:
                channel.send({"id": request["id"], "hello": hello(driver)})
            elif "serve" in request:
                gc.enable()
                servers.serve(request["id"], request["serve"])
            elif "end" in request:
                servers.end(request["id"], request["end"])
            elif "bye" in request:
                channel.send({"id": request["id"], "bye": {}})
                break
            else:
                channel.send({"id": request["id"], "error": "a request is one of hello, run, serve, end, bye"})
    except BrokenPipeError:
        pass  # the kit is gone
    sys.stderr.flush()
    os._exit(0)  # whatever the loop left behind, a thread for example, is not waited for


if __name__ == "__main__":
    main()
