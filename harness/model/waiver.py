"""Known deviations that someone has decided to live with for a while."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.verdict import Verdict


@dataclass(frozen=True)
class Waiver:
    """One entry of a waivers file; `expires` is the last day it holds, `YYYY-MM-DD`."""

    scenario: str
    reason: str
    owner: str
    expires: str


class WaiverState(StrEnum):
    """What became of a waiver in a run: a closed list."""

    USED = "used"  # a failure was waived
    UNUSED = "unused"  # its scenario was judged and did not fail: the waiver can go
    NOT_JUDGED = "not-judged"  # its scenario was not selected, not applicable, blocked, or erred
    EXPIRED = "expired"  # too old to count, whatever its scenario got


@dataclass(frozen=True)
class WaiverUse:
    """A waiver and what became of it; `verdict` is what its scenario got without it.

    `verdict` is None where the scenario was not observed.
    """

    waiver: Waiver
    state: WaiverState
    verdict: Verdict | None = None
