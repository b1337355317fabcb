"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

from dataclasses import dataclass

from mews_harness.delivery import Courier
from mews_harness.endpoint import Endpoint
from mews_harness.model import Delivery, Kind
from mews_harness.player.tokens import spelled


@dataclass(frozen=True)
class Bench:
    """The things on the table.

    `attempts` is the profile's number; `sluggish` means that even a plain message takes too long.
    """

    courier: Courier
    endpoint: Endpoint
    preflight: Delivery
    attempts: int = 3
    sluggish: bool = False

    @property
    def has_two_urls(self) -> bool:
        """Whether each kind of webhook has a URL of its own."""
        return self.endpoint.general_url != self.endpoint.integration_url

    def address(self, kind: Kind, token: str) -> str:
        """Give the URL for a kind with its token spelled as said; without one, as it is."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else spelled(url, secret, token)
