"""A scripted partner: a function from a request to a status, in the place of the transport."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.config import profiles
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import Deliverer, DeliveryRules, Request, Transport
from pytest_mews.execution import Budget, CaseContext, ScenarioRunner, ServiceWatch, send_preflight
from pytest_mews.model import Exchange, Finding, Outcome, Scenario, Transcript
from pytest_mews.scenarios import loader
from pytest_mews.senders import Target
from pytest_mews.senders.connector import CONNECTOR, actions, discriminators
from pytest_mews.senders.ids import DEFAULT_RUN_START

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
URL = "http://127.0.0.1/hook?Token=open-sesame"
Respond = Callable[[Request], int | Outcome | tuple[int, str]]


@dataclass
class ManualClock:
    """A clock that only moves when something sleeps on it or sets it."""

    ms: float = 0.0

    def now_ms(self) -> float:
        """Return the time."""
        return self.ms

    def sleep(self, seconds: float) -> None:
        """Move the clock instead of sleeping."""
        self.ms += seconds * 1000


@dataclass
class ScriptedTransport(Transport):
    """Responds with a function: a status, a status with a Location, or an outcome without one.

    Each exchange takes `took_ms`.
    """

    clock: ManualClock
    respond: Respond
    took_ms: float = 1.0
    requests: list[Request] = field(default_factory=list)

    def submit(self, request: Request) -> Future[Exchange]:
        """Respond at once."""
        self.requests.append(request)
        started = self.clock.ms
        result = self.respond(request)
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(result, tuple):
            result, headers = result[0], (("Location", result[1]),)
        self.clock.ms += self.took_ms
        future: Future[Exchange] = Future()
        is_success = isinstance(result, int) and 200 <= result < 300
        future.set_result(
            Exchange(
                request.method,
                request.url,
                request.headers,
                len(request.body),
                result
                if isinstance(result, Outcome)
                else Outcome.DELIVERED
                if is_success
                else Outcome.ERROR_STATUS,
                started,
                self.clock.ms,
                connected_ms=started,
                sent_ms=started,
                first_byte_ms=None if isinstance(result, Outcome) else self.clock.ms,
                status=None if isinstance(result, Outcome) else result,
                response_headers=headers,
            )
        )
        return future

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


@dataclass
class Setup:
    """A scripted partner with what it takes to run a scenario against it.

    With `service` the harness looks whether the partner is still there.
    """

    transport: ScriptedTransport
    deliverer: Deliverer
    target: Target
    endpoint: Endpoint = field(default_factory=lambda: Endpoint(URL, URL))
    service: ServiceWatch | None = None

    def runner(  # noqa: PLR0913 - what a test wants to choose
        self,
        scenario_id: str,
        *,
        budget: Budget | None = None,
        is_slow: bool = False,
        seed: int = 7,
        examples: int = 40,
        is_alone: bool = True,
        **context: Any,  # noqa: ANN401 - further fields of the context
    ) -> ScenarioRunner:
        """Build the runner of a scenario, after the preflight."""
        scenario: Scenario = SCENARIOS[scenario_id]
        preflight = send_preflight(
            self.deliverer, self.endpoint, CONNECTOR, self.target, seed=seed, timeout_s=5.0
        )
        self.transport.requests.clear()

        def evaluate_all(transcript: Transcript) -> tuple[Finding, ...]:
            return tuple(evaluate(expectation, transcript) for expectation in scenario.expectations)

        return ScenarioRunner(
            scenario,
            CONNECTOR,
            self.target,
            CaseContext(
                self.deliverer,
                self.endpoint,
                preflight.delivery,
                is_slow=is_slow,
                service=self.service,
                **context,
            ),
            self.transport.clock,
            run_seed=seed,
            started=DEFAULT_RUN_START,
            examples=examples,
            budget=budget or Budget(),
            evaluate=evaluate_all,
            report_progress=lambda _: None,
            is_alone=lambda: is_alone,
        )


@pytest.fixture
def setup() -> Callable[..., Setup]:
    """Return a function that builds the setup for a partner that responds with a function."""

    def build(
        answer: Respond,
        *,
        took_ms: float = 1.0,
        events: tuple[str, ...] = (),
        revision: str = "2026-04",
    ) -> Setup:
        clock = ManualClock()
        transport = ScriptedTransport(clock, answer, took_ms)
        profile = profiles.load_profile(revision, CONNECTOR.profiles)
        target = Target(
            profile.name,
            events or (*discriminators(profile.name), *actions(profile.name)),
            500,
            DEFAULT_TENANTS,
        )
        rules = DeliveryRules.from_profile(profile, 0.01, verify_tls=True)
        authentication = CONNECTOR.authentication({"--mews-target": URL}, None, None)
        deliverer = Deliverer(transport, clock, rules, authentication=authentication)
        return Setup(transport, deliverer, target)

    return build
