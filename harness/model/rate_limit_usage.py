"""How often the partner asked the Connector API, second by second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimitUsage:
    """The requests that bore the AccessTokens of one enterprise, over a whole run.

    Attributes:
        enterprise_id: whose tokens they bore.
        requests: pairs of a second on the run's clock and the requests that came in it; seconds
            without any are left out.
        peak: the most requests with one token within any 30 s, exactly.

    """

    enterprise_id: str
    requests: tuple[tuple[int, int], ...]
    peak: int
