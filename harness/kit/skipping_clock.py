"""The clock of deliveries in a test: pauses between attempts take no time unless the test asks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from inspect import isawaitable
from time import perf_counter

Sleep = Callable[[float], Awaitable[object] | object]
"""Called with the seconds of a pause: `time.sleep`, `asyncio.sleep`, or what moves the time."""


_SKIPPED_S = ContextVar("skipped_s", default=0.0)


def skipped_ms() -> float:
    """Return the milliseconds that this thread or task has jumped over."""
    return _SKIPPED_S.get() * 1000


class SkippingClock:
    """Runs with the real time, and jumps over the pauses.

    Each thread, and each task of an event loop, has its own jumps: the time limit of a delivery
    doesn't expire because another one at the same time skips a pause.

    Attributes:
        sleep_with: called with the seconds of each pause; None to jump at once.

    """

    # As an attribute of the class, libraries that freeze the time leave it alone.
    _now_s = staticmethod(perf_counter)

    def __init__(self) -> None:
        self.sleep_with: Sleep | None = None
        self._started_s = self._now_s()

    def now_ms(self) -> float:
        """Return the milliseconds since the clock was created, pauses included."""
        return (self._now_s() - self._started_s + _SKIPPED_S.get()) * 1000

    def sleep(self, seconds: float) -> None:
        """Jump over a pause.

        Raises:
            TypeError: `sleep_with` has to be awaited.

        """
        started_s = self._now_s()
        if self.sleep_with is not None and isawaitable(pending := self.sleep_with(seconds)):
            if hasattr(pending, "close"):
                pending.close()
            raise TypeError("mews_webhooks.sleep has to be awaited: use deliver_async")
        self._skip_rest(seconds, started_s)

    async def sleep_async(self, seconds: float) -> None:
        """Jump over a pause; `sleep_with` may be awaitable."""
        started_s = self._now_s()
        if self.sleep_with is not None and isawaitable(pending := self.sleep_with(seconds)):
            await pending
        self._skip_rest(seconds, started_s)

    def _skip_rest(self, seconds: float, started_s: float) -> None:
        """Jump to the end of a pause that began at `started_s`."""
        _SKIPPED_S.set(_SKIPPED_S.get() + max(0.0, seconds - (self._now_s() - started_s)))
