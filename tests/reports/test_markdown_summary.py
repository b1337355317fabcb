"""summary.md: what a CI job's page shows."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sample_run
from cmarkgfm import github_flavored_markdown_to_html as rendered
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from pytest_mews.model import (
    Change,
    ScenarioChange,
    Comparison,
    Run,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
)
from pytest_mews.reports.markdown_summary import MAX_DETAILED, code, to_markdown


class Page(HTMLParser):
    """Collects what a rendered page is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.bare: list[str] = []
        self.coded: list[str] = []
        self._in_code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note tags and where links lead."""
        self.tags.append(tag)
        self._in_code += tag == "code"
        self.coded += [""] * (tag == "code")
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        """Leave a code span."""
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        """Note text by whether it stands in a code span, where GitHub makes no mention of it."""
        if self._in_code:
            self.coded[-1] += data
        else:
            self.bare.append(data)


def with_reason(run: Run, reason: str) -> Run:
    """A run in which every reason is this one."""
    return replace(
        run, results=tuple(replace(each, reason=reason) for each in run.results), notes=(reason,)
    )


def test_it_says_what_matters(run: Run) -> None:
    """Readiness by stage, counts, problems with remedy and source, seed, the command to repeat."""
    text = to_markdown(run)
    page = Page(rendered(text))
    said = " ".join(page.bare)
    assert "Mews certification readiness: Not ready" in said
    assert "Not observed" in said
    assert "1 flaky" in said
    assert "seed 8214" in said
    assert "AUTH-02 A message with a wrong token is refused (fail, MUST, inferred)" in said
    assert "Put the message into a queue" in said
    assert sample_run.FAQ.url in page.links
    assert any(each.strip().endswith("--hypothesis-seed=8214") for each in page.coded)
    assert "Mews alone certifies" in said


def test_a_must_comes_first(run: Run) -> None:
    """What fails a MUST is before what only warns, and what passed is not listed."""
    text = to_markdown(run)
    assert text.index("AUTH-02") < text.index("EVT-04")
    assert "REC-02" not in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_a_reason_is_markdown(run: Run, hostile: str) -> None:
    """Links, HTML, tables, headings and mentions of an answer are shown and nothing else."""
    harmless = Page(rendered(to_markdown(with_reason(run, "plain"))))
    page = Page(rendered(to_markdown(with_reason(run, hostile))))
    assert page.tags == harmless.tags
    assert page.links == harmless.links
    assert page.bare == harmless.bare
    assert not re.search(r"^\s*::|##[a-z]*\[", to_markdown(with_reason(run, hostile)), re.MULTILINE)


@given(st.text(min_size=1, max_size=40))
def test_any_text_is_one_code_span(text: str) -> None:
    """Whatever the text, it is rendered as exactly one code span in a paragraph of its own."""
    page = Page(rendered(f"- Seen: {code(text)}\n- next"))
    assert page.tags == ["ul", "li", "code", "li"]
    assert "".join(page.bare).split() == ["Seen:", "next"]


def test_many_problems_have_one_line_each(run: Run) -> None:
    """Beyond a number of problems the rest is named, not explained."""
    failure = sample_run.slow_batches()
    many = tuple(
        replace(failure, scenario=replace(failure.scenario, id=f"BAT-{number:03}"))
        for number in range(MAX_DETAILED + 5)
    )
    text = to_markdown(replace(run, results=many))
    assert text.count("### ") == MAX_DETAILED
    assert all(each.scenario.id in text for each in many)


def test_an_interrupted_run_says_so(run: Run) -> None:
    """A page of an interrupted run is not taken for one of a whole run."""
    assert "interrupted" in to_markdown(replace(run, interrupted=True))
    assert "interrupted" not in to_markdown(run)


def test_another_integration_target_is_named(run: Run) -> None:
    """Two endpoints are both named."""
    text = to_markdown(replace(run, integration_target="https://other.example/i"))
    assert "Integration target: `https://other.example/i`" in text


def test_waivers_are_listed_with_what_became_of_them(run: Run) -> None:
    """Used, unused and expired waivers are told apart; their texts are not Markdown."""
    waiver = Waiver("INT-03", "keys <b>by hand</b> | @ops", "ops@partner.example", "2026-12-31")
    text = to_markdown(
        replace(
            run,
            waivers=(
                WaiverUse(waiver, WaiverState.USED, Verdict.FAIL),
                WaiverUse(replace(waiver, scenario_id="INT-04"), WaiverState.UNUSED, Verdict.PASS),
                WaiverUse(replace(waiver, scenario_id="INT-05"), WaiverState.EXPIRED),
            ),
        )
    )
    page = Page(rendered(text))
    said = "".join(page.bare)
    for word in ("Waivers", "waived", "remove it", "expired"):
        assert word in said
    assert "b" not in page.tags
    assert "@" not in said


def test_a_comparison_is_told(run: Run) -> None:
    """What is new, fixed, still failing and no longer observed, with what else differs."""
    changes = tuple(
        ScenarioChange(f"AUTH-0{number}", "A title", change, Verdict.PASS, Verdict.FAIL)
        for number, change in enumerate(Change)
    )
    seen = Comparison("old.json", "2026-10-01T00:00:00Z", "0.1.0", ("another profile",), changes)
    text = to_markdown(replace(run, comparison=seen))
    for word in ("old.json", "another profile", "New failures: 1", "Fixed: 1", "Still failing: 1"):
        assert word in text
    assert "No longer observed: 1" in text
    assert "Nothing changed" in to_markdown(replace(run, comparison=replace(seen, changes=())))
