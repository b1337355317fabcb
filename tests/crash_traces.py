"""Shows in the summary of a test session where a worker of pytest-xdist crashed.

A worker that crashes says no more than that to the controller, and its standard error is captured.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable
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


class WorkerTrace:
    """Has this process write its trace to a file, before each test anew.

    A run of pytest in this process has its own plugin write elsewhere.

    Args:
        path: of the file.

    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_setup(self) -> None:
        """Write to the file from now on."""
        faulthandler.enable(file=self._descriptor)


def register(config: pytest.Config, folder: Callable[[], Path]) -> None:
    """Register what a controller needs, or one of its workers.

    Args:
        config: of the process.
        folder: returns the folder for the files of a controller.

    """
    worker = getattr(config, "workerinput", None)
    if worker is None:
        config.pluginmanager.register(CrashTraces(folder()))
    elif _TRACE_FILE in worker:
        config.pluginmanager.register(WorkerTrace(Path(worker[_TRACE_FILE])))
