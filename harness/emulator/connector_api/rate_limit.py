"""The documented rate limit: 200 requests per AccessToken within any 30 s."""

from __future__ import annotations

from collections import Counter, deque
from math import ceil

LIMIT = 200  # guidelines/environments
WINDOW_MS = 30_000.0


class RateLimit:
    """Counts the requests of one AccessToken in a sliding window.

    Attributes:
        peak: the most requests in any window.
        seconds: the number of requests by the second in which they arrived.

    """

    def __init__(self) -> None:
        self.peak = 0
        self.seconds: Counter[int] = Counter()
        self._received: deque[float] = deque()
        self._granted: deque[float] = deque()

    def count_request(self, now_ms: float, *, enforce: bool) -> tuple[bool, float | None]:
        """Count a request.

        Args:
            now_ms: when the request arrived.
            enforce: whether requests over the limit are rejected. A rejected request doesn't use
                up the limit, so a client that waits as long as Retry-After says is served.

        Returns:
            Whether the request is over the limit, and, if it is rejected, the whole seconds until
            the next request is granted.

        """
        for times in (self._received, self._granted):
            while times and times[0] <= now_ms - WINDOW_MS:
                times.popleft()
        self._received.append(now_ms)
        self.seconds[int(now_ms // 1000)] += 1
        self.peak = max(self.peak, len(self._received))
        if enforce and len(self._granted) >= LIMIT:
            wait_ms = self._granted[-LIMIT] + WINDOW_MS - now_ms
            return True, float(max(1, ceil(wait_ms / 1000)))
        self._granted.append(now_ms)
        return len(self._received) > LIMIT, None
