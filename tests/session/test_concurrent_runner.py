"""How many scenarios run concurrently with `--mews-jobs auto`, and when that needs a probe."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_mews.scenarios import loader
from pytest_mews.session import concurrent_runner
from pytest_mews.session.concurrent_runner import AUTO_JOBS, SLOW_ENDPOINT_JOBS, ConcurrentRunner
from pytest_mews.session.items import ScenarioItem

PROBED = 3  # how many messages the service handles at the same time


class Environment:
    """An environment whose preflight has taken some time."""

    def __init__(
        self, response_ms: float, *, jobs: int | None = None, accepts: bool = True
    ) -> None:
        self.settings = SimpleNamespace(jobs=jobs, has_webhooks=True, instances=1)
        self.is_slow = response_ms > 5_000
        self.preflight = SimpleNamespace(
            response_ms=response_ms, is_slow=self.is_slow, accepts=accepts
        )
        self.probes = 0
        self.concurrency: SimpleNamespace | None = None

    def check_concurrency(self) -> SimpleNamespace:
        """Count the probes."""
        self.probes += 1
        self.concurrency = SimpleNamespace(in_time=PROBED, is_limited=True)
        return self.concurrency


@pytest.fixture
def started_jobs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list of the jobs of each schedule that starts."""
    jobs: list[int] = []

    class Recorder:
        """A schedule that runs nothing."""

        def __init__(self, _lanes: object, **_: object) -> None:
            """Take what a schedule takes."""

        def start(self, _scenarios: object) -> None:
            """Do nothing."""

    monkeypatch.setattr(concurrent_runner, "Schedule", Recorder)
    monkeypatch.setattr(concurrent_runner, "Lane", lambda _certify, number, _: jobs.append(number))
    return jobs


def items(count: int) -> Sequence[pytest.Item]:
    """Return items of the first scenarios."""
    found = []
    for scenario in loader.load_scenarios()[:count]:
        item = object.__new__(ScenarioItem)
        item.scenario = scenario
        found.append(item)
    return found


def start(environment: Environment, count: int = 5, **choices: Any) -> None:  # noqa: ANN401
    """Start some scenarios."""
    runner = SimpleNamespace(
        environment=environment, is_for_this_run=lambda _: True, is_dead=lambda: False
    )
    instances = SimpleNamespace(
        first=runner, runners=(runner,), probe=lambda *_: None, start_others=lambda *_: None
    )
    choices = {"worker": False, **choices}
    ConcurrentRunner(cast("Any", instances), cast("Any", print)).start(items(count), **choices)


@pytest.mark.parametrize(
    ("environment", "choices", "expected", "probes"),
    [
        (Environment(2.0), {}, [AUTO_JOBS], 0),
        (Environment(125.0), {}, [AUTO_JOBS], 0),
        (Environment(126.0), {}, [PROBED], 1),
        (Environment(4_900.0), {}, [PROBED], 1),
        (Environment(6_000.0), {}, [SLOW_ENDPOINT_JOBS], 0),
        (Environment(300.0, accepts=False), {}, [], 0),  # most scenarios are blocked
        (Environment(300.0), {"stops_early": True}, [], 0),
        (Environment(300.0), {"worker": True}, [], 0),
        (Environment(300.0), {"count": 1}, [], 0),
        (Environment(300.0, jobs=5), {}, [5], 0),
        (Environment(300.0, jobs=1), {}, [], 0),
    ],
)
def test_jobs(
    started_jobs: list[int],
    environment: Environment,
    choices: dict[str, Any],
    expected: list[int],
    probes: int,
) -> None:
    """Only a slow service that accepts messages is probed, and only if the number depends on it."""
    start(environment, **choices)
    assert (started_jobs, environment.probes) == (expected, probes)
