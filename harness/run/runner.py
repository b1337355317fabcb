"""Certifies one endpoint, scenario by scenario; pytest or a test calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Timer
from typing import Self, TypeVar

from pytest_mews.checks import evaluate
from pytest_mews.config.settings import Settings
from pytest_mews.errors import HarnessError
from pytest_mews.execution import (
    FIRST_CALL_FACTOR,
    Budget,
    Exploration,
    Messages,
    ScenarioRunner,
    describe_first_request,
    met_no_connection,
    recheck_health,
    run_steps,
    wait_until_idle,
)
from pytest_mews.model import (
    Evidence,
    Finding,
    Outcome,
    Scenario,
    ScenarioResult,
    Transcript,
    Verdict,
)
from pytest_mews.model.death import describe_death
from pytest_mews.model.scenario import Requirement
from pytest_mews.model.verdict import FAILURES
from pytest_mews.redaction import Redactor, find_tokens, redact
from pytest_mews.replay.recording import with_replay
from pytest_mews.run.company import RunningScenarios
from pytest_mews.run.environment import Environment
from pytest_mews.run.exclusive_gate import ExclusiveGate
from pytest_mews.run.preconditions import Unmet, not_for_this_run, unmet_precondition
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.refused_requests import describe_refused_requests
from pytest_mews.run.result import build_result
from pytest_mews.run.service_evidence import with_service_log
from pytest_mews.sanitize import one_line

Progress = Callable[[Scenario, str], None]
"""A callback: the scenario, and what it does at the moment, for people."""
# How often a scenario runs again, alone, if another one may have ended the service: the one before
# it may do so just at its end, hence twice.
MAX_RETRIES = 2
REPORT_AFTER_S = 3.0  # a sound service makes its first request sooner
T = TypeVar("T")


class ScenarioInterrupted(KeyboardInterrupt):
    """The user interrupted a scenario; the cause is the interruption.

    Attributes:
        result: what was observed until then.

    """

    def __init__(self, result: ScenarioResult) -> None:
        super().__init__()
        self.result = result


class CertificationRunner:
    """Certifies scenarios in one environment, which it owns.

    `start` comes before the first scenario, and `close` stops what has started; as a context
    manager it does both. `certify` may be called from several threads.

    Secrets are redacted here, once: all that `certify` and `replay` return has none. The runner
    knows all of them: those of the settings, of the demo partner, and those generated for messages.

    Args:
        settings: what the user chose.
        accept: returns a result as waived, or as expected, if it is.
        budget: how many executions, and how many seconds, the shrinking of a failure may take.
        process_lock: keeps an exclusive scenario alone among several processes too.
        environment: the environment; one for the settings if None.

    Raises:
        UsageError: there is no demo partner of that name.

    """

    def __init__(
        self,
        settings: Settings,
        *,
        accept: Callable[[ScenarioResult], ScenarioResult] = lambda result: result,
        budget: Budget | None = None,
        process_lock: ProcessLock | None = None,
        environment: Environment | None = None,
    ) -> None:
        self.environment = environment or Environment(settings)
        self._accept = accept
        self._process_lock = process_lock or ProcessLock()
        self._budget = budget or Budget()
        self._gate, self._running = ExclusiveGate(), RunningScenarios()
        self._excluded: dict[str, Unmet | None] = {}  # by scenario, what `not_for_this_run` says
        self._interrupted = False
        self._client_lost_in = ""  # the scenario after which the first enterprise had no client

    def for_another_instance(self, number: int) -> CertificationRunner:
        """Return a runner for another instance of the service; it has to be started.

        Args:
            number: the number of the instance, from 2.

        """
        environment = self.environment.for_another_instance(number)
        return CertificationRunner(
            environment.settings,
            accept=self._accept,
            budget=self._budget,
            environment=environment,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Start the environment, if it is not running.

        Args:
            report: is called with what the start of the service waits for, for people.

        Raises:
            UsageError: a server of the harness, the service or a file of certificates is not
                available.

        """
        self.environment.start(report)

    def close(self) -> None:
        """Stop everything that runs."""
        self.environment.close()

    def is_dead(self) -> bool:
        """Return whether the service died and did not come back; all that follows is blocked."""
        return self.environment.death is not None

    def describe_refused_requests(self) -> str:
        """Return a clause if the API refuses most of the service's requests, or an empty one."""
        connector_api = self.environment.connector_api
        if connector_api is None:
            return ""
        return self.environment.redactor.redact_text(
            describe_refused_requests(connector_api.calls())
        )

    def interrupt(self) -> None:
        """Stop the running scenarios, from any thread.

        The result of a scenario that was running is what was observed until then.
        """
        self._interrupted = True
        self.environment.interrupt()

    def probe(
        self, scenarios: Iterable[Scenario], report: Callable[[str], None] = lambda _: None
    ) -> None:
        """Make the observations that these scenarios require, before several threads need them.

        Without this call each scenario makes them itself.

        Args:
            scenarios: those that will run.
            report: is called with what a long observation waits for, for people; in any thread.

        """
        requires = {requirement for scenario in scenarios for requirement in scenario.requires}
        needs_api_calls = not requires.isdisjoint(
            {Requirement.CONNECTOR_API_CALLED, Requirement.CONNECTOR_API_ANSWERED}
        )
        has_webhooks = self.environment.settings.has_webhooks
        if has_webhooks and needs_api_calls and self.environment.preflight.accepts:
            limit_s = FIRST_CALL_FACTOR * self.environment.settings.fetch_timeout_s
            timer = Timer(REPORT_AFTER_S, report, [describe_first_request(limit_s)])
            timer.start()
            try:
                self.environment.check_connectivity()
            finally:
                timer.cancel()

    def certify(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Run one scenario and return its result, with secrets redacted.

        Raises:
            HarnessError: the harness failed, not the partner; or it was interrupted before.
            ScenarioInterrupted: the user pressed Ctrl-C while the scenario sent messages.

        """
        if self._interrupted:
            raise HarnessError("the run was interrupted")
        with self._fail_with_emulators():
            result, is_own = self._observe(scenario, progress)
            for _ in range(MAX_RETRIES):
                if not is_own and self.environment.death is None:
                    result, is_own = self._observe(scenario, progress, alone=True)
            death = self.environment.death
            if not is_own and death is not None:
                reason = describe_death(death)
                return self.redact_result(
                    ScenarioResult(scenario, Verdict.BLOCKED, reason, death=death)
                )
            return result

    def _observe(
        self, scenario: Scenario, progress: Progress, *, alone: bool = False
    ) -> tuple[ScenarioResult, bool]:
        """Run a scenario if it can run; return its result, and whether it is the scenario's own.

        It is not if the service died meanwhile, and another scenario may have ended it.

        Args:
            scenario: the scenario.
            progress: is called meanwhile.
            alone: whether no other scenario may run meanwhile, as with an exclusive one.

        """
        unmet = self.unmet_precondition(scenario)
        if unmet is not None:
            return unmet, True
        is_exclusive = alone or scenario.exclusive
        with (
            self._process_lock.hold(exclusive=is_exclusive),
            self._gate.enter(exclusive=alone),
            self._running.enter(scenario.id) as company,
        ):
            if self.environment.death is not None:  # since the wait for the locks began
                unmet = self.unmet_precondition(scenario)
                if unmet is not None:
                    return unmet, True

            def is_alone() -> bool:
                return not company and (is_exclusive or self._process_lock.path is None)

            self._note_missing_client("")  # a lost client may have reconnected
            started_ms = self.environment.clock.now_ms()
            result = self._run_scenario(scenario, progress, is_alone)
            self._note_missing_client(scenario.id)
            is_own = self._is_own(result, started_ms, is_alone=is_alone())
            self._note_death(result, company, is_own=is_own)
        return result, is_own

    def _is_own(self, result: ScenarioResult, started_ms: float, *, is_alone: bool) -> bool:
        """Return whether a result is due to the scenario's own messages."""
        service, death = self.environment.service, result.death
        verdict = result.verdict_without_waiver or result.verdict
        found_afterwards = death is None or death.scenario_id == result.scenario.id
        if service is None or (verdict not in FAILURES and found_afterwards):
            return True
        if is_alone:
            return death is None or death.scenario_id == result.scenario.id
        return (
            death is None
            and service.gone_until_ms < started_ms
            and not any(map(met_no_connection, result.evidence))
        )

    def _note_death(self, result: ScenarioResult, company: set[str], *, is_own: bool) -> None:
        """Note the first death after which the service did not come back: it blocks the rest.

        Of scenarios that ran concurrently, those are suspects whose messages may have ended it; all
        of them, if no message tells.
        """
        service, death = self.environment.service, result.death
        if service is None or death is None:
            return
        if death.returned:
            service.note_return(death, is_reported=is_own)
        if death.returned or service.death is not None:
            return
        sees_all = self._process_lock.path is None
        if company and not (sees_all and (death.scenario_id or death.suspects)):
            suspects = tuple(sorted({result.scenario.id, *company}))
            death = replace(death, scenario_id="", suspects=suspects)
        elif not company and not is_own and not sees_all:
            death = replace(death, scenario_id="")  # a scenario of another process, maybe
        service.death = death

    def is_for_this_run(self, scenario: Scenario) -> bool:
        """Return whether the options allow a scenario to run; sends nothing."""
        return self._not_for_this_run(scenario) is None

    def _not_for_this_run(self, scenario: Scenario) -> Unmet | None:
        if scenario.id not in self._excluded:
            self._excluded[scenario.id] = not_for_this_run(scenario, self.environment)
        return self._excluded[scenario.id]

    def unmet_precondition(self, scenario: Scenario) -> ScenarioResult | None:
        """Return the result of a scenario that cannot run against this endpoint; None if it can."""
        unmet = self._not_for_this_run(scenario) or unmet_precondition(
            scenario, self.environment, self._client_lost_in
        )
        if unmet is None:
            return None
        result = ScenarioResult(
            scenario,
            unmet.verdict,
            unmet.reason,
            blocked_by=unmet.blocked_by,
            death=unmet.death,
        )
        return self.redact_result(result)

    @contextmanager
    def _fail_with_emulators(self) -> Iterator[None]:
        """Raise HarnessError at the end if an emulator failed meanwhile."""
        failures = self.environment.emulator_failures
        count = failures.count
        yield
        failures.raise_since(count)

    def _note_missing_client(self, scenario_id: str) -> None:
        """Note the scenario after which the first enterprise's client was gone."""
        clients = self.environment.clients
        if clients is not None and clients.was_connected:
            lost_in = self._client_lost_in or scenario_id
            self._client_lost_in = "" if clients.is_connected else lost_in

    def wait_until_idle(self, report: Callable[[str], None]) -> bool:
        """Wait until the service has nothing left to do; return whether it has nothing.

        True where no Connector API is served: then nothing can be observed.

        Args:
            report: is called again and again with what is waited for, for people.

        """
        context = self.environment.context
        return context.connector_api is None or wait_until_idle(
            context.connector_api,
            context.patience,
            context.fetch_timeout_s,
            context.now_ms,
            report,
        )

    def replay(
        self,
        scenario: Scenario,
        messages: Messages,
        report: Callable[[str], None] = lambda _: None,
    ) -> tuple[Finding, ...]:
        """Run the scenario's steps once with these messages, and return the findings.

        Args:
            scenario: the scenario.
            messages: the messages, by the name of their spec.
            report: is called with what a step waits for, for people.

        Raises:
            HarnessError: the harness failed, not the partner.

        """

        def evaluate_transcript(transcript: Transcript) -> tuple[Finding, ...]:
            return self._evaluate(scenario, transcript)

        with self._fail_with_emulators(), self._process_lock.hold(exclusive=scenario.exclusive):
            context = replace(self.environment.context, report_wait=report)
            transcript = run_steps(scenario, messages, context)
            evidence = Evidence("example", "", evaluate_transcript(transcript), transcript)
            if scenario.checks_health:
                evidence = recheck_health(
                    evidence,
                    lambda: messages,
                    self.environment.context,
                    self.environment.clock,
                    evaluate_transcript,
                )
        return self.redact(evidence.findings)

    def _evaluate(self, scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
        return tuple(evaluate(expectation, transcript) for expectation in scenario.expectations)

    def _run_scenario(
        self, scenario: Scenario, progress: Progress, is_alone: Callable[[], bool]
    ) -> ScenarioResult:
        started_ms = self.environment.clock.now_ms()
        scenario_runner = ScenarioRunner(
            scenario,
            self.environment.settings.sender,
            self.environment.target,
            self.environment.context,
            self.environment.clock,
            run_seed=self.environment.settings.seed,
            started=self.environment.started,
            examples=self.environment.settings.examples,
            budget=self._budget,
            evaluate=lambda transcript: self._evaluate(scenario, transcript),
            report_progress=lambda activity: progress(scenario, activity),
            is_alone=is_alone,
        )
        try:
            scenario_runner.run()
            if scenario.exclusive:
                self._wait_until_prompt(scenario_runner.progress, partial(progress, scenario))
        except KeyboardInterrupt as interrupt:
            raise ScenarioInterrupted(
                self._build_result(scenario, scenario_runner.progress, started_ms)
            ) from interrupt
        except HarnessError:
            if not self._interrupted:
                raise
        return self._build_result(scenario, scenario_runner.progress, started_ms)

    def _wait_until_prompt(self, exploration: Exploration, report: Callable[[str], None]) -> None:
        """After a scenario that was too much for the service, let it work off what is left."""
        environment = self.environment
        service = environment.service
        if service is None or environment.is_slow or exploration.death is not None:
            return
        if any(record.outcome is Outcome.TIMEOUT_ANSWER for record in exploration.attempts):
            service.wait_until_prompt(environment.preflight.response_ms, report)

    def _build_result(
        self, scenario: Scenario, exploration: Exploration, started_ms: float
    ) -> ScenarioResult:
        clock = self.environment.clock
        duration_s = (clock.now_ms() - started_ms) / 1000
        result = build_result(scenario, exploration, duration_s)
        result = replace(result, instance=self.environment.instance)
        if self.environment.started_service is not None:
            log = self.environment.started_service.log
            result = with_service_log(result, log, started_ms, clock)
        result = self.redact_result(self._accept(result))
        return with_replay(
            result,
            exploration.sent_messages,
            self.environment.settings,
            self.environment.started,
            self.environment.redactor,
        )

    def redact(self, value: T) -> T:
        """Return any part of a run without the secrets of the settings and the demo partner."""
        return redact(value, self.environment.redactor)

    def redact_result(self, result: ScenarioResult) -> ScenarioResult:
        """Redact secrets, generated tokens included, and make the reasons safe for a log line."""
        deliveries = (
            delivery for evidence in result.evidence for delivery in evidence.transcript.deliveries
        )
        tokens = {token for delivery in deliveries for token in find_tokens(delivery.message.body)}
        redacted = self.redact(result)
        if tokens:
            redacted = redact(redacted, Redactor(tokens))
        return replace(
            redacted,
            reason=one_line(redacted.reason),
            reason_expected=one_line(redacted.reason_expected),
            service_log=tuple(map(one_line, redacted.service_log)),
        )
