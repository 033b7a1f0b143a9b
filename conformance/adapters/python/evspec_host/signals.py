"""Signals of one scenario: sent ones are survived, and everything is put back at the end."""

from __future__ import annotations

import signal
from typing import Any, Dict

from .errors import Unrunnable

#: Dispositions under which a signal would end the process or not interrupt its poll.
_UNHANDLED = (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler)


def signal_number(name: str) -> signal.Signals:
    """``SIGUSR1`` → its number. Raises Unrunnable."""
    try:
        return signal.Signals[name]
    except KeyError:
        raise Unrunnable(f"no signal is named '{name}'") from None


def _do_nothing(*_: Any) -> None:
    pass


class Signals:
    """Remembers the disposition of each signal that a scenario touches."""

    def __init__(self) -> None:
        self._before: Dict[signal.Signals, Any] = {}

    def touch(self, number: signal.Signals) -> None:
        """The loop is about to change what the signal does."""
        self._before.setdefault(number, signal.getsignal(number))

    def survive(self, number: signal.Signals) -> None:
        """The signal is about to be sent: if nobody handles it, an empty handler does, which interrupts the poll."""
        if signal.getsignal(number) in _UNHANDLED:
            self.touch(number)
            signal.signal(number, _do_nothing)

    def survive_touched(self) -> None:
        """The loop took handlers back, and one of their signals may be on its way."""
        for number in self._before:
            self.survive(number)

    def restore(self) -> None:
        """Puts everything back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
