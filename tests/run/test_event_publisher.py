"""Each thing is told once, whoever notices it."""

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

FIRST, SECOND = loader.load()[:2]
PASSED = ScenarioResult(FIRST, Verdict.PASS, "well")
RUN = Run(
    version="0",
    started_utc="2026-01-01T00:00:00Z",
    duration_s=1.0,
    target="demo",
    integration_target="demo",
    command="pytest",
    profile=profiles.load("2026-04"),
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


def test_each_thing_is_told_once() -> None:
    """What a thread has told is not told again by pytest's report; another result is."""
    told: list[tuple[RunEvent, float]] = []
    chronicle = EventPublisher(lambda *event: told.append(event), lambda: 7.0)
    for _ in range(2):
        chronicle.publish_start(lambda: STARTED)
        chronicle.started(FIRST.id)
        chronicle.ended(PASSED, ["a remark"])
    failed = replace(PASSED, verdict=Verdict.FAIL)
    chronicle.ended(failed, [])
    others = ScenarioResult(SECOND, Verdict.NOT_OBSERVED, "not selected")
    chronicle.end(replace(RUN, results=(failed, others)))
    assert told == [
        (event, 7.0)
        for event in (
            STARTED,
            ScenarioStarted(FIRST.id),
            ScenarioEnded(PASSED, ("a remark",)),
            ScenarioEnded(failed),
            RunEnded(RUN, (others,)),
        )
    ]


def test_nothing_is_told_before_the_start() -> None:
    """A worker of pytest-xdist, or a run of nothing, tells nothing."""
    told: list[RunEvent] = []
    chronicle = EventPublisher(lambda event, _: told.append(event), lambda: 0.0)
    chronicle.started(FIRST.id)
    chronicle.ended(PASSED, [])
    chronicle.end(RUN)
    assert told == []


def test_a_full_disk_does_not_end_the_run() -> None:
    """Where events can't be written the run goes on, and says why there are none."""
    calls = []

    def full(event: RunEvent, _at_s: float) -> None:
        calls.append(event)
        raise OSError(28, "No space left on device")

    chronicle = EventPublisher(full, lambda: 0.0)
    chronicle.publish_start(lambda: STARTED)
    chronicle.started(FIRST.id)
    assert len(calls) == 1
    assert chronicle.problem == "No space left on device"


def test_nothing_is_told_after_the_end() -> None:
    """A scenario that outlives the run, as after -x, leaves the end the last thing told."""
    told: list[RunEvent] = []
    chronicle = EventPublisher(lambda event, _: told.append(event), lambda: 0.0)
    chronicle.publish_start(lambda: STARTED)
    chronicle.end(RUN)
    chronicle.started(FIRST.id)
    chronicle.ended(PASSED, [])
    assert told == [STARTED, RunEnded(RUN)]
