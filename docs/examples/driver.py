"""asyncio by hand, as if `--asyncio` did not exist."""

import asyncio
import platform

from evspec_host import Driver


class ByHand(Driver):
    name = "asyncio, by hand"
    version = platform.python_version()
    unclaimed = {
        "combined": "add_reader and add_writer take one callback for each direction",
        "wake": "left out of this example",
    }
    choices = {"timers.ties": "unspecified"}

    def new_loop(self):
        return asyncio.new_event_loop()

    def start(self, loop):
        loop.run_forever()

    def stop(self, loop):
        loop.stop()

    def close(self, loop):
        loop.close()

    def add_reader(self, loop, fd, callback):
        loop.add_reader(fd, callback)

    def remove_reader(self, loop, fd):
        loop.remove_reader(fd)

    def add_writer(self, loop, fd, callback):
        loop.add_writer(fd, callback)

    def remove_writer(self, loop, fd):
        loop.remove_writer(fd)

    def add_callback(self, loop, callback):
        return loop.call_soon(callback)

    def remove_callback(self, loop, handle):
        handle.cancel()

    def now(self, loop):
        return loop.time() * 1000

    def add_timeout(self, loop, deadline, callback):
        return loop.call_at(deadline / 1000, callback)

    def call_later(self, loop, delay, callback):
        return loop.call_later(delay / 1000, callback)

    def remove_timeout(self, loop, handle):
        handle.cancel()
