"""Waivers change results until their last day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pytest_mews.acceptance.waivers import waive, waiver_uses
from pytest_mews.checks import fails_run, readiness_of
from pytest_mews.model import Readiness, ScenarioResult, Verdict, Waiver, WaiverState
from pytest_mews.scenarios import loader

ONE = next(item for item in loader.load_scenarios() if item.id == "RET-02")
WAIVER = Waiver("RET-02", "why", "who", "2026-11-26")
LAST_DAY, DAY_AFTER = date(2026, 11, 26), date(2026, 11, 27)
FAILED = ScenarioResult(ONE, Verdict.FAIL, "500")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN, Verdict.FLAKY])
def test_a_failure_is_waived_until_the_end_of_the_last_day(verdict: Verdict) -> None:
    """A waived failure keeps its reason and original verdict, and does not fail the run.

    `flaky` and `warn` can be waived too, since --mews-strict makes a failure of them.
    """
    failed = replace(FAILED, verdict=verdict)
    waived = waive(failed, [WAIVER], LAST_DAY)
    assert (waived.verdict, waived.verdict_without_waiver, waived.waiver) == (
        Verdict.WAIVED,
        verdict,
        WAIVER,
    )
    assert waived.reason == "500"
    assert not fails_run(waived, strict=True)
    assert waive(failed, [WAIVER], DAY_AFTER) is failed


@pytest.mark.parametrize(
    "verdict", sorted(set(Verdict) - {Verdict.FAIL, Verdict.WARN, Verdict.FLAKY})
)
def test_only_failures_are_waived(verdict: Verdict) -> None:
    """A pass needs no waiver; an error of the harness or a blocked scenario can't have one."""
    result = replace(FAILED, verdict=verdict)
    assert waive(result, [WAIVER], LAST_DAY) is result


def test_waiving_twice_changes_nothing() -> None:
    """The result of a worker, which its controller waives again, stays as it is."""
    waived = waive(FAILED, [WAIVER], LAST_DAY)
    assert waive(waived, [WAIVER], LAST_DAY) is waived


def test_other_scenarios_and_preflights_are_not_waived() -> None:
    """A waiver is for its own scenario, and a preflight can't be waived."""
    assert waive(FAILED, [replace(WAIVER, scenario_id="RET-03")], LAST_DAY) is FAILED
    preflight = replace(FAILED, scenario=replace(ONE, id="PRE-01", precondition=True))
    assert waive(preflight, [replace(WAIVER, scenario_id="PRE-01")], LAST_DAY) is preflight


@pytest.mark.parametrize(
    ("verdict", "today", "state", "verdict_in_use"),
    [
        (Verdict.FAIL, LAST_DAY, WaiverState.USED, Verdict.FAIL),
        (Verdict.PASS, LAST_DAY, WaiverState.UNUSED, Verdict.PASS),
        (Verdict.FAIL, DAY_AFTER, WaiverState.EXPIRED, Verdict.FAIL),
        (Verdict.PASS, DAY_AFTER, WaiverState.EXPIRED, Verdict.PASS),
        (Verdict.NOT_OBSERVED, DAY_AFTER, WaiverState.EXPIRED, None),
        (Verdict.NOT_OBSERVED, LAST_DAY, WaiverState.INCONCLUSIVE, None),
        (Verdict.BLOCKED, LAST_DAY, WaiverState.INCONCLUSIVE, Verdict.BLOCKED),
        (Verdict.ERROR, LAST_DAY, WaiverState.INCONCLUSIVE, Verdict.ERROR),
        (Verdict.NOT_APPLICABLE, LAST_DAY, WaiverState.INCONCLUSIVE, Verdict.NOT_APPLICABLE),
    ],
)
def test_use_of_a_waiver(
    verdict: Verdict, today: date, state: WaiverState, verdict_in_use: Verdict | None
) -> None:
    """A waiver is used or unused only if its scenario passed or failed."""
    result = waive(replace(FAILED, verdict=verdict), [WAIVER], today)
    [use] = waiver_uses([WAIVER], [result], today)
    assert (use.state, use.verdict) == (state, verdict_in_use)


def test_waived_failures_make_a_stage_ready_with_warnings() -> None:
    """A stage whose only failures are waived is ready with warnings, also with --mews-strict."""
    waived = waive(FAILED, [WAIVER], LAST_DAY)
    for strict in (False, True):
        assert readiness_of([waived], strict=strict) is Readiness.WARNINGS
