"""What waivers make of results, day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pytest_mews.acceptance.waivers import uses, waive
from pytest_mews.checks import fails_run, readiness_of
from pytest_mews.model import Readiness, ScenarioResult, Verdict, Waiver, WaiverState
from pytest_mews.scenarios import loader

ONE = next(each for each in loader.load() if each.id == "RET-02")
WAIVER = Waiver("RET-02", "why", "who", "2026-11-26")
LAST_DAY, DAY_AFTER = date(2026, 11, 26), date(2026, 11, 27)
FAILED = ScenarioResult(ONE, Verdict.FAIL, "500")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.WARN, Verdict.FLAKY])
def test_a_failure_is_waived_to_the_end_of_the_last_day(verdict: Verdict) -> None:
    """Waived, it keeps its reason and what it was, and does not fail the run; a day later it does.

    A flaky or warned scenario is a failure like any other, since --mews-strict makes it one.
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
def test_nothing_else_is_waived(verdict: Verdict) -> None:
    """What passed needs no waiver; an error of the harness or a blocked scenario can't have one."""
    other = replace(FAILED, verdict=verdict)
    assert waive(other, [WAIVER], LAST_DAY) is other


def test_waiving_twice_changes_nothing() -> None:
    """A worker's result that the controller waives once more stays as it is."""
    waived = waive(FAILED, [WAIVER], LAST_DAY)
    assert waive(waived, [WAIVER], LAST_DAY) is waived


def test_another_scenarios_waiver_and_a_preflight_do_not_count() -> None:
    """A waiver is for its own scenario, and none is for a preflight."""
    assert waive(FAILED, [replace(WAIVER, scenario="RET-03")], LAST_DAY) is FAILED
    preflight = replace(FAILED, scenario=replace(ONE, id="PRE-01"))
    assert waive(preflight, [replace(WAIVER, scenario="PRE-01")], LAST_DAY) is preflight


@pytest.mark.parametrize(
    ("verdict", "today", "state", "shown"),
    [
        (Verdict.FAIL, LAST_DAY, WaiverState.USED, Verdict.FAIL),
        (Verdict.PASS, LAST_DAY, WaiverState.UNUSED, Verdict.PASS),
        (Verdict.FAIL, DAY_AFTER, WaiverState.EXPIRED, Verdict.FAIL),
        (Verdict.PASS, DAY_AFTER, WaiverState.EXPIRED, Verdict.PASS),
        (Verdict.NOT_OBSERVED, DAY_AFTER, WaiverState.EXPIRED, None),
        (Verdict.NOT_OBSERVED, LAST_DAY, WaiverState.NOT_JUDGED, None),
        (Verdict.BLOCKED, LAST_DAY, WaiverState.NOT_JUDGED, Verdict.BLOCKED),
        (Verdict.ERROR, LAST_DAY, WaiverState.NOT_JUDGED, Verdict.ERROR),
        (Verdict.NOT_APPLICABLE, LAST_DAY, WaiverState.NOT_JUDGED, Verdict.NOT_APPLICABLE),
    ],
)
def test_what_became_of_a_waiver(
    verdict: Verdict, today: date, state: WaiverState, shown: Verdict | None
) -> None:
    """Only a scenario that was judged makes its waiver used or unused."""
    result = waive(replace(FAILED, verdict=verdict), [WAIVER], today)
    [use] = uses([WAIVER], [result], today)
    assert (use.state, use.verdict) == (state, shown)


def test_a_waiver_makes_no_stage_ready_without_a_warning() -> None:
    """Whose only failures are waived is ready with warnings, strictly judged too."""
    waived = waive(FAILED, [WAIVER], LAST_DAY)
    for strict in (False, True):
        assert readiness_of([waived], strict=strict) is Readiness.WARNINGS
