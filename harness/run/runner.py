"""Certifies one endpoint, scenario by scenario; pytest or a test calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self

from pytest_mews.checks import evaluate
from pytest_mews.config.settings import Settings
from pytest_mews.errors import HarnessError
from pytest_mews.execution import (
    Budget,
    Exploration,
    Messages,
    ScenarioRunner,
    recheck_health,
    run_steps,
)
from pytest_mews.model import Evidence, Finding, Scenario, ScenarioResult, Transcript
from pytest_mews.model.scenario import Requirement
from pytest_mews.model.verdict import HEALTH_CHECK
from pytest_mews.redaction import Redactor, find_tokens, redact
from pytest_mews.replay.recording import with_replay
from pytest_mews.reports import one_line
from pytest_mews.run.environment import Environment
from pytest_mews.run.preconditions import unmet_precondition
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.result import build_result

Progress = Callable[[Scenario, int, int], None]
"""A callback: the scenario, the number of cases run, and the number of cases planned."""


class CertificationRunner:
    """Certifies scenarios in one environment, which it owns.

    `start` comes before the first scenario, and `close` stops what has started; as a context
    manager it does both. `certify` may be called from several threads.

    Args:
        settings: what the user chose.
        budget: how many executions, and how many seconds, the shrinking of a failure may take.
        process_lock: keeps an exclusive scenario alone among several processes too.

    Raises:
        UsageError: there is no demo partner of that name.

    """

    def __init__(
        self,
        settings: Settings,
        *,
        budget: Budget | None = None,
        process_lock: ProcessLock | None = None,
    ) -> None:
        self.environment = Environment(settings)
        self._process_lock = process_lock or ProcessLock()
        self._budget = budget or Budget()
        self._interrupted = False
        self._client_lost_in = ""  # the scenario after which the first enterprise had no client

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the environment, if it is not running.

        Raises:
            UsageError: a server of the harness or a file of certificates is not available.

        """
        self.environment.start()

    def close(self) -> None:
        """Stop everything that runs."""
        self.environment.close()

    def interrupt(self) -> None:
        """Stop the running scenarios, from any thread.

        The result of a scenario that was running is what was observed until then.
        """
        self._interrupted = True
        self.environment.interrupt()

    def probe(self, scenarios: Iterable[Scenario]) -> None:
        """Make the observations that these scenarios require, before several threads need them.

        Without this call each scenario makes them itself.
        """
        requires = {requirement for scenario in scenarios for requirement in scenario.requires}
        needs_api_calls = not requires.isdisjoint(
            {Requirement.CONNECTOR_API_CALLED, Requirement.CONNECTOR_API_ANSWERED}
        )
        has_webhooks = self.environment.settings.has_webhooks
        if has_webhooks and needs_api_calls and self.environment.preflight.accepts:
            self.environment.check_connectivity()

    def certify(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Run one scenario and return its result, with secrets redacted.

        Raises:
            HarnessError: the harness failed, not the partner; or it was interrupted before.
            KeyboardInterrupt: the user pressed Ctrl-C; its only argument is the result so far.

        """
        if self._interrupted:
            raise HarnessError("the run was interrupted")
        result = self.unmet_precondition(scenario)
        if result is not None:
            return result
        with self._process_lock.hold(exclusive=scenario.exclusive):
            self._note_missing_client("")  # a lost client may have reconnected
            result = self._run_scenario(scenario, progress)
            self._note_missing_client(scenario.id)
        return result

    def unmet_precondition(self, scenario: Scenario) -> ScenarioResult | None:
        """Return the result of a scenario that cannot run against this endpoint; None if it can."""
        unmet = unmet_precondition(scenario, self.environment, self._client_lost_in)
        return None if unmet is None else self._redact(ScenarioResult(scenario, *unmet))

    def _note_missing_client(self, scenario_id: str) -> None:
        """Note the scenario after which the first enterprise's client was gone."""
        clients = self.environment.clients
        if clients is not None and clients.was_connected:
            lost_in = self._client_lost_in or scenario_id
            self._client_lost_in = "" if clients.is_connected else lost_in

    def replay(self, scenario: Scenario, messages: Messages) -> tuple[Finding, ...]:
        """Run the scenario's steps once with these messages, and return the findings.

        Raises:
            HarnessError: the harness failed, not the partner.

        """

        def evaluate_transcript(transcript: Transcript) -> tuple[Finding, ...]:
            return self._evaluate(scenario, transcript)

        with self._process_lock.hold(exclusive=scenario.exclusive):
            transcript = run_steps(scenario, messages, self.environment.context)
            evidence = Evidence("example", "", evaluate_transcript(transcript), transcript)
            if any(step.name == HEALTH_CHECK for step in scenario.steps):
                evidence = recheck_health(
                    evidence,
                    lambda: messages,
                    self.environment.context,
                    self.environment.clock,
                    evaluate_transcript,
                )
        return redact(evidence.findings, self.environment.redactor)

    def _evaluate(self, scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
        return tuple(evaluate(expectation, transcript) for expectation in scenario.expectations)

    def _run_scenario(self, scenario: Scenario, progress: Progress) -> ScenarioResult:
        started_ms = self.environment.clock.now_ms()

        def duration_s() -> float:
            return (self.environment.clock.now_ms() - started_ms) / 1000

        scenario_runner = ScenarioRunner(
            scenario,
            self.environment.target,
            self.environment.context,
            self.environment.clock,
            run_seed=self.environment.settings.seed,
            started=self.environment.started,
            examples=self.environment.settings.examples,
            budget=self._budget,
            evaluate=lambda transcript: self._evaluate(scenario, transcript),
            report_progress=lambda done, planned: progress(scenario, done, planned),
        )
        try:
            scenario_runner.run()
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                self._build_result(scenario, scenario_runner.progress, duration_s())
            ) from interrupt
        except HarnessError:
            if not self._interrupted:
                raise
        return self._build_result(scenario, scenario_runner.progress, duration_s())

    def _build_result(
        self, scenario: Scenario, exploration: Exploration, duration_s: float
    ) -> ScenarioResult:
        result = self._redact(build_result(scenario, exploration, duration_s))
        return with_replay(
            result,
            exploration.sent_messages,
            self.environment.settings,
            self.environment.started,
            self.environment.redactor,
        )

    def _redact(self, result: ScenarioResult) -> ScenarioResult:
        """Redact secrets, generated tokens included, and make the reason safe for a log line."""
        deliveries = (
            delivery for evidence in result.evidence for delivery in evidence.transcript.deliveries
        )
        tokens = {token for delivery in deliveries for token in find_tokens(delivery.message.body)}
        redacted = redact(redact(result, self.environment.redactor), Redactor(tokens))
        return replace(redacted, reason=one_line(redacted.reason))
