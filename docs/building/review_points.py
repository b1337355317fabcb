"""The points of Mews's certification review, in the page about it."""

from __future__ import annotations

from markdown_tables import table

from pytest_mews.mews.review_points import POINTS, ReviewPoint

PAGE = "how-to/certification-review.md"
_PLACE = "<!-- points of the review -->"


def fill(text: str) -> str:
    """Replace the marked place of the page by a table of the points."""
    rows = [(point.title, _facts(point), point.not_judged or "yes") for point in POINTS.values()]
    return text.replace(_PLACE, table(("Point", "What the documentation says", "Judged"), rows))


def _facts(point: ReviewPoint) -> str:
    return "<br>".join(
        f"{fact.text} ([{fact.source.page}]({fact.source.url}))" for fact in point.facts
    )
