"""Fixtures: the sample run and its report."""

from __future__ import annotations

from pathlib import Path

import pytest
import sample_run

from pytest_mews.model import Run
from pytest_mews.reports import WrittenReport, write_report


@pytest.fixture
def run() -> Run:
    """The sample run, with every verdict."""
    return sample_run.run()


@pytest.fixture
def written(run: Run, tmp_path: Path) -> WrittenReport:
    """The report of the sample run."""
    return write_report(run, tmp_path)
