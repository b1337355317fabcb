"""Fixtures: the sample run and its report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sample_run

from pytest_mews.model import Run
from pytest_mews.reports import WrittenReport, write_report
from pytest_mews.reports.charts import drawing


@pytest.fixture(scope="module", autouse=True)
def one_process() -> Iterator[None]:
    """Draw the pictures of a module's tests in one process, which starts with the first."""
    with drawing():
        yield


@pytest.fixture
def run() -> Run:
    """The sample run, with every verdict."""
    return sample_run.run()


@pytest.fixture
def written(run: Run, tmp_path: Path) -> WrittenReport:
    """The report of the sample run."""
    return write_report(run, tmp_path)
