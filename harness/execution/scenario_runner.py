"""Exploring one scenario: fixed cases, drawn cases, the smallest failing one, a confirmation.

Every play mints ids of its own, so that a receiver that remembers ids treats a repeated case like
the first one. Shrinking is Hypothesis's, bounded in plays and time: beyond the budget an unknown
case counts as passing, so that the search ends without a delivery. A case that was played is not
sent again; whether a failure repeats is what the confirmation is for.
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
from pytest_mews.execution.cases import Case, Cases, build, cases_of, in_words
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
from pytest_mews.senders.connector import IdSource, Plan, Target, plans


@dataclass(frozen=True)
class Budget:
    """How long a failing case may be shrunk: at most so many plays and seconds."""

    plays: int = 60
    seconds: float = 15.0


@dataclass(frozen=True)
class SentMessages:
    """What one play sends.

    `play` is its number within the scenario; `tokens` were minted for it, by their names.
    """

    play: int
    messages: Messages
    tokens: Mapping[str, str]


@dataclass
class Exploration:
    """What was seen so far; read at any time, so that a run cut short loses nothing.

    `script` is what the failing play sent that says most: the smallest, else the first.
    """

    total: int
    plays: int = 0
    failing: int = 0
    messages: int = 0
    example: Evidence | None = None
    first_failing: Evidence | None = None
    smallest: Evidence | None = None
    script: SentMessages | None = None
    passed_again: Evidence | None = None
    finished: bool = False
    samples: list[Sample] = field(default_factory=list)


CONFIRMED = 3  # failing cases that are played again, smallest first, until one fails again


class _Broken(Exception):
    """Tells Hypothesis that a case failed; never seen outside."""


class ScenarioRunner:
    """Explores one scenario on a bench; `progress` hears of every play (played, planned)."""

    def __init__(  # noqa: PLR0913 - each is a thing that a test wants to choose
        self,
        scenario: Scenario,
        subject: Target,
        bench: CaseContext,
        clock: Clock,
        *,
        run_seed: int,
        began: datetime,
        examples: int,
        budget: Budget,
        judge: Callable[[Transcript], tuple[Finding, ...]],
        progress: Callable[[int, int], None],
    ) -> None:
        self._scenario, self._subject, self._bench, self._clock = scenario, subject, bench, clock
        self._seed, self._began, self._budget = run_seed, began, budget
        self._judge, self._progress = judge, progress
        self._cases: Cases = cases_of(scenario, subject, examples)
        self._alive = next(iter(plans(simplest_message(subject), subject).fixed), None)
        self._alive_there = _integration_life(subject) if bench.has_two_urls else None
        self._built = 0
        self._built_at_failure = 0
        self._failed_at_ms: float | None = None
        self._failing: dict[str, tuple[Case, Evidence, SentMessages]] = {}
        self._passing: set[str] = set()
        self._fault: HarnessError | None = None
        self.progress = Exploration(len(self._cases.fixed) + self._cases.examples)

    def run(self) -> None:
        """Play everything; `seen` has it. Whatever interrupts leaves `seen` as far as it came.

        Raises:
            HarnessFault: the harness failed at its own work, or its transport was closed.

        """
        apart = len(self._cases.fixed) == 1 or self._bench.is_slow
        if self._scenario.concurrent_cases and not apart:
            self._abreast()
        else:
            self._in_turn()
        if self._cases.drawn is not None and not self._over_budget():
            self._search(self._cases.drawn)
        self._confirm()
        self.progress.finished = True

    def _in_turn(self) -> None:
        for case in self._cases.fixed:
            if self._over_budget():
                break
            self._fails(case)

    def _abreast(self) -> None:
        """Play the fixed cases at once; where one fails play all in turn, and that decides.

        One case may have spoilt another. What fails here alone is left to the confirmation.
        """
        broken = [played for played in self._at_once() if self._take(*played)]
        if not broken:
            return
        self._failing.clear()
        self._failed_at_ms = None
        self._in_turn()
        if not self._failing:
            self._failing.update({repr(played[0]): played for played in broken})
        _, self.progress.first_failing, self.progress.script = next(iter(self._failing.values()))

    def _at_once(self) -> Iterator[tuple[Case, Evidence, SentMessages]]:
        """Start all fixed cases at the same moment, and give each when it is over."""
        cases = self._cases.fixed
        pool = ThreadPoolExecutor(len(cases), thread_name_prefix="mews-case")
        try:
            written = [(case, self._messages(case)) for case in cases]
            asked = {pool.submit(self._play, *each, "example"): each for each in written}
            for future in as_completed(asked):
                case, script = asked[future]
                yield case, future.result(), script
        finally:
            pool.shutdown(wait=False)  # after an interrupt nobody waits for their waits

    def _search(self, drawn: SearchStrategy[Case]) -> None:
        found = False

        def attempt(case: Case) -> None:
            nonlocal found
            key = repr(case)
            known = key in self._failing or key in self._passing or self._fault is not None
            if not known and not self._over_budget():
                found = self._fails_unless_cut_short(case, counted=not found) or found
            if key in self._failing:
                raise _Broken

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
        search = seed(Random(f"{self._seed}/{self._scenario.id}").getrandbits(64))(  # noqa: S311
            prepare(given(drawn)(attempt))
        )
        with suppress(_Broken):  # failing cases are kept; the confirmation tells flaky from failing
            search()
        if self._fault is not None:
            raise self._fault

    def _fails_unless_cut_short(self, case: Case, *, counted: bool) -> bool:
        """Play a drawn case; a fault is kept, since Hypothesis would take it for a failing case."""
        try:
            return self._fails(case, counted=counted)
        except HarnessError as fault:
            self._fault = fault
            return False

    def _over_budget(self) -> bool:
        """Whether failing has taken long enough; a sluggish endpoint has failed at once."""
        if self._failed_at_ms is None:
            return False
        spent_s = (self._clock.now_ms() - self._failed_at_ms) / 1000
        plays = self._built - self._built_at_failure
        return self._bench.is_slow or plays >= self._budget.plays or spent_s >= self._budget.seconds

    def _confirm(self) -> None:
        """Play the smallest failing case once more: what passes now is flaky.

        Unless another one fails again: a failure by chance must not hide one that stays.
        """
        kept = sorted(self._failing.values(), key=lambda each: _size(each[1]))
        if not kept:
            return
        _, self.progress.smallest, self.progress.script = kept[0]
        if self._bench.is_slow or not self._cases.fixed[0]:
            return
        for case, trial, script in kept[:CONFIRMED]:
            again, anew = self._again(case)
            if severity(again):
                graver = severity(again) > severity(trial)
                self.progress.smallest, self.progress.passed_again = (
                    again if graver else trial,
                    None,
                )
                self.progress.script = anew if graver else script
                return
            self.progress.passed_again = self.progress.passed_again or again

    def _again(self, case: Case) -> tuple[Evidence, SentMessages]:
        script = self._messages(case)
        again = self._play(case, script, "passed-on-retry")
        if any(step.name == HEALTH_CHECK for step in self._scenario.steps):

            def anew() -> Messages:
                return self._messages(case).messages

            again = recheck_health(again, anew, self._bench, self._clock, self._judge)
        self._count(again.transcript)
        return again, script

    def _fails(self, case: Case, *, counted: bool = True) -> bool:
        script = self._messages(case)
        return self._take(case, self._play(case, script, "example"), script, counted=counted)

    def _take(
        self, case: Case, trial: Evidence, script: SentMessages, *, counted: bool = True
    ) -> bool:
        """Note what a play showed, and tell whether it failed."""
        self._count(trial.transcript)
        failed = not all(finding.met for finding in trial.findings)
        if counted:
            self.progress.plays += 1
            self.progress.failing += failed
            self._progress(self.progress.plays, self.progress.total)
        if failed:
            if self.progress.first_failing is None:
                self.progress.first_failing, self.progress.script = trial, script
            self._failing[repr(case)] = (case, trial, script)
            if self._failed_at_ms is None:
                self._failed_at_ms, self._built_at_failure = self._clock.now_ms(), self._built
        else:
            if (
                _is_informative(trial)
                or self.progress.example is None
                or not _is_informative(self.progress.example)
            ):
                self.progress.example = trial
            self._passing.add(repr(case))
        return failed

    def _messages(self, case: Case) -> SentMessages:
        """Write a case's messages, with ids that no other play has."""
        tenants = self._subject.tenants
        mint = IdSource(self._seed, self._scenario.id, self._built, tenants, self._began)
        number, self._built = self._built, self._built + 1
        messages = build(case, mint)
        alive = () if self._alive is None else self._alive.build(mint)
        kinds = {message.kind for built in messages.values() for message in built}
        if self._alive_there is not None and (WebhookKind.INTEGRATION in kinds or not kinds):
            alive += self._alive_there.build(mint)
        return SentMessages(number, {**messages, HEALTH_CHECK: alive}, mint.tokens)

    def _play(self, case: Case, script: SentMessages, role: str) -> Evidence:
        transcript = run_steps(self._scenario, script.messages, self._bench)
        told = "TLS handshakes" if transcript.tls_handshakes else in_words(case)
        if not case and self._scenario.stage is Stage.STREAMING:
            told = "no message, the connections alone"
        return Evidence(role, told, self._judge(transcript), transcript)

    def _count(self, transcript: Transcript) -> None:
        self.progress.messages += sum(len(each.sent) for each in transcript.connections)
        for delivery in transcript.deliveries:
            self.progress.messages += 1
            for attempt in delivery.attempts:
                last = attempt.last
                if last.answer_ms is not None and last.status is not None:
                    size = len(delivery.message.body)
                    events = len(delivery.message.events)
                    self.progress.samples.append(Sample(events, size, last.answer_ms, last.status))


def _integration_life(subject: Target) -> Plan | None:
    """Choose the sign of life for a URL that takes Integration Webhooks alone."""
    if not subject.integration:
        return None
    arguments = {"action": subject.integration[0], "enterprise": "new"}
    return plans(MessageSpec("message", "integration-action", arguments), subject).fixed[0]


def _is_informative(trial: Evidence) -> bool:
    """Tell whether anything in a play was what its expectations are about."""
    return any(finding.judged for finding in trial.findings)


def _size(trial: Evidence) -> tuple[int, int, int]:
    """Say how small a play is; one that found a client gone says less than the one that lost it."""
    messages = [delivery.message for delivery in trial.transcript.deliveries]
    told = trial.transcript.websocket_messages
    events = sum(len(each.events) for each in messages) + sum(len(each.events) for each in told)
    size = sum(len(each.body) for each in messages) + sum(each.size for each in told)
    return len(trial.transcript.undeliverable), events, size
