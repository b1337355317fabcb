"""The run's clock: one monotonic timeline for everything that is recorded."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from pytest_mews.errors import HarnessError


class Clock(Protocol):
    """Reads the time of the run, and sleeps; tests use one that doesn't really sleep."""

    def now_ms(self) -> float:
        """Return the milliseconds since the start of the run; never runs backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Sleep for at least the given number of seconds."""
        ...


class SystemClock:
    """The real clock; the run starts when it is created."""

    def __init__(self) -> None:
        self._origin = time.monotonic()
        self._closed = threading.Event()

    def now_ms(self) -> float:
        """Return the milliseconds since this clock was created."""
        return (time.monotonic() - self._origin) * 1000

    def sleep(self, seconds: float) -> None:
        """Sleep in the calling thread; an interrupt ends the sleep.

        Raises:
            HarnessError: the clock was closed meanwhile.

        """
        if self._closed.wait(seconds):
            raise HarnessError("the run is over")

    def close(self) -> None:
        """Wake every sleeping thread; a later `sleep` raises at once."""
        self._closed.set()
