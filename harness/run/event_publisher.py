"""Tells of a run as it happens, to whoever writes it down; see `pytest_mews.model.run_events`."""

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
    """Tells each thing once, whoever notices it first; silent before `begin` and after `end`.

    Scenarios may start and end in several threads, and be told of again by pytest's reports.

    Args:
        listener: hears of each event and its second since the start; one after another. Where it
            can't write (OSError) it hears no more, and `problem` says why.
        now_s: the seconds since the run's start.

    """

    def __init__(self, listener: Listener | None, now_s: Callable[[], float]) -> None:
        self._listener, self._now_s = listener, now_s
        self._lock = Lock()
        self._begun: set[str] | None = None
        self._told: dict[str, ScenarioResult] = {}
        self.problem = ""

    def publish_start(self, started: Callable[[], RunStarted]) -> None:
        """Tell that the run starts, unless that was told."""
        with self._lock:
            if self._begun is None:
                self._begun = set()
                self._tell(started())

    def started(self, scenario: str) -> None:
        """Tell that a scenario is being played."""
        with self._lock:
            if self._begun is not None and scenario not in self._begun:
                self._begun.add(scenario)
                self._tell(ScenarioStarted(scenario))

    def ended(self, result: ScenarioResult, notes: Iterable[str]) -> None:
        """Tell a result, with the run's remarks so far; another one of a scenario is told too."""
        with self._lock:
            if self._begun is not None and self._is_news(result):
                self._begun.add(result.scenario.id)
                self._tell(ScenarioEnded(result, tuple(notes)))

    def end(self, run: Run) -> None:
        """Tell that the run is over, and those of its results that were not told like that."""
        with self._lock:
            if self._begun is not None:
                others = tuple(result for result in run.results if self._is_news(result))
                self._tell(RunEnded(replace(run, results=()), others))
                self._begun = None  # a thread that is still at work is told of no more
                self._listener = None

    def _is_news(self, result: ScenarioResult) -> bool:
        before = self._told.get(result.scenario.id)
        self._told[result.scenario.id] = result
        return before != result

    def _tell(self, event: RunEvent) -> None:
        if self._listener is None:
            return
        try:
            self._listener(event, self._now_s())
        except OSError as error:
            self._listener = None
            self.problem = error.strerror or str(error)
