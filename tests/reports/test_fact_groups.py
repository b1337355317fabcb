"""The facts of a scenario, by the paragraphs of the documentation."""

from __future__ import annotations

import pytest

from pytest_mews.mews.facts import Basis, Fact, Source
from pytest_mews.model import Stage
from pytest_mews.reports.fact_groups import group_facts


def fact(number: int, page: str, revision: str = "") -> Fact:
    """Return a fact of a page."""
    source = Source(page, "retries", revision)
    return Fact(f"T-{number:02}", "A fact.", source, Basis.DOCUMENTED, Stage.DELIVERY)


def test_facts_of_one_paragraph_are_together_in_the_order_of_the_first() -> None:
    """Other revisions of the paragraph have the same URL."""
    one, two, three = fact(1, "a", "2026-04"), fact(2, "b"), fact(3, "a", "2022-08")
    groups = group_facts([one, two, three])
    assert [group.facts for group in groups] == [(one, three), (two,)]
    assert [group.source for group in groups] == [one.source, two.source]


@pytest.mark.parametrize(
    ("revisions", "phrase"),
    [
        (["", ""], "revision not known"),
        (["2026-04", "", "2026-04"], "revision 2026-04"),
        (["2026-04", "2022-08"], "revisions 2022-08, 2026-04"),
    ],
)
def test_revisions_are_a_phrase(revisions: list[str], phrase: str) -> None:
    """Each once, in their order, without those that are not known."""
    (group,) = group_facts(fact(number, "a", text) for number, text in enumerate(revisions))
    assert group.revisions == phrase
