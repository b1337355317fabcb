"""Lets scenarios wait side by side: their verdicts are ready when pytest asks for them in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition

from mews_harness.model import Scenario, ScenarioResult

Certify = Callable[[Scenario], ScenarioResult]


class Gate:
    """Many may be inside at once, or one alone; whoever wants to be alone is let in first."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside, self._waiting_alone, self._alone = 0, 0, False

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Stay inside for as long as the context lasts."""
        with self._changed:
            self._waiting_alone += alone
            self._changed.wait_for(lambda: self._free(alone=alone))
            self._waiting_alone -= alone
            self._inside, self._alone = self._inside + 1, alone
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._alone = self._inside - 1, False
                self._changed.notify_all()

    def _free(self, *, alone: bool) -> bool:
        if alone:
            return self._inside == 0
        return not self._alone and not self._waiting_alone


class Schedule:
    """Certifies scenarios ahead of pytest, at most `jobs` at a time, `alone` ones alone."""

    def __init__(self, certify: Certify, jobs: int) -> None:
        self._certify, self._gate = certify, Gate()
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="mews-scenario")
        self._futures: dict[str, Future[ScenarioResult]] = {}

    def start(self, scenarios: Sequence[Scenario]) -> None:
        """Begin with all of them, in this order."""
        for scenario in scenarios:
            self._futures[scenario.id] = self._pool.submit(self._run, scenario)

    def result(self, scenario: Scenario) -> ScenarioResult:
        """Wait for a verdict; raises what the certification raised."""
        return self._futures[scenario.id].result()

    def finished(self) -> list[ScenarioResult]:
        """Give the verdicts that are there already, asked for or not."""
        return [
            future.result()
            for future in self._futures.values()
            if future.done() and not future.cancelled() and future.exception() is None
        ]

    def stop(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, scenario: Scenario) -> ScenarioResult:
        with self._gate.enter(alone=scenario.alone):
            return self._certify(scenario)
