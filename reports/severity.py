"""How grave a result is to whoever reads many of them at once: a CI page, an annotation."""

from __future__ import annotations

from enum import StrEnum

from pytest_mews.model import Run, ScenarioResult, Verdict
from pytest_mews.model.readiness import breaks_must


class Severity(StrEnum):
    """The levels that GitHub's annotations and SARIF have in common."""

    ERROR = "error"
    WARNING = "warning"


def severity_of(run: Run, result: ScenarioResult) -> Severity:
    """Tell what alone fails the run from what is worth knowing.

    Only for results that did not pass: see `problems`.
    """
    compared = run.comparison
    if compared and compared.only_new and result.scenario.id in compared.known:
        return Severity.WARNING
    if result.verdict is Verdict.WARN:
        return Severity.ERROR if run.strict else Severity.WARNING
    if result.verdict is Verdict.FLAKY and not run.strict and not breaks_must(result):
        return Severity.WARNING
    return Severity.ERROR
