"""The control channel: newline-delimited JSON, taken away from fds 0 and 1 before anything else happens.

A scenario may test fd 0, and a loop may print; neither must disturb what the host and the kit say to each other.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any, Dict, Iterator

from .high_fds import move_high

#: The longest line that the kit need accept.
MAX_LINE_BYTES = 16 * 1024 * 1024


class Channel:
    """Requests come in, replies go out; both block. Requests may be pipelined."""

    def __init__(self) -> None:
        self._in = os.fdopen(move_high(0), "rb")
        self._out = move_high(1)
        self._sending = threading.Lock()
        for fd in (self._in.fileno(), self._out):
            os.set_blocking(fd, True)

    def requests(self) -> Iterator[Dict[str, Any]]:
        """Yields each request until the kit closes its end. A line that is no request is answered with an error."""
        for line in self._in:
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            if isinstance(request, dict) and isinstance(request.get("id"), int):
                yield request
            elif line.strip():
                self.send({"id": 0, "error": "this line is not a JSON object with an integer id"})

    def send(self, reply: Dict[str, Any]) -> None:
        """Writes one line, all of it; one that is too long is replaced by an error. Callable on any thread."""
        # Bytes above 0x7f take two bytes this way, and six when escaped; what UTF-8 lacks, lone surrogates, is escaped.
        text = json.dumps(reply, separators=(",", ":"), ensure_ascii=False)
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        if len(line) > MAX_LINE_BYTES:
            error = f"the reply is {len(line)} bytes long, where {MAX_LINE_BYTES} are allowed"
            line = json.dumps({"id": reply["id"], "error": error}).encode() + b"\n"
        left = memoryview(line)
        with self._sending:
            while left:
                left = left[os.write(self._out, left) :]
