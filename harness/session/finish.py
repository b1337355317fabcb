"""The end of a run: what is written of it, and what the terminal says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_mews import reports
from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Run
from pytest_mews.session import terminal


@dataclass(frozen=True)
class FinishedRun:
    """A finished run and what was written of it.

    Attributes:
        run: the run.
        written: the page for people; None where the report could not be written.
        template: the waivers to fill in, where they were asked for and written.
        refused: why the report or the template could not be written; empty where they were.
        problems: what else did not work, for whoever reads the terminal.

    """

    run: Run
    written: Path | None
    template: Path | None
    refused: str
    problems: tuple[str, ...]


def write_reports(
    run: Run, settings: Settings, tolerance: ExpectedFailures, environ: Mapping[str, str]
) -> FinishedRun:
    """Write all that is asked for; one that can't be written costs no other."""
    files = template = None
    refused = ""
    try:
        files = reports.write(run, settings.report)
        if settings.waivers_template:
            template = tolerance.write_template(run.results, settings.report)
    except UsageError as mistake:
        what = "report" if files is None else "template"
        refused = f"The {what} was not written. {mistake}"
    return FinishedRun(
        run,
        files.html if files else None,
        template,
        refused,
        (*(files.problems if files else ()), *reports.append_summary(run, environ)),
    )


def print_summary(
    reporter: pytest.TerminalReporter,
    closed: FinishedRun,
    tolerance: ExpectedFailures,
    environ: Mapping[str, str],
) -> None:
    """Show the readiness of each stage, what failed, and where the report is."""
    remark = tolerance.remark(closed.run)
    closing = [remark] if remark else []
    if closed.template is not None:
        closing.append(f"Waivers to fill in, for --mews-waivers: {closed.template}")
    problems = [*([closed.refused] if closed.refused else []), *closed.problems]
    terminal.summary(reporter, closed.run, closed.written, problems, closing)
    for line in reports.annotate(closed.run, environ):
        reporter.write_line(line)
