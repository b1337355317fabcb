"""What a check of a whole transcript observes, and how such a check is declared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_mews.model import Transcript


@dataclass(frozen=True)
class Observation:
    """What a case check observed.

    Attributes:
        met: whether the expectation is met.
        observed: the diagnosis where it is not met, then the figures.
        subject_count: how many attempts, entities, calls or connections it evaluated; 0 if there
            was nothing to evaluate.
        remedy: what to change, where the observation determines it; otherwise empty.

    """

    met: bool
    observed: str
    subject_count: int
    remedy: str = ""


@dataclass(frozen=True)
class CaseCheck:
    """A check of a whole transcript, for what no single attempt shows.

    Its observation has figures, so that the reason of a passed scenario gives them as well.

    Attributes:
        expected: what the check expects, as a phrase for the report.
        observe: the check itself; a pure function.

    """

    expected: str
    observe: Callable[[Transcript], Observation]
