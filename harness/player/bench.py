"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

from dataclasses import dataclass, field

from mews_harness.delivery import Courier
from mews_harness.endpoint import Endpoint
from mews_harness.model import Delivery, Kind, Limits
from mews_harness.player.tokens import spelled


@dataclass(frozen=True)
class Bench:
    """The things on the table.

    `attempts` is the profile's number; `sluggish` means that even a plain message takes too long.
    `rate` is in messages per second.
    """

    courier: Courier
    endpoint: Endpoint
    preflight: Delivery
    attempts: int = 3
    sluggish: bool = False
    rate: float = 5.0
    limits: Limits = field(default_factory=Limits)

    def address(self, kind: Kind, token: str) -> str:
        """Give the URL for a kind with its token spelled as said; without one, as it is."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else spelled(url, secret, token)
