"""How long it is waited for a partner that works, and has not come to what is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.model import ApiCall

QUIET_S = 1.0
BUSY_FACTOR = 4  # times as long as usual, while a partner works off what it was told


def wait_while_busy(
    twin: ConnectorApi,
    holds: Callable[[Sequence[ApiCall]], bool],
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
    for _ in range(ceil(seconds / QUIET_S) * BUSY_FACTOR):
        if not twin.is_working_on_backlog(told_ms) or twin.wait_until(holds, since, QUIET_S):
            return
