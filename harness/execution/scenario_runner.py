"""Runs one scenario: fixed cases, generated cases, shrinking of a failing case, confirmation.

Every execution has ids of its own, so that a receiver that remembers ids treats a repeated case
like the first one. Hypothesis shrinks, within a budget of executions and time. When the budget is
used up, a case that has not run counts as passing, so that the search ends without further
deliveries. The search never runs a case twice; the confirmation tests whether a failure repeats.

An execution that failed while the harness itself stood still does not count, and runs again.

If the service dies, the scenario ends: nothing is shrunk against a dead service. When it is back,
the last cases before its death run again, each alone, to find the one that ended it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from threading import Lock

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.strategies import SearchStrategy

from pytest_mews.delivery import Clock, DeliveryOrder
from pytest_mews.errors import HarnessError
from pytest_mews.execution.cases import Case, Cases, build_messages, cases_of, describe_case
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Messages
from pytest_mews.execution.health import (
    health_attempts,
    recheck_health,
    refuses_connections,
    severity,
)
from pytest_mews.execution.hypothesis_provider import register_no_generator, use_seed_alone
from pytest_mews.execution.message_log import MAX_DELAY_S, LoggedMessage
from pytest_mews.execution.service_watch import is_out
from pytest_mews.execution.steps import run_steps
from pytest_mews.execution.suspects import (
    build_death,
    met_no_connection,
    met_refused_connection,
    sent_in,
)
from pytest_mews.model import (
    AttemptRecord,
    Death,
    Evidence,
    Exchange,
    FetchRecord,
    Finding,
    Outcome,
    Scenario,
    Stage,
    Transcript,
    WebhookKind,
    attempt_records,
    fetch_records,
    merge_records,
)
from pytest_mews.model.exchange import HEALTH_CHECK
from pytest_mews.model.fetch_record import FETCHED
from pytest_mews.senders import IdSource, Sender, Target


@dataclass(frozen=True)
class Budget:
    """How long a failing case may be shrunk: the number of executions and of seconds."""

    executions: int = 60
    seconds: float = 10.0


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
        exceeds_limit: whether a case can have more events than fit into one message, so that the
            size of the largest batch is worth knowing.
        case_count: how many cases have run; shrinking and confirmation are not counted.
        failing_cases: how many of them failed.
        message_count: the messages sent, over all executions.
        example: an execution that passed; the last one that its checks could evaluate, or one whose
            fetches are not judged.
        first_failing: the first execution that failed.
        smallest: the smallest execution that failed, once the search is over.
        sent_messages: the messages of the execution that is shown: the smallest, else the first.
        passed_on_retry: the execution that passed when a failing case ran again (flaky).
        finished: whether the scenario ran to its end.
        attempts: the records of all attempts.
        fetches: what was fetched, if the scenario expects fetches.
        action_pause_s: the pause after each action of an integration, since a case failed without;
            with pauses each message has a new connection. 0 if none did.
        death: the death of the service, if it was found; then the other cases did not run. If a
            scenario before ended it, `death` has that scenario.

    """

    total_cases: int
    exceeds_limit: bool = False
    case_count: int = 0
    failing_cases: int = 0
    message_count: int = 0
    example: Evidence | None = None
    first_failing: Evidence | None = None
    smallest: Evidence | None = None
    sent_messages: SentMessages | None = None
    passed_on_retry: Evidence | None = None
    finished: bool = False
    attempts: list[AttemptRecord] = field(default_factory=list)
    fetches: tuple[FetchRecord, ...] = ()
    action_pause_s: float = 0.0
    death: Death | None = None


# How many failing cases run again at most: at the end, smallest first, until one fails again; and
# of those that failed concurrently, until as many have failed one by one.
MAX_CONFIRMATIONS = 3
# How often an execution runs again that failed while the harness stood still; the last one counts.
MAX_REPETITIONS = 3
# The pauses after each action of an integration: a case that fails without runs again with the
# first, and if it fails again with the second. Further cases have the pauses from the start.
# Mews sends an action when somebody makes a change, so minutes apart; a service with several
# consumers of its queue may apply messages that arrive within a moment in another order. That is
# sound, since no order is documented. No connection is kept for minutes, so with pauses each
# message has a new one: it may reach any process of the service.
ACTION_PAUSES_S = (0.5, 2.0)
# How often in a row a case that failed has to pass with pauses. If a service has two processes that
# do not share what they know, one of them gets all messages of a case by chance half the time, but
# four times in a row 1 of 16 times. A service that was only too slow needs a few seconds more.
# A failure with the first pause may still be one of speed, also after passes: the second decides.
PASSES_WITH_PAUSES = 4
# How long a failure is shrunk that several other scenarios had before, in seconds.
KNOWN_FAILURE_S = 3.0
# How many of the last executions can be suspects.
MAX_SUSPECTS = 48


