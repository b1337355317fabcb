"""`ResultTracker` returns one result for every scenario, whatever happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.reports.event_file import NOT_SELECTED
from pytest_mews.run.result_tracker import NO_RESULT, ResultTracker, scenario_id_in
from pytest_mews.scenarios import loader
from pytest_mews.session import report_payload

ONE, TWO, THREE = (replace(loader.load_scenarios()[0], id=f"TST-0{n}") for n in (1, 2, 3))
ALL = (ONE, TWO, THREE)


def selected(*scenarios: Scenario) -> ResultTracker:
    """Build a tracker of a run for which these scenarios are selected."""
    tracker = ResultTracker()
    tracker.select(f"mews::{scenario.id}" for scenario in scenarios)
    return tracker


def passed(scenario: Scenario) -> ScenarioResult:
    """Build a result."""
    return ScenarioResult(scenario, Verdict.PASS, "as expected")


def finalize(tracker: ResultTracker, stopped: str = "") -> dict[str, tuple[Verdict, str]]:
    """Return the final verdicts and reasons by id."""
    results = tracker.finalize(ALL, stopped=stopped)
    return {name: (result.verdict, result.reason) for name, result in results.items()}


def pytest_report(
    scenario: Scenario, outcome: str, when: str = "call", longrepr: object = None
) -> object:
    """Build a report of pytest without a result."""
    location = ("mews", None, scenario.id)
    return pytest.TestReport(f"mews::{scenario.id}", location, {}, outcome, longrepr, when)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        ("mews::RET-02", "RET-02"),
        ("mews::RET-02@group", "RET-02"),
        ("mews", None),
        ("mews::", None),
        ("tests/mews::RET-02", None),
        ("test_mine.py::test_mine", None),
    ],
)
def test_scenario_in_a_node_id(node_id: str, name: str | None) -> None:
    """Only node ids of the certification contain a scenario id."""
    assert scenario_id_in(node_id) == name


def test_each_selected_scenario_has_its_result() -> None:
    """A scenario that ran has its verdict; the others were not selected."""
    tracker = selected(ONE)
    tracker.record(passed(ONE))
    assert finalize(tracker) == {
        "TST-01": (Verdict.PASS, "as expected"),
        "TST-02": (Verdict.NOT_OBSERVED, NOT_SELECTED),
        "TST-03": (Verdict.NOT_OBSERVED, NOT_SELECTED),
    }


def test_a_missing_result_is_an_error() -> None:
    """A selected scenario without a result is an error of the harness, never a pass."""
    assert finalize(selected(ONE))["TST-01"] == (Verdict.ERROR, NO_RESULT)


def test_two_results_are_an_error() -> None:
    """A scenario that ran twice has no valid result."""
    tracker = selected(ONE)
    tracker.record(passed(ONE))
    tracker.record(ScenarioResult(ONE, Verdict.FAIL, "later"))
    verdict, reason = finalize(tracker)["TST-01"]
    assert (verdict, reason) == (
        Verdict.ERROR,
        "it ran 2 times instead of once: pass, fail",
    )
    latest = tracker.result("TST-01")
    assert latest is not None
    assert latest.verdict is Verdict.FAIL


def test_scenarios_after_a_stop_are_not_observed() -> None:
    """Their reason is why the run stopped, unless they were not selected."""
    results = finalize(selected(ONE), "the run was stopped before it")
    assert results["TST-01"] == (Verdict.NOT_OBSERVED, "the run was stopped before it")
    assert results["TST-02"] == (Verdict.NOT_OBSERVED, NOT_SELECTED)


def test_a_run_that_stopped_before_the_selection() -> None:
    """All scenarios have the reason why it stopped."""
    results = finalize(ResultTracker(), "the run was interrupted before it")
    assert {reason for _, reason in results.values()} == {"the run was interrupted before it"}


def test_the_first_reason_for_a_missing_result_counts() -> None:
    """A result has precedence over a reason; a reason over the stop of the run."""
    tracker = selected(ONE, TWO)
    for reason in ("first", "second"):
        tracker.explain_missing("TST-01", reason)
        tracker.explain_missing("TST-02", reason)
    tracker.record(passed(TWO))
    results = finalize(tracker, "stopped")
    assert results["TST-01"] == (Verdict.ERROR, "first")
    assert results["TST-02"][0] is Verdict.PASS


def test_results_of_concurrent_scenarios_do_not_count_twice() -> None:
    """A result that a report carried is not added again; a result without a report is added."""
    tracker = selected(ONE, TWO)
    tracker.record(passed(ONE))
    tracker.record_missing([passed(ONE), passed(TWO)])
    assert [finalize(tracker)[scenario.id][0] for scenario in (ONE, TWO)] == [Verdict.PASS] * 2


def test_is_empty() -> None:
    """A tracker is empty until a scenario is selected or recorded."""
    assert ResultTracker().is_empty
    assert not selected(ONE).is_empty
    tracker = ResultTracker()
    tracker.select(["test_mine.py::test_mine"])
    assert tracker.is_empty
    tracker.record(passed(ONE))
    assert not tracker.is_empty


def test_a_skip_by_another_plugin_is_not_observed() -> None:
    """A user's conftest may skip a scenario; the result has its reason."""
    tracker = selected(ONE)
    longrepr = ("conftest.py", 3, "Skipped: not today")
    notes = report_payload.extract(pytest_report(ONE, "skipped", "setup", longrepr), tracker, ALL)  # type: ignore[arg-type]
    assert notes == []
    assert finalize(tracker)["TST-01"] == (Verdict.NOT_OBSERVED, "Skipped: not today")


@pytest.mark.parametrize(("when", "verdict"), [("setup", Verdict.ERROR), ("call", Verdict.ERROR)])
def test_a_failure_without_a_result_explains_it(when: str, verdict: Verdict) -> None:
    """The reason is the last line of the report."""
    tracker = selected(ONE)
    report_payload.extract(
        pytest_report(ONE, "failed", when, "Traceback\n  E worker crashed"), tracker, ALL
    )  # type: ignore[arg-type]
    assert finalize(tracker)["TST-01"] == (verdict, "it returned no result: E worker crashed")


def test_a_failed_teardown_is_ignored() -> None:
    """A failure in the teardown does not change the verdict."""
    tracker = selected(ONE)
    report_payload.extract(pytest_report(ONE, "failed", "teardown", "boom"), tracker, ALL)  # type: ignore[arg-type]
    tracker.record(passed(ONE))
    assert finalize(tracker)["TST-01"][0] is Verdict.PASS


def test_a_report_carries_its_result() -> None:
    """The result and the notes of the process that certified arrive unchanged."""
    tracker, report = selected(ONE), pytest_report(ONE, "passed")
    report_payload.attach(report, passed(ONE), ["a note"])  # type: ignore[arg-type]
    assert report_payload.is_attached(report)  # type: ignore[arg-type]
    assert report_payload.extract(report, tracker, ALL) == ["a note"]  # type: ignore[arg-type]
    assert tracker.result("TST-01") == passed(ONE)
