"""What the service fetches only after the run has ceased to wait for it.

A service that collects ids for long, or waits long before its first retry, is not flawed: a run
with a longer timeout shows what it does. In this run the scenarios fail as if it did nothing.
Only requests by id count: an interval has whatever changed meanwhile.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from threading import Lock

from pytest_mews.emulator.connector_api.busy_silence import WOKEN_MS, last_before
from pytest_mews.model import ApiCall, EntityFetch

MIN_LATE = 3  # entities: a single one may have been announced again
TIMEOUT_FACTOR = 2.0  # the timeout to choose, in times of what the service needed
STEP_S = 10  # to which it is rounded up
MIN_WOKEN_SHARE = 0.9  # of the late requests that follow a message so soon; a retry may be one, too
MAX_CHANCE = 0.001  # that requests at any other time would do so


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

    def forget(self) -> None:
        """Forget what was given up: what a restarted service fetches says not how slow it is."""
        with self._lock:
            self._given_up.clear()

    def delays_ms(self, calls: Sequence[ApiCall]) -> dict[str, float]:
        """Return by entity how long after its response it was fetched, if that was too late.

        Args:
            calls: all of the run.

        """
        given_up = self._copy()
        return {
            entity_id: received_ms - given_up[entity_id][0]
            for entity_id, received_ms in _late_ms(given_up, calls).items()
        }

    def wait_for_messages(self, calls: Sequence[ApiCall], messages_ms: Sequence[float]) -> bool:
        """Return whether what is fetched late is requested only when another message comes.

        So does a serverless function that is frozen between its response and its next request. A
        slow service would hardly do so by chance.

        Args:
            calls: all of the run.
            messages_ms: when messages were sent, in order.

        """
        given_up = self._copy()
        late_ms = sorted({*_late_ms(given_up, calls).values()})
        if not late_ms:
            return False
        firsts_ms = [late_ms[0]]
        firsts_ms += [after for before, after in pairwise(late_ms) if after - before > WOKEN_MS]
        woken = [ms for ms in firsts_ms if ms - last_before(messages_ms, ms) <= WOKEN_MS]
        began_ms = min(given_up_ms for _, given_up_ms in given_up.values())
        times_ms = [ms for ms in messages_ms if began_ms <= ms <= late_ms[-1]]
        soon_ms = sum(
            min(WOKEN_MS, after - before) for before, after in pairwise([*times_ms, late_ms[-1]])
        )
        chance = (soon_ms / (late_ms[-1] - began_ms)) ** len(woken)
        return len(woken) >= MIN_WOKEN_SHARE * len(firsts_ms) and chance < MAX_CHANCE

    def _copy(self) -> dict[str, tuple[float, float]]:
        with self._lock:
            return dict(self._given_up)

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


def _late_ms(
    given_up: dict[str, tuple[float, float]], calls: Iterable[ApiCall]
) -> dict[str, float]:
    """Return by entity when the first successful request for it came after it was given up."""
    late_ms: dict[str, float] = {}
    for call in calls if given_up else ():
        for entity_id in call.requested_ids if call.answered_ok else ():
            if entity_id in given_up and call.received_ms > given_up[entity_id][1]:
                late_ms.setdefault(entity_id, call.received_ms)
    return late_ms
