"""The instances of the service that run at the same time, and what they show together.

Each has a port, emulators and a runner of its own, so that scenarios which must run alone can run
at the same time, each at another instance (docs/decisions/instances.md).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from pytest_mews.config.service_start import INSTANCES
from pytest_mews.errors import UsageError
from pytest_mews.execution import load_generators
from pytest_mews.model import ApiCall, ApiUsage, RateLimitUsage, Scenario, merge_usage
from pytest_mews.run.environment import TOP_CONSUMERS
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.sanitize import one_line

T = TypeVar("T")


class Instances:
    """The runners of a run, one for each instance of the service; the first one always exists.

    What is asked about all of them is asked about those that were started.

    Args:
        first: the runner of the first instance.

    Attributes:
        runners: those that were started, and the first.

    """

    def __init__(self, first: CertificationRunner) -> None:
        self.runners: tuple[CertificationRunner, ...] = (first,)
        self._lock = Lock()
        self._looked_at: dict[CertificationRunner, int] = {}  # the last call that was compared

    @property
    def first(self) -> CertificationRunner:
        """The runner of the first instance."""
        return self.runners[0]

    def start_others(self, count: int, report: Callable[[str], None] = lambda _: None) -> None:
        """Start other instances, all at the same time, so that `count` run; the first one does.

        Args:
            count: how many instances there are then.
            report: is called with what the start of one waits for, for people.

        Raises:
            UsageError: an instance can't be started.

        """
        numbers = range(len(self.runners) + 1, count + 1)
        if not numbers:
            return
        others = [self.first.for_another_instance(number) for number in numbers]
        self.runners += tuple(others)  # before they start, so that `close` stops those that did
        with ThreadPoolExecutor(len(others)) as pool:
            for _ in pool.map(lambda runner: runner.start(report), others):
                pass

    def probe(
        self, scenarios: tuple[Scenario, ...], report: Callable[[str], None] = lambda _: None
    ) -> None:
        """Prepare what these scenarios require, at each instance (`CertificationRunner.probe`).

        Args:
            scenarios: those that will run.
            report: is called with what the first instance waits for, for people; in any thread.

        Raises:
            HarnessError: an emulator failed meanwhile.

        """
        load_generators()
        with ThreadPoolExecutor(len(self.runners)) as pool:
            reports = [report, *[str] * (len(self.runners) - 1)]
            for _ in pool.map(
                lambda runner, tell: runner.probe(scenarios, tell), self.runners, reports
            ):
                pass

    def close(self) -> None:
        """Stop everything that runs: the others at the same time, and the first instance last."""
        others = self.runners[1:]
        if others:
            with ThreadPoolExecutor(len(others)) as pool:
                for _ in pool.map(CertificationRunner.close, others):
                    pass
        self.first.close()

    def interrupt(self) -> None:
        """Stop the running scenarios, from any thread."""
        for runner in self.runners:
            runner.interrupt()

    def redact(self, value: T) -> T:
        """Return any part of a run without the secrets of any instance."""
        for runner in self.runners:
            value = runner.redact(value)
        return value

    def describe_refused_requests(self) -> str:
        """Return a clause if the API refuses most requests of an instance, or an empty one."""
        clauses = (runner.describe_refused_requests() for runner in self.runners)
        return next(filter(None, clauses), "")

    def describe_shared_state(self) -> str:
        """Return what shows that instances share a database or a queue; empty if nothing does.

        An instance then requests an entity that only another one was told of, and no verdict
        counts. Looks only at what was requested since the last look.
        """
        if len(self.runners) == 1:
            return ""
        with self._lock:
            found = next(filter(None, map(self._find_shared_entity, self.runners)), None)
        if found is None:
            return ""
        problem = (
            "can't be used: the instances share a database, a queue or a file, for one made the "
            f"request {one_line(found.path)} for an entity that only another one was told of"
        )
        remedy = "Give each instance its own, or leave the option out."
        error = UsageError(INSTANCES, str(len(self.runners)), problem, remedy)
        return self.redact(str(error))

    def _find_shared_entity(self, runner: CertificationRunner) -> ApiCall | None:
        connector_api = runner.environment.connector_api
        if connector_api is None:
            return None
        others = [other.environment.platform for other in self.runners if other is not runner]
        for call in connector_api.calls(self._looked_at.get(runner, 0)):
            self._looked_at[runner] = call.number
            unknown = connector_api.unknown_ids(call.requested_ids)
            if unknown and any(other.unknown_ids(unknown) != unknown for other in others):
                return call
        return None

    @property
    def emulator_failure_count(self) -> int:
        """How often an emulator failed with an unexpected exception."""
        return sum(runner.environment.emulator_failures.count for runner in self.runners)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes on the run so far; they may have secrets.

        What several instances would say alike, with other figures, is said of one of them.
        """
        environments = [runner.environment for runner in self.runners]
        notes = [*self.first.environment.program_notes]
        for environment in environments:
            notes += environment.instance_notes
        waits = (environment.wait_notes for environment in environments)
        return tuple(dict.fromkeys((*notes, *next(filter(None, waits), ()))))

    @property
    def api_usage(self) -> ApiUsage | None:
        """What the requests of all instances were so far; None without a Connector API."""
        usages = [runner.environment.api_usage for runner in self.runners]
        counted = [usage for usage in usages if usage is not None]
        return merge_usage(counted) if counted else None

    @property
    def rate_limit_usage(self) -> tuple[RateLimitUsage, ...]:
        """The request counts of the enterprises with most calls, each at its busiest instance."""
        busiest: dict[str, RateLimitUsage] = {}
        for runner in self.runners:
            for usage in runner.environment.rate_limit_usage:
                known = busiest.get(usage.enterprise_id)
                if known is None or usage.peak > known.peak:
                    busiest[usage.enterprise_id] = usage
        ordered = sorted(busiest.values(), key=lambda usage: -usage.peak)
        return tuple(ordered)[:TOP_CONSUMERS]

    @property
    def late_ids(self) -> frozenset[str]:
        """The entities that were fetched after the run had ceased to wait for them."""
        return frozenset().union(*(runner.environment.late_ids for runner in self.runners))

    @property
    def waits_for_messages(self) -> bool:
        """Whether an instance requests what is late only when another message comes."""
        return any(runner.environment.waits_for_messages for runner in self.runners)

    @property
    def last_calls(self) -> dict[int, tuple[ApiCall, ...]]:
        """The last requests at each instance, by its number."""
        environments = [runner.environment for runner in self.runners]
        return {environment.instance: environment.last_calls for environment in environments}
