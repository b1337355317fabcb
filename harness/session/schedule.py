"""Lets scenarios wait side by side: their verdicts are ready when pytest asks for them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Condition

from pytest_mews.model import Scenario, ScenarioResult, Step

# Verbs: whoever sends something hostile asks for a sign of life, or waits for who was cut off.
HOSTILE = {"health-check", "wait-for-reconnect"}
INTERVAL_S = 1.8  # a retry interval, as the default profile and time scale have it
LOOK_S = 0.2  # how often whoever waits for a verdict hears how far the others are
Certify = Callable[[Scenario], ScenarioResult]
Waiting = Callable[[Sequence[str], int, int], None]
"""Hears, while somebody waits, which scenarios are played, how many are over, and of how many."""


class ExclusiveGate:
    """Many may be inside at once, or one alone; whoever wants to be alone is let in first."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside, self._alone = 0, False
        self._waiting: deque[object] = deque()  # those who want to be alone, first come first

    @contextmanager
    def enter(self, *, alone: bool) -> Iterator[None]:
        """Stay inside for as long as the context lasts."""
        ticket = object()
        with self._changed:
            if alone:
                self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._free(ticket, alone=alone))
            if alone:
                self._waiting.popleft()
            self._inside, self._alone = self._inside + 1, alone
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._alone = self._inside - 1, False
                self._changed.notify_all()

    def _free(self, ticket: object, *, alone: bool) -> bool:
        if alone:
            return self._inside == 0 and self._waiting[0] is ticket
        return not self._alone and not self._waiting


def in_order(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Sort for the shortest run: the longest waits first, those who are alone at the end.

    So nobody who may have company waits for somebody who may not; and what is hostile comes last
    of all, since it may end a service for good. The preflight says most, and waits for nothing.
    """

    def place(scenario: Scenario) -> tuple[bool, bool, bool, float]:
        says_most = scenario.steps[0].name == "show-preflight"
        hostile = may_kill_service(scenario) or any(map(waits_of, scenario.steps))
        waits = sum(waits_of(each) + _idles(each) for each in scenario.steps) * _turns(scenario)
        return scenario.exclusive, not says_most, scenario.exclusive and hostile, -waits

    return sorted(scenarios, key=place)


def waits_of(step: Step) -> float:
    """Count about how many retry intervals a step waits, if the endpoint answers as it should."""
    if step.name == "exhaust-retries":
        return 2
    return (
        1.5 if step.arguments.get("transfer") == "slow" else len(step.arguments.get("faults", ()))
    )


def _idles(step: Step) -> float:
    """Count the same of the time that a step lets pass in any case."""
    seconds: float = step.arguments.get("seconds", 0.0) + step.arguments.get("quiet_s", 0.0)
    return seconds / INTERVAL_S


def _turns(scenario: Scenario) -> int:
    return 1 if scenario.concurrent_cases else scenario.max_cases or 1


def may_kill_service(scenario: Scenario) -> bool:
    """Tell whether a scenario may end a service for good, and so asks for a sign of life."""
    return any(step.name in HOSTILE for step in scenario.steps)


class Schedule:
    """Certifies scenarios ahead of pytest, at most `jobs` at a time, `alone` ones alone.

    `sluggish`: nothing is accepted in time, so the hostile ones have company too. Each fails by
    its own sign of life, whatever the others do; those that measure time stay alone.
    """

    def __init__(self, certify: Certify, jobs: int, *, sluggish: bool = False) -> None:
        self._certify, self._gate, self._sluggish = certify, ExclusiveGate(), sluggish
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="mews-scenario")
        self._futures: dict[str, Future[ScenarioResult]] = {}
        self._played: dict[str, None] = {}  # those that are inside the gate

    def start(self, scenarios: Iterable[Scenario]) -> None:
        """Begin with those that have not begun, in the order of `in_order`."""
        for scenario in in_order(scenarios):
            if scenario.id not in self._futures:
                self._futures[scenario.id] = self._pool.submit(self._run, scenario)

    def result(self, scenario: Scenario, waiting: Waiting = lambda *_: None) -> ScenarioResult:
        """Wait for a verdict; raises what the certification raised."""
        future = self._futures[scenario.id]
        while not wait([future], LOOK_S).done:
            over = sum(each.done() for each in self._futures.values())
            waiting(list(self._played), over, len(self._futures))
        return future.result()

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

    def wait(self, seconds: float) -> None:
        """Wait, so long at most, for all that has begun to end."""
        wait([each for each in self._futures.values() if not each.cancelled()], seconds)

    def _run(self, scenario: Scenario) -> ScenarioResult:
        company = self._sluggish and may_kill_service(scenario)
        with self._gate.enter(alone=scenario.exclusive and not company):
            self._played[scenario.id] = None
            try:
                return self._certify(scenario)
            finally:
                del self._played[scenario.id]
