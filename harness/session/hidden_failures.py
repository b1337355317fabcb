"""Keeps failures out of pytest's FAILURES section that the summary of the run has."""

from __future__ import annotations

from collections.abc import Collection, Generator

import pytest

from pytest_mews.session.command_line import scenario_id_in

DEFAULT_TRACEBACKS = "auto"  # pytest's --tb; any other value is the user's
DEFAULT_REPORTCHARS = "fE"  # pytest's -r
FAILED = "failed"  # the category of pytest's terminal reporter


def drop_short_summary(reporter: pytest.TerminalReporter) -> None:
    """Leave out pytest's short summary, which would push the one of the run off the screen.

    Unless the user chose what it lists.
    """
    if reporter.config.option.reportchars == DEFAULT_REPORTCHARS:
        reporter.reportchars = ""


class HiddenFailures:
    """Takes reports away while pytest prints the FAILURES section.

    pytest prints it before the summaries of plugins, so `restore` is called with the first of them:
    what pytest lists or counts afterwards has all reports.
    """

    def __init__(self) -> None:
        self._names: Collection[str] = ()
        self._all: list[pytest.TestReport] | None = None

    def hide(self, names: Collection[str]) -> None:
        """Leave these out of the section: names of items, such as the ids of scenarios."""
        self._names = names

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """Take the reports away, and bring them back at the latest when all is printed."""
        stats = terminalreporter.stats
        if FAILED in stats and terminalreporter.config.option.tbstyle == DEFAULT_TRACEBACKS:
            self._all = stats[FAILED]
            stats[FAILED] = [report for report in self._all if not self._is_hidden(report)]
        try:
            yield
        finally:
            self.restore(terminalreporter)

    def restore(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Bring the reports back."""
        if self._all is not None:
            terminalreporter.stats[FAILED], self._all = self._all, None

    def _is_hidden(self, report: pytest.TestReport) -> bool:
        return scenario_id_in(report.nodeid) in self._names
