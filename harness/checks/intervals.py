"""Whether pauses grow: those before a request is tried again, and those between handshakes."""

from __future__ import annotations

from collections.abc import Sequence

GROWN = 1.5  # the longest pause as a multiple of the shortest from which on pauses grow
TRIES = 3  # pauses that are needed to see a growth


def grow(pauses: Sequence[float]) -> bool:
    """Tell whether pauses are not all about as long.

    Where they are drawn at random a longer one need not be the later.
    """
    return max(pauses) >= GROWN * min(pauses)
