"""The filters of the matrix."""

from __future__ import annotations

from dataclasses import replace

import sample_run

from pytest_mews.model import Run, Verdict
from pytest_mews.reports.matrix_filters import marks, matrix_filters, rules


def test_choices_count_their_scenarios(run: Run) -> None:
    """Each question offers everything first, then what occurs, with how often."""
    shown = {
        asked.title: [(one.title, one.count) for one in asked.choices]
        for asked in matrix_filters(run.results)
    }
    assert shown == {
        "Verdict": [("All", 16), ("To fix", 9), ("Passed", 4), ("Waived", 1), ("Not judged", 2)],
        "Asked": [("All", 16), ("MUST", 14), ("SHOULD", 1), ("MAY", 1)],
        "Stage": [("All", 16), ("Delivery", 12), ("Processing", 3), ("Streaming", 1)],
    }


def test_every_verdict_has_a_place() -> None:
    """No verdict is left without a choice that shows it."""
    passed = sample_run.passed("REC-01", "Accepted")
    for verdict in Verdict:
        assert marks(replace(passed, verdict=verdict)).endswith(" must delivery")


def test_a_question_with_one_answer_is_not_asked() -> None:
    """Where all are alike there is nothing to choose, and no style to write."""
    results = (sample_run.passed("REC-01", "Accepted"), sample_run.passed("REC-02", "Accepted"))
    assert matrix_filters(results) == ()
    assert rules((), results) == ""


def test_what_nothing_is_left_of_is_said() -> None:
    """Choices that together leave nothing show the remark that says so."""
    passed = sample_run.passed("REC-01", "Accepted")
    results = (passed, sample_run.certificate())
    text = rules(matrix_filters(results), results)
    both = "#matrix:has(#only-passed:checked):has(#only-should:checked)"
    assert f"{both} .none{{display:block}}" in text
    assert "#matrix:has(#only-passed:checked) .none" not in text
