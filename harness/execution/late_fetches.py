"""What the service fetches only after the run has ceased to wait for it.

A service that collects ids for long, or waits long before its first retry, is not flawed: a run
with a longer timeout shows what it does. In this run the scenarios fail as if it did nothing.
Only requests by id count: an interval has whatever changed meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from threading import Lock

from pytest_mews.model import ApiCall, EntityFetch

MIN_LATE = 3  # entities: a single one may have been announced again
TIMEOUT_FACTOR = 2.0  # the timeout to choose, in times of what the service needed
STEP_S = 10  # to which it is rounded up


class LateFetches:
    """Remembers entities that were not fetched when a wait ended; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._given_up: dict[str, tuple[float, float]] = {}  # acknowledged, and given up

    def give_up(self, missing: Collection[EntityFetch], now_ms: float) -> None:
        """Note that a wait ended without these entities."""
        with self._lock:
            for fetch in missing:
                self._given_up[fetch.entity_id] = fetch.acknowledged_ms, now_ms

    def delays_ms(self, calls: Sequence[ApiCall]) -> dict[str, float]:
        """Return by entity how long after its response it was fetched, if that was too late.

        Args:
            calls: all of the run.

        """
        with self._lock:
            given_up = dict(self._given_up)
        delays_ms: dict[str, float] = {}
        for call in calls if given_up else ():
            requested = {*call.requested_ids} if call.answered_ok else set()
            for entity_id in requested & given_up.keys() - delays_ms.keys():
                acknowledged_ms, given_up_ms = given_up[entity_id]
                if call.received_ms > given_up_ms:
                    delays_ms[entity_id] = call.received_ms - acknowledged_ms
        return delays_ms

    def notes(self, calls: Sequence[ApiCall], fetch_timeout_s: float) -> tuple[str, ...]:
        """Return the note of the run, if several entities were fetched later; else none.

        Args:
            calls: all of the run.
            fetch_timeout_s: the timeout of the run.

        """
        delays_ms = self.delays_ms(calls)
        if len(delays_ms) < MIN_LATE:
            return ()
        longest_s = max(delays_ms.values()) / 1000
        needed_s = STEP_S * math.ceil(TIMEOUT_FACTOR * longest_s / STEP_S)
        note = (
            f"The service is slower than this run waits (--mews-fetch-timeout "
            f"{fetch_timeout_s:g}): {len(delays_ms):,} entities that count as not fetched were "
            f"fetched later, up to {longest_s:,.0f} s after the response. If it collects ids for "
            f"so long, or retries so late, on purpose, run again with --mews-fetch-timeout "
            f"{needed_s:g}: only then do the scenarios judge what it does."
        )
        return (note,)
