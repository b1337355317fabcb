"""What a delivery profile says about one delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pytest_mews.model import Profile


@dataclass(frozen=True)
class Rules:
    """The rules of a delivery; which of them are documented is the profile's to say.

    Attributes:
        timeout_s: for each attempt, from its start to the answer's last byte, redirects
            included; never scaled.
        attempts: tries in all before the message is abandoned.
        retry_interval_s: from the end of an attempt to the start of the next; already scaled.
        redirect_statuses: which redirects are followed, with method and body.
        redirect_hops: redirects followed in one attempt at most.
        verify_tls: whether certificates must be valid.

    """

    timeout_s: float
    attempts: int
    retry_interval_s: float
    redirect_statuses: frozenset[int]
    redirect_hops: int
    verify_tls: bool

    @classmethod
    def of(cls, profile: Profile, time_scale: float, *, verify_tls: bool) -> Self:
        """Take the rules from a profile; waits are multiplied by `time_scale`."""
        statuses = profile["redirect_statuses"].value
        return cls(
            timeout_s=profile.number("timeout_s"),
            attempts=int(profile.number("attempts")),
            retry_interval_s=profile.number("retry_interval_s") * time_scale,
            redirect_statuses=frozenset(statuses if isinstance(statuses, tuple) else ()),
            redirect_hops=int(profile.number("redirect_hops")),
            verify_tls=verify_tls,
        )
