"""Which failures do not fail the run: the waived ones, and those that the baseline has already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pytest_mews.acceptance import baseline, waivers_file
from pytest_mews.acceptance.baseline import Baseline
from pytest_mews.acceptance.baseline_comparison import change, compare
from pytest_mews.acceptance.waivers import acceptable, uses, waive
from pytest_mews.acceptance.waivers_file import TEMPLATE
from pytest_mews.checks import fails_run
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Change, Run, Scenario, ScenarioResult, Verdict, Waiver
from pytest_mews.redaction import Mask, redact


@dataclass(frozen=True)
class ExpectedFailures:
    """What is tolerated in a run; `today` decides which waivers hold."""

    waivers: tuple[Waiver, ...]
    baseline: Baseline | None
    only_new: bool
    strict: bool
    today: date

    @classmethod
    def of(cls, settings: Settings, scenarios: Sequence[Scenario], today: date) -> ExpectedFailures:
        """Read the files that the settings name.

        Raises:
            UsageMistake: one of them is wrong.

        """
        if settings.waivers_template and settings.waivers is not None:
            _check_not_overwritten(settings)
        mask = Mask.of(settings)
        tolerance = cls(
            () if settings.waivers is None else waivers_file.load(settings.waivers, scenarios),
            None if settings.baseline is None else baseline.load(settings.baseline),
            settings.fails_on_new,
            settings.strict,
            today,
        )
        return redact(tolerance, mask)

    def waived(self, result: ScenarioResult) -> ScenarioResult:
        """Give a result as waived where it is; what is waived already stays so."""
        return waive(result, self.waivers, self.today)

    def excuse(self, result: ScenarioResult) -> str:
        """Say why a failure does not fail the run; empty where it does, and for no failure."""
        if result.verdict is Verdict.WAIVED and result.waiver is not None:
            held = result.waiver
            return f"waived until {held.expires} by {held.owner}: {held.reason}"
        if not (self.only_new and self.baseline and acceptable(result)):
            return ""
        before = self.baseline.scenarios.get(result.scenario.id)
        if change(before, result, strict=self.strict) is not Change.STILL_FAILING:
            return ""
        return f"still failing since {self.baseline.name}: {result.reason}"

    def stops(self, result: ScenarioResult) -> bool:
        """Whether this result alone makes the run exit with 1."""
        return fails_run(result, strict=self.strict) and not self.excuse(result)

    def told(self, run: Run) -> Run:
        """Give the run with what became of the waivers, and compared with the baseline.

        Before there are results nothing can be compared.
        """
        compared = None
        if self.baseline is not None and run.results:
            compared = compare(self.baseline, run, only_new=self.only_new)
        used = uses(self.waivers, run.results, self.today)
        return replace(run, waivers=used, comparison=compared)

    def remark(self, run: Run) -> str:
        """Say why a run that is not ready did not fail; empty where it did, or is ready."""
        bare = any(fails_run(result, strict=self.strict) for result in run.results)
        if self.baseline is None or not bare or any(map(self.stops, run.results)):
            return ""
        return (
            f"Not ready, and not failed (--mews-fail-on new): what fails has failed in "
            f"{self.baseline.name} already."
        )

    def write_template(self, results: Iterable[ScenarioResult], folder: Path) -> Path:
        """Write a waivers file for the failures that would fail the run and may be waived.

        Raises:
            UsageMistake: it can't be written.

        """
        failures = [r for r in results if acceptable(r) and fails_run(r, strict=self.strict)]
        path = folder / TEMPLATE
        try:
            path.write_text(waivers_file.template(failures, self.waivers, self.today), "utf-8")
        except OSError as error:
            problem = f"can't be written ({error.strerror or error})"
            remedy = "Name another folder with --mews-report."
            raise UsageError("--mews-waivers-template", path, problem, remedy) from error
        return path


def _check_not_overwritten(settings: Settings) -> None:
    given = settings.waivers
    assert given is not None
    if given.resolve() == (settings.report / TEMPLATE).resolve():
        problem = "is the file that --mews-waivers-template writes: your entries would be lost"
        remedy = "Keep your waivers elsewhere, such as beside your tests."
        raise UsageError(waivers_file.OPTION, given, problem, remedy)
