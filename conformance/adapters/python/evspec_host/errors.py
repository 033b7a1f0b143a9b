"""What goes wrong outside the loop under test, and how an exception is written into a trace."""

from __future__ import annotations

import errno
from typing import Any, Dict, Optional


class Unrunnable(Exception):
    """The host can't run the scenario: an unknown name, an operation that the driver does not offer.

    Never a finding about the loop; the reply to the kit is ``{id, error}``.
    """


def errno_name(error: BaseException) -> Optional[str]:
    """``EPIPE`` for an exception that carries that number; None if it carries none."""
    number = getattr(error, "errno", None)
    return errno.errorcode.get(number) if isinstance(number, int) else None


def describe(error: BaseException, cause: Optional[BaseException] = None) -> Dict[str, Any]:
    """The ``raised`` field of a trace: class, text, and the errno's name if there is one, here or in what is behind it."""
    raised = {"type": type(error).__name__, "text": str(error)[:2000]}
    name = errno_name(error) or (None if cause is None else errno_name(cause))
    if name is not None:
        raised["errno"] = name
    return raised
