"""From futures to the callbacks of a driver: what a future has come to is retrieved, and told as it is.

To be given to whatever the API has for callbacks of futures: ``future.add_done_callback(on_read(callback))``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from .driver import DoneCallback, ReadCallback


def on_read(callback: ReadCallback) -> Callable[[Any], None]:
    """The callback of a future of bytes."""

    def done(future: Any) -> None:
        error = _error_of(future)
        callback(error, future.result() if error is None else None)

    return done


def on_done(callback: DoneCallback) -> Callable[[Any], None]:
    """The callback of a future whose result is of no interest."""

    def done(future: Any) -> None:
        callback(_error_of(future))

    return done


def _error_of(future: Any) -> Optional[BaseException]:
    if future.cancelled():
        return asyncio.CancelledError()
    error: Optional[BaseException] = future.exception()
    return error
