"""certification-review.md and the page's chapter: what Mews's review would see."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cmarkgfm import github_flavored_markdown_to_html as render_markdown
from hostile_texts import HOSTILE_TEXTS

from pytest_mews.model import ApiUsage, OperationUsage, Run, Stage
from pytest_mews.reports.certification_review import (
    OPERATION_NOTE,
    operation_rows,
    to_review_markdown,
)
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json
from pytest_mews.review import judge_points


@pytest.fixture
def chapter(run: Run) -> str:
    """The chapter of the page."""
    return to_html(run).partition('<section id="review"')[2].partition("</section>")[0]


def test_the_file_has_each_point_with_its_source(run: Run) -> None:
    """Each point has its verdict, what was observed, the remedy, and the facts with their pages."""
    text = to_review_markdown(run)
    for judged in judge_points(run):
        assert judged.point.facts
        for fact in judged.point.facts:
            assert f"Source: {fact.id} [" in text
            assert f"(<{fact.source.url}>)" in text
    html = render_markdown(text)
    assert "<strong>Every operation on the certification form was called</strong>: not met" in html
    assert "Never called: <code>orderItems/getAll</code>" in html
    assert "No <code>Client</code> in 4 of 49 requests" in html
    assert "<strong>48 hours with an access token of its own</strong>: not judged" in html


def test_no_more_pages_are_read_than_there_are(run: Run) -> None:
    """A page that is exactly full may be followed by a request for an empty one."""
    usage = OperationUsage("customers/getAll", requests=9, next_pages=3, next_pages_offered=2)
    rows = operation_rows(replace(run, api_usage=ApiUsage((usage,)), listed_operations=()))
    assert [row.pages for row in rows] == ["3 of 3 further pages"]


def test_the_file_has_the_operations(run: Run) -> None:
    """A table has what was called, how, and what was listed and never called."""
    html = render_markdown(to_review_markdown(run))
    rows = [row.partition("</tr>")[0] for row in html.split("<tr>")[2:]]
    assert [row.partition("</code>")[0].rpartition(">")[2] for row in rows] == [
        "/api/connector/v1/customers/getall",
        "customers/getAll",
        "orderItems/getAll",
    ]
    for text in (
        "48, 30 by ids",
        "2 of 3 further pages",
        "CustomerIds 30, UpdatedUtc 7, everything 11",
        "Customers 48, Addresses 48, Documents 2",
        "2 errors (400: 2), 1 resolved later",
        "1 provoked by the harness (429: 1), 1 resolved later",
    ):
        assert text in rows[1]
    assert "never called" in rows[2]


def test_the_delivery_stage_is_readiness_for_operation(run: Run, chapter: str) -> None:
    """No page says that Mews looks at an endpoint, and both outputs say so."""
    assert OPERATION_NOTE.replace("'", "&#39;") in chapter
    assert "the Delivery stage is readiness for operation" in to_review_markdown(run)
    heading = to_html(run).partition("Delivery <small")[2].partition("</h2>")[0]
    assert "readiness for operation" in heading
    assert ">for operation</small>" in heading


def test_the_page_has_the_same_points_and_operations(run: Run, chapter: str) -> None:
    """The chapter has a row for each point and each operation, with links to sources."""
    for judged in judge_points(run):
        row = chapter.partition(f'id="review-{judged.point.name.value}"')[2].partition("</tr>")[0]
        assert f'href="{judged.point.facts[0].source.url}"' in row
        assert {"met": "✓", "not-met": "✕", "not-judged": "○"}[judged.judgement.verdict] in row
    for row in operation_rows(run):
        assert f'<th scope="row">{row.operation}</th>' in chapter


def test_without_the_emulator_both_say_how_to_observe(run: Run) -> None:
    """Nothing is judged, and the option that would observe the calls is named."""
    without = replace(run, api_usage=None)
    assert "`--mews-api HOST:PORT`" in to_review_markdown(without).replace("\\", "")
    html = to_html(without)
    assert "<code>--mews-api HOST:PORT</code>" in html
    assert 'id="review-client"' not in html
    assert "certification_review" not in to_json(without)


def test_a_run_without_requests_is_no_pass(run: Run) -> None:
    """If the service called nothing, no point is met."""
    silent = replace(run, api_usage=ApiUsage())
    verdicts = {judged.judgement.verdict.value for judged in judge_points(silent)}
    assert verdicts == {"not-met", "not-judged"}  # a listed operation was not called
    assert "No request of the service reached the emulator" in to_review_markdown(silent)


def test_the_data_has_every_figure(run: Run) -> None:
    """certification.json has the points with their facts, and the counts by operation."""
    review = to_json(run)["certification_review"]
    points = {point["name"]: point for point in review["points"]}
    assert points["listed-operations"]["verdict"] == "not-met"
    assert points["listed-operations"]["sources"][0]["fact"] == "R-02"
    assert (review["requests"], review["peak"]) == (49, 243)
    assert review["operations"][1]["errors"] == {
        "statuses": {"400": 2},
        "resolved": 1,
        "unresolved": 1,
    }


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
def test_what_a_service_sends_is_shown_as_text(run: Run, hostile: str) -> None:
    """A `Client` or a path creates no link, no markup, no row and no command."""
    usage = ApiUsage(
        (OperationUsage(f"/{hostile}", is_documented=False, requests=1),), ((hostile, 1),)
    )
    text = to_review_markdown(replace(run, api_usage=usage, about=hostile))
    html = render_markdown(text)
    other = ApiUsage((OperationUsage("/x", is_documented=False, requests=1),), (("x", 1),))
    harmless = render_markdown(to_review_markdown(replace(run, api_usage=other, about="x")))
    for tag in ("<a ", "<img", "<script", "<h1", "<tr", "<li"):
        assert html.count(tag) == harmless.count(tag), tag
    assert not [line for line in text.splitlines() if line.lstrip().startswith(("::", "##["))]
    assert "<script>alert" not in to_html(replace(run, api_usage=usage))


def test_stages_of_the_run_are_named(run: Run) -> None:
    """The file ends with the readiness of each stage of the run."""
    ending = to_review_markdown(run).partition("## Readiness for operation")[2]
    assert all(stage.capitalize() in ending for stage in Stage)
