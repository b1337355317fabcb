"""The ledger: every scenario of the catalogue has one result at the end, whatever happened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.reports.event_file import NOT_SELECTED
from pytest_mews.run.result_tracker import LOST, ResultTracker, scenario_in
from pytest_mews.scenarios import loader
from pytest_mews.session import report_payload

ONE, TWO, THREE = (replace(loader.load()[0], id=f"TST-0{n}") for n in (1, 2, 3))
ALL = (ONE, TWO, THREE)


def selected(*scenarios: Scenario) -> ResultTracker:
    """Make a ledger of a run in which these are to run."""
    ledger = ResultTracker()
    ledger.select(f"mews::{each.id}" for each in scenarios)
    return ledger


def passed(scenario: Scenario) -> ScenarioResult:
    """Make a result."""
    return ScenarioResult(scenario, Verdict.PASS, "as it should be")


def settled(ledger: ResultTracker, stopped: str = "") -> dict[str, tuple[Verdict, str]]:
    """Settle a ledger."""
    found = ledger.finalize(ALL, stopped=stopped)
    return {name: (result.verdict, result.reason) for name, result in found.items()}


def report(scenario: Scenario, outcome: str, when: str = "call", said: object = None) -> object:
    """Make a report of pytest's that bears no result."""
    place = ("mews", None, scenario.id)
    return pytest.TestReport(f"mews::{scenario.id}", place, {}, outcome, said, when)  # type: ignore[arg-type]


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
    """Only the certification's own node ids name a scenario."""
    assert scenario_in(node_id) == name


def test_each_selected_scenario_has_its_result() -> None:
    """What ran has its verdict, what was not selected says so."""
    ledger = selected(ONE)
    ledger.record(passed(ONE))
    assert settled(ledger) == {
        "TST-01": (Verdict.PASS, "as it should be"),
        "TST-02": (Verdict.NOT_OBSERVED, NOT_SELECTED),
        "TST-03": (Verdict.NOT_OBSERVED, NOT_SELECTED),
    }


def test_what_was_lost_is_an_error() -> None:
    """A selected scenario without a result is a fault of the harness, never a pass."""
    assert settled(selected(ONE))["TST-01"] == (Verdict.ERROR, LOST)


def test_two_results_are_an_error() -> None:
    """Nobody can tell which of them holds."""
    ledger = selected(ONE)
    ledger.record(passed(ONE))
    ledger.record(ScenarioResult(ONE, Verdict.FAIL, "later"))
    verdict, reason = settled(ledger)["TST-01"]
    assert (verdict, reason) == (
        Verdict.ERROR,
        "it was to run once and gave 2 results: pass, fail",
    )
    latest = ledger.result("TST-01")
    assert latest is not None
    assert latest.verdict is Verdict.FAIL


def test_what_a_stopped_run_did_not_reach_is_not_observed() -> None:
    """The reason is why it stopped; what was not selected anyway says that."""
    found = settled(selected(ONE), "the run was stopped before it")
    assert found["TST-01"] == (Verdict.NOT_OBSERVED, "the run was stopped before it")
    assert found["TST-02"] == (Verdict.NOT_OBSERVED, NOT_SELECTED)


def test_a_run_that_stopped_before_it_selected_anything() -> None:
    """Then nothing was reached, and everything says why."""
    found = settled(ResultTracker(), "the run was interrupted before it")
    assert {reason for _, reason in found.values()} == {"the run was interrupted before it"}


def test_the_first_excuse_counts_and_a_result_more() -> None:
    """An excuse stands for a result that is missing, also where the run stopped."""
    ledger = selected(ONE, TWO)
    for reason in ("first", "second"):
        ledger.explain_missing("TST-01", reason)
        ledger.explain_missing("TST-02", reason)
    ledger.record(passed(TWO))
    found = settled(ledger, "stopped")
    assert found["TST-01"] == (Verdict.ERROR, "first")
    assert found["TST-02"][0] is Verdict.PASS


def test_results_ahead_of_pytest_do_not_count_twice() -> None:
    """A result that a report carried is not added again; one that none carried is."""
    ledger = selected(ONE, TWO)
    ledger.record(passed(ONE))
    ledger.record_missing([passed(ONE), passed(TWO)])
    assert [settled(ledger)[each.id][0] for each in (ONE, TWO)] == [Verdict.PASS] * 2


def test_idle() -> None:
    """There is something to report once a scenario was selected or ran."""
    assert ResultTracker().idle
    assert not selected(ONE).idle
    ledger = ResultTracker()
    ledger.select(["test_mine.py::test_mine"])
    assert ledger.idle
    ledger.record(passed(ONE))
    assert not ledger.idle


def test_a_skip_of_others_is_not_observed() -> None:
    """A user's conftest may skip a scenario; its reason is told."""
    ledger = selected(ONE)
    said = ("conftest.py", 3, "Skipped: not today")
    notes = report_payload.extract(report(ONE, "skipped", "setup", said), ledger, ALL)  # type: ignore[arg-type]
    assert notes == []
    assert settled(ledger)["TST-01"] == (Verdict.NOT_OBSERVED, "Skipped: not today")


@pytest.mark.parametrize(("when", "verdict"), [("setup", Verdict.ERROR), ("call", Verdict.ERROR)])
def test_a_failure_without_a_result_is_an_excuse(when: str, verdict: Verdict) -> None:
    """The last line of what was said tells why there is none."""
    ledger = selected(ONE)
    report_payload.extract(
        report(ONE, "failed", when, "Traceback\n  E worker crashed"), ledger, ALL
    )  # type: ignore[arg-type]
    assert settled(ledger)["TST-01"] == (verdict, "it gave no result: E worker crashed")


def test_a_failure_afterwards_takes_nothing_away() -> None:
    """What fails while a scenario is torn down says nothing about its verdict."""
    ledger = selected(ONE)
    report_payload.extract(report(ONE, "failed", "teardown", "boom"), ledger, ALL)  # type: ignore[arg-type]
    ledger.record(passed(ONE))
    assert settled(ledger)["TST-01"][0] is Verdict.PASS


def test_a_result_rides_on_its_report() -> None:
    """It arrives whole, with the remarks of the process that certified."""
    ledger, ridden = selected(ONE), report(ONE, "passed")
    report_payload.attach(ridden, passed(ONE), ["a remark"])  # type: ignore[arg-type]
    assert report_payload.is_attached(ridden)  # type: ignore[arg-type]
    assert report_payload.extract(ridden, ledger, ALL) == ["a remark"]  # type: ignore[arg-type]
    assert ledger.result("TST-01") == passed(ONE)
