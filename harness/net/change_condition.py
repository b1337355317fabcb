"""Something that many threads change and others wait for, however often it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial


class ChangeCondition:
    """Guards what changes, and lets others wait until something holds of it.

    Whoever changes something does so within `with changes:`, and says so by `note`.

    Args:
        look_s: seconds between two looks of one who waits.

    """

    def __init__(self, look_s: float) -> None:
        self._look_s = look_s
        self._count = 0
        self._over = False
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        self._changed.acquire()

    def __exit__(self, *_: object) -> None:
        self._changed.release()

    def notify(self) -> None:
        """Let those who wait look again; the caller is within."""
        self._count += 1
        self._changed.notify_all()

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until something holds that only what is guarded can change; tell whether."""
        end = time.monotonic() + timeout_s
        while True:
            with self:
                seen = self._count
            if holds():
                return True
            looked = time.monotonic()
            if looked >= end or self._over:
                return False
            with self:
                if not self._changed.wait_for(partial(self._since, seen), end - looked):
                    return False
            time.sleep(max(0.0, min(looked + self._look_s, end) - time.monotonic()))

    @property
    def closed(self) -> bool:
        """Whether nobody waits any longer."""
        return self._over

    def close(self) -> None:
        """Let nobody wait any longer, now or later."""
        with self:
            self._over = True
            self.notify()

    def _since(self, seen: int) -> bool:
        return self._count != seen
