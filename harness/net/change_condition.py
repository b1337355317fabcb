"""A condition variable for shared state that changes often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

LOOK_AGAIN_S = 1.0
"""After how many seconds without a change a waiter checks its predicate again: it may depend on
other state, too."""


class ChangeCondition:
    """Guards shared state: writers notify, waiters check a predicate after each change.

    A writer changes the state within `with condition:` and calls `notify` there. A waiter checks
    its predicate at most once per `poll_interval_s`, however often the state changes.

    Args:
        poll_interval_s: the minimum number of seconds between two checks of a waiter.

    """

    def __init__(self, poll_interval_s: float) -> None:
        self._poll_interval_s = poll_interval_s
        self._change_count = 0
        self._closed = False
        self._condition = threading.Condition()

    def __enter__(self) -> None:
        self._condition.acquire()

    def __exit__(self, *_: object) -> None:
        self._condition.release()

    def notify(self) -> None:
        """Make the waiters check again; the caller must hold the lock."""
        self._change_count += 1
        self._condition.notify_all()

    def wait_until(self, predicate: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until a predicate of the guarded state is true; return whether it is.

        Returns False after `timeout_s`, or once the condition is closed.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            with self:
                change_count = self._change_count
            if predicate():
                return True
            checked_at = time.monotonic()
            if checked_at >= deadline or self._closed:
                return False
            with self:
                changed = partial(self._has_changed_since, change_count)
                self._condition.wait_for(changed, min(deadline - checked_at, LOOK_AGAIN_S))
            next_check = min(checked_at + self._poll_interval_s, deadline)
            time.sleep(max(0.0, next_check - time.monotonic()))

    @property
    def closed(self) -> bool:
        """Whether the condition is closed, so that nobody waits."""
        return self._closed

    def close(self) -> None:
        """End all waits, present and future."""
        with self:
            self._closed = True
            self.notify()

    def _has_changed_since(self, change_count: int) -> bool:
        return self._change_count != change_count
