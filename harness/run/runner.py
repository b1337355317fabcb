"""The engine certifies scenarios one by one against one endpoint; pytest or a test drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self

from pytest_mews.checks import judge
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
from pytest_mews.redaction import Mask, redact, tokens_in
from pytest_mews.replay.recording import recorded
from pytest_mews.reports import one_line
from pytest_mews.run.environment import Environment
from pytest_mews.run.preconditions import unmet_precondition
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.result import build_result

Progress = Callable[[Scenario, int, int], None]


class CertificationRunner:
    """Certifies with one rig, which it owns.

    Nothing is started before the first scenario; `close` ends all that was. By `turns` a scenario
    is alone among several processes too.

    Raises:
        UsageMistake: there is no embedded partner of that name.

    """

    def __init__(
        self, settings: Settings, *, budget: Budget | None = None, turns: ProcessLock | None = None
    ) -> None:
        self.environment = Environment(settings)
        self._turns = turns or ProcessLock()
        self._budget = budget or Budget()
        self._interrupted = False
        self._left_in = ""  # the scenario after which no client of the first enterprise is left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all that runs."""
        self.environment.close()

    def interrupt(self) -> None:
        """End whatever is under way, in any thread: its result is what was seen until now."""
        self._interrupted = True
        self.environment.interrupt()

    def probe(self, scenarios: Iterable[Scenario]) -> None:
        """Look at all that these scenarios need to have been seen; each does so itself else."""
        requires = {requirement for scenario in scenarios for requirement in scenario.requires}
        wired = not requires.isdisjoint(
            {Requirement.CONNECTOR_API_CALLED, Requirement.CONNECTOR_API_ANSWERED}
        )
        if self.environment.settings.has_webhooks and wired and self.environment.preflight.accepts:
            _ = self.environment.connectivity

    def certify(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Play one scenario and judge it; secrets are masked in what is returned.

        A KeyboardInterrupt goes through, with the result so far as its only argument.

        Raises:
            HarnessFault: the harness failed at its own work, or was interrupted before.

        """
        if self._interrupted:
            raise HarnessError("the run was interrupted")
        unplayed = self.precondition(scenario)
        if unplayed is not None:
            return unplayed
        with self._turns.hold(alone=scenario.exclusive):
            self._note_missing_client("")  # who was away may have come back
            result = self._explore(scenario, progress)
            self._note_missing_client(scenario.id)
        return result

    def precondition(self, scenario: Scenario) -> ScenarioResult | None:
        """Say why a scenario can't be played against this endpoint; None where it can."""
        found = unmet_precondition(scenario, self.environment, self._left_in)
        return None if found is None else self._clean(ScenarioResult(scenario, *found))

    def _note_missing_client(self, scenario_id: str) -> None:
        """Note after which scenario the client that messages are for was gone."""
        if self.environment.clients is not None and self.environment.clients.admitted:
            self._left_in = (
                "" if self.environment.clients.is_there else self._left_in or scenario_id
            )

    def replay(self, scenario: Scenario, messages: Messages) -> tuple[Finding, ...]:
        """Send these messages by the scenario's steps, once, and judge what came of it.

        Raises:
            HarnessFault: the harness failed at its own work.

        """

        def judged(transcript: Transcript) -> tuple[Finding, ...]:
            return self._judge(scenario, transcript)

        with self._turns.hold(alone=scenario.exclusive):
            played = run_steps(scenario, messages, self.environment.context)
            trial = Evidence("example", "", judged(played), played)
            if any(step.name == HEALTH_CHECK for step in scenario.steps):
                trial = recheck_health(
                    trial,
                    lambda: messages,
                    self.environment.context,
                    self.environment.clock,
                    judged,
                )
        return redact(trial.findings, self.environment.mask)

    def _judge(self, scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
        return tuple(judge(expectation, transcript) for expectation in scenario.expectations)

    def _explore(self, scenario: Scenario, progress: Progress) -> ScenarioResult:
        began_ms = self.environment.clock.now_ms()

        def spent_s() -> float:
            return (self.environment.clock.now_ms() - began_ms) / 1000

        explorer = ScenarioRunner(
            scenario,
            self.environment.subject,
            self.environment.context,
            self.environment.clock,
            run_seed=self.environment.settings.seed,
            began=self.environment.began,
            examples=self.environment.settings.examples,
            budget=self._budget,
            judge=lambda transcript: self._judge(scenario, transcript),
            progress=lambda played, planned: progress(scenario, played, planned),
        )
        try:
            explorer.run()
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(
                self._conclude(scenario, explorer.progress, spent_s())
            ) from stop
        except HarnessError:
            if not self._interrupted:
                raise
        return self._conclude(scenario, explorer.progress, spent_s())

    def _conclude(self, scenario: Scenario, seen: Exploration, spent_s: float) -> ScenarioResult:
        result = self._clean(build_result(scenario, seen, spent_s))
        return recorded(
            result,
            seen.script,
            self.environment.settings,
            self.environment.began,
            self.environment.mask,
        )

    def _clean(self, result: ScenarioResult) -> ScenarioResult:
        """Mask the secrets; a partner's words in the reason become harmless to any log."""
        sent = (each for trial in result.evidence for each in trial.transcript.deliveries)
        minted = {key for each in sent for key in tokens_in(each.message.body)}
        clean = redact(redact(result, self.environment.mask), Mask(minted))
        return replace(clean, reason=one_line(clean.reason))
