"""The harness lets a service work off what was too much for it, before it sends more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, repeat

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import ServiceWatch
from pytest_mews.model import Attempt, Message, Outcome, Verdict, WebhookKind
from pytest_mews.run.runner import CertificationRunner, ScenarioInterrupted
from pytest_mews.scenarios.loader import load_scenarios
from tests.transcript_builders import attempt

from .conftest import ManualClock

pytestmark = pytest.mark.slow

LATE = (5_000.0, Outcome.TIMEOUT_ANSWER)
TIMEOUT_S = 30.0


def watch(responses: Iterator[tuple[float, Outcome]]) -> tuple[ServiceWatch, list[Attempt]]:
    """Watch a service that responds after some milliseconds; return the attempts as well."""
    clock = ManualClock()
    attempts = []

    def send() -> Attempt:
        duration_ms, outcome = next(responses)
        attempts.append(attempt(clock.ms, duration_ms, outcome))
        clock.ms += duration_ms
        return attempts[-1]

    return ServiceWatch(lambda: True, send, clock, TIMEOUT_S), attempts


@pytest.mark.parametrize(
    ("usual_ms", "responses", "count"),
    [
        (2.0, [(499.0, Outcome.DELIVERED)], 1),
        (2.0, [LATE, (4_000.0, Outcome.DELIVERED), (10.0, Outcome.DELIVERED)], 3),
        (400.0, [LATE, (1_500.0, Outcome.DELIVERED)], 2),
        (2.0, [LATE, (0.0, Outcome.CONNECTION_REFUSED)], 2),
    ],
)
def test_a_backlog_is_waited_for(
    usual_ms: float, responses: list[tuple[float, Outcome]], count: int
) -> None:
    """Until a message is answered in about the usual time; a service that is gone is no backlog."""
    service, attempts = watch(iter(responses))
    reports: list[str] = []
    service.wait_until_prompt(usual_ms, reports.append)
    assert len(attempts) == count
    assert len(reports) == count - 1


def test_a_service_that_stays_late_is_waited_for_once() -> None:
    """For the timeout; what it is accused of then is what it does."""
    service, attempts = watch(repeat(LATE))
    for _ in range(2):
        service.wait_until_prompt(2.0, lambda _: None)
        assert len(attempts) == TIMEOUT_S / 5
    assert service.answers_nothing


def test_a_service_that_answers_slowly_still_answers() -> None:
    """A late one is no silent one: its failures are confirmed as ever."""
    service, _ = watch(cycle([LATE, (4_000.0, Outcome.DELIVERED)]))
    assert not service.answers_nothing
    service.wait_until_prompt(2.0, lambda _: None)
    assert not service.answers_nothing


@pytest.mark.parametrize(
    ("sent_ms", "is_gone"),
    [(None, True), (990.0, True), (1_050.0, False)],
    ids=["nothing else", "before", "meanwhile"],
)
def test_a_service_that_accepts_others_is_not_gone(sent_ms: float | None, *, is_gone: bool) -> None:
    """It answers two valid messages with 503, as one that is too busy for them does."""
    service, attempts = watch(repeat((10.0, Outcome.ERROR_STATUS)))
    if sent_ms is not None:
        exchange = attempt(sent_ms, 30.0).final_exchange
        message = Message(WebhookKind.GENERAL, b"", (), "one event")
        service.log.note_exchange("REC-01", "message", message, exchange)
    assert service.refuses_messages(1_000.0) is is_gone
    assert len(attempts) == 1


@pytest.mark.parametrize(("partner", "count"), [("one-at-a-time", 1), ("sound", 0)])
def test_an_overload_does_not_reach_the_next_scenario(
    partner: str,
    count: int,
    settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After late responses the service is waited for, and after others it is not."""
    waits: list[float] = []

    def note_wait(_: ServiceWatch, usual_ms: float, __: object) -> None:
        waits.append(usual_ms)

    monkeypatch.setattr(ServiceWatch, "wait_until_prompt", note_wait)
    burst = next(scenario for scenario in load_scenarios() if scenario.id == "LOAD-01")
    with CertificationRunner(settings(f"demo:{partner}", time_scale="0.001")) as runner:
        result = runner.certify(burst)
    assert (result.verdict is Verdict.PASS) == (partner == "sound")
    assert len(waits) == count


def test_an_interruption_of_the_wait_loses_no_result(
    settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C during the wait: what the scenario observed is in the report."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ServiceWatch, "wait_until_prompt", interrupt)
    burst = next(scenario for scenario in load_scenarios() if scenario.id == "LOAD-01")
    options = settings("demo:one-at-a-time", time_scale="0.001")
    with CertificationRunner(options) as runner, pytest.raises(ScenarioInterrupted) as caught:
        runner.certify(burst)
    assert caught.value.result.verdict is Verdict.WARN
