"""What waivers make of results; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pytest_mews.model import ScenarioResult, Verdict, Waiver, WaiverState, WaiverUse
from pytest_mews.model.scenario import PREFLIGHT
from pytest_mews.model.verdict import FAILURES

JUDGED = {*FAILURES, Verdict.PASS, Verdict.WAIVED}


def acceptable(result: ScenarioResult) -> bool:
    """Whether a result is a failure that may be lived with.

    A preflight's is not, nor is what could not be judged: it may hide anything.
    """
    return result.verdict in FAILURES and result.scenario.area != PREFLIGHT


def waive(result: ScenarioResult, waivers: Iterable[Waiver], today: date) -> ScenarioResult:
    """Give the result as waived where it is a failure and a waiver for it holds today."""
    if not acceptable(result):
        return result
    for waiver in waivers:
        if waiver.scenario == result.scenario.id and not _expired(waiver, today):
            return replace(
                result, verdict=Verdict.WAIVED, waiver=waiver, verdict_without_waiver=result.verdict
            )
    return result


def uses(
    waivers: Iterable[Waiver], results: Sequence[ScenarioResult], today: date
) -> tuple[WaiverUse, ...]:
    """Say what became of each waiver; `results` have been waived already."""
    by_id = {result.scenario.id: result for result in results}
    return tuple(_use(waiver, by_id.get(waiver.scenario), today) for waiver in waivers)


def _use(waiver: Waiver, result: ScenarioResult | None, today: date) -> WaiverUse:
    if result is None or result.verdict is Verdict.NOT_OBSERVED:
        seen = None
    else:
        seen = result.verdict_without_waiver or result.verdict
    if result is not None and result.verdict is Verdict.WAIVED:
        return WaiverUse(waiver, WaiverState.USED, seen)
    if _expired(waiver, today):
        return WaiverUse(waiver, WaiverState.EXPIRED, seen)
    return WaiverUse(waiver, WaiverState.UNUSED if seen in JUDGED else WaiverState.NOT_JUDGED, seen)


def _expired(waiver: Waiver, today: date) -> bool:
    return waiver.expires < today.isoformat()
