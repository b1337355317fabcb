"""Fixed cases that run concurrently, so that their waits overlap."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution.scenario_runner import MAX_CONFIRMATIONS

from .conftest import SCENARIOS, Setup

BuildSetup = Callable[..., Setup]
CASES = 7  # of REC-01: one for each type of event
TIMEOUT_S = 10  # how long a broken runner may hang before the test fails


@pytest.fixture(autouse=True)
def concurrent_rec_01(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let REC-01 run its fixed cases concurrently."""
    monkeypatch.setitem(SCENARIOS, "REC-01", replace(SCENARIOS["REC-01"], concurrent_cases=True))


def refuse_customer_added(request: Request) -> int:
    """Refuse every CustomerAdded."""
    return 500 if b"CustomerAdded" in request.body else 202


def test_all_cases_run_at_the_same_time(setup: BuildSetup) -> None:
    """Each message gets its response only when all messages have arrived."""
    barrier = threading.Barrier(CASES, timeout=TIMEOUT_S)
    after_preflight = threading.Event()

    def respond(_: Request) -> int:
        if after_preflight.is_set():  # after the preflight
            barrier.wait()
        return 202

    partner = setup(respond)
    runner = partner.runner("REC-01", examples=0)
    after_preflight.set()
    runner.run()
    assert (runner.progress.case_count, runner.progress.failing_cases) == (CASES, 0)
    assert len(partner.transport.requests) == CASES
    assert runner.progress.finished


def test_a_case_that_fails_runs_again_alone(setup: BuildSetup) -> None:
    """One case may have affected another, so a case that fails one by one decides."""
    partner = setup(refuse_customer_added)
    runner = partner.runner("REC-01", examples=0)
    runner.run()
    progress = runner.progress
    assert len(partner.transport.requests) == CASES + 2  # the last is the confirmation
    assert (progress.case_count, progress.failing_cases) == (CASES, 1)
    assert progress.smallest is not None
    assert progress.first_failing is progress.smallest
    assert progress.passed_on_retry is None
    (delivery,) = progress.smallest.transcript.deliveries
    assert delivery.message.events[0].discriminator == "CustomerAdded"


def test_three_cases_that_fail_again_are_enough(setup: BuildSetup) -> None:
    """All of them failed, so the others need not run again."""
    partner = setup(lambda _: 500)
    runner = partner.runner("REC-01", examples=0)
    runner.run()
    assert len(partner.transport.requests) == CASES + MAX_CONFIRMATIONS + 1
    assert (runner.progress.case_count, runner.progress.failing_cases) == (CASES, CASES)


def test_a_case_that_fails_only_concurrently_is_flaky(setup: BuildSetup) -> None:
    """Everything passes one by one, and the confirmation of the failed case does too."""
    numbers = count()
    partner = setup(lambda _: 503 if next(numbers) == 3 else 202)
    runner = partner.runner("REC-01", examples=0)
    runner.run()
    progress = runner.progress
    assert len(partner.transport.requests) == 2 * CASES + 1
    assert progress.smallest is not None
    assert progress.passed_on_retry is not None
    assert progress.passed_on_retry.case == progress.smallest.case


def test_a_case_that_fails_only_one_by_one_decides(setup: BuildSetup) -> None:
    """A case that failed only concurrently is replaced by one that fails when it runs alone."""
    numbers = count()

    def respond(request: Request) -> int:
        number = next(numbers)
        if number <= CASES:  # the preflight, and the concurrent cases
            return 503 if b"PaymentUpdated" in request.body else 202
        return refuse_customer_added(request)

    partner = setup(respond)
    runner = partner.runner("REC-01", examples=0)
    runner.run()
    assert runner.progress.smallest is not None
    (delivery,) = runner.progress.smallest.transcript.deliveries
    assert delivery.message.events[0].discriminator == "CustomerAdded"


def test_cases_run_one_by_one_against_a_slow_endpoint(setup: BuildSetup) -> None:
    """The first failing case ends the run if the endpoint is slow, so only one runs."""
    partner = setup(lambda _: 500)
    runner = partner.runner("REC-01", examples=0, is_slow=True)
    runner.run()
    assert len(partner.transport.requests) == 1


@pytest.mark.parametrize(
    ("concurrency", "one_by_one"), [(1, True), (CASES - 1, True), (CASES, False)]
)
def test_cases_run_one_by_one_if_the_service_handles_fewer_at_a_time(
    setup: BuildSetup, concurrency: int, *, one_by_one: bool
) -> None:
    """Else responses would be late that are in time alone."""
    threads: set[int] = set()

    def respond(_: Request) -> int:
        threads.add(threading.get_ident())
        return 202

    partner = setup(respond)
    runner = partner.runner("REC-01", examples=0, concurrency=concurrency)
    threads.clear()
    runner.run()
    assert (threading.get_ident() in threads) is one_by_one
    assert runner.progress.case_count == CASES


def test_one_by_one_ends_when_the_budget_is_used_up(setup: BuildSetup) -> None:
    """Without `concurrent_cases`, no case follows once the budget is used up."""
    SCENARIOS["REC-01"] = replace(
        SCENARIOS["REC-01"], concurrent_cases=False
    )  # the fixture restores it
    partner = setup(lambda _: 500, took_ms=20_000)
    runner = partner.runner("REC-01", examples=0)
    runner.run()
    assert runner.progress.case_count == 2  # the budget starts at the end of the first
    assert len(partner.transport.requests) == 3  # the last is the confirmation


def test_an_interruption_does_not_wait_for_the_other_cases(setup: BuildSetup) -> None:
    """A Ctrl-C in one case is raised at once, and earlier results are kept."""
    numbers = count()

    def respond(_: Request) -> int:
        if next(numbers) == CASES:
            raise KeyboardInterrupt
        return 202

    runner = setup(respond).runner("REC-01", examples=0)
    with pytest.raises(KeyboardInterrupt):
        runner.run()
    assert runner.progress.case_count <= CASES - 1
    assert not runner.progress.finished
