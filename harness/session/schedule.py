"""Schedules scenarios in threads, so that their waits overlap, and keeps exclusive ones alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Condition

from pytest_mews.model import Scenario, ScenarioResult, Step

# A scenario that sends something hostile has one of these steps.
HOSTILE_STEPS = {"health-check", "wait-for-reconnect"}
RETRY_INTERVAL_S = 1.8  # with the default profile and time scale
POLL_INTERVAL_S = 0.2  # how often `WaitProgress` is called
Certify = Callable[[Scenario], ScenarioResult]
WaitProgress = Callable[[Sequence[str], int, int], None]
"""A callback during a wait: the running scenarios, how many are done, how many there are."""


class ExclusiveGate:
    """A readers-writer lock between threads; exclusive entrants go first, in their order."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._inside, self._has_exclusive = 0, False
        self._waiting: deque[object] = deque()  # the tickets of exclusive entrants

    @contextmanager
    def enter(self, *, exclusive: bool) -> Iterator[None]:
        """Wait until entering is allowed, and stay inside for as long as the context lasts."""
        ticket = object()
        with self._changed:
            if exclusive:
                self._waiting.append(ticket)
            self._changed.wait_for(lambda: self._may_enter(ticket, exclusive=exclusive))
            if exclusive:
                self._waiting.popleft()
            self._inside, self._has_exclusive = self._inside + 1, exclusive
        try:
            yield
        finally:
            with self._changed:
                self._inside, self._has_exclusive = self._inside - 1, False
                self._changed.notify_all()

    def _may_enter(self, ticket: object, *, exclusive: bool) -> bool:
        if exclusive:
            return self._inside == 0 and self._waiting[0] is ticket
        return not self._has_exclusive and not self._waiting


def sort_scenarios(scenarios: Iterable[Scenario]) -> list[Scenario]:
    """Sort scenarios for the shortest run.

    The preflight runs first, then the other concurrent scenarios, those with the longest waits
    first. Exclusive scenarios run after them: those with retries, or that may crash the service,
    last.
    """

    def key(scenario: Scenario) -> tuple[bool, bool, bool, float]:
        is_preflight = scenario.steps[0].name == "show-preflight"
        runs_late = may_kill_service(scenario) or any(map(retry_waits, scenario.steps))
        waits = sum(retry_waits(step) + _idle_waits(step) for step in scenario.steps)
        waits *= _sequential_cases(scenario)
        return scenario.exclusive, not is_preflight, scenario.exclusive and runs_late, -waits

    return sorted(scenarios, key=key)


def retry_waits(step: Step) -> float:
    """Estimate how many retry intervals a step waits if the endpoint has no flaw."""
    if step.name == "exhaust-retries":
        return 2
    return (
        1.5 if step.arguments.get("transfer") == "slow" else len(step.arguments.get("faults", ()))
    )


def _idle_waits(step: Step) -> float:
    """Return the time that a step waits in any case, in retry intervals."""
    seconds: float = step.arguments.get("seconds", 0.0) + step.arguments.get("quiet_s", 0.0)
    return seconds / RETRY_INTERVAL_S


def _sequential_cases(scenario: Scenario) -> int:
    return 1 if scenario.concurrent_cases else scenario.max_cases or 1


def may_kill_service(scenario: Scenario) -> bool:
    """Return whether a scenario may crash the service; its steps check for that."""
    return any(step.name in HOSTILE_STEPS for step in scenario.steps)


class Schedule:
    """Runs scenarios in threads; exclusive ones run alone.

    Args:
        certify: runs one scenario; is called in several threads.
        jobs: how many scenarios may run concurrently.
        slow_endpoint: whether the endpoint accepts nothing within the time limit. Hostile scenarios
            are then not exclusive: each fails its own health check in any case. Exclusive
            scenarios that measure time still run alone.

    """

    def __init__(self, certify: Certify, jobs: int, *, slow_endpoint: bool = False) -> None:
        self._certify, self._gate, self._slow_endpoint = certify, ExclusiveGate(), slow_endpoint
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="mews-scenario")
        self._futures: dict[str, Future[ScenarioResult]] = {}
        self._running: dict[str, None] = {}  # an ordered set of scenario ids

    def start(self, scenarios: Iterable[Scenario]) -> None:
        """Start the scenarios that have not started yet, in the order of `sort_scenarios`."""
        for scenario in sort_scenarios(scenarios):
            if scenario.id not in self._futures:
                self._futures[scenario.id] = self._pool.submit(self._run, scenario)

    def result(
        self, scenario: Scenario, show_wait: WaitProgress = lambda *_: None
    ) -> ScenarioResult:
        """Wait for the result of a scenario; raises the exception that it raised."""
        future = self._futures[scenario.id]
        while not wait([future], POLL_INTERVAL_S).done:
            done = sum(other.done() for other in self._futures.values())
            show_wait(list(self._running), done, len(self._futures))
        return future.result()

    def results(self) -> list[ScenarioResult]:
        """Return all results so far."""
        return [
            future.result()
            for future in self._futures.values()
            if future.done() and not future.cancelled() and future.exception() is None
        ]

    def stop(self) -> None:
        """Start no more scenarios."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def wait_until_finished(self, timeout_s: float) -> None:
        """Wait until all started scenarios have finished, for `timeout_s` at most."""
        wait([future for future in self._futures.values() if not future.cancelled()], timeout_s)

    def _run(self, scenario: Scenario) -> ScenarioResult:
        shared = self._slow_endpoint and may_kill_service(scenario)
        with self._gate.enter(exclusive=scenario.exclusive and not shared):
            self._running[scenario.id] = None
            try:
                return self._certify(scenario)
            finally:
                del self._running[scenario.id]
