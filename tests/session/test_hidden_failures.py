"""pytest's FAILURES section has the failures that the summary of the run does not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_mews.session.hidden_failures import HiddenFailures

EXPLAINED, ALONE, OF_USER = "mews::PROC-03", "mews::REC-10", "tests/test_own.py::test_own"


def reporter(tbstyle: str = "auto") -> pytest.TerminalReporter:
    """Return a terminal reporter with three failures, as far as the plugin knows one."""
    failed = [SimpleNamespace(nodeid=node_id) for node_id in (EXPLAINED, ALONE, OF_USER)]
    config = SimpleNamespace(option=SimpleNamespace(tbstyle=tbstyle))
    return cast("pytest.TerminalReporter", SimpleNamespace(stats={"failed": failed}, config=config))


def failed(terminal: pytest.TerminalReporter) -> list[str]:
    """Return the node ids of the failures that it prints now."""
    reports = cast("list[Any]", terminal.stats["failed"])
    return [report.nodeid for report in reports]


def test_hidden_failures_are_hidden_until_the_summary() -> None:
    """Those of the user's own tests, and those without a cause, are printed."""
    plugin, terminal = HiddenFailures(), reporter()
    plugin.hide({"PROC-03"})
    summary = plugin.pytest_terminal_summary(terminal)
    next(summary)
    assert failed(terminal) == [ALONE, OF_USER]
    plugin.restore(terminal)
    assert failed(terminal) == [EXPLAINED, ALONE, OF_USER]
    with pytest.raises(StopIteration):
        next(summary)
    assert failed(terminal) == [EXPLAINED, ALONE, OF_USER]


def test_the_end_restores_them_too() -> None:
    """An error in a summary loses no failure."""
    plugin, terminal = HiddenFailures(), reporter()
    plugin.hide({"PROC-03"})
    summary = plugin.pytest_terminal_summary(terminal)
    next(summary)
    with pytest.raises(RuntimeError):
        summary.throw(RuntimeError())
    assert len(failed(terminal)) == 3


def test_a_chosen_style_shows_everything() -> None:
    """With --tb the user wants to see them."""
    plugin, terminal = HiddenFailures(), reporter("short")
    plugin.hide({"PROC-03"})
    next(plugin.pytest_terminal_summary(terminal))
    assert len(failed(terminal)) == 3
