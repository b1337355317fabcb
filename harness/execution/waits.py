"""How long it is waited for a partner that works, and has not come to what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from pytest_mews.emulator.connector_api import Twin
from pytest_mews.model import Call

LULL_S = 1.0
IN_LINE = 4  # times as long as usual, while a partner works off what it was told


def wait_while_busy(
    twin: Twin,
    holds: Callable[[Sequence[Call]], bool],
    since: int,
    seconds: float,
    *,
    told_ms: float,
) -> None:
    """Wait until something holds, once it was waited for in vain for so many seconds.

    It ends as soon as the partner no longer works on what is older than `told_ms`, or on anything
    that it was told of three seconds before it asks; and after `IN_LINE` times as long in any
    case: the harness sends much faster than Mews does.
    """
    for _ in range(ceil(seconds / LULL_S) * IN_LINE):
        if not twin.is_behind(told_ms) or twin.wait_until(holds, since, LULL_S):
            return
