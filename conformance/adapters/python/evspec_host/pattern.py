"""The bytes that ``size`` asks for: ``patternByte`` of ``spec/scenario.ts``.

Lost, repeated and exchanged bytes show in them, since no stretch is like its neighbour.
"""

from __future__ import annotations

#: Bytes that differ only in the lowest 8 bits of their position: byte(i) = (i ^ i >> 8 ^ i >> 16) & 0xff.
BLOCK = 256
_BLOCKS = [bytes(i ^ high for i in range(BLOCK)) for high in range(BLOCK)]


def _whole_blocks(first: int, end: int) -> bytes:
    return b"".join(_BLOCKS[(n ^ n >> 8) & 0xFF] for n in range(first, end))


#: As far as one action can reach: ``from`` and ``size`` are at most a million each.
_PATTERN = _whole_blocks(0, 2_000_000 // BLOCK + 1)


def pattern(start: int, size: int) -> bytes:
    """The pattern's bytes from position ``start`` on."""
    end = start + size
    if end <= len(_PATTERN):
        return _PATTERN[start:end]
    first = start // BLOCK
    return _whole_blocks(first, -(-end // BLOCK))[start - first * BLOCK :][:size]
