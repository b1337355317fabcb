"""How many requests the partner sent to the Connector API emulator, second by second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimitUsage:
    """The requests with the AccessTokens of one enterprise, over a whole run.

    Attributes:
        enterprise_id: the owner of the tokens.
        requests: pairs of a second on the run's clock and the number of requests in it; seconds
            without requests are omitted.
        peak: the exact maximum of requests with one token within any 30 s.

    """

    enterprise_id: str
    requests: tuple[tuple[int, int], ...]
    peak: int
