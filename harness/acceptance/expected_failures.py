"""Expected failures don't fail the run: waived ones, and those known from the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from pytest_mews.redaction import Redactor, redact


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
        redactor = Redactor.from_settings(settings)
        expected_failures = cls(
            () if settings.waivers is None else waivers_file.load(settings.waivers, scenarios),
            None if settings.baseline is None else baseline.load(settings.baseline),
            settings.fails_on_new,
            settings.strict,
            today,
        )
        return redact(expected_failures, redactor)

    def apply_waivers(self, result: ScenarioResult) -> ScenarioResult:
        """Return the result as waived if a valid waiver accepts it; otherwise as it is."""
        return waive(result, self.waivers, self.today)

    def reason_expected(self, result: ScenarioResult) -> str:
        """Return why a failure is expected; empty if it is not expected, or not a failure."""
        if result.verdict is Verdict.WAIVED and result.waiver is not None:
            waiver = result.waiver
            return f"waived until {waiver.expires} by {waiver.owner}: {waiver.reason}"
        if not (self.only_new and self.baseline and can_be_waived(result)):
            return ""
        before = self.baseline.scenarios.get(result.scenario.id)
        if classify_change(before, result, strict=self.strict) is not Change.STILL_FAILING:
            return ""
        return f"still failing since {self.baseline.name}: {result.reason}"

    def fails_run(self, result: ScenarioResult) -> bool:
        """Return whether this result alone makes the run exit with status 1."""
        return fails_run(result, strict=self.strict) and not self.reason_expected(result)

    def add_acceptance(self, run: Run) -> Run:
        """Return the run with the uses of the waivers and the comparison with the baseline.

        A run without results has no comparison.
        """
        comparison = None
        if self.baseline is not None and run.results:
            comparison = compare(self.baseline, run, only_new=self.only_new)
        uses = waiver_uses(self.waivers, run.results, self.today)
        return replace(run, waivers=uses, comparison=comparison)

    def exit_status_note(self, run: Run) -> str:
        """Return why a run that is not ready does not fail; empty if it fails, or is ready."""
        has_failures = any(fails_run(result, strict=self.strict) for result in run.results)
        if self.baseline is None or not has_failures or any(map(self.fails_run, run.results)):
            return ""
        return (
            "Not ready, but the run does not fail (--mews-fail-on new): "
            f"all failures are known from {self.baseline.name}."
        )

    def write_waivers_template(self, results: Iterable[ScenarioResult], folder: Path) -> Path:
        """Write a template for a waivers file, and return its path.

        It has an entry for each failure that can be waived and would otherwise fail the run.

        Raises:
            UsageError: the file can't be written.

        """
        failures = [r for r in results if can_be_waived(r) and fails_run(r, strict=self.strict)]
        path = folder / TEMPLATE_FILE
        try:
            path.write_text(
                waivers_file.waivers_template(failures, self.waivers, self.today), "utf-8"
            )
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
