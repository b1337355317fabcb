"""Expected failures don't fail the run: waived ones, and those known from the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pytest_mews.acceptance import baseline, waivers_file
from pytest_mews.acceptance.baseline import Baseline
from pytest_mews.acceptance.baseline_comparison import classify_change, compare
from pytest_mews.acceptance.waivers import can_be_waived, waive, waiver_uses
from pytest_mews.acceptance.waivers_file import TEMPLATE_FILE
from pytest_mews.checks import fails_run
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Change, Run, Scenario, ScenarioResult, Verdict, Waiver
from pytest_mews.model.readiness import is_unexpected_failure


@dataclass(frozen=True)
class ExpectedFailures:
    """Decides which failures of a run are expected.

    Attributes:
        waivers: the waivers of --mews-waivers.
        baseline: the run of --mews-baseline; None if there is none.
        only_new: whether only new failures fail the run (--mews-fail-on new).
        strict: whether a SHOULD that is not met fails the run (--mews-strict).
        today: the day that decides which waivers are valid.

    """

    waivers: tuple[Waiver, ...]
    baseline: Baseline | None
    only_new: bool
    strict: bool
    today: date

    @classmethod
    def from_settings(
        cls, settings: Settings, scenarios: Sequence[Scenario], today: date
    ) -> ExpectedFailures:
        """Read the waivers file and the baseline that the settings name.

        Raises:
            UsageError: one of the files is wrong.

        """
        if settings.waivers_template and settings.waivers is not None:
            _check_not_overwritten(settings)
        return cls(
            () if settings.waivers is None else waivers_file.load(settings.waivers, scenarios),
            None if settings.baseline is None else baseline.load(settings.baseline),
            settings.fails_on_new,
            settings.strict,
            today,
        )

    def apply(self, result: ScenarioResult) -> ScenarioResult:
        """Return the result as waived if a valid waiver accepts it, with the reason it is expected.

        A result that is not expected, or no failure, is returned as it is.
        """
        waived = waive(result, self.waivers, self.today)
        return replace(waived, reason_expected=self._reason_expected(waived))

    def _reason_expected(self, result: ScenarioResult) -> str:
        if result.verdict is Verdict.WAIVED and result.waiver is not None:
            waiver = result.waiver
            return f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        if not (self.only_new and self.baseline and can_be_waived(result)):
            return ""
        before = self.baseline.scenarios.get(result.scenario.id)
        if classify_change(before, result, strict=self.strict) is not Change.STILL_FAILING:
            return ""
        return f"still failing since {self.baseline.name}: {result.reason}"

    def add_acceptance(self, run: Run) -> Run:
        """Return the run with the uses of the waivers and the comparison with the baseline.

        A run without results has no comparison.
        """
        comparison = None
        if self.baseline is not None and run.results:
            comparison = compare(self.baseline, run, only_new=self.only_new)
        uses = waiver_uses(self.waivers, run.results, self.today)
        return replace(run, waivers=uses, comparison=comparison)


def exit_status_note(run: Run) -> str:
    """Return why a run that is not ready does not fail; empty if it fails, or is ready."""
    strict = run.strict
    has_failures = any(fails_run(result, strict=strict) for result in run.results)
    unexpected = any(is_unexpected_failure(result, strict=strict) for result in run.results)
    if run.comparison is None or not has_failures or unexpected:
        return ""
    return (
        "Not ready, but the run does not fail (--mews-fail-on new): "
        f"all failures are known from {run.comparison.name}."
    )


def write_waivers_template(run: Run, folder: Path) -> Path:
    """Write a template for a waivers file, and return its path.

    It has an entry for each failure that can be waived and would otherwise fail the run.

    Raises:
        UsageError: the file can't be written.

    """
    failures = [
        result
        for result in run.results
        if can_be_waived(result) and fails_run(result, strict=run.strict)
    ]
    waivers = [use.waiver for use in run.waivers]
    day = date.fromisoformat(run.started_utc.partition("T")[0])
    path = folder / TEMPLATE_FILE
    try:
        path.write_text(waivers_file.waivers_template(failures, waivers, day), "utf-8")
    except OSError as error:
        problem = f"can't be written ({error.strerror or error})"
        remedy = "Name another folder with --mews-report."
        raise UsageError("--mews-waivers-template", path, problem, remedy) from error
    return path


def _check_not_overwritten(settings: Settings) -> None:
    path = settings.waivers
    assert path is not None
    if path.resolve() == (settings.report / TEMPLATE_FILE).resolve():
        problem = "is the file that --mews-waivers-template overwrites"
        remedy = "Keep your waivers in another place, such as beside your tests."
        raise UsageError(waivers_file.OPTION, path, problem, remedy)
