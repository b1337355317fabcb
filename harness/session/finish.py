"""The end of a run: writes the reports, and prints the summary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_mews import reports
from pytest_mews.acceptance.expected_failures import exit_status_note, write_waivers_template
from pytest_mews.config.earlier_report import EarlierReport
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Run, RunEnded, RunEvent
from pytest_mews.session import terminal
from pytest_mews.session.hidden_failures import drop_short_summary


class ReportFiles:
    """Writes the reports when the run ends, and prints the summary when pytest asks for it.

    Args:
        settings: what the user chose.
        environ: the environment variables, in which GitHub Actions names the job summary.
        earlier: the report that stands in the folder.

    Attributes:
        error: why the report or the waivers template could not be written; empty if they were.

    """

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], earlier: EarlierReport
    ) -> None:
        self._settings, self._environ, self._earlier = settings, environ, earlier
        self._run: Run | None = None
        self._html_report: Path | None = None
        self._template: Path | None = None
        self._problems: tuple[str, ...] = ()
        self.error = ""

    def receive(self, event: RunEvent, _at_s: float) -> None:
        """Write the reports and the waivers template of a run that has ended."""
        if isinstance(event, RunEnded):
            self._run = event.run
            self._write(event.run)

    def _write(self, run: Run) -> None:
        """Write all files; an error in one does not stop the others."""
        files = None
        folder = self._earlier.folder_for(interrupted=run.interrupted)
        try:
            files = reports.write_report(run, folder)
            if folder == self._settings.report:
                self._earlier.replaced(reports.file_names(run))
            if self._settings.waivers_template:
                self._template = write_waivers_template(run, folder)
        except UsageError as error:
            what = "report" if files is None else "template"
            self.error = f"The {what} was not written. {error}"
        problems = reports.append_summary(run, self._environ)
        if files is not None:
            self._html_report = files.html
            problems = (*files.problems, *problems)
        self._problems = problems

    def print_summary(self, reporter: pytest.TerminalReporter) -> None:
        """Print the readiness of each stage, the failures, and the path of the report."""
        if self._run is None:
            return
        note = exit_status_note(self._run)
        closing = [note] if note else []
        if self._template is not None:
            closing.append(f"Waivers template, to fill in for --mews-waivers: {self._template}")
        problems = [*([self.error] if self.error else []), *self._problems]
        terminal.print_run(reporter, self._run, self._html_report, problems, closing)
        drop_short_summary(reporter)
        for line in reports.annotate(self._run, self._environ):
            reporter.write_line(line)
