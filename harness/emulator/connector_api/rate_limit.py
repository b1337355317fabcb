"""The documented rate limit: requests per AccessToken, from the first request of a burst on."""

from __future__ import annotations

from collections import Counter, deque
from math import ceil

from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN

WINDOW_MS = REQUEST_WINDOW_S * 1000.0


class RateLimit:
    """Counts the requests of one AccessToken.

    A window begins with the first request after the end of the previous one, not at a full minute
    or half minute (guidelines/requests).

    Attributes:
        peak: the most requests within any `WINDOW_MS`, wherever it begins.
        seconds: the number of requests by the second in which they arrived.

    """

    def __init__(self) -> None:
        self.peak = 0
        self.seconds: Counter[int] = Counter()
        self._started_ms = -WINDOW_MS
        self._count = 0  # in the current window
        self._recent: deque[float] = deque()  # when the requests of the last `WINDOW_MS` arrived

    def count_request(self, now_ms: float, *, enforce: bool) -> tuple[bool, float | None]:
        """Count a request.

        Args:
            now_ms: when the request arrived.
            enforce: whether requests over the limit are rejected. A client that waits as long as
                Retry-After says is served.

        Returns:
            Whether the request is over the limit, and, if it is rejected, the whole seconds until
            the window ends.

        """
        if now_ms >= self._started_ms + WINDOW_MS:
            self._started_ms, self._count = now_ms, 0
        self._count += 1
        while self._recent and self._recent[0] <= now_ms - WINDOW_MS:
            self._recent.popleft()
        self._recent.append(now_ms)
        self.seconds[int(now_ms // 1000)] += 1
        self.peak = max(self.peak, len(self._recent))
        if self._count <= REQUESTS_PER_TOKEN:
            return False, None
        wait_ms = self._started_ms + WINDOW_MS - now_ms
        return True, float(max(1, ceil(wait_ms / 1000))) if enforce else None
