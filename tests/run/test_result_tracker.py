"""`ResultTracker` returns one result for every scenario, and publishes each event once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.config import profiles
from pytest_mews.model import (
    MissingCause,
    Readiness,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    Scenario,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    Tenants,
    Verdict,
)
from pytest_mews.model.run import MISSING_REASONS
from pytest_mews.run.result_tracker import ResultTracker
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import CONNECTOR

ONE, TWO, THREE = (replace(loader.load_scenarios()[0], id=f"TST-0{n}") for n in (1, 2, 3))
ALL = (ONE, TWO, THREE)
NOT_SELECTED = MISSING_REASONS[MissingCause.NOT_SELECTED]
STOPPED = MISSING_REASONS[MissingCause.STOPPED]
RUN = Run(
    version="0",
    started_utc="2026-01-01T00:00:00Z",
    duration_s=1.0,
    target="demo",
    integration_target="demo",
    command="pytest",
    profile=profiles.load_profile("2026-04", CONNECTOR.profiles),
    time_scale=1.0,
    seed=1,
    strict=False,
    events=(),
    tenants=Tenants("***", ()),
    readiness=Readiness.READY,
    stages=(),
)


class Recorder:
    """Records the events that it receives, with their times."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []
        self.seconds: list[float] = []

    def receive(self, event: RunEvent, at_s: float) -> None:
        """Record an event."""
        self.events.append(event)
        self.seconds.append(at_s)


def started(*scenarios: Scenario) -> RunStarted:
    """Build the start of a run for which these scenarios are selected."""
    return RunStarted(RUN, (), ALL, tuple(scenario.id for scenario in scenarios))


def selected(*scenarios: Scenario) -> ResultTracker:
    """Build a tracker of a run for which these scenarios are selected."""
    tracker = ResultTracker([], lambda: 0.0)
    tracker.start(started(*scenarios))
    return tracker


def passed(scenario: Scenario) -> ScenarioResult:
    """Build a result."""
    return ScenarioResult(scenario, Verdict.PASS, "as expected")


def finalize(
    tracker: ResultTracker, stopped: MissingCause | None = None
) -> dict[str, tuple[Verdict, str]]:
    """Return the final verdicts and reasons by id."""
    results = tracker.final_results(ALL, stopped)
    return {result.scenario.id: (result.verdict, result.reason) for result in results}


def test_each_selected_scenario_has_its_result() -> None:
    """A scenario that ran has its verdict; the others were not selected."""
    tracker = selected(ONE)
    tracker.end_scenario(passed(ONE), ())
    assert finalize(tracker) == {
        "TST-01": (Verdict.PASS, "as expected"),
        "TST-02": (Verdict.NOT_OBSERVED, NOT_SELECTED),
        "TST-03": (Verdict.NOT_OBSERVED, NOT_SELECTED),
    }
    causes = [result.missing for result in tracker.final_results(ALL)]
    assert causes == [None, MissingCause.NOT_SELECTED, MissingCause.NOT_SELECTED]


def test_a_missing_result_is_an_error() -> None:
    """A selected scenario without a result is an error of the harness, never a pass."""
    reason = MISSING_REASONS[MissingCause.NO_RESULT]
    assert finalize(selected(ONE))["TST-01"] == (Verdict.ERROR, reason)


def test_two_results_are_an_error() -> None:
    """A scenario that ran twice has no valid result."""
    tracker = selected(ONE)
    tracker.end_scenario(passed(ONE), ())
    tracker.end_scenario(ScenarioResult(ONE, Verdict.FAIL, "later"), ())
    assert finalize(tracker)["TST-01"] == (
        Verdict.ERROR,
        "it ran 2 times instead of once: pass, fail",
    )


def test_scenarios_after_a_stop_are_not_observed() -> None:
    """Their reason is why the run stopped, unless they were not selected."""
    results = finalize(selected(ONE), MissingCause.STOPPED)
    assert results["TST-01"] == (Verdict.NOT_OBSERVED, STOPPED)
    assert results["TST-02"] == (Verdict.NOT_OBSERVED, NOT_SELECTED)


def test_a_run_that_stopped_before_the_selection() -> None:
    """All scenarios have the reason why it stopped."""
    results = finalize(ResultTracker([], lambda: 0.0), MissingCause.INTERRUPTED)
    assert {reason for _, reason in results.values()} == {
        "the run was interrupted before this scenario"
    }


def test_the_first_reason_for_a_missing_result_counts() -> None:
    """A result has precedence over a reason; a reason over the stop of the run."""
    tracker = selected(ONE, TWO)
    for reason in ("first", "second"):
        tracker.explain_missing("TST-01", reason)
        tracker.explain_missing("TST-02", reason)
    tracker.end_scenario(passed(TWO), ())
    results = finalize(tracker, MissingCause.STOPPED)
    assert results["TST-01"] == (Verdict.ERROR, "first")
    assert results["TST-02"][0] is Verdict.PASS


@pytest.mark.parametrize("ran_first", [True, False])
def test_a_skip_counts_although_the_scenario_ran(*, ran_first: bool) -> None:
    """With --mews-jobs a scenario may run before or after a plugin skips its item."""
    tracker = selected(ONE)
    skipped = ScenarioResult.without_run(ONE, MissingCause.SKIPPED, "not today")
    for result in (passed(ONE), skipped) if ran_first else (skipped, passed(ONE)):
        tracker.end_scenario(result, ())
    assert finalize(tracker)["TST-01"] == (Verdict.NOT_OBSERVED, "not today")


def test_every_missing_cause_has_a_reason() -> None:
    """A scenario without a result always says why."""
    assert set(MISSING_REASONS) == set(MissingCause)


def test_each_event_is_published_once() -> None:
    """A start that was published is not published again; every subscriber receives each event."""
    recorders = [Recorder(), Recorder()]
    tracker = ResultTracker(recorders, lambda: 7.0)
    start, end = started(ONE), replace(RUN, results=(passed(ONE),))
    tracker.start(start)
    tracker.start_scenario(ONE.id)
    tracker.start_scenario(ONE.id)
    tracker.end_scenario(passed(ONE), ["a note"])
    tracker.end(end)
    for recorder in recorders:
        assert recorder.seconds == [7.0] * 4
        assert recorder.events == [
            start,
            ScenarioStarted(ONE.id),
            ScenarioEnded(passed(ONE), ("a note",)),
            RunEnded(end),
        ]


def test_nothing_is_published_before_the_start() -> None:
    """Events before `start` are not published."""
    recorder = Recorder()
    tracker = ResultTracker([recorder], lambda: 0.0)
    tracker.start_scenario(ONE.id)
    tracker.end_scenario(passed(ONE), [])
    tracker.end(RUN)
    assert recorder.events == []


def test_nothing_is_published_after_the_end() -> None:
    """A scenario that still runs after the end, as after -x, publishes nothing more."""
    recorder = Recorder()
    tracker = ResultTracker([recorder], lambda: 0.0)
    start = started(ONE)
    tracker.start(start)
    tracker.end(RUN)
    tracker.start_scenario(ONE.id)
    tracker.end_scenario(passed(ONE), [])
    assert recorder.events == [start, RunEnded(RUN)]
