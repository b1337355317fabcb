"""Publishes the events of a run as they happen; see `pytest_mews.model.run_events`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Lock

from pytest_mews.model import (
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
)

Listener = Callable[[RunEvent, float], None]


class EventPublisher:
    """Publishes each event once, whichever thread or pytest report notices it first.

    It publishes nothing before `publish_start` and nothing after `publish_end`. Its methods may be
    called from several threads.

    Args:
        listener: is called with an event and its second since the start of the run, one event
            after another. After an OSError it is not called any more, and `problem` has the reason.
        now_s: returns the seconds since the start of the run.

    """

    def __init__(self, listener: Listener | None, now_s: Callable[[], float]) -> None:
        self._listener, self._now_s = listener, now_s
        self._lock = Lock()
        self._started_ids: set[str] | None = None  # None before the start and after the end
        self._published: dict[str, ScenarioResult] = {}
        self.problem = ""

    def publish_start(self, build_event: Callable[[], RunStarted]) -> None:
        """Publish that the run starts; later calls do nothing."""
        with self._lock:
            if self._started_ids is None:
                self._started_ids = set()
                self._publish(build_event())

    def publish_scenario_start(self, scenario_id: str) -> None:
        """Publish that a scenario starts; later calls for the same scenario do nothing."""
        with self._lock:
            if self._started_ids is not None and scenario_id not in self._started_ids:
                self._started_ids.add(scenario_id)
                self._publish(ScenarioStarted(scenario_id))

    def publish_scenario_end(self, result: ScenarioResult, notes: Iterable[str]) -> None:
        """Publish a result with the run's notes so far; a different result is published too."""
        with self._lock:
            if self._started_ids is not None and self._is_new(result):
                self._started_ids.add(result.scenario.id)
                self._publish(ScenarioEnded(result, tuple(notes)))

    def publish_end(self, run: Run) -> None:
        """Publish that the run is over, with those of its results that were not published."""
        with self._lock:
            if self._started_ids is not None:
                others = tuple(result for result in run.results if self._is_new(result))
                self._publish(RunEnded(replace(run, results=()), others))
                self._started_ids = None  # a thread that is still running publishes no more
                self._listener = None

    def _is_new(self, result: ScenarioResult) -> bool:
        previous = self._published.get(result.scenario.id)
        self._published[result.scenario.id] = result
        return previous != result

    def _publish(self, event: RunEvent) -> None:
        if self._listener is None:
            return
        try:
            self._listener(event, self._now_s())
        except OSError as error:
            self._listener = None
            self.problem = error.strerror or str(error)
