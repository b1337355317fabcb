"""A scripted partner: a function from request to status behind the transport's seam."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.config import profiles
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import Request, DeliveryRules, Sender
from pytest_mews.execution import Budget, CaseContext, ScenarioRunner, send_preflight
from pytest_mews.model import Exchange, Finding, Outcome, Scenario, Transcript
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import Target, actions, discriminators
from pytest_mews.senders.connector.ids import DEFAULT_RUN_START

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
URL = "http://127.0.0.1/hook?Token=open-sesame"
Answer = Callable[[Request], int | Outcome | tuple[int, str]]


@dataclass
class ManualClock:
    """A clock that only moves when it is told to or slept on."""

    ms: float = 0.0

    def now_ms(self) -> float:
        """Read the clock."""
        return self.ms

    def sleep(self, seconds: float) -> None:
        """Move it."""
        self.ms += seconds * 1000


@dataclass
class ScriptedTransport:
    """Answers by a function: a status, one with a Location, or how there was none.

    Each exchange takes `took_ms`.
    """

    clock: ManualClock
    answer: Answer
    took_ms: float = 1.0
    requests: list[Request] = field(default_factory=list)

    def submit(self, request: Request) -> Future[Exchange]:
        """Answer at once."""
        self.requests.append(request)
        started = self.clock.ms
        said = self.answer(request)
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(said, tuple):
            said, headers = said[0], (("Location", said[1]),)
        self.clock.ms += self.took_ms
        future: Future[Exchange] = Future()
        ok = isinstance(said, int) and 200 <= said < 300
        future.set_result(
            Exchange(
                request.method,
                request.url,
                request.headers,
                len(request.body),
                said
                if isinstance(said, Outcome)
                else Outcome.DELIVERED
                if ok
                else Outcome.ERROR_STATUS,
                started,
                self.clock.ms,
                connected_ms=started,
                sent_ms=started,
                first_byte_ms=None if isinstance(said, Outcome) else self.clock.ms,
                status=None if isinstance(said, Outcome) else said,
                response_headers=headers,
            )
        )
        return future

    def close(self) -> None:
        """Nothing to end."""


@dataclass
class Table:
    """A scenario's explorer over a scripted partner, with what it sent."""

    transport: ScriptedTransport
    courier: Sender
    subject: Target
    endpoint: Endpoint = field(default_factory=lambda: Endpoint(URL, URL, "open-sesame"))

    def explorer(
        self,
        scenario_id: str,
        *,
        budget: Budget | None = None,
        sluggish: bool = False,
        seed: int = 7,
        examples: int = 40,
    ) -> ScenarioRunner:
        """Build an explorer after a successful preflight."""
        scenario: Scenario = SCENARIOS[scenario_id]
        preflight = send_preflight(
            self.courier, self.endpoint, self.subject, seed=seed, timeout_s=5.0
        )
        self.transport.requests.clear()

        def judged(transcript: Transcript) -> tuple[Finding, ...]:
            return tuple(evaluate(each, transcript) for each in scenario.expectations)

        return ScenarioRunner(
            scenario,
            self.subject,
            CaseContext(self.courier, self.endpoint, preflight.delivery, is_slow=sluggish),
            self.transport.clock,
            run_seed=seed,
            started=DEFAULT_RUN_START,
            examples=examples,
            budget=budget or Budget(),
            evaluate=judged,
            report_progress=lambda *_: None,
        )


@pytest.fixture
def table() -> Callable[..., Table]:
    """Lay a table for a partner that answers by the given function."""

    def lay(answer: Answer, *, took_ms: float = 1.0, events: tuple[str, ...] = ()) -> Table:
        clock = ManualClock()
        transport = ScriptedTransport(clock, answer, took_ms)
        chosen = profiles.load_profile("2026-04")
        subject = Target(
            chosen.name,
            events or (*discriminators(chosen.name), *actions(chosen.name)),
            500,
            DEFAULT_TENANTS,
        )
        rules = DeliveryRules.from_profile(chosen, 0.01, verify_tls=True)
        return Table(transport, Sender(transport, clock, rules), subject)

    return lay
