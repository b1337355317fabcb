"""How long a partner with a backlog makes no request, because its own work takes long.

A worker that handles message after message may write each entity of a full batch to a database
before it requests those of the next message. One that limits its own requests waits for its limit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from pytest_mews.model import ApiCall

LATE_MS = 3_000.0  # a request this long after its event shows that the partner has a backlog
FACTOR = 2.0  # how much longer than ever before a partner may work without a request
# How long it may do so before it has shown any such silence: a full batch at 40 ms for each entity,
# or a limit of 30 s.
PRESUMED_MS = 40_000.0
WOKEN_MS = 1_000.0  # a request so soon after a message may be due to it


class BusySilence:
    """Learns from requests how long the partner was silent and then went on; not thread-safe.

    A silence counts if the first request for an entity ends it, and Mews had announced the entity
    before it began. Retries are no first requests: the pauses before them are no work.

    Until a silence was final, a partner whose last first request came late is presumed to be able
    to be silent for `PRESUMED_MS`.

    Attributes:
        longest_ms: the longest such silence so far, 0 without one.
        last_call: the number of the last call that was looked at.
        messages_ms: when messages were sent, in order.

    """

    def __init__(self) -> None:
        self.longest_ms = 0.0
        self._is_presumed = True
        self._is_late = False  # whether the last first request came late
        self.last_call = 0
        self._began_ms: float | None = None  # the end of the last request so far
        self._requested: set[str] = set()
        self.messages_ms: list[float] = []

    def note_message(self, at_ms: float) -> None:
        """Note when a message was sent, in order of time."""
        self.messages_ms.append(at_ms)

    def allows_since_ms(self, now_ms: float) -> float:
        """Return the time of the earliest request after which the partner may still be at work."""
        allowed_ms = FACTOR * self.longest_ms
        if self._is_presumed and self._is_late:
            allowed_ms = max(allowed_ms, PRESUMED_MS)
        return now_ms - allowed_ms

    def note_final(self) -> None:
        """Note that the partner did nothing more after a silence that was waited out."""
        self._is_presumed = False

    def look_at(
        self, calls: Sequence[ApiCall], announced_ms: Callable[[ApiCall], float | None]
    ) -> None:
        """Look at further calls, up to the first one that has no response yet.

        Args:
            calls: those above `last_call`, in order of arrival.
            announced_ms: returns when the oldest entity that a call requests was announced, on the
                run's clock; None if none was.

        """
        for call in calls:
            if call.answered_ms is None:
                return
            self.last_call = call.number
            requested = [id_.lower() for id_ in call.requested_ids]
            first = tuple(id_ for id_ in requested if id_ not in self._requested)
            self._requested.update(first)
            if first and self._began_ms is not None:
                announced = announced_ms(replace(call, requested_ids=first))
                is_woken = self._is_woken(self._began_ms, call.received_ms)
                if announced is not None and announced < self._began_ms and not is_woken:
                    silence_ms = call.received_ms - self._began_ms
                    self.longest_ms = max(self.longest_ms, silence_ms)
                self._is_late = announced is not None and announced < call.received_ms - LATE_MS
            self._began_ms = max(self._began_ms or 0.0, call.answered_ms)

    def _is_woken(self, began_ms: float, ended_ms: float) -> bool:
        """Return whether a message was sent during a silence, shortly before its end."""
        return last_before(self.messages_ms, ended_ms) > max(began_ms, ended_ms - WOKEN_MS)


def last_before(messages_ms: Sequence[float], at_ms: float) -> float:
    """Return when the last message up to a moment was sent, of times in order; -inf for none."""
    count = bisect_right(messages_ms, at_ms)
    return messages_ms[count - 1] if count else -inf
