"""The run's clock: one monotonic time line for everything that is recorded."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What tells the time and waits; tests give one that does not really wait."""

    def now_ms(self) -> float:
        """Milliseconds since the start of the run, never running backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait at least so many seconds."""
        ...


class SystemClock:
    """The real clock; the run starts when it is made."""

    def __init__(self) -> None:
        self._origin = time.monotonic()

    def now_ms(self) -> float:
        """Milliseconds since this clock was made."""
        return (time.monotonic() - self._origin) * 1000

    def sleep(self, seconds: float) -> None:
        """Wait in the calling thread; an interrupt ends it."""
        time.sleep(seconds)
