"""The log of calls: bounded, observable from other threads, serializable as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from pytest_mews.emulator.attribution import AttributedLog, Origin
from pytest_mews.model.api_call import ApiCall
from pytest_mews.net.change_condition import ChangeCondition

MAX_CALLS = 50_000
POLL_INTERVAL_S = 0.02  # a waiting thread evaluates its predicate at most this often


class CallLog:
    """The calls that one emulator received; every method is thread-safe.

    Args:
        max_calls: how many calls the log keeps at least; it drops older ones in blocks of a
            quarter of that number.

    """

    def __init__(self, max_calls: int = MAX_CALLS) -> None:
        self._log: AttributedLog[ApiCall] = AttributedLog(max_calls)
        self._changes = ChangeCondition(POLL_INTERVAL_S)

    def add(self, call: ApiCall, origin: Origin = Origin.PARTNER, description: str = "") -> ApiCall:
        """Add a call that is being answered; return it with its number.

        Args:
            call: the call.
            origin: who made it.
            description: of a stranger's call, for the note.

        """
        with self._changes:
            numbered = replace(call, number=self._log.next_number())
            self._log.add(numbered, origin, description)
            self._changes.notify()
            return numbered

    @property
    def notes(self) -> tuple[str, ...]:
        """The note about the calls of strangers, or none."""
        with self._changes:
            return self._log.notes("Requests to the Connector API emulator")

    def update(self, call: ApiCall) -> None:
        """Replace the call with the same number, unless the log has dropped it."""
        with self._changes:
            self._log.replace(call)
            self._changes.notify()

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Return the calls with a number above `since`, in order of arrival.

        Without those of strangers; see `attribution`.
        """
        with self._changes:
            return self._log.since(since)

    def wait_until(
        self,
        predicate: Callable[[tuple[ApiCall, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until `predicate(calls(since))` is true; return whether it became true in time."""
        return self._changes.wait_until(lambda: predicate(self.calls(since)), timeout_s)

    @property
    def waits_ended(self) -> bool:
        """Whether `end_waits` was called."""
        return self._changes.closed

    def end_waits(self) -> None:
        """End all current waits; later ones return at once."""
        self._changes.close()


def to_json_line(call: ApiCall) -> str:
    """Serialize a call as one line of JSON, without the line feed."""
    return json.dumps(vars(call), ensure_ascii=False, separators=(",", ":"))
