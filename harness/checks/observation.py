"""What a check observes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from pytest_mews.model import Attempt

NO_ANSWER = "the service answered none of these messages"
STILL_BUSY = "the service was still working through earlier messages"
NOT_RESTARTED = "the service was not restarted: something still listened after its command's end"
FAULT_WITHOUT_EFFECT = "the injected fault affected no request about these entities"


@dataclass(frozen=True)
class Observation:
    """What a check observed.

    Attributes:
        met: whether the expectation is met.
        observed: the diagnosis where it is not met, then the figures.
        subject_count: how many attempts, entities, calls or connections it evaluated; 0 if there
            was nothing to evaluate.
        remedy: what to change, where the observation determines it; otherwise empty.
        broken: the attempts that broke the expectation, of a check of single attempts.
        not_observed: whether there was something to evaluate that the harness could not observe;
            then `subject_count` is 0.

    """

    met: bool
    observed: str
    subject_count: int
    remedy: str = ""
    broken: tuple[Attempt, ...] = ()
    not_observed: bool = False

    @classmethod
    def without_fault(cls) -> Self:
        """Return that an injected fault affected nothing, so that there is no retry to judge."""
        return cls(met=True, observed=FAULT_WITHOUT_EFFECT, subject_count=0, not_observed=True)

    @classmethod
    def without_large_request(cls, more_than: int) -> Self:
        """Return that no request was large enough for a fault, so that there is none to split."""
        observed = f"no request was for more than {more_than} of these entities: none was refused"
        return cls(met=True, observed=observed, subject_count=0)

    @classmethod
    def of_busy_service(cls, missing: int, expected: int) -> Self:
        """Return that entities were not fetched yet, and may have been later."""
        observed = f"{STILL_BUSY}: {missing:,} of {expected:,} entities not fetched yet"
        return cls(met=True, observed=observed, subject_count=0, not_observed=True)

    @classmethod
    def not_reached(cls) -> Self:
        """Return that the service had not come yet to a message that must lead to no request."""
        observed = f"{STILL_BUSY}: a request about this one may have come later"
        return cls(met=True, observed=observed, subject_count=0, not_observed=True)

    @classmethod
    def never_idle(cls) -> Self:
        """Return that the service had something to do all the time."""
        observed = f"{STILL_BUSY}, and never idle"
        return cls(met=True, observed=observed, subject_count=0, not_observed=True)

    @classmethod
    def without_restart(cls) -> Self:
        """Return that the service was not restarted, so that nothing was lost or kept."""
        return cls(met=True, observed=NOT_RESTARTED, subject_count=0, not_observed=True)

    @classmethod
    def after_refused_action(cls, observed: str) -> Self:
        """Return that an Integration Webhook was refused, without which nothing is to be judged."""
        return cls(met=True, observed=observed, subject_count=0, not_observed=True)

    @classmethod
    def without_answer(cls) -> Self:
        """Return that no message got a complete response, so that nothing was shown."""
        return cls(met=True, observed=NO_ANSWER, subject_count=0, not_observed=True)
