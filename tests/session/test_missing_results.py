"""Reports of pytest without a result say why a scenario has none."""

from __future__ import annotations

from typing import Literal

import pytest

from pytest_mews.model import MissingCause
from pytest_mews.session.certification_plugin import why_missing


def report(
    outcome: Literal["passed", "failed", "skipped"],
    when: Literal["setup", "call", "teardown"],
    longrepr: object = None,
) -> pytest.TestReport:
    """Build a report without a result."""
    location = ("mews", None, "RET-02")
    return pytest.TestReport("mews::RET-02", location, {}, outcome, longrepr, when)  # type: ignore[arg-type]


def test_a_skip_by_another_plugin_is_not_observed() -> None:
    """A user's conftest may skip a scenario; the result has its reason."""
    longrepr = ("conftest.py", 3, "Skipped: not today")
    skipped = why_missing(report("skipped", "setup", longrepr))
    assert skipped == (MissingCause.SKIPPED, "Skipped: not today")


@pytest.mark.parametrize("when", ["setup", "call"])
def test_a_failure_without_a_result_explains_it(when: Literal["setup", "call"]) -> None:
    """The reason is the last line of the report."""
    failed = why_missing(report("failed", when, "Traceback\n  E worker crashed"))
    assert failed == (MissingCause.NO_RESULT, "it returned no result: E worker crashed")


def test_a_failed_teardown_is_ignored() -> None:
    """A failure in the teardown, or a passed phase, says nothing about the result."""
    assert why_missing(report("failed", "teardown", "boom")) is None
    assert why_missing(report("passed", "setup")) is None
