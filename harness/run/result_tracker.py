"""Tracks the results of a run, so that none is lost or counted twice, and publishes its events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from threading import Lock

from pytest_mews.model import (
    MissingCause,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    Scenario,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    Subscriber,
)


class ResultTracker:
    """Collects results and publishes each event of a run once, however many threads notice it.

    It publishes nothing before `start` and nothing after `end`. Its methods may be called from
    several threads; subscribers are called one after another, in the order of the events.

    Args:
        subscribers: receive the events.
        now_s: returns the seconds since the start of the run.

    """

    def __init__(self, subscribers: Sequence[Subscriber], now_s: Callable[[], float]) -> None:
        self._subscribers, self._now_s = subscribers, now_s
        self._lock = Lock()
        self._running = False
        self._selected_ids: frozenset[str] = frozenset()
        self._started_ids: set[str] = set()
        self._results: dict[str, list[ScenarioResult]] = {}
        self._missing_reasons: dict[str, str] = {}

    def start(self, event: RunStarted) -> None:
        """Publish that the run starts."""
        with self._lock:
            self._running, self._selected_ids = True, frozenset(event.selected_ids)
            self._publish(event)

    def start_scenario(self, scenario_id: str) -> None:
        """Publish that a scenario starts; later calls for the same scenario do nothing."""
        with self._lock:
            if scenario_id not in self._started_ids:
                self._started_ids.add(scenario_id)
                self._publish(ScenarioStarted(scenario_id))

    def end_scenario(self, result: ScenarioResult, notes: Iterable[str]) -> None:
        """Record a result, and publish it with the run's notes so far."""
        with self._lock:
            self._results.setdefault(result.scenario.id, []).append(result)
            self._publish(ScenarioEnded(result, tuple(notes)))

    def explain_missing(self, scenario_id: str, reason: str) -> None:
        """Note why a scenario will have no result; the first reason counts."""
        self._missing_reasons.setdefault(scenario_id, reason)

    def end(self, run: Run) -> None:
        """Publish that the run is over; a thread that is still running publishes no more."""
        with self._lock:
            self._publish(RunEnded(run))
            self._running = False

    def final_results(
        self, scenarios: Iterable[Scenario], stopped: MissingCause | None = None
    ) -> tuple[ScenarioResult, ...]:
        """Return one result for every scenario.

        Args:
            scenarios: all scenarios.
            stopped: why the run stopped early: the cause of the scenarios that did not run. None if
                it did not stop early; a missing result is then an error of the harness.

        """
        with self._lock:
            return tuple(self._final_result(scenario, stopped) for scenario in scenarios)

    def _final_result(self, scenario: Scenario, stopped: MissingCause | None) -> ScenarioResult:
        results = self._results.get(scenario.id, [])
        # A skipped scenario can have run all the same, concurrently: the skip counts.
        skips = [result for result in results if result.missing]
        if skips or len(results) == 1:
            return (*skips, *results)[0]
        without_run, selected_ids = ScenarioResult.without_run, self._selected_ids
        if results:
            verdicts = ", ".join(result.verdict for result in results)
            reason = f"it ran {len(results)} times instead of once: {verdicts}"
            return without_run(scenario, MissingCause.REPEATED, reason)
        if scenario.id in self._missing_reasons:
            reason = self._missing_reasons[scenario.id]
            return without_run(scenario, MissingCause.NO_RESULT, reason)
        if stopped and _may_run(scenario, selected_ids):
            return without_run(scenario, stopped)
        if scenario.id in selected_ids:
            return without_run(scenario, MissingCause.NO_RESULT)
        return without_run(scenario, MissingCause.NOT_SELECTED)

    def _publish(self, event: RunEvent) -> None:
        if self._running:
            for subscriber in self._subscribers:
                subscriber.receive(event, self._now_s())


def _may_run(scenario: Scenario, selected_ids: Collection[str]) -> bool:
    """Return whether a scenario was selected; all may run if the run stopped before a selection."""
    return not selected_ids or scenario.id in selected_ids
