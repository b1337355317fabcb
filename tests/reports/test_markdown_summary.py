"""summary.md: the summary on the page of a CI job."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
import sample_run
from cmarkgfm import github_flavored_markdown_to_html as render_markdown
from hostile_texts import HOSTILE_TEXTS
from hypothesis import given
from hypothesis import strategies as st

from pytest_mews.model import (
    Change,
    Comparison,
    Run,
    ScenarioChange,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
)
from pytest_mews.reports.markdown_summary import MAX_DETAILED, code, to_markdown


class Page(HTMLParser):
    """Collects the tags, links and texts of a rendered page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.code_spans: list[str] = []
        self._code_depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a tag and the targets of its links."""
        self.tags.append(tag)
        self._code_depth += tag == "code"
        self.code_spans += [""] * (tag == "code")
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        """Leave a code span."""
        self._code_depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        """Record text inside or outside a code span; inside, GitHub ignores mentions."""
        if self._code_depth:
            self.code_spans[-1] += data
        else:
            self.texts.append(data)


def with_reason(run: Run, reason: str) -> Run:
    """Return a run in which every reason is this one."""
    results = tuple(replace(result, reason=reason) for result in run.results)
    return replace(run, results=results, notes=(reason,))


def test_summary_has_what_matters(run: Run) -> None:
    """Readiness by stage, counts, problems with fix and source, and the command to repeat."""
    page = Page(render_markdown(to_markdown(run)))
    text = " ".join(page.texts)
    assert "Mews certification readiness: Delivery not ready; Processing incomplete; " in text
    assert "Not tested" in text
    assert "1 flaky" in text
    assert "seed 8214" in text
    assert (
        "AUTH-02 A message with a wrong token is rejected (fail, MUST, inferred, operation)" in text
    )
    assert "Put the message into a queue" in text
    assert sample_run.FAQ.source.url in page.links
    assert any(span.strip().endswith("--hypothesis-seed=8214") for span in page.code_spans)
    assert "Mews alone certifies" in text


def test_failures_of_a_must_come_first(run: Run) -> None:
    """A failed MUST precedes a warning, and passed scenarios are not listed."""
    text = to_markdown(run)
    assert text.index("AUTH-02") < text.index("EVT-04")
    assert "REC-02" not in text


@pytest.mark.parametrize("hostile_text", HOSTILE_TEXTS)
def test_hostile_text_is_no_markdown(run: Run, hostile_text: str) -> None:
    """Links, HTML, tables, headings and mentions of a response are shown as text."""
    harmless = Page(render_markdown(to_markdown(with_reason(run, "plain"))))
    markdown = to_markdown(with_reason(run, hostile_text))
    page = Page(render_markdown(markdown))
    assert page.tags == harmless.tags
    assert page.links == harmless.links
    assert page.texts == harmless.texts
    assert not re.search(r"^\s*::|##[a-z]*\[", markdown, re.MULTILINE)


@given(st.text(min_size=1, max_size=40))
def test_any_text_is_one_code_span(text: str) -> None:
    """Any text is rendered as exactly one code span in a paragraph of its own."""
    page = Page(render_markdown(f"- Observed: {code(text)}\n- next"))
    assert page.tags == ["ul", "li", "code", "li"]
    assert "".join(page.texts).split() == ["Observed:", "next"]


def test_backticks_in_a_remedy_become_code_spans(run: Run) -> None:
    """Text of a scenario file in backticks is a code span; the rest is escaped."""
    failure = sample_run.slow_batches()
    scenario = replace(
        failure.scenario, title="Token in `Token`", remedy="Read `Token` as is, not *decoded*."
    )
    result = replace(failure, scenario=scenario)
    page = Page(render_markdown(to_markdown(replace(run, results=(result,)))))
    text = " ".join(page.texts)
    assert page.code_spans.count("Token") == 2
    assert "`" not in text
    assert "*decoded*" in text


def test_problems_beyond_the_maximum_have_one_line_each(run: Run) -> None:
    """Beyond `MAX_DETAILED`, problems have a heading but no details."""
    failure = sample_run.slow_batches()
    failures = tuple(
        replace(failure, scenario=replace(failure.scenario, id=f"BAT-{number:03}"))
        for number in range(MAX_DETAILED + 5)
    )
    text = to_markdown(replace(run, results=failures))
    assert text.count("### ") == MAX_DETAILED
    assert all(result.scenario.id in text for result in failures)


def test_interrupted_run_says_so(run: Run) -> None:
    """The summary of an interrupted run says that the run was interrupted."""
    assert "interrupted" in to_markdown(replace(run, interrupted=True))
    assert "interrupted" not in to_markdown(run)


def test_second_target_is_named(run: Run) -> None:
    """If integration events have another target, both are named."""
    text = to_markdown(replace(run, integration_target="https://other.example/i"))
    assert "Integration target: `https://other.example/i`" in text


def test_waivers_are_listed_with_their_state(run: Run) -> None:
    """The states of waivers are distinguished; their texts are not Markdown."""
    waiver = Waiver("INT-03", "keys <b>by hand</b> | @ops", "ops@partner.example", "2026-12-31")
    text = to_markdown(
        replace(
            run,
            waivers=(
                WaiverUse(waiver, WaiverState.USED, Verdict.FAIL),
                WaiverUse(replace(waiver, scenario_id="INT-04"), WaiverState.UNUSED, Verdict.PASS),
                WaiverUse(replace(waiver, scenario_id="INT-05"), WaiverState.EXPIRED),
                WaiverUse(replace(waiver, scenario_id="INT-06"), WaiverState.INCONCLUSIVE),
            ),
        )
    )
    page = Page(render_markdown(text))
    shown = "".join(page.texts)
    for word in ("Waivers", "in use", "remove it", "expired", "inconclusive"):
        assert word in shown
    assert "b" not in page.tags
    assert "@" not in shown


def test_comparison_is_listed(run: Run) -> None:
    """The summary has every kind of change and the remarks about differences."""
    changes = tuple(
        ScenarioChange(f"AUTH-0{number}", "A title", change, Verdict.PASS, Verdict.FAIL)
        for number, change in enumerate(Change)
    )
    comparison = Comparison(
        "old.json", "2026-10-01T00:00:00Z", "0.1.0", ("another profile",), changes
    )
    text = to_markdown(replace(run, comparison=comparison))
    for word in ("old.json", "another profile", "New failures: 1", "Fixed: 1", "Still failing: 1"):
        assert word in text
    assert "No longer observed: 1" in text
    unchanged = replace(run, comparison=replace(comparison, changes=()))
    assert "Nothing changed" in to_markdown(unchanged)
