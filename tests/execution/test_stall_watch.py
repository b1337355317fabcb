"""What fails while the harness itself stands still does not count, and runs again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution import StallWatch
from pytest_mews.execution.scenario_runner import MAX_REPETITIONS
from pytest_mews.execution.stall_watch import AFTERMATH_S, CHECK_INTERVAL_S, MIN_STALL_S
from pytest_mews.model import Outcome

from .conftest import SCENARIOS, ManualClock, Setup

BuildSetup = Callable[..., Setup]
LONG_S = MIN_STALL_S + CHECK_INTERVAL_S


class ManualWatch(StallWatch):
    """A watch that looks at the clock only when it is told to, or asked."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock.now_ms)
        self.look_regularly()

    def look_regularly(self) -> None:
        """Look at the clock as if every look since the last one had been in time."""
        self._last_look_ms = self._now_ms()


def test_a_look_that_comes_late_is_a_stall() -> None:
    """What has ended before the stall, or begun long after it, is not affected."""
    clock = ManualClock()
    watch = ManualWatch(clock)
    clock.sleep(LONG_S - 0.01)
    watch.look()
    assert not watch.affects(0.0)
    clock.sleep(LONG_S)
    watch.look()
    stalled_until_ms = clock.ms
    assert watch.affects(0.0)
    assert watch.affects(stalled_until_ms + AFTERMATH_S * 1000)
    assert not watch.affects(stalled_until_ms + AFTERMATH_S * 1000 + 1)


def test_a_question_notices_the_stall_first() -> None:
    """An execution may end before the thread of the watch goes on."""
    clock = ManualClock()
    watch = ManualWatch(clock)
    clock.sleep(LONG_S)
    assert watch.affects(0.0)


def test_without_its_thread_it_notices_nothing() -> None:
    """Nobody has looked meanwhile, so a late look says nothing."""
    clock = ManualClock()
    watch = StallWatch(clock.now_ms)
    clock.sleep(100.0)
    assert not watch.affects(0.0)


def test_the_thread_looks_by_itself() -> None:
    """The watch can run again after its end, as an environment that could not start can."""
    times_ms = iter([0.0, 5_000.0, *([5_100.0] * 10_000)])
    watch = StallWatch(lambda: next(times_ms))
    with watch:
        while watch._last_end_ms is None:
            pass
    assert watch.affects(0.0)
    with watch:
        assert watch.affects(0.0)


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_failure_during_a_stall_does_not_count(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, *, concurrent: bool
) -> None:
    """The same case passes with new ids, and the notes of the run say it."""
    scenario = replace(SCENARIOS["INT-02"], concurrent_cases=concurrent)
    monkeypatch.setitem(SCENARIOS, "INT-02", scenario)
    stalled: list[bytes] = []

    def respond(request: Request) -> int | Outcome:
        if b"IntegrationEnabled" in request.body and not stalled:
            stalled.append(request.body)
            partner.transport.clock.sleep(6.0)
            return Outcome.TIMEOUT_ANSWER
        bodies.append(request.body)
        watch.look_regularly()
        return 202

    bodies: list[bytes] = []
    partner: Setup = setup(respond)
    watch = ManualWatch(partner.transport.clock)
    runner = partner.runner("INT-02", examples=0, stalls=watch)
    runner.run()
    assert stalled
    assert stalled[0] not in bodies
    assert runner.progress.failing_cases == 0
    assert runner.progress.smallest is None
    (note,) = watch.notes
    assert "stood still once, for up to 5.9 s" in note


def test_a_flaw_fails_on_a_stalled_machine(setup: BuildSetup) -> None:
    """The last repetition counts, whatever happens meanwhile."""
    requests: list[Request] = []

    def respond(request: Request) -> int:
        requests.append(request)
        partner.transport.clock.sleep(2.0)
        return 500 if b"IntegrationEnabled" in request.body else 202

    partner: Setup = setup(respond)
    watch = ManualWatch(partner.transport.clock)
    runner = partner.runner("INT-02", examples=0, stalls=watch)
    runner.run()
    assert runner.progress.failing_cases > 0
    assert runner.progress.passed_on_retry is None
    assert len(requests) > MAX_REPETITIONS


def test_a_death_counts_during_a_stall(setup: BuildSetup) -> None:
    """The execution that ended the service is the only one that shows it."""
    requests: list[Request] = []

    def respond(request: Request) -> int | Outcome:
        requests.append(request)
        partner.transport.clock.sleep(2.0)
        return Outcome.CONNECTION_REFUSED if b"IntegrationEnabled" in request.body else 202

    partner: Setup = setup(respond)
    watch = ManualWatch(partner.transport.clock)
    runner = partner.runner("INT-02", examples=0, stalls=watch)
    runner.run()
    assert runner.progress.failing_cases > 0
    assert watch.notes == ()


def test_nothing_is_noted_without_a_repetition(setup: BuildSetup) -> None:
    """A stall that nothing failed in needs no note."""

    def respond(_: Request) -> int:
        partner.transport.clock.sleep(2.0)
        return 202

    partner: Setup = setup(respond)
    watch = ManualWatch(partner.transport.clock)
    runner = partner.runner("INT-02", examples=0, stalls=watch)
    runner.run()
    assert runner.progress.failing_cases == 0
    assert watch.notes == ()
