"""Handshakes that are refused on purpose: how many, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class HandshakeRejection:
    """A refusal in force, for the clients of one enterprise.

    It ends when `times` handshakes were refused and `until_ms` is past, both; so that a client
    that comes at once again and again is seen doing so.

    Attributes:
        status: what handshakes are answered with.
        times: how many more.
        until_ms: on the run's clock.

    """

    status: int
    times: int
    until_ms: float

    def applies(self, now_ms: float) -> bool:
        """Tell whether a handshake is refused, and count it."""
        if self.times <= 0 and now_ms >= self.until_ms:
            return False
        self.times -= 1
        return True
