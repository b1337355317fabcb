"""Applies waivers to results; without I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from pytest_mews.model import ScenarioResult, Verdict, Waiver, WaiverState, WaiverUse
from pytest_mews.model.verdict import FAILURES

CONCLUSIVE = {*FAILURES, Verdict.PASS, Verdict.WAIVED}
"""The verdicts that say whether the endpoint meets a scenario."""


def can_be_waived(result: ScenarioResult) -> bool:
    """Return whether a waiver may accept a result.

    A failed precondition, an error and a blocked scenario can't be waived: they could hide any
    other failure.
    """
    return result.verdict in FAILURES and not result.scenario.precondition


def waive(result: ScenarioResult, waivers: Iterable[Waiver], today: date) -> ScenarioResult:
    """Return the result as waived if a waiver for it is valid today; otherwise as it is."""
    if not can_be_waived(result):
        return result
    for waiver in waivers:
        if waiver.scenario_id == result.scenario.id and not _expired(waiver, today):
            return replace(
                result, verdict=Verdict.WAIVED, waiver=waiver, verdict_without_waiver=result.verdict
            )
    return result


def waiver_uses(
    waivers: Iterable[Waiver], results: Sequence[ScenarioResult], today: date
) -> tuple[WaiverUse, ...]:
    """Return the use of each waiver; `results` are the results after `waive`."""
    by_id = {result.scenario.id: result for result in results}
    return tuple(_use(waiver, by_id.get(waiver.scenario_id), today) for waiver in waivers)


def _use(waiver: Waiver, result: ScenarioResult | None, today: date) -> WaiverUse:
    if result is None or result.verdict is Verdict.NOT_OBSERVED:
        verdict = None
    else:
        verdict = result.verdict_without_waiver or result.verdict
    if result is not None and result.verdict is Verdict.WAIVED:
        return WaiverUse(waiver, WaiverState.USED, verdict)
    if _expired(waiver, today):
        return WaiverUse(waiver, WaiverState.EXPIRED, verdict)
    state = WaiverState.UNUSED if verdict in CONCLUSIVE else WaiverState.INCONCLUSIVE
    return WaiverUse(waiver, state, verdict)


def _expired(waiver: Waiver, today: date) -> bool:
    return waiver.expires < today.isoformat()
