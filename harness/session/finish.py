"""The end of a run: writes the reports, and prints the summary."""

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
    """A finished run and the files that were written.

    Attributes:
        run: the run.
        html_report: the HTML report; None if the report could not be written.
        template: the waivers template; None if it was not requested, or could not be written.
        error: why the report or the template could not be written; empty if they were written.
        problems: other problems, for the terminal.

    """

    run: Run
    html_report: Path | None
    template: Path | None
    error: str
    problems: tuple[str, ...]


def write_reports(
    run: Run, settings: Settings, expected_failures: ExpectedFailures, environ: Mapping[str, str]
) -> FinishedRun:
    """Write the reports and the waivers template; an error in one does not stop the others."""
    files = template = None
    error = ""
    try:
        files = reports.write_report(run, settings.report)
        if settings.waivers_template:
            template = expected_failures.write_waivers_template(run.results, settings.report)
    except UsageError as cause:
        what = "report" if files is None else "template"
        error = f"The {what} was not written. {cause}"
    return FinishedRun(
        run,
        files.html if files else None,
        template,
        error,
        (*(files.problems if files else ()), *reports.append_summary(run, environ)),
    )


def print_summary(
    reporter: pytest.TerminalReporter,
    finished: FinishedRun,
    expected_failures: ExpectedFailures,
    environ: Mapping[str, str],
) -> None:
    """Print the readiness of each stage, the failures, and the path of the report."""
    note = expected_failures.exit_status_note(finished.run)
    closing = [note] if note else []
    if finished.template is not None:
        closing.append(f"Waivers template, to fill in for --mews-waivers: {finished.template}")
    problems = [*([finished.error] if finished.error else []), *finished.problems]
    terminal.print_run(reporter, finished.run, finished.html_report, problems, closing)
    for line in reports.annotate(finished.run, environ):
        reporter.write_line(line)
