"""The servers of a driver that live: started by ``serve``, ended by ``end``, each named by the id of its ``serve``.

Each has a thread of its own, with whatever loop the driver runs there; requests are read on the main thread all the while. Replies come when
what they tell is done, in whatever order that is: a graceful end takes as long as a client wants, and may be followed by an end of the
other kind, which answers both.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from typing import Any, Callable, Dict, List, Optional

from .driver import Driver, Serving

#: Exit code of a process whose server has failed.
FAILED = 1


class Server:
    """One that was asked for."""

    def __init__(self, id: int) -> None:
        self.id = id
        #: None: it does not listen yet.
        self.serving: Optional[Serving] = None
        #: Requests to end it that are not answered yet.
        self.ends: List[int] = []
        #: A graceful end is under way.
        self.stopping = False


class Servers:
    """All methods are called on the main thread."""

    def __init__(self, driver: Driver, send: Callable[[Dict[str, Any]], None]) -> None:
        self._driver = driver
        self._send = send
        self._servers: Dict[int, Server] = {}
        self._lock = threading.Lock()

    def any(self) -> bool:
        """Whether there is one, or will be."""
        with self._lock:
            return bool(self._servers)

    def serve(self, id: int, options: Dict[str, Any]) -> None:
        """Starts one. It is answered by its thread."""
        if not self._driver.offers("serve"):
            self._send({"id": id, "error": "the driver has no serve: there is no server to be started"})
            return
        server = Server(id)
        with self._lock:
            self._servers[id] = server
        threading.Thread(target=self._run, args=(server, options), name=f"server-{id}", daemon=True).start()

    def end(self, id: int, order: Dict[str, Any]) -> None:
        """Ends one. It is answered when its thread has come to its end."""
        with self._lock:
            server = self._servers.get(order["serve"])
            if server is None or server.serving is None:
                self._send({"id": id, "error": f"no server was started by request {order['serve']}"})
                return
            server.ends.append(id)
            gracefully = bool(order["gracefully"])
            again = gracefully and server.stopping
            server.stopping = server.stopping or gracefully
            serving = server.serving
        if not again:
            (serving.stop if gracefully else serving.close)()

    def _run(self, server: Server, options: Dict[str, Any]) -> None:
        def announce(serving: Serving) -> None:
            with self._lock:
                server.serving = serving
            self._send({"id": server.id, "serving": {"host": serving.host, "port": serving.port}})

        failure = "it returned before it listened"
        try:
            self._driver.serve(options, announce)
        except BaseException as error:
            traceback.print_exc()
            if server.serving is not None:
                # It would have ended any program that has this server. To go on would make up for it.
                sys.stderr.flush()
                os._exit(FAILED)
            failure = f"{type(error).__name__}: {error}"
        with self._lock:
            del self._servers[server.id]
        if server.serving is None:
            self._send({"id": server.id, "error": f"serve failed: {failure}"})
        for id in server.ends:
            self._send({"id": id, "ended": {}})