Executed = tuple[Case, Evidence, SentMessages]
"""A case, what was observed, and what was sent."""


class _CaseFailedError(Exception):
    """Tells Hypothesis that a case failed; never leaves this module."""


class ScenarioRunner:
    """Runs all cases of one scenario.

    Args:
        scenario: the scenario.
        sender: generates the messages.
        target: what messages are generated for.
        context: what the steps work with.
        clock: for the budget and for pauses.
        run_seed: the seed of the run.
        started: when the run started.
        examples: how many generated cases to run.
        budget: how long a failing case may be shrunk.
        evaluate: evaluates a transcript against the scenario's expectations.
        report_progress: called again and again with a description of what the scenario does.
        is_alone: returns whether no other scenario has run meanwhile, which may have ended a
            service that is gone.

    Attributes:
        progress: the exploration so far.

    """

    def __init__(  # noqa: PLR0913 - what a test wants to choose
        self,
        scenario: Scenario,
        sender: Sender,
        target: Target,
        context: CaseContext,
        clock: Clock,
        *,
        run_seed: int,
        started: datetime,
        examples: int,
        budget: Budget,
        evaluate: Callable[[Transcript], tuple[Finding, ...]],
        report_progress: Callable[[str], None],
        is_alone: Callable[[], bool] = lambda: True,
    ) -> None:
        self._scenario, self._target, self._clock = scenario, target, clock
        self._context = replace(
            context,
            deliverer=context.deliverer.observed_by(self._note),
            report_wait=self._report_wait,
        )
        self._seed, self._started, self._budget = run_seed, started, budget
        self._evaluate, self._report_progress = evaluate, report_progress
        self._is_alone = is_alone
        self._cases: Cases = cases_of(scenario, sender, target, examples)
        self._health_plan = sender.simplest_message(target)
        self._integration_health_plan = (
            sender.simplest_message(target, WebhookKind.INTEGRATION)
            if context.has_two_urls
            else None
        )
        self._expects_fetches = any(
            expectation.check == FETCHED for expectation in scenario.expectations
        )
        self._execution_count = 0
        self._lock = Lock()  # concurrent cases may run again
        self._executions_at_failure = 0
        self._failed_at_ms: float | None = None
        self._failing: dict[str, Executed] = {}
        self._passed_with_pauses: dict[str, Evidence] = {}  # of cases that failed later
        self._recent: deque[Executed] = deque(maxlen=MAX_SUSPECTS)
        self._passing: set[str] = set()
        self._fault: HarnessError | None = None
        self.progress = Exploration(
            len(self._cases.fixed) + self._cases.examples, self._cases.exceeds_limit
        )

    def run(self) -> None:
        """Run all cases; the result is in `progress`, also after an interruption.

        Raises:
            HarnessError: the harness failed, not the partner; or its transport was closed.

        """
        if self._scenario.concurrent_cases and self._handles_all_at_once():
            self._run_concurrently()
        else:
            for case in self._cases.fixed:
                if self._is_over_budget():
                    break
                self._run_case(case)
        if self._cases.generated is not None and not self._is_over_budget():
            self._search(self._cases.generated)
        if self._is_gone_afterwards():
            self._end_by_death()
        self._confirm()
        self.progress.finished = True

    def _handles_all_at_once(self) -> bool:
        """Return whether the fixed cases are several, and not too many for the service."""
        count, concurrency = len(self._cases.fixed), self._context.concurrency
        is_too_many = self._context.is_slow or (concurrency is not None and count > concurrency)
        return count > 1 and not is_too_many

    def _run_concurrently(self) -> None:
        """Run the fixed cases at the same time; those that fail run again, one by one.

        One case may have affected another, so the second run decides: it ends when
        `MAX_CONFIRMATIONS` cases have failed again. If none has, the other cases run one by one
        too; if nothing fails then either, the confirmation decides about the first run.
        """
        failed = [
            executed for executed in self._executions(self._cases.fixed) if self._record(*executed)
        ]
        if not failed:
            return
        self._failing.clear()
        self._failed_at_ms = None
        suspects = {repr(case) for case, _, _ in failed}
        again = sorted(self._cases.fixed, key=lambda case: repr(case) not in suspects)
        for case in again:
            is_decided = self._failing and repr(case) not in suspects
            if is_decided or len(self._failing) == MAX_CONFIRMATIONS or self._is_over_budget():
                break
            self._run_case(case, counted=False)
        if not self._failing:
            self._failing.update({repr(execution[0]): execution for execution in failed})
        first = next(iter(self._failing.values()))
        _, self.progress.first_failing, self.progress.sent_messages = first

    def _executions(self, cases: Sequence[Case]) -> Iterator[Executed]:
        """Start cases at the same time, and yield the execution of each that counts."""
        pool = ThreadPoolExecutor(len(cases), thread_name_prefix="mews-case")
        try:
            builds = [(case, self._build(case)) for case in cases]
            futures = {pool.submit(self._decide, case, sent): case for case, sent in builds}
            for future in as_completed(futures):
                evidence, sent = future.result()
                yield futures[future], evidence, sent
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

        use_seed_alone()
        register_no_generator()
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
        """Return whether the budget is used up; it is after one failure that needs no other.

        It is also over once the service died, or the first case whose fetches are not judged has
        shown that it falls behind: then those of the other cases would not be judged either.
        """
        if self.progress.death is not None:
            return True
        if self._failed_at_ms is None:
            example = self.progress.example
            falls_behind = not self._context.patience.extensions.are_left
            return falls_behind and example is not None and example.awaits_busy_service
        spent_s = (self._clock.now_ms() - self._failed_at_ms) / 1000
        executions = self._execution_count - self._executions_at_failure
        return (
            self._is_decided_at_once
            or executions >= self._budget.executions
            or spent_s >= self._budget.seconds
        )

    @property
    def _is_decided_at_once(self) -> bool:
        """Whether a failure needs no further execution, since the service does nothing any more.

        It answers no message, or made no request for long (`Standstill`).
        """
        context = self._context
        if context.is_slow or context.connector_api is None:
            return context.is_slow
        now_ms = self._clock.now_ms()
        return context.patience.standstill.lasts(context.connector_api.calls, now_ms)

    def _confirm(self) -> None:
        """Run the most severe failing case again, the smallest of these: if it passes, it is flaky.

        Then the next failing cases run again: a failure by chance must not hide one that stays. One
        that observes nothing of what failed says nothing: the failure stays.

        No case runs again if only entities are not fetched, and the same failure of other scenarios
        has always stayed: it would take the time of another wait.
        """
        if self.progress.death is not None or not self._failing:
            return
        failing = sorted(
            self._failing.values(),
            key=lambda executed: (-severity(executed[1]), *_size(executed[1])),
        )
        _, self.progress.smallest, self.progress.sent_messages = failing[0]
        if self._is_decided_at_once or not self._cases.fixed[0]:
            return
        alike, unmet = self._context.alike_failures, _unmet(self.progress.smallest)
        is_known = all(one.about_fetches for one in unmet) and alike.fail_again(_checks(unmet))
        if is_known and not self._passed_with_pauses:
            return
        for case, evidence, sent in failing[:MAX_CONFIRMATIONS]:
            if passed := self._passed_with_pauses.get(repr(case)):
                self.progress.passed_on_retry = self.progress.passed_on_retry or passed
                continue
            retry, retry_sent = self._retry(case)
            if self._is_dead(retry):
                self._recent.append((case, retry, retry_sent))
                self._end_by_death()
                return
            alike.note_repetition(
                self._scenario.id, _checks(_unmet(evidence)), failed=bool(severity(retry))
            )
            if severity(retry):
                is_more_severe = severity(retry) > severity(evidence)
                self.progress.smallest = retry if is_more_severe else evidence
                self.progress.sent_messages = retry_sent if is_more_severe else sent
                self.progress.passed_on_retry = None
                return
            if _observes_what_failed(retry, evidence):
                self.progress.passed_on_retry = self.progress.passed_on_retry or retry

    def _retry(self, case: Case) -> tuple[Evidence, SentMessages]:
        evidence, sent = self._execute(case, self._build(case), "passed-on-retry")
        if self._scenario.checks_health:

            def new_messages() -> Messages:
                return self._build(case).messages

            evidence = recheck_health(
                evidence, new_messages, self._context, self._clock, self._evaluate
            )
        self._count(evidence.transcript)
        self._note_connections(evidence)
        return evidence, sent

    def _run_case(self, case: Case, *, counted: bool = True) -> bool:
        """Run a case; return whether it failed."""
        evidence, sent = self._decide(case, self._build(case))
        failed = self._record(case, evidence, sent, counted=counted)
        settle = failed and counted and self._scenario.checks_health
        if (failed or met_no_connection(evidence)) and self._is_dead(evidence, settle=settle):
            self._end_by_death()
        return failed

    def _is_gone_afterwards(self) -> bool:
        """Return whether the service refuses connections at the end, which no case showed.

        A service that acknowledges a message may die when it works on it.
        """
        service = self._context.service
        return service is not None and self.progress.death is None and service.refuses_connections()

    def _decide(self, case: Case, sent: SentMessages) -> tuple[Evidence, SentMessages]:
        """Execute a case; if it fails without pauses or with short ones, again with longer ones.

        With these it has to pass several times in a row. If it fails after it passed, it is flaky.

        Returns:
            What was observed in the execution that counts, which is the last one, and what it sent.

        """
        pause_s = self._context.action_pause_s
        evidence, sent = self._execute(case, sent, "example")
        passed = None
        while (
            pause_s < ACTION_PAUSES_S[-1]
            and self._is_too_fast(evidence, sent)
            and not self._is_decided_at_once
        ):
            pause_s = self._slow_down(pause_s)
            for _ in range(PASSES_WITH_PAUSES):
                evidence, sent = self._execute(case, self._build(case), "example")
                if severity(evidence) or evidence.awaits_busy_service:
                    break
                passed = evidence
        if severity(evidence) and passed is not None:
            self._passed_with_pauses[repr(case)] = replace(passed, role="passed-on-retry")
        return evidence, sent

    def _is_too_fast(self, evidence: Evidence, sent: SentMessages) -> bool:
        """Return whether a case failed that may pass with longer pauses.

        It is about what the service does after actions that followed each other at once.
        """
        return (
            self._scenario.stage is Stage.PROCESSING
            and not all(finding.met for finding in evidence.findings)
            and any(
                message.kind is WebhookKind.INTEGRATION
                for name, messages in sent.messages.items()
                for message in messages
                if name != HEALTH_CHECK
            )
        )

    def _slow_down(self, so_far_s: float) -> float:
        """Pause longer after each action from now on, with new connections; return the pause."""
        pause_s = next(s for s in ACTION_PAUSES_S if s > so_far_s)
        with self._lock:
            if pause_s > self._context.action_pause_s:
                deliverer = self._context.deliverer.on_new_connections()
                self._context = replace(self._context, action_pause_s=pause_s, deliverer=deliverer)
                self.progress.action_pause_s = pause_s
        return pause_s

    def _is_dead(self, evidence: Evidence, *, settle: bool = False) -> bool:
        """Return whether the service is gone after a case that failed.

        Args:
            evidence: the execution of the case.
            settle: whether to look for a while: a service may die a moment after it accepted
                what it should refuse. Sound services never cause it.

        """
        service = self._context.service
        if service is None:
            return False
        health = health_attempts(evidence)
        if met_refused_connection(evidence) or any(
            attempt.outcome is Outcome.CONNECTION_REFUSED for attempt in health
        ):
            return True  # even if a supervisor has restarted it since
        out_since_ms = [attempt.final_exchange.started_ms for attempt in health if is_out(attempt)]
        if out_since_ms:
            return service.refuses_messages(min(out_since_ms))
        return service.ends_within(MAX_DELAY_S) if settle else service.refuses_connections()

    def _end_by_death(self) -> None:
        """Wait for the service, and find the message that ended it; the scenario ends with it.

        Only the wait, if the message was one of another scenario, or may have been.

        While the service is away, the evidence is the execution with the most likely suspect. When
        it is back, the executions with suspects run again until the service dies again. If it does
        not, the failure is flaky, or the message was one of an earlier scenario.
        """
        service = self._context.service
        assert service is not None
        if self._scenario.restarts_service:
            absence = service.wait_for_return(self._report_progress)
            self.progress.death = Death(
                self._scenario.id,
                "",
                waited_s=absence.waited_s,
                returned=absence.returned,
                is_restart=True,
            )
            return
        suspects = service.log.suspects()
        executions = self._executions_of(suspects)
        if not executions or not self._is_alone():
            absence = service.wait_for_return(self._report_progress)
            self.progress.death = build_death(suspects, absence, absence.status)
            return
        blamed = self._show_death(executions[0])
        absence = service.wait_for_return(self._report_progress)
        is_confirmed = False
        passed = None
        for case, _, _ in executions:
            if not absence.returned:
                break
            retry, sent = self._retry(case)
            if not self._is_dead(retry, settle=True):
                passed = passed or retry
                continue
            again = service.log.suspects()
            own = [entry for entry in again if sent_in(entry, retry)]
            if own:
                blamed = self._show_death((case, retry, sent))
                suspects, is_confirmed = tuple(own), True
            absence = service.wait_for_return(self._report_progress)
            if own:
                break
        status = next(
            (
                attempt.final_exchange.status
                for attempt in health_attempts(blamed[1])
                if is_out(attempt)
            ),
            None,
        )
        others = [entry for entry in suspects if entry.scenario_id != self._scenario.id]
        if passed is not None and not is_confirmed and others:  # an earlier scenario ended it
            self.progress.death = build_death(others, absence, status)
            return
        self.progress.passed_on_retry = None if is_confirmed else passed
        _, self.progress.smallest, self.progress.sent_messages = blamed
        self.progress.first_failing = None
        self.progress.death = build_death(suspects, absence, status)

    def _executions_of(self, suspects: Sequence[LoggedMessage]) -> list[Executed]:
        """Return the executions that sent suspects, the most likely first.

        Empty if the service received none from this scenario: then another one ended it.
        """
        recent = list(reversed(self._recent))
        found = [
            executed
            for entry in suspects
            if entry.scenario_id == self._scenario.id
            for executed in recent
            if sent_in(entry, executed[1])
        ]
        return list({id(executed): executed for executed in found}.values())

    def _show_death(self, executed: Executed) -> Executed:
        """Return an execution with what shows that the service is gone.

        That is a health check, what the failing case sent to the dead service, or, if both show
        nothing, the finding that it refuses connections.
        """
        case, evidence, sent = executed
        if self._scenario.checks_health:
            evidence = recheck_health(
                evidence,
                lambda: self._build(case).messages,
                self._context,
                self._clock,
                self._evaluate,
                checks=1,
            )
        elif not met_no_connection(evidence):
            _, last, _ = self._recent[-1]
            if last is not evidence:
                transcript = replace(
                    evidence.transcript,
                    deliveries=(*evidence.transcript.deliveries, *last.transcript.deliveries),
                )
                evidence = replace(
                    evidence, transcript=transcript, findings=self._evaluate(transcript)
                )
        if not severity(evidence):
            evidence = replace(evidence, findings=(*evidence.findings, refuses_connections()))
        return case, evidence, sent

    def _record(
        self, case: Case, evidence: Evidence, sent: SentMessages, *, counted: bool = True
    ) -> bool:
        """Record an execution, and return whether it failed."""
        self._count(evidence.transcript)
        self._recent.append((case, evidence, sent))
        self._note_connections(evidence)
        failed = not all(finding.met for finding in evidence.findings)
        if counted:
            self.progress.case_count += 1
            self.progress.failing_cases += failed
            self._report_progress(self._describe_cases())
        if failed:
            if self.progress.first_failing is None:
                self.progress.first_failing, self.progress.sent_messages = evidence, sent
            self._failing[repr(case)] = (case, evidence, sent)
            if self._failed_at_ms is None:
                self._failed_at_ms = self._clock.now_ms()
                self._executions_at_failure = self._execution_count
                self._limit_budget(evidence)
        else:
            example = self.progress.example
            if example is None or _informs(evidence) >= _informs(example):
                self.progress.example = evidence
            self._passing.add(repr(case))
        return failed

    def _describe_cases(self) -> str:
        done, planned = self.progress.case_count, self.progress.total_cases
        return f"{done} of {max(planned, done)} cases"

    def _report_wait(self, activity: str) -> None:
        """Report what a step waits for; before it how many cases have run, if there are several."""
        cases = f"{self._describe_cases()}; " if self.progress.total_cases > 1 else ""
        self._report_progress(cases + activity)

    def _limit_budget(self, evidence: Evidence) -> None:
        """Shrink only briefly if other scenarios have failed alike."""
        if self._context.alike_failures.note(self._scenario.id, _checks(_unmet(evidence))):
            seconds = min(self._budget.seconds, KNOWN_FAILURE_S)
            self._budget = replace(self._budget, seconds=seconds)

    def _note(self, order: DeliveryOrder, exchange: Exchange) -> None:
        """Note what the service received, to tell which message ended it."""
        if self._context.service is not None:
            self._context.service.log.note_exchange(
                self._scenario.id, order.label, order.message, exchange
            )

    def _note_connections(self, evidence: Evidence) -> None:
        if self._context.service is not None:
            self._context.service.log.note_connections(
                self._scenario.id, evidence.transcript.connections
            )

    def _build(self, case: Case) -> SentMessages:
        """Build the messages of a case, with ids that no other execution has."""
        tenants = self._target.tenants
        with self._lock:
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

    def _execute(self, case: Case, sent: SentMessages, role: str) -> tuple[Evidence, SentMessages]:
        """Execute a case; again, with new messages, if it failed while the harness stood still.

        One that shows that the service is gone counts at once: a message of it may have ended it.

        Returns:
            What was observed in the last execution, and what it sent.

        """
        for _ in range(MAX_REPETITIONS):
            started_ms = self._clock.now_ms()
            evidence = self._execute_once(case, sent, role)
            is_conclusive = not severity(evidence) or _shows_outage(evidence)
            if is_conclusive or not self._context.stalls.affects(started_ms):
                return evidence, sent
            self._context.stalls.note_repetition()
            sent = self._build(case)
        return self._execute_once(case, sent, role), sent

    def _execute_once(self, case: Case, sent: SentMessages, role: str) -> Evidence:
        transcript = run_steps(self._scenario, sent.messages, self._context)
        description = "TLS handshakes" if transcript.tls_handshakes else describe_case(case)
        if not case and self._scenario.stage is Stage.STREAMING:
            description = "no message, only the connections"
        return Evidence(role, description, self._evaluate(transcript), transcript)

    def _count(self, transcript: Transcript) -> None:
        self.progress.message_count += sum(
            len(connection.sent) for connection in transcript.connections
        )
        self.progress.message_count += len(transcript.deliveries)
        for records in attempt_records(transcript.deliveries):
            self.progress.attempts += records
        if self._expects_fetches:
            self.progress.fetches = merge_records(
                (*self.progress.fetches, *fetch_records(transcript))
            )


def _unmet(evidence: Evidence) -> list[Finding]:
    return [finding for finding in evidence.findings if not finding.met]


def _checks(findings: Iterable[Finding]) -> frozenset[str]:
    return frozenset(finding.check for finding in findings)


def _shows_outage(evidence: Evidence) -> bool:
    """Return whether the service accepted no connection, or a health check failed."""
    return met_no_connection(evidence) or any(map(is_out, health_attempts(evidence)))


def _informs(evidence: Evidence) -> int:
    """Return a number for what an execution that passed says; the scenario shows the highest.

    One whose fetches are not judged comes first: the scenario has not passed then.
    """
    if evidence.awaits_busy_service:
        return 2
    return int(any(finding.subject_count for finding in evidence.findings))


def _observes_what_failed(retry: Evidence, failing: Evidence) -> bool:
    """Return whether a retry that passed observed what a failing execution does not meet.

    A client that handles nothing any more meets what is expected of events that it handles.
    """
    unmet = _checks(_unmet(failing))
    found = {finding.check for finding in retry.findings if finding.subject_count}
    empty = {finding.check for finding in retry.findings if not finding.subject_count}
    return unmet.isdisjoint(empty - found)


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
