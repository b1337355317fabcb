"""A service that dies in a scenario: the message that ended it is the evidence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution import Exploration, ServiceWatch
from pytest_mews.model import Attempt, Death, Outcome
from pytest_mews.model.exchange import HEALTH_CHECK
from pytest_mews.senders import IdSource
from pytest_mews.senders.connector import CONNECTOR

from .conftest import URL, ManualClock, Setup

BuildSetup = Callable[..., Setup]
NULL_EVENT = b"[null]"
TIMEOUT_S = 30.0


@dataclass
class MortalPartner:
    """A partner that dies of some messages.

    Attributes:
        dies_of: a part of the bodies that end it.
        delay_ms: how long after its response it dies.
        away_ms: how long it is away then.
        strict: whether it refuses what is no batch of events; otherwise it accepts everything.
        status: what it answers while it is away; None to refuse connections.

    """

    dies_of: bytes
    delay_ms: float = 10.0
    away_ms: float = math.inf
    strict: bool = False
    status: int | None = None
    clock: ManualClock | None = None
    dies_at_ms: float = math.inf
    deaths: int = 0

    @property
    def is_away(self) -> bool:
        """Whether it is dead at the moment."""
        assert self.clock is not None
        return self.dies_at_ms <= self.clock.ms < self.dies_at_ms + self.away_ms

    def respond(self, request: Request) -> int | Outcome:
        """Respond, and maybe die a moment later."""
        if self.clock is None:
            return 202  # the preflight
        if self.is_away:
            return Outcome.CONNECTION_REFUSED if self.status is None else self.status
        is_dying = self.clock.ms < self.dies_at_ms < math.inf
        if self.dies_of in request.body:
            if not is_dying:
                self.dies_at_ms = self.clock.ms + self.delay_ms
                self.deaths += 1
            return 202
        return 400 if self.strict and b'"Value"' not in request.body else 202


def watch(partner: MortalPartner, setup: Setup) -> Setup:
    """Let the harness look whether the partner is there."""
    partner.clock = clock = setup.transport.clock
    numbers = count()

    def send() -> Attempt:
        plan = CONNECTOR.simplest_message(setup.target)
        assert plan is not None
        (message,) = plan.build(IdSource(7, HEALTH_CHECK, next(numbers), setup.target.tenants))
        return setup.deliverer.deliver(message, URL, label=HEALTH_CHECK, attempts=1).attempts[-1]

    def is_listening() -> bool:
        return partner.status is not None or not partner.is_away

    setup.service = ServiceWatch(is_listening, send, clock, TIMEOUT_S)
    return setup


def run(partner: MortalPartner, build: BuildSetup, scenario: str, **options: bool) -> Exploration:
    """Run a scenario against a mortal partner, and return its exploration."""
    runner = watch(partner, build(partner.respond)).runner(scenario, **options)
    runner.run()
    return runner.progress


def unmet(progress: Exploration) -> set[str]:
    """Return the checks that the evidence does not meet."""
    assert progress.smallest is not None
    return {finding.check for finding in progress.smallest.findings if not finding.met}


@pytest.mark.parametrize("delay_ms", [0.0, 10.0, 300.0])
@pytest.mark.parametrize("strict", [True, False])
def test_a_service_that_dies_for_good(setup: BuildSetup, delay_ms: float, *, strict: bool) -> None:
    """The evidence is the message that ended it, and nothing is sent to the dead service then."""
    partner = MortalPartner(NULL_EVENT, delay_ms, strict=strict)
    dying = watch(partner, setup(partner.respond))
    runner = dying.runner("ERR-05")
    runner.run()
    progress = runner.progress
    assert progress.death is not None
    assert (progress.death.scenario_id, progress.death.returned) == ("ERR-05", False)
    assert progress.death.message == "a null event"
    assert progress.death.waited_s >= TIMEOUT_S
    assert unmet(progress) >= {"healthy"}
    assert progress.passed_on_retry is None
    assert progress.sent_messages is not None
    (message,) = progress.sent_messages.messages["message"]
    assert NULL_EVENT in message.body
    bodies = [request.body for request in dying.transport.requests]
    last = max(index for index, body in enumerate(bodies) if NULL_EVENT in body)
    assert len(bodies) - last <= 4  # health checks


@pytest.mark.parametrize("delay_ms", [0.0, 10.0, 300.0])
@pytest.mark.parametrize("strict", [True, False])
def test_a_service_that_is_restarted(setup: BuildSetup, delay_ms: float, *, strict: bool) -> None:
    """The suspects run again, so that the evidence is the message that ends it each time."""
    partner = MortalPartner(NULL_EVENT, delay_ms, away_ms=1500.0, strict=strict)
    progress = run(partner, setup, "ERR-05")
    assert progress.death is not None
    assert progress.death.returned
    assert progress.death.message == "a null event"
    assert progress.smallest is not None
    assert progress.smallest.case == "a null event"
    assert unmet(progress) >= {"healthy"}
    assert progress.passed_on_retry is None
    assert partner.deaths <= 3


def test_a_service_that_answers_5xx_for_a_while(setup: BuildSetup) -> None:
    """A service behind a proxy, which answers 502 for it, is dead all the same."""
    partner = MortalPartner(NULL_EVENT, away_ms=3000.0, status=502)
    progress = run(partner, setup, "ERR-05")
    assert progress.death is not None
    assert (progress.death.status, progress.death.returned) == (502, True)
    assert progress.death.message == "a null event"


def test_one_failed_health_check_is_no_death(setup: BuildSetup) -> None:
    """A service that fails now and then is not waited for, and its failure is flaky."""
    numbers = count()
    partner = MortalPartner(b"no message has this")
    failing = watch(partner, setup(lambda r: 503 if next(numbers) == 6 else partner.respond(r)))
    runner = failing.runner("ERR-02")
    runner.run()
    assert runner.progress.failing_cases == 1
    assert runner.progress.death is None
    assert runner.progress.passed_on_retry is not None


def test_a_documented_message_can_end_the_service(setup: BuildSetup) -> None:
    """Outside hostile scenarios too, nothing is shrunk against a dead service."""
    partner = MortalPartner(b"CustomerAdded", delay_ms=0.0)
    progress = run(partner, setup, "REC-01")
    assert progress.death is not None
    assert "CustomerAdded" in progress.death.message
    assert progress.smallest is not None
    assert any(not finding.met for finding in progress.smallest.findings)


def test_a_service_that_died_before_the_first_message(setup: BuildSetup) -> None:
    """The death belongs to the message before, of an earlier scenario."""
    partner = MortalPartner(b"CustomerAdded", delay_ms=500.0)
    dying = watch(partner, setup(partner.respond))
    assert dying.service is not None
    dying.runner("REC-01").run()
    partner.clock.ms += 1000.0 if partner.clock else 0.0
    later = dying.runner("REC-03")
    later.run()
    assert later.progress.death is not None
    assert later.progress.death.scenario_id == "REC-01"
    assert later.progress.smallest is None


def test_in_company_nothing_is_blamed(setup: BuildSetup) -> None:
    """If another scenario may have ended the service, it is only waited for."""
    partner = MortalPartner(NULL_EVENT, away_ms=1500.0)
    progress = run(partner, setup, "ERR-05", is_alone=False)
    assert isinstance(progress.death, Death)
    assert progress.death.returned
    assert progress.smallest is None
    assert partner.deaths == 1


def test_a_harmed_service_outranks_a_smaller_failure(setup: BuildSetup) -> None:
    """A case that breaks a MUST is the evidence, although smaller ones miss a SHOULD."""
    harmed = False

    def respond(request: Request) -> int:
        nonlocal harmed
        if b'"Value"' in request.body and b'"Id":"' in request.body:
            was_harmed, harmed = harmed, False
            return 500 if was_harmed else 202
        harmed = NULL_EVENT in request.body
        return 202

    runner = setup(respond).runner("ERR-05")
    runner.run()
    assert runner.progress.smallest is not None
    assert runner.progress.smallest.case == "a null event"
    assert unmet(runner.progress) >= {"healthy"}


def test_a_wait_without_success_is_not_repeated() -> None:
    """Scenarios that find the service dead later have the result of the first wait."""
    clock, reports = ManualClock(), list[str]()
    dead = ServiceWatch(lambda: False, lambda: pytest.fail("nothing is sent"), clock, TIMEOUT_S)
    first = dead.wait_for_return(reports.append)
    assert clock.ms >= TIMEOUT_S * 1000
    assert reports[0] == "the service is gone; waiting 0 of 30 s for it"
    waited_until_ms = clock.ms
    assert dead.wait_for_return(reports.append) == first
    assert clock.ms == waited_until_ms


def test_a_death_within_a_case_that_passes_is_no_pass(setup: BuildSetup) -> None:
    """The retry of a message is accepted, since the service was restarted meanwhile."""
    partner = MortalPartner(b"CustomerAdded", delay_ms=0.0, away_ms=1000.0)
    progress = run(partner, setup, "REC-01")
    assert progress.death is not None
    assert progress.death.returned
    assert progress.smallest is not None
    assert "healthy" in unmet(progress) or "accepted" in unmet(progress)
