"""The filters of the matrix."""

from __future__ import annotations

from dataclasses import replace

import sample_run

from pytest_mews.model import Run, Verdict
from pytest_mews.reports.matrix_filters import filter_css, matrix_filters, row_classes


def test_options_count_their_scenarios(run: Run) -> None:
    """Each filter has an option for all rows, then those that occur, with their counts."""
    options = {
        group.title: [(option.title, option.count) for option in group.options]
        for group in matrix_filters(run.results)
    }
    assert options == {
        "Verdict": [("All", 16), ("To fix", 9), ("Passed", 4), ("Waived", 1), ("Not tested", 2)],
        "Level": [("All", 16), ("MUST", 14), ("SHOULD", 1), ("MAY", 1)],
        "Stage": [("All", 16), ("Delivery", 12), ("Processing", 3), ("Streaming", 1)],
    }


def test_every_verdict_has_an_option() -> None:
    """Each verdict has an option that shows it."""
    passed = sample_run.passed("REC-01", "Accepted")
    for verdict in Verdict:
        assert row_classes(replace(passed, verdict=verdict)).endswith(" must delivery")


def test_filter_with_one_option_is_left_out() -> None:
    """If all rows are alike there is nothing to filter, and no CSS."""
    results = (sample_run.passed("REC-01", "Accepted"), sample_run.passed("REC-02", "Accepted"))
    assert matrix_filters(results) == ()
    assert filter_css((), results) == ""


def test_combination_without_rows_shows_a_message() -> None:
    """Options that together match no row show a message."""
    passed = sample_run.passed("REC-01", "Accepted")
    results = (passed, sample_run.expiring_certificate())
    css = filter_css(matrix_filters(results), results)
    combination = "#matrix:has(#only-passed:checked):has(#only-should:checked)"
    assert f"{combination} .no-match{{display:block}}" in css
    assert "#matrix:has(#only-passed:checked) .no-match" not in css
