"""Runs one scenario: fixed cases, generated cases, shrinking of a failing case, confirmation.

Every execution has ids of its own, so that a receiver that remembers ids treats a repeated case
like the first one. Hypothesis shrinks, within a budget of executions and time. When the budget is
used up, a case that has not run counts as passing, so that the search ends without further
deliveries. The search never runs a case twice; the confirmation tests whether a failure repeats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.strategies import SearchStrategy

from pytest_mews.delivery import Clock
from pytest_mews.errors import HarnessError
from pytest_mews.execution.cases import Case, Cases, build_messages, cases_of, describe_case
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.health import recheck_health, severity
from pytest_mews.execution.preflight import simplest_message
from pytest_mews.execution.steps import Messages, run_steps
from pytest_mews.model import (
    Evidence,
    Finding,
    MessageSpec,
    Sample,
    Scenario,
    Stage,
    Transcript,
    WebhookKind,
)
from pytest_mews.model.verdict import HEALTH_CHECK
from pytest_mews.senders.connector import IdSource, Plan, Target, plans_for


@dataclass(frozen=True)
class Budget:
    """How long a failing case may be shrunk: the number of executions and of seconds."""

    executions: int = 60
    seconds: float = 15.0


@dataclass(frozen=True)
class SentMessages:
    """The messages of one execution.

    Attributes:
        execution: the number of the execution within the scenario, from 0.
        messages: the messages, by the name of their spec.
        tokens: the tokens that were generated for it, by their names.

    """

    execution: int
    messages: Messages
    tokens: Mapping[str, str]


@dataclass
class Exploration:
    """The progress of a scenario; can be read at any time, so that an interruption loses nothing.

    Attributes:
        total_cases: how many cases are planned at most.
        case_count: how many cases have run; shrinking and confirmation are not counted.
        failing_cases: how many of them failed.
        message_count: the messages sent, over all executions.
        example: an execution that passed; the last one that its checks could evaluate.
        first_failing: the first execution that failed.
        smallest: the smallest execution that failed, once the search is over.
        sent_messages: the messages of the execution that is shown: the smallest, else the first.
        passed_on_retry: the execution that passed when a failing case ran again (flaky).
        finished: whether the scenario ran to its end.
        samples: the responses, for statistics.

    """

    total_cases: int
    case_count: int = 0
    failing_cases: int = 0
    message_count: int = 0
    example: Evidence | None = None
    first_failing: Evidence | None = None
    smallest: Evidence | None = None
    sent_messages: SentMessages | None = None
    passed_on_retry: Evidence | None = None
    finished: bool = False
    samples: list[Sample] = field(default_factory=list)


# How many failing cases run again, smallest first, until one of them fails again.
MAX_CONFIRMATIONS = 3


class _CaseFailedError(Exception):
    """Tells Hypothesis that a case failed; never leaves this module."""


class ScenarioRunner:
    """Runs all cases of one scenario.

    Args:
        scenario: the scenario.
        target: what messages are generated for.
        context: what the steps work with.
        clock: for the budget and for pauses.
        run_seed: the seed of the run.
        started: when the run started.
        examples: how many generated cases to run.
        budget: how long a failing case may be shrunk.
        evaluate: evaluates a transcript against the scenario's expectations.
        report_progress: called after every case with the number of cases run and planned.

    Attributes:
        progress: the exploration so far.

    """

    def __init__(  # noqa: PLR0913 - what a test wants to choose
        self,
        scenario: Scenario,
        target: Target,
        context: CaseContext,
        clock: Clock,
        *,
        run_seed: int,
        started: datetime,
        examples: int,
        budget: Budget,
        evaluate: Callable[[Transcript], tuple[Finding, ...]],
        report_progress: Callable[[int, int], None],
    ) -> None:
        self._scenario, self._target, self._context, self._clock = scenario, target, context, clock
        self._seed, self._started, self._budget = run_seed, started, budget
        self._evaluate, self._report_progress = evaluate, report_progress
        self._cases: Cases = cases_of(scenario, target, examples)
        self._health_plan = next(iter(plans_for(simplest_message(target), target).fixed), None)
        self._integration_health_plan = (
            _integration_health_plan(target) if context.has_two_urls else None
        )
        self._execution_count = 0
        self._executions_at_failure = 0
        self._failed_at_ms: float | None = None
        self._failing: dict[str, tuple[Case, Evidence, SentMessages]] = {}
        self._passing: set[str] = set()
        self._fault: HarnessError | None = None
        self.progress = Exploration(len(self._cases.fixed) + self._cases.examples)

    def run(self) -> None:
        """Run all cases; the result is in `progress`, also after an interruption.

        Raises:
            HarnessError: the harness failed, not the partner; or its transport was closed.

        """
        one_by_one = len(self._cases.fixed) == 1 or self._context.is_slow
        if self._scenario.concurrent_cases and not one_by_one:
            self._run_concurrently()
        else:
            self._run_one_by_one()
        if self._cases.generated is not None and not self._is_over_budget():
            self._search(self._cases.generated)
        self._confirm()
        self.progress.finished = True

    def _run_one_by_one(self) -> None:
        for case in self._cases.fixed:
            if self._is_over_budget():
                break
            self._run_case(case)

    def _run_concurrently(self) -> None:
        """Run the fixed cases at the same time; if one fails, run all of them one by one.

        One case may have affected another, so the second run decides. If nothing fails in it, the
        confirmation decides about the cases that failed in the first.
        """
        failed = [execution for execution in self._executions() if self._record(*execution)]
        if not failed:
            return
        self._failing.clear()
        self._failed_at_ms = None
        self._run_one_by_one()
        if not self._failing:
            self._failing.update({repr(execution[0]): execution for execution in failed})
        first = next(iter(self._failing.values()))
        _, self.progress.first_failing, self.progress.sent_messages = first

    def _executions(self) -> Iterator[tuple[Case, Evidence, SentMessages]]:
        """Start all fixed cases at the same time, and yield each execution when it ends."""
        cases = self._cases.fixed
        pool = ThreadPoolExecutor(len(cases), thread_name_prefix="mews-case")
        try:
            builds = [(case, self._build(case)) for case in cases]
            futures = {
                pool.submit(self._execute, case, sent, "example"): (case, sent)
                for case, sent in builds
            }
            for future in as_completed(futures):
                case, sent = futures[future]
                yield case, future.result(), sent
        finally:
            pool.shutdown(wait=False)  # an interruption does not wait for the other cases

    def _search(self, strategy: SearchStrategy[Case]) -> None:
        """Run generated cases until one fails, then shrink it."""
        found = False

        def attempt(case: Case) -> None:
            nonlocal found
            key = repr(case)
            is_known = key in self._failing or key in self._passing or self._fault is not None
            if not is_known and not self._is_over_budget():
                found = self._run_generated(case, counted=not found) or found
            if key in self._failing:
                raise _CaseFailedError

        prepare = settings(
            max_examples=self._cases.examples,
            database=None,
            deadline=None,
            derandomize=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=tuple(HealthCheck),
            report_multiple_bugs=False,
            verbosity=Verbosity.quiet,
            print_blob=False,
        )
        search_seed = Random(f"{self._seed}/{self._scenario.id}").getrandbits(64)  # noqa: S311
        search = seed(search_seed)(prepare(given(strategy)(attempt)))
        # The failing cases are recorded; the confirmation tells flaky from failing.
        with suppress(_CaseFailedError):
            search()
        if self._fault is not None:
            raise self._fault

    def _run_generated(self, case: Case, *, counted: bool) -> bool:
        """Run a generated case; keep a HarnessError, which Hypothesis would take for a failure."""
        try:
            return self._run_case(case, counted=counted)
        except HarnessError as fault:
            self._fault = fault
            return False

    def _is_over_budget(self) -> bool:
        """Return whether the budget is used up; for a slow endpoint it is after one failure."""
        if self._failed_at_ms is None:
            return False
        spent_s = (self._clock.now_ms() - self._failed_at_ms) / 1000
        executions = self._execution_count - self._executions_at_failure
        return (
            self._context.is_slow
            or executions >= self._budget.executions
            or spent_s >= self._budget.seconds
        )

    def _confirm(self) -> None:
        """Run the smallest failing case again: if it passes now, it is flaky.

        Then the next failing cases run again: a failure by chance must not hide one that stays.
        """
        failing = sorted(self._failing.values(), key=lambda execution: _size(execution[1]))
        if not failing:
            return
        _, self.progress.smallest, self.progress.sent_messages = failing[0]
        if self._context.is_slow or not self._cases.fixed[0]:
            return
        for case, evidence, sent in failing[:MAX_CONFIRMATIONS]:
            retry, retry_sent = self._retry(case)
            if severity(retry):
                is_more_severe = severity(retry) > severity(evidence)
                self.progress.smallest = retry if is_more_severe else evidence
                self.progress.sent_messages = retry_sent if is_more_severe else sent
                self.progress.passed_on_retry = None
                return
            self.progress.passed_on_retry = self.progress.passed_on_retry or retry

    def _retry(self, case: Case) -> tuple[Evidence, SentMessages]:
        sent = self._build(case)
        evidence = self._execute(case, sent, "passed-on-retry")
        if any(step.name == HEALTH_CHECK for step in self._scenario.steps):

            def new_messages() -> Messages:
                return self._build(case).messages

            evidence = recheck_health(
                evidence, new_messages, self._context, self._clock, self._evaluate
            )
        self._count(evidence.transcript)
        return evidence, sent

    def _run_case(self, case: Case, *, counted: bool = True) -> bool:
        """Run a case; return whether it failed."""
        sent = self._build(case)
        return self._record(case, self._execute(case, sent, "example"), sent, counted=counted)

    def _record(
        self, case: Case, evidence: Evidence, sent: SentMessages, *, counted: bool = True
    ) -> bool:
        """Record an execution, and return whether it failed."""
        self._count(evidence.transcript)
        failed = not all(finding.met for finding in evidence.findings)
        if counted:
            self.progress.case_count += 1
            self.progress.failing_cases += failed
            self._report_progress(self.progress.case_count, self.progress.total_cases)
        if failed:
            if self.progress.first_failing is None:
                self.progress.first_failing, self.progress.sent_messages = evidence, sent
            self._failing[repr(case)] = (case, evidence, sent)
            if self._failed_at_ms is None:
                self._failed_at_ms = self._clock.now_ms()
                self._executions_at_failure = self._execution_count
        else:
            example = self.progress.example
            if _is_informative(evidence) or example is None or not _is_informative(example):
                self.progress.example = evidence
            self._passing.add(repr(case))
        return failed

    def _build(self, case: Case) -> SentMessages:
        """Build the messages of a case, with ids that no other execution has."""
        tenants = self._target.tenants
        number = self._execution_count
        self._execution_count += 1
        id_source = IdSource(self._seed, self._scenario.id, number, tenants, self._started)
        messages = build_messages(case, id_source)
        health = () if self._health_plan is None else self._health_plan.build(id_source)
        kinds = {message.kind for built in messages.values() for message in built}
        if self._integration_health_plan is not None and (
            WebhookKind.INTEGRATION in kinds or not kinds
        ):
            health += self._integration_health_plan.build(id_source)
        return SentMessages(number, {**messages, HEALTH_CHECK: health}, id_source.tokens)

    def _execute(self, case: Case, sent: SentMessages, role: str) -> Evidence:
        transcript = run_steps(self._scenario, sent.messages, self._context)
        description = "TLS handshakes" if transcript.tls_handshakes else describe_case(case)
        if not case and self._scenario.stage is Stage.STREAMING:
            description = "no message, only the connections"
        return Evidence(role, description, self._evaluate(transcript), transcript)

    def _count(self, transcript: Transcript) -> None:
        self.progress.message_count += sum(
            len(connection.sent) for connection in transcript.connections
        )
        for delivery in transcript.deliveries:
            self.progress.message_count += 1
            for attempt in delivery.attempts:
                final = attempt.final_exchange
                if final.answer_ms is not None and final.status is not None:
                    message = delivery.message
                    self.progress.samples.append(
                        Sample(
                            len(message.events), len(message.body), final.answer_ms, final.status
                        )
                    )


def _integration_health_plan(target: Target) -> Plan | None:
    """Return the plan of the health check for a URL that takes only Integration Webhooks."""
    if not target.integration_actions:
        return None
    arguments = {"action": target.integration_actions[0], "enterprise": "new"}
    return plans_for(MessageSpec("message", "integration-action", arguments), target).fixed[0]


def _is_informative(evidence: Evidence) -> bool:
    """Return whether the checks could evaluate anything in an execution."""
    return any(finding.subject_count for finding in evidence.findings)


def _size(evidence: Evidence) -> tuple[int, int, int]:
    """Return a key that sorts executions by size.

    Executions without an undeliverable message come first: one that found no client says less than
    the one that lost it.
    """
    transcript = evidence.transcript
    messages = [delivery.message for delivery in transcript.deliveries]
    sent = transcript.websocket_messages
    event_count = sum(len(message.events) for message in messages) + sum(
        len(message.events) for message in sent
    )
    size = sum(len(message.body) for message in messages) + sum(message.size for message in sent)
    return len(transcript.undeliverable), event_count, size
