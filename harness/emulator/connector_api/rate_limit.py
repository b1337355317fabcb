"""How many requests bore each AccessToken lately: 200 within any 30 s are documented."""

from __future__ import annotations

from collections import Counter, deque
from math import ceil

LIMIT = 200  # guidelines/environments
WINDOW_MS = 30_000.0


class RateLimit:
    """The requests of one AccessToken, in a window that slides with them.

    `peak` is the most in any window; `seconds` counts them by the second in which they came.
    """

    def __init__(self) -> None:
        self.peak = 0
        self.seconds: Counter[int] = Counter()
        self._seen: deque[float] = deque()
        self._granted: deque[float] = deque()

    def request(self, now_ms: float, *, enforce: bool) -> tuple[bool, float | None]:
        """Count a request.

        Args:
            now_ms: when it came.
            enforce: whether too many are to be refused; a refused one leaves the others their
                places, so that whoever waits as told is served.

        Returns:
            Whether it is over the limit, and, if it is to be refused, the whole seconds after
            which a request will be granted again.

        """
        for times in (self._seen, self._granted):
            while times and times[0] <= now_ms - WINDOW_MS:
                times.popleft()
        self._seen.append(now_ms)
        self.seconds[int(now_ms // 1000)] += 1
        self.peak = max(self.peak, len(self._seen))
        if enforce and len(self._granted) >= LIMIT:
            wait_ms = self._granted[-LIMIT] + WINDOW_MS - now_ms
            return True, float(max(1, ceil(wait_ms / 1000)))
        self._granted.append(now_ms)
        return len(self._seen) > LIMIT, None
