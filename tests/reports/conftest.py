"""The run that the tests of the reports write down."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample_run

from pytest_mews.model import Run
from pytest_mews.reports import Written, write


@pytest.fixture
def run() -> Run:
    """A run with every verdict in it."""
    return sample_run.run()


@pytest.fixture
def written(run: Run, tmp_path: Path) -> Written:
    """The report of that run."""
    return write(run, tmp_path)
