"""The engine certifies scenarios one by one against one endpoint; pytest or a test drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Self

from pytest_mews.checks import judge
from pytest_mews.config.settings import Settings
from pytest_mews.errors import HarnessFault
from pytest_mews.execution import Budget, Exploration, Explorer, Messages, play, watched
from pytest_mews.model import Finding, Scenario, ScenarioResult, Transcript, Trial
from pytest_mews.model.verdict import SIGN_OF_LIFE
from pytest_mews.redaction import Mask, masked, tokens_in
from pytest_mews.replay.recording import kept
from pytest_mews.reports import one_line
from pytest_mews.run.environment import Rig
from pytest_mews.run.preconditions import obstacle
from pytest_mews.run.process_lock import Turns
from pytest_mews.run.result import conclude

Progress = Callable[[Scenario, int, int], None]


class Engine:
    """Certifies with one rig, which it owns.

    Nothing is started before the first scenario; `close` ends all that was. By `turns` a scenario
    is alone among several processes too.

    Raises:
        UsageMistake: there is no embedded partner of that name.

    """

    def __init__(
        self, settings: Settings, *, budget: Budget | None = None, turns: Turns | None = None
    ) -> None:
        self.rig = Rig(settings)
        self._turns = turns or Turns()
        self._budget = budget or Budget()
        self._interrupted = False
        self._left_in = ""  # the scenario after which no client of the first enterprise is left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all that runs."""
        self.rig.close()

    def interrupt(self) -> None:
        """End whatever is under way, in any thread: its result is what was seen until now."""
        self._interrupted = True
        self.rig.interrupt()

    def look(self, scenarios: Iterable[Scenario]) -> None:
        """Look at all that these scenarios need to have been seen; each does so itself else."""
        needs = {each.needs for each in scenarios}
        wired = not needs.isdisjoint({"wired", "answered", "both"})
        if self.rig.settings.has_webhooks and wired and self.rig.preflight.accepts:
            _ = self.rig.wiring

    def certify(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Play one scenario and judge it; secrets are masked in what is returned.

        A KeyboardInterrupt goes through, with the result so far as its only argument.

        Raises:
            HarnessFault: the harness failed at its own work, or was interrupted before.

        """
        if self._interrupted:
            raise HarnessFault("the run was interrupted")
        unplayed = self.obstacle(scenario)
        if unplayed is not None:
            return unplayed
        with self._turns.take(alone=scenario.alone):
            self._look_who_left("")  # who was away may have come back
            result = self._explore(scenario, progress)
            self._look_who_left(scenario.id)
        return result

    def obstacle(self, scenario: Scenario) -> ScenarioResult | None:
        """Say why a scenario can't be played against this endpoint; None where it can."""
        found = obstacle(scenario, self.rig, self._left_in)
        return None if found is None else self._clean(ScenarioResult(scenario, *found))

    def _look_who_left(self, scenario_id: str) -> None:
        """Note after which scenario the client that messages are for was gone."""
        if self.rig.joining is not None and self.rig.joining.admitted:
            self._left_in = "" if self.rig.joining.is_there else self._left_in or scenario_id

    def replay(self, scenario: Scenario, messages: Messages) -> tuple[Finding, ...]:
        """Send these messages by the scenario's steps, once, and judge what came of it.

        Raises:
            HarnessFault: the harness failed at its own work.

        """

        def judged(transcript: Transcript) -> tuple[Finding, ...]:
            return self._judge(scenario, transcript)

        with self._turns.take(alone=scenario.alone):
            played = play(scenario, messages, self.rig.bench)
            trial = Trial("example", "", judged(played), played)
            if any(step.verb == SIGN_OF_LIFE for step in scenario.steps):
                trial = watched(trial, lambda: messages, self.rig.bench, self.rig.clock, judged)
        return masked(trial.findings, self.rig.mask)

    def _judge(self, scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
        return tuple(judge(expectation, transcript) for expectation in scenario.expectations)

    def _explore(self, scenario: Scenario, progress: Progress) -> ScenarioResult:
        began_ms = self.rig.clock.now_ms()

        def spent_s() -> float:
            return (self.rig.clock.now_ms() - began_ms) / 1000

        explorer = Explorer(
            scenario,
            self.rig.subject,
            self.rig.bench,
            self.rig.clock,
            run_seed=self.rig.settings.seed,
            began=self.rig.began,
            examples=self.rig.settings.examples,
            budget=self._budget,
            judge=lambda transcript: self._judge(scenario, transcript),
            progress=lambda played, planned: progress(scenario, played, planned),
        )
        try:
            explorer.run()
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(self._conclude(scenario, explorer.seen, spent_s())) from stop
        except HarnessFault:
            if not self._interrupted:
                raise
        return self._conclude(scenario, explorer.seen, spent_s())

    def _conclude(self, scenario: Scenario, seen: Exploration, spent_s: float) -> ScenarioResult:
        result = self._clean(conclude(scenario, seen, spent_s))
        return kept(result, seen.script, self.rig.settings, self.rig.began, self.rig.mask)

    def _clean(self, result: ScenarioResult) -> ScenarioResult:
        """Mask the secrets; a partner's words in the reason become harmless to any log."""
        sent = (each for trial in result.evidence for each in trial.transcript.deliveries)
        minted = {key for each in sent for key in tokens_in(each.message.body)}
        clean = masked(masked(result, self.rig.mask), Mask(minted))
        return replace(clean, reason=one_line(clean.reason))
