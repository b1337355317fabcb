"""Schedules scenarios in threads, so that their waits overlap, and keeps exclusive ones alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Lock
from time import monotonic

from pytest_mews.execution.patience import MIN_SILENCE_S
from pytest_mews.execution.waits import RETRIED_FAULTS
from pytest_mews.model import Scenario, ScenarioResult, Stage
from pytest_mews.model.step import InjectApiFault
from pytest_mews.run.exclusive_gate import ExclusiveGate

RETRY_INTERVAL_S = 1.8  # with the default profile and time scale
BATCHED = "batched-requests"  # the check that requests are for many entities each
POLL_INTERVAL_S = 0.2  # how often `WaitProgress` is called
Certify = Callable[[Scenario], ScenarioResult]
WaitProgress = Callable[[Mapping[str, float], int, int], None]
"""A callback during a wait: for how many seconds each running scenario has run, in the order of
their starts; how many scenarios are done, and how many there are."""


def sort_scenarios(scenarios: Iterable[Scenario], *, instances: int = 1) -> list[Scenario]:
    """Sort scenarios for the shortest run.

    The preflight runs first, then the other concurrent scenarios, those with the longest waits
    first: how long a flawed service is waited for is learned from them. Exclusive scenarios run
    after them, preconditions first, and what judges how much a service requests at a time: after
    the faults of other scenarios it may go on to request less. Those with retries, or that may
    crash the service, run last, and after them those that restart the service. With several
    instances a service that does not come back blocks only a part, so the longest waits come first
    there, too: those for a retry, for which a service that makes none is waited for a minute, and
    then those of a sound service.
    """

    def key(scenario: Scenario) -> tuple[bool, bool, bool, float, bool, bool, float]:
        retry_intervals = sum(step.retry_intervals for step in scenario.steps)
        waits_s = retry_intervals * RETRY_INTERVAL_S + sum(
            step.idle_s + step.timeouts * MIN_SILENCE_S for step in scenario.steps
        )
        waits_s *= _sequential_cases(scenario)
        runs_late = scenario.exclusive and (may_kill_service(scenario) or retry_intervals > 0)
        restarts = scenario.restarts_service
        is_first = scenario.steps[0].runs_first or (
            scenario.exclusive and (scenario.precondition or _judges_batches(scenario))
        )
        most_s = waits_s if instances > 1 else 0.0
        has_retry = instances > 1 and _expects_retry(scenario)
        return (
            scenario.exclusive,
            not is_first,
            not has_retry,
            -most_s,
            restarts,
            runs_late,
            -waits_s,
        )

    return sorted(scenarios, key=key)


def _judges_batches(scenario: Scenario) -> bool:
    return any(expectation.check == BATCHED for expectation in scenario.expectations)


def _expects_retry(scenario: Scenario) -> bool:
    return any(
        isinstance(step, InjectApiFault) and step.fault in RETRIED_FAULTS for step in scenario.steps
    )


def _sequential_cases(scenario: Scenario) -> int:
    return 1 if scenario.concurrent_cases else scenario.max_cases or 1


def may_kill_service(scenario: Scenario) -> bool:
    """Return whether a scenario may crash the service; its steps check for that."""
    return any(step.detects_crash for step in scenario.steps)


class Lane:
    """An instance of the service, and the scenarios that run at it; exclusive ones run alone.

    Args:
        certify: runs one scenario at this instance; is called in several threads.
        jobs: how many scenarios may run concurrently.
        is_dead: returns whether the instance died for good, so that scenarios are blocked here.

    """

    def __init__(
        self, certify: Certify, jobs: int, is_dead: Callable[[], bool] = lambda: False
    ) -> None:
        self.certify, self.is_dead = certify, is_dead
        self.gate = ExclusiveGate()
        self.pool = ThreadPoolExecutor(jobs, thread_name_prefix="mews-scenario")


class Schedule:
    """Runs scenarios in threads, at one instance of the service or at several.

    The first instance begins with scenarios that can run concurrently, the others with exclusive
    ones; whichever is done with its own takes of the rest. An instance that died for good takes no
    more, but for the last one.

    Args:
        lanes: the instances.
        slow_endpoint: whether the endpoint accepts nothing within the time limit. Hostile scenarios
            of the Delivery stage are then not exclusive: each fails its own health check in any
            case. Exclusive scenarios that measure time, or are about clients, still run alone.
        few_at_once: whether the service handles so few messages at the same time that a scenario
            that sends several at once delays its responses to the others. Such a scenario runs
            alone too.
        now_s: the clock.

    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        slow_endpoint: bool = False,
        few_at_once: bool = False,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._lanes, self._slow_endpoint = tuple(lanes), slow_endpoint
        self._few_at_once, self._now_s = few_at_once, now_s
        self._lock = Lock()
        self._waiting: dict[bool, deque[Scenario]] = {False: deque(), True: deque()}  # exclusive?
        self._futures: dict[str, Future[ScenarioResult]] = {}
        self._done: set[str] = set()  # the ids of scenarios that have ended
        self._running: dict[str, float] = {}  # when each scenario started, by its id
        self._given_up: set[Lane] = set()

    def start(self, scenarios: Iterable[Scenario]) -> None:
        """Start the scenarios that have not started yet, in the order of `sort_scenarios`."""
        ordered = sort_scenarios(scenarios, instances=len(self._lanes))
        new = [scenario for scenario in ordered if scenario.id not in self._futures]
        with self._lock:
            for scenario in new:
                self._futures[scenario.id] = Future()
                self._waiting[self._is_exclusive(scenario)].append(scenario)
        for _ in new:  # each instance has as many turns: any of them may take all scenarios
            for lane in self._lanes:
                lane.pool.submit(self._take_turn, lane)

    def result(
        self, scenario: Scenario, show_wait: WaitProgress = lambda *_: None
    ) -> ScenarioResult:
        """Wait for the result of a scenario; raises the exception that it raised."""
        future = self._futures[scenario.id]
        while not wait([future], POLL_INTERVAL_S).done:
            running = {name: self._now_s() - at_s for name, at_s in self._running.copy().items()}
            show_wait(running, len(self._done), len(self._futures))
        return future.result()

    def stop(self) -> None:
        """Start no more scenarios."""
        with self._lock:
            for scenarios in self._waiting.values():
                for scenario in scenarios:
                    self._futures[scenario.id].cancel()
                scenarios.clear()
        for lane in self._lanes:
            lane.pool.shutdown(wait=False, cancel_futures=True)

    def wait_until_finished(self, timeout_s: float) -> None:
        """Wait until all started scenarios have finished, for `timeout_s` at most."""
        wait([future for future in self._futures.values() if not future.cancelled()], timeout_s)

    def _is_exclusive(self, scenario: Scenario) -> bool:
        fails = self._slow_endpoint and scenario.stage is Stage.DELIVERY
        shared = fails and may_kill_service(scenario)
        crowds = self._few_at_once and any(step.sends_at_once for step in scenario.steps)
        return crowds or (scenario.exclusive and not shared)

    def _take_turn(self, lane: Lane) -> None:
        """Run one of the waiting scenarios at an instance, if it can take one."""
        prefers_exclusive = lane is not self._lanes[0]
        for exclusive in (prefers_exclusive, not prefers_exclusive):
            if not self._waiting[exclusive]:
                continue
            # What is exclusive is taken only now that it can run: meanwhile others may take it.
            with lane.gate.enter(exclusive=exclusive):
                scenario = self._take(lane, exclusive=exclusive)
                if scenario is not None:
                    self._run(lane, scenario)
                    return

    def _take(self, lane: Lane, *, exclusive: bool) -> Scenario | None:
        with self._lock:
            if lane.is_dead() and len(self._given_up | {lane}) < len(self._lanes):
                self._given_up.add(lane)
            waiting = self._waiting[exclusive]
            return waiting.popleft() if waiting and lane not in self._given_up else None

    def _run(self, lane: Lane, scenario: Scenario) -> None:
        future = self._futures[scenario.id]
        future.set_running_or_notify_cancel()
        self._running[scenario.id] = self._now_s()
        try:
            result = lane.certify(scenario)
        except BaseException as error:  # noqa: BLE001 - `result` raises it
            self._note_end(scenario)
            future.set_exception(error)
        else:
            self._note_end(scenario)
            future.set_result(result)

    def _note_end(self, scenario: Scenario) -> None:
        del self._running[scenario.id]
        self._done.add(scenario.id)
