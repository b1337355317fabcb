"""The record of what the partner asked: bounded, waited on, written as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace

from pytest_mews.model.api_call import ApiCall
from pytest_mews.net.change_condition import ChangeCondition

KEPT = 50_000  # calls
LOOK_S = 0.02  # between two looks of one who waits, however many calls come


class CallLog:
    """The calls of one twin, safe to use from any thread."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._calls: list[ApiCall] = []
        self._dropped = 0
        self._changes = ChangeCondition(LOOK_S)

    def open(self, call: ApiCall) -> ApiCall:
        """Note a request that is being answered; returns it with its number."""
        with self._changes:
            numbered = replace(call, number=self._dropped + len(self._calls) + 1)
            self._calls.append(numbered)
            if len(self._calls) > self._kept + self._kept // 4:
                surplus = len(self._calls) - self._kept
                del self._calls[:surplus]
                self._dropped += surplus
            self._changes.notify()
            return numbered

    def close(self, call: ApiCall) -> None:
        """Put the answered call in the place of the one with its number."""
        with self._changes:
            place = call.number - self._dropped - 1
            if place >= 0:
                self._calls[place] = call
            self._changes.notify()

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Give the calls numbered above `since`, in order."""
        with self._changes:
            return tuple(self._calls[max(0, since - self._dropped) :])

    def wait_until(
        self,
        predicate: Callable[[tuple[ApiCall, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until the predicate holds of `calls(since)`; tell whether it came to that."""
        return self._changes.wait_until(lambda: predicate(self.calls(since)), timeout_s)

    @property
    def over(self) -> bool:
        """Whether nobody waits any longer."""
        return self._changes.closed

    def end(self) -> None:
        """Let nobody wait any longer, now or later."""
        self._changes.close()


def line(call: ApiCall) -> str:
    """Write a call as one line of JSON without its line feed."""
    return json.dumps(asdict(call), ensure_ascii=False, separators=(",", ":"))
