"""The rules of a delivery, read from a delivery profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pytest_mews.model import Profile


@dataclass(frozen=True)
class DeliveryRules:
    """How a message is delivered; the profile says which of these rules are documented.

    Attributes:
        timeout_s: for each attempt, from its start to the response's last byte, redirects
            included; never scaled.
        attempts: the number of attempts before the message is abandoned.
        retry_interval_s: from the end of an attempt to the start of the next; already scaled.
        redirect_statuses: which redirects are followed, with method and body.
        redirect_hops: the largest number of redirects followed in one attempt.
        verify_tls: whether certificates must be valid.
        new_connections: whether each request is sent on a new connection.

    """

    timeout_s: float
    attempts: int
    retry_interval_s: float
    redirect_statuses: frozenset[int]
    redirect_hops: int
    verify_tls: bool
    new_connections: bool = False

    @classmethod
    def from_profile(cls, profile: Profile, time_scale: float, *, verify_tls: bool) -> Self:
        """Read the rules from a profile; waits are multiplied by `time_scale`."""
        statuses = profile["redirect_statuses"].value
        return cls(
            timeout_s=profile.number("timeout_s"),
            attempts=int(profile.number("attempts")),
            retry_interval_s=profile.number("retry_interval_s") * time_scale,
            redirect_statuses=frozenset(statuses if isinstance(statuses, tuple) else ()),
            redirect_hops=int(profile.number("redirect_hops")),
            verify_tls=verify_tls,
        )
