"""One certification without pytest: certifies scenarios, and publishes what happens as events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.config.settings import Settings
from pytest_mews.model import (
    ApiUsage,
    MissingCause,
    Run,
    RunStarted,
    Scenario,
    ScenarioResult,
    Subscriber,
    Verdict,
    merge_usage,
)
from pytest_mews.run.instances import Instances
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.result_tracker import ResultTracker
from pytest_mews.run.run_summary import build_run, rerun_command
from pytest_mews.run.runner import CertificationRunner, Progress, ScenarioInterrupted


class Certification:
    """Certifies scenarios, applies the waivers and the baseline, and publishes the run's events.

    What it publishes or returns has no secrets; everything inside may have them.

    Args:
        settings: what the user chose.
        scenarios: all scenarios.
        options: what the user set, by the option's `dest`, for the command that repeats the run.
        process_lock: keeps an exclusive scenario alone among several processes too.

    Attributes:
        subscribers: receive the events; complete before `start`.
        instances: run scenarios in this process; the first one always exists.
        interrupted: whether the user interrupted the run.

    Raises:
        UsageError: there is no such demo partner, or the waivers file or the baseline is wrong.

    """

    def __init__(
        self,
        settings: Settings,
        scenarios: Sequence[Scenario],
        options: Mapping[str, object],
        *,
        process_lock: ProcessLock | None = None,
    ) -> None:
        self.settings, self.scenarios = settings, tuple(scenarios)
        self._scenarios_by_id = {scenario.id: scenario for scenario in scenarios}
        self._options = options
        self._started, self._started_s = datetime.now(UTC), monotonic()
        self._expected_failures = ExpectedFailures.from_settings(
            settings, scenarios, self._started.date()
        )
        self.instances = Instances(
            CertificationRunner(
                settings, accept=self._expected_failures.apply, process_lock=process_lock
            )
        )
        self.subscribers: list[Subscriber] = []
        self._results = ResultTracker(self.subscribers, self._elapsed_s)
        self._notes: dict[str, None] = {}  # an ordered set: of other processes
        self._usages: dict[str, ApiUsage] = {}  # of other processes
        self._has_started = False
        self._folder = settings.report
        self.interrupted = False

    def start(self, selected_ids: Iterable[str]) -> None:
        """Publish that the run starts; later calls do nothing.

        Args:
            selected_ids: the scenarios that will run, in any order.

        """
        if self._has_started:
            return
        self._has_started = True
        chosen = frozenset(selected_ids)
        in_order = tuple(scenario.id for scenario in self.scenarios if scenario.id in chosen)
        self._results.start(
            RunStarted(self._build_run(()), self.settings.stages, self.scenarios, in_order)
        )

    @property
    def has_started(self) -> bool:
        """Whether the start of the run was published."""
        return self._has_started

    def start_scenario(self, scenario_id: str) -> None:
        """Publish that a scenario starts, in this process or in another one."""
        self._results.start_scenario(scenario_id)

    def certify(
        self,
        scenario: Scenario,
        progress: Progress = lambda *_: None,
        runner: CertificationRunner | None = None,
    ) -> ScenarioResult:
        """Run a scenario in the calling thread, publish its start and its result, and return it.

        Args:
            scenario: the scenario.
            progress: is called meanwhile.
            runner: one of `instances`; the first one if None.

        Raises:
            HarnessError: the harness failed, not the partner; see `record_error`.
            KeyboardInterrupt: the user pressed Ctrl-C; the result so far is recorded.

        """
        self._results.start_scenario(scenario.id)
        try:
            result = (runner or self.instances.first).certify(scenario, progress)
        except ScenarioInterrupted as interrupt:
            self.record(interrupt.result)
            raise (interrupt.__cause__ or interrupt) from None
        self.record(result)
        return result

    def record(self, result: ScenarioResult, notes: Iterable[str] = ()) -> None:
        """Record and publish a result.

        Args:
            result: a result of a runner, or one that another process published.
            notes: the notes on the run that the other process has.

        """
        self._notes.update(dict.fromkeys(notes))
        self._results.end_scenario(result, self.notes)

    def record_usage(self, process: str, usage: ApiUsage) -> None:
        """Note what another process, named by a word, has counted so far; it has no secrets."""
        self._usages[process] = usage

    def record_error(self, scenario: Scenario, error: BaseException) -> ScenarioResult:
        """Record and publish that the harness failed in a scenario; return the result."""
        reason = self.instances.redact(repr(error))
        result = self.instances.first.redact_result(ScenarioResult(scenario, Verdict.ERROR, reason))
        self.record(result)
        return result

    def record_missing(self, scenario_id: str, cause: MissingCause, reason: str) -> None:
        """Record why a scenario has no result of its own.

        With the cause `NO_RESULT` a result that arrives later counts instead.
        """
        if cause is MissingCause.NO_RESULT:
            self._results.explain_missing(scenario_id, self.instances.redact(reason))
        else:
            scenario = self._scenarios_by_id[scenario_id]
            result = ScenarioResult.without_run(scenario, cause, self.instances.redact(reason))
            self.record(self.instances.first.redact_result(result))

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes on the run so far, of this process and of others."""
        return self.instances.redact(self._all_notes())

    @property
    def api_usage(self) -> ApiUsage | None:
        """The requests of the service so far, in this process and in others, without secrets."""
        own = self.instances.redact(self.instances.api_usage)
        usages = [usage for usage in (own, *self._usages.values()) if usage is not None]
        return merge_usage(usages) if usages else None

    def finish(
        self,
        stopped: MissingCause | None = None,
        notes: Sequence[str] = (),
        folder: Path | None = None,
    ) -> Run:
        """Publish that the run is over, and return it.

        Args:
            stopped: why the run stopped early; None if it did not.
            notes: further notes on the run.
            folder: the folder of the report, if it is another one within that of the settings.

        """
        self._folder = folder or self.settings.report
        self.interrupted = stopped is MissingCause.INTERRUPTED
        self.start(())
        results = self._results.final_results(self.scenarios, stopped)
        run = self._build_run(results, notes)
        self._results.end(run)
        return run

    def _build_run(self, results: Sequence[ScenarioResult], notes: Sequence[str] = ()) -> Run:
        """Build the run from results, which have no secrets, and redact everything else."""
        redact, options = self.instances.redact, self._options
        run = build_run(
            self.settings,
            results,
            started=self._started,
            duration_s=self._elapsed_s(),
            command=rerun_command(self.settings, options),
            folder=self._shown_folder(),
            notes=tuple(dict.fromkeys((*self._all_notes(), *notes))),
            interrupted=self.interrupted,
            rate_limit_usage=self.instances.rate_limit_usage,
            api_usage=self.api_usage,
            late_ids=self.instances.late_ids,
            last_calls=self.instances.last_calls,
            waits_for_messages=self.instances.waits_for_messages,
        )
        run = replace(redact(replace(run, results=())), results=run.results)
        accepted = self._expected_failures.add_acceptance(run)
        return replace(
            accepted, waivers=redact(accepted.waivers), comparison=redact(accepted.comparison)
        )

    def _shown_folder(self) -> str:
        """Return the folder of the report; the report folder is named as the user named it."""
        settings = self.settings
        folder = settings.report.parent if settings.selection else settings.report
        shown = str(self._options["mews_report"] or folder.name)
        return "/".join((shown.rstrip("/"), *self._folder.relative_to(folder).parts))

    def _all_notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.instances.notes, *self._notes)))

    def _elapsed_s(self) -> float:
        return monotonic() - self._started_s
