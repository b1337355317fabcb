"""Shows in the summary of a test session where a worker of pytest-xdist crashed.

A worker that crashes says no more than that to the controller, and its standard error is captured.
"""

from __future__ import annotations

import faulthandler
from pathlib import Path
from typing import Any

import pytest

_TRACE_FILE = "crash_trace_file"


class CrashTraces:
    """Has every worker write its trace to a file of its own; prints those of crashed workers.

    Args:
        folder: for the files.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist has no types
        """Tell a worker where to write."""
        node.workerinput[_TRACE_FILE] = str(self._folder / f"{node.gateway.id}.txt")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what crashed workers wrote."""
        for path in sorted(self._folder.iterdir()):
            if trace := path.read_text("utf-8"):
                terminalreporter.section(f"crash of worker {path.stem}")
                terminalreporter.write(trace)


def write_trace(config: pytest.Config) -> None:
    """Have the process write its trace where the controller looks for it, if it is a worker."""
    path = getattr(config, "workerinput", {}).get(_TRACE_FILE)
    if path is not None:
        faulthandler.enable(file=Path(path).open("w", encoding="utf-8"))  # noqa: SIM115 - kept open
