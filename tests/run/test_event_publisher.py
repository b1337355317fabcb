"""`EventPublisher` publishes each event of a run once."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.config import profiles
from pytest_mews.model import (
    Readiness,
    Run,
    RunEnded,
    RunEvent,
    RunStarted,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
    Tenants,
    Verdict,
)
from pytest_mews.run.event_publisher import EventPublisher
from pytest_mews.scenarios import loader

FIRST, SECOND = loader.load_scenarios()[:2]
PASSED = ScenarioResult(FIRST, Verdict.PASS, "as expected")
RUN = Run(
    version="0",
    started_utc="2026-01-01T00:00:00Z",
    duration_s=1.0,
    target="demo",
    integration_target="demo",
    command="pytest",
    profile=profiles.load_profile("2026-04"),
    time_scale=1.0,
    seed=1,
    strict=False,
    events=(),
    tenants=Tenants("***", ()),
    readiness=Readiness.READY,
    stages=(),
    results=(),
)
STARTED = RunStarted(RUN, (), (FIRST, SECOND), (FIRST.id,))


def test_each_event_is_published_once() -> None:
    """An event that a thread published is not published again; a different result is."""
    published: list[tuple[RunEvent, float]] = []
    publisher = EventPublisher(lambda *event: published.append(event), lambda: 7.0)
    for _ in range(2):
        publisher.publish_start(lambda: STARTED)
        publisher.publish_scenario_start(FIRST.id)
        publisher.publish_scenario_end(PASSED, ["a note"])
    failed = replace(PASSED, verdict=Verdict.FAIL)
    publisher.publish_scenario_end(failed, [])
    others = ScenarioResult(SECOND, Verdict.NOT_OBSERVED, "not selected")
    publisher.publish_end(replace(RUN, results=(failed, others)))
    assert published == [
        (event, 7.0)
        for event in (
            STARTED,
            ScenarioStarted(FIRST.id),
            ScenarioEnded(PASSED, ("a note",)),
            ScenarioEnded(failed),
            RunEnded(RUN, (others,)),
        )
    ]


def test_nothing_is_published_before_the_start() -> None:
    """Events before `publish_start` are not published, as in a worker of pytest-xdist."""
    published: list[RunEvent] = []
    publisher = EventPublisher(lambda event, _: published.append(event), lambda: 0.0)
    publisher.publish_scenario_start(FIRST.id)
    publisher.publish_scenario_end(PASSED, [])
    publisher.publish_end(RUN)
    assert published == []


def test_a_full_disk_does_not_end_the_run() -> None:
    """If events can't be written, the run goes on, and `problem` has the reason."""
    calls = []

    def raise_disk_full(event: RunEvent, _at_s: float) -> None:
        calls.append(event)
        raise OSError(28, "No space left on device")

    publisher = EventPublisher(raise_disk_full, lambda: 0.0)
    publisher.publish_start(lambda: STARTED)
    publisher.publish_scenario_start(FIRST.id)
    assert len(calls) == 1
    assert publisher.problem == "No space left on device"


def test_nothing_is_published_after_the_end() -> None:
    """A scenario that still runs after the end, as after -x, publishes nothing more."""
    published: list[RunEvent] = []
    publisher = EventPublisher(lambda event, _: published.append(event), lambda: 0.0)
    publisher.publish_start(lambda: STARTED)
    publisher.publish_end(RUN)
    publisher.publish_scenario_start(FIRST.id)
    publisher.publish_scenario_end(PASSED, [])
    assert published == [STARTED, RunEnded(RUN)]
