"""How grave a result is to whoever reads many of them at once: a CI page, an annotation."""

from __future__ import annotations

from enum import StrEnum

from pytest_mews.model import Run, ScenarioResult, Verdict
from pytest_mews.model.readiness import breaks_must


class Level(StrEnum):
    """The levels that GitHub's annotations and SARIF have in common."""

    ERROR = "error"
    WARNING = "warning"


def level(run: Run, result: ScenarioResult) -> Level:
    """Tell what alone fails the run from what is worth knowing.

    Only for results that did not pass: see `problems`.
    """
    compared = run.comparison
    if compared and compared.only_new and result.scenario.id in compared.known:
        return Level.WARNING
    if result.verdict is Verdict.WARN:
        return Level.ERROR if run.strict else Level.WARNING
    if result.verdict is Verdict.FLAKY and not run.strict and not breaks_must(result):
        return Level.WARNING
    return Level.ERROR
