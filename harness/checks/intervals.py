"""The pauses between retries or reconnects: whether they grow, and whether two series are equal."""

from __future__ import annotations

from collections.abc import Sequence

GROWTH_FACTOR = 1.5  # pauses grow if the longest is at least this multiple of the shortest
MIN_PAUSES = 3  # fewer pauses show no growth
# Pauses may be equal if they differ by less than this share or this time, whichever is more.
EQUAL_SHARE, EQUAL_MS = 0.05, 25.0


def pauses_grow(pauses: Sequence[float]) -> bool:
    """Return whether pauses are not all about equally long.

    With random pauses the longer one need not be the later one.
    """
    return max(pauses) >= GROWTH_FACTOR * min(pauses)


def pauses_equal(first: Sequence[float], second: Sequence[float]) -> bool:
    """Return whether two series of pauses in ms are equal, up to the end of the shorter one."""
    return all(
        abs(one - other) <= max(EQUAL_MS, EQUAL_SHARE * max(one, other))
        for one, other in zip(first, second, strict=False)
    )


def format_pauses(pauses: Sequence[float]) -> str:
    """Return pauses as text: `250, 500, 1,000 ms`."""
    return f"{', '.join(f'{pause:,.0f}' for pause in pauses)} ms"
