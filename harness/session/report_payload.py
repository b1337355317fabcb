"""What pytest's reports carry from the process that certifies to the one that writes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_mews.model import Scenario, ScenarioResult, Verdict, serialization
from pytest_mews.run.result_tracker import ResultTracker, scenario_in

RESULT, NOTES = "mews_result", "mews_notes"  # attributes of a pytest report


def attach(report: pytest.TestReport, result: ScenarioResult, notes: Sequence[str]) -> None:
    """Put a result on its report, with the remarks of the process that certified it."""
    setattr(report, RESULT, serialization.result_to_json(result))
    setattr(report, NOTES, list(notes))


def is_attached(report: pytest.TestReport) -> bool:
    """Whether a report bears a result."""
    return hasattr(report, RESULT)


def extract(
    report: pytest.TestReport, ledger: ResultTracker, scenarios: Sequence[Scenario]
) -> list[str]:
    """Enter a report's result into the ledger, and give the remarks that came with it.

    A report of a scenario that bears none is entered as what it says: that something else than
    the certification skipped it, or why it will give no result.
    """
    name = scenario_in(report.nodeid)
    if is_attached(report):
        ledger.record(serialization.result_from_json(getattr(report, RESULT)))
    elif report.skipped:
        for scenario in scenarios:
            if scenario.id == name:
                ledger.record(ScenarioResult(scenario, Verdict.NOT_OBSERVED, _said(report)))
    elif report.failed and report.when != "teardown" and name is not None:
        ledger.explain_missing(name, f"it gave no result: {_said(report)}")
    return list(getattr(report, NOTES, ()))


def _said(report: pytest.TestReport) -> str:
    """Give the last line of what a report says."""
    said = report.longrepr
    text = str(said[2]) if isinstance(said, tuple) else report.longreprtext
    return (text.strip().splitlines() or ["nothing was said"])[-1].strip()
