"""Attaches results to pytest's reports, which pytest-xdist sends to its controller."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_mews.model import Scenario, ScenarioResult, Verdict, serialization
from pytest_mews.run.result_tracker import ResultTracker, scenario_id_in

RESULT_ATTRIBUTE, NOTES_ATTRIBUTE = "mews_result", "mews_notes"  # of a pytest report


def attach(report: pytest.TestReport, result: ScenarioResult, notes: Sequence[str]) -> None:
    """Attach a result to its report, with the notes of this process."""
    setattr(report, RESULT_ATTRIBUTE, serialization.result_to_json(result))
    setattr(report, NOTES_ATTRIBUTE, list(notes))


def is_attached(report: pytest.TestReport) -> bool:
    """Return whether a report has a result."""
    return hasattr(report, RESULT_ATTRIBUTE)


def extract(
    report: pytest.TestReport, results: ResultTracker, scenarios: Sequence[Scenario]
) -> list[str]:
    """Record the result of a report, and return the notes that came with it.

    A report without a result says that another plugin skipped the scenario, or that it failed
    outside the certification; that is recorded instead.
    """
    scenario_id = scenario_id_in(report.nodeid)
    if is_attached(report):
        results.record(serialization.result_from_json(getattr(report, RESULT_ATTRIBUTE)))
    elif report.skipped:
        for scenario in scenarios:
            if scenario.id == scenario_id:
                results.record(ScenarioResult(scenario, Verdict.NOT_OBSERVED, _last_line(report)))
    elif report.failed and report.when != "teardown" and scenario_id is not None:
        results.explain_missing(scenario_id, f"it returned no result: {_last_line(report)}")
    return list(getattr(report, NOTES_ATTRIBUTE, ()))


def _last_line(report: pytest.TestReport) -> str:
    """Return the last line of a report's text: the reason of a skip, or the exception."""
    longrepr = report.longrepr
    text = str(longrepr[2]) if isinstance(longrepr, tuple) else report.longreprtext
    return (text.strip().splitlines() or ["the report has no text"])[-1].strip()
