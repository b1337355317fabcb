"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

from dataclasses import dataclass

from mews_harness.delivery import Courier
from mews_harness.endpoint import Endpoint, with_token
from mews_harness.model import Delivery, Kind


@dataclass(frozen=True)
class Bench:
    """The things on the table; `sluggish` means that even a plain message takes too long."""

    courier: Courier
    endpoint: Endpoint
    preflight: Delivery
    sluggish: bool = False

    def address(self, kind: Kind, token: str) -> str:
        """Give the URL for a kind with its token `right`, `wrong` (as long, other) or `missing`."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        if token == "right" or secret is None:  # noqa: S105 - a word, not a secret
            return url
        return with_token(url, None if token == "missing" else _other(secret))  # noqa: S105


def _other(secret: str) -> str:
    """Make a token of the same length that differs in every character."""
    return "".join("0" if character != "0" else "1" for character in secret)
