"""The record of what the partner asked: bounded, waited on, written as lines of JSON."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

from mews_harness.model.call import Call

KEPT = 50_000  # calls
LOOK_S = 0.02  # between two looks of one who waits, however many calls come


class Journal:
    """The calls of one twin, safe to use from any thread."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._calls: list[Call] = []
        self._dropped = 0
        self._changes = 0
        self._over = False
        self._changed = threading.Condition()

    def open(self, call: Call) -> Call:
        """Note a request that is being answered; returns it with its number."""
        with self._changed:
            numbered = replace(call, number=self._dropped + len(self._calls) + 1)
            self._calls.append(numbered)
            if len(self._calls) > self._kept + self._kept // 4:
                surplus = len(self._calls) - self._kept
                del self._calls[:surplus]
                self._dropped += surplus
            self._notify()
            return numbered

    def close(self, call: Call) -> None:
        """Put the answered call in the place of the one with its number."""
        with self._changed:
            place = call.number - self._dropped - 1
            if place >= 0:
                self._calls[place] = call
            self._notify()

    def calls(self, since: int = 0) -> tuple[Call, ...]:
        """Give the calls numbered above `since`, in order."""
        with self._changed:
            return tuple(self._calls[max(0, since - self._dropped) :])

    def wait_until(
        self,
        predicate: Callable[[tuple[Call, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until the predicate holds of `calls(since)`; tell whether it came to that."""
        end = time.monotonic() + timeout_s
        while True:
            with self._changed:
                seen = self._changes
            if predicate(self.calls(since)):
                return True
            looked = time.monotonic()
            if looked >= end or self._over:
                return False
            with self._changed:
                if not self._changed.wait_for(partial(self._changed_since, seen), end - looked):
                    return False
            time.sleep(max(0.0, min(looked + LOOK_S, end) - time.monotonic()))

    def end(self) -> None:
        """Let nobody wait any longer, now or later."""
        with self._changed:
            self._over = True
            self._notify()

    def _changed_since(self, seen: int) -> bool:
        return self._changes != seen

    def _notify(self) -> None:
        self._changes += 1
        self._changed.notify_all()


def line(call: Call) -> str:
    """Write a call as one line of JSON without its line feed."""
    return json.dumps(asdict(call), ensure_ascii=False, separators=(",", ":"))
