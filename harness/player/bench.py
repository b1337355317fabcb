"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mews_harness.delivery import Courier
from mews_harness.endpoint import Endpoint
from mews_harness.model import Delivery, Handshake, Kind
from mews_harness.player.tokens import spelled


@dataclass(frozen=True)
class Bench:
    """The things on the table.

    `attempts` is the profile's number; `sluggish` means that even a plain message takes too long.
    `handshakes` gives what was seen of TLS; it may look only when it is first asked.
    """

    courier: Courier
    endpoint: Endpoint
    preflight: Delivery
    attempts: int = 3
    sluggish: bool = False
    handshakes: Callable[[], tuple[Handshake, ...]] = tuple

    def address(self, kind: Kind, token: str) -> str:
        """Give the URL for a kind with its token spelled as said; without one, as it is."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else spelled(url, secret, token)
