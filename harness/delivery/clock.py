"""The run's clock: one monotonic time line for everything that is recorded."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from pytest_mews.errors import HarnessError


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
        self._over = threading.Event()

    def now_ms(self) -> float:
        """Milliseconds since this clock was made."""
        return (time.monotonic() - self._origin) * 1000

    def sleep(self, seconds: float) -> None:
        """Wait in the calling thread; an interrupt ends it.

        Raises:
            HarnessFault: the clock was closed meanwhile.

        """
        if self._over.wait(seconds):
            raise HarnessError("the run is over")

    def close(self) -> None:
        """Wake whoever waits, in any thread: nobody need wait for a run that is over."""
        self._over.set()
