"""From Python's ``logging`` to the trace, for loops that report there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .driver import Log


class _Forwarder(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self.log = log

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        error = record.exc_info[1] if record.exc_info else None
        self.log(level, record.getMessage(), error)


def forward_logging(log: Log, *names: str) -> None:
    """Sends warnings and errors of the named loggers to ``log``; replaces what an earlier call set up."""
    for name in names:
        logging.getLogger(name).handlers = [_Forwarder(log)]
