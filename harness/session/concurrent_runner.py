"""Runs scenarios concurrently, while pytest asks for their results one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

import pytest

from pytest_mews.errors import HarnessError
from pytest_mews.model import Scenario, ScenarioResult
from pytest_mews.run.instances import Instances
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.session.items import ScenarioItem
from pytest_mews.session.schedule import Lane, Schedule, WaitProgress

SLOW_ENDPOINT_JOBS = 8  # concurrent scenarios if the endpoint is slow
# With --mews-jobs auto: how many concurrent scenarios a prompt service has. Even if it handles one
# message after another, it answers one from each of them within a second.
AUTO_JOBS = 8
PROMPT_RESPONSE_MS = 1000.0 / AUTO_JOBS
WORKER_JOBS = 2  # a worker of pytest-xdist knows two of its scenarios: this one and the next
SHUTDOWN_TIMEOUT_S = 4.0  # how long an interrupted run waits for running scenarios


class CertifyAt(Protocol):
    """Runs one scenario at one instance of the service."""

    def __call__(self, scenario: Scenario, *, runner: CertificationRunner) -> ScenarioResult:
        """Return its result."""
        ...


class ConcurrentRunner:
    """Runs several scenarios concurrently, as many as --mews-jobs allows; more at a slow endpoint.

    With --mews-instances each instance of the service runs as many.

    Args:
        instances: the instances of the service; the first one is started already.
        certify: runs one scenario at one of them.

    """

    def __init__(self, instances: Instances, certify: CertifyAt) -> None:
        self._instances, self._certify = instances, certify
        self._schedule: Schedule | None = None

    def start(
        self,
        items: Iterable[pytest.Item],
        *,
        worker: bool,
        stops_early: bool = False,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start scenarios whose results pytest will ask for, and the instances that they need.

        If the endpoint misses the time limit even for a single event, several scenarios run
        concurrently in any case; otherwise the run would take too long.

        Args:
            items: the items that pytest will run; those that are not scenarios are ignored.
            worker: whether this process is a worker of pytest-xdist, which knows two items ahead.
            stops_early: whether pytest stops after some failures (-x): then `auto` means one job,
                so that nothing more is sent.
            report: is called with what the harness waits for before the first scenario, for people.

        Raises:
            UsageError: an instance can't be started.

        """
        scenarios = tuple(item.scenario for item in items if isinstance(item, ScenarioItem))
        if not scenarios:
            return
        first, jobs, is_slow = self._instances.first, 1, False
        one_by_one = stops_early or len(scenarios) == 1
        if not (worker or one_by_one):  # before anything is sent
            self._instances.start_others(self._count_instances(scenarios), report)
        try:
            is_slow = first.environment.is_slow
            chosen = first.environment.settings.jobs
            jobs = 1 if worker else chosen or self._auto_jobs(one_by_one=one_by_one)
        except HarnessError:
            return  # each scenario raises it again, and has the verdict `error`
        if is_slow:
            jobs = max(jobs, WORKER_JOBS if worker else SLOW_ENDPOINT_JOBS)
        runners = self._instances.runners
        if jobs == 1 and len(runners) == 1:
            return
        try:
            self._instances.probe(scenarios, report)  # once, before several threads need it
        except HarnessError:
            return
        probed = first.environment.concurrency
        few_at_once = probed is not None and probed.is_limited
        self._schedule = self._schedule or Schedule(
            [
                Lane(partial(self._certify, runner=runner), jobs, runner.is_dead)
                for runner in runners
            ],
            slow_endpoint=is_slow,
            few_at_once=few_at_once,
        )
        self._schedule.start(scenarios)

    def _count_instances(self, scenarios: Sequence[Scenario]) -> int:
        """Return how many instances have something to do: each runs one exclusive scenario."""
        first = self._instances.first
        exclusive = [one for one in scenarios if one.exclusive and first.is_for_this_run(one)]
        return min(first.environment.settings.instances, 1 + len(exclusive))

    def _auto_jobs(self, *, one_by_one: bool) -> int:
        """Return how many scenarios may run concurrently: as many messages as are handled so."""
        if one_by_one:
            return 1
        environment = self._instances.first.environment
        if not environment.settings.has_webhooks:
            return AUTO_JOBS
        preflight = environment.preflight
        if preflight.response_ms <= PROMPT_RESPONSE_MS:
            return AUTO_JOBS
        if preflight.is_slow or not preflight.accepts:
            return 1
        return environment.check_concurrency().in_time

    def result(self, scenario: Scenario, show_wait: WaitProgress) -> ScenarioResult | None:
        """Wait for the result of a scenario; None if no scenarios run concurrently."""
        return None if self._schedule is None else self._schedule.result(scenario, show_wait)

    def finish(self, *, interrupted: bool) -> None:
        """Start no more scenarios.

        After an interruption, running scenarios are stopped first and have partial results.
        """
        self.stop()
        if interrupted and self._schedule is not None:
            self._instances.interrupt()
            self._schedule.wait_until_finished(SHUTDOWN_TIMEOUT_S)

    def stop(self) -> None:
        """Start no more scenarios."""
        if self._schedule is not None:
            self._schedule.stop()
