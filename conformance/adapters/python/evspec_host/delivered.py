"""What streams have handed to their readers, looked at again when the scenario is over.

``bytes`` can't change. An API may hand out a ``bytearray`` or a ``memoryview``, and write to the same memory later.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

from .recorder import MAX_DATA

#: The most bytes that are kept hold of. What is handed over beyond that is not looked at again.
MOST_BYTES = 16 * 1024 * 1024
#: The most reads that are told of, and how many bytes of each.
MAX_CHANGED = 100
SHOWN = 64


def latin1(data: Any) -> str:
    """As a trace has it: one character a byte, so many at most."""
    return bytes(memoryview(data)[:MAX_DATA]).decode("latin-1")


class _Kept(NamedTuple):
    record: int
    data: Any
    #: As it was.
    text: str


class Delivered:
    """The changeable bytes of one scenario."""

    def __init__(self) -> None:
        self._kept: List[_Kept] = []
        self._size = 0

    def keep(self, record: int, data: Any, text: str) -> None:
        """``record``: the position of the record that has them, as ``text``."""
        if isinstance(data, bytes) or not text or self._size + len(data) > MOST_BYTES:
            return
        self._size += len(data)
        self._kept.append(_Kept(record, data, text))

    def changed(self) -> List[Dict[str, Any]]:
        """Those that are others now."""
        found: List[Dict[str, Any]] = []
        for record, data, text in self._kept:
            now = _if_there(data)
            if now != text and len(found) < MAX_CHANGED:
                differ = (at for at in range(len(text)) if now[at : at + 1] != text[at])
                at = next(differ, len(text))
                found.append({"record": record, "at": at, "data": now[at : at + SHOWN]})
        return found


def _if_there(data: Any) -> str:
    try:
        return latin1(data)
    except ValueError:  # a memoryview that was released
        return ""
