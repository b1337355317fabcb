"""Waivers: failures that a named person accepts until a given day."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.verdict import Verdict


@dataclass(frozen=True)
class Waiver:
    """One entry of a waivers file; `expires` is the last day on which it is valid, `YYYY-MM-DD`."""

    scenario_id: str
    reason: str
    owner: str
    expires: str


class WaiverState(StrEnum):
    """What a run showed about a waiver."""

    USED = "used"  # it waived a failure
    UNUSED = "unused"  # its scenario did not fail: the waiver can be removed
    INCONCLUSIVE = "inconclusive"  # its scenario did not run, did not apply, or had an error
    EXPIRED = "expired"  # it is not valid any more, whatever the verdict of its scenario


@dataclass(frozen=True)
class WaiverUse:
    """A waiver and what the run showed about it.

    `verdict` is the verdict that its scenario would have without the waiver; None where the
    scenario was not observed.
    """

    waiver: Waiver
    state: WaiverState
    verdict: Verdict | None = None
