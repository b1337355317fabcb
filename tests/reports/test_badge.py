"""The badges: one for each stage, readable with and without colours."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from pytest_mews.model import Readiness, Run, Stage, StageSummary
from pytest_mews.reports.badge import COLOURS, render_badge

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = {
    Readiness.READY: "ready",
    Readiness.WARNINGS: "ready with warnings",
    Readiness.NOT_READY: "not ready",
    Readiness.INCOMPLETE: "incomplete",
    Readiness.NOT_OBSERVED: "not tested",
}


def delivery_badge(run: Run, readiness: Readiness) -> ET.Element:
    """Parse the badge of the Delivery stage with this readiness."""
    stages = (StageSummary(Stage.DELIVERY, readiness, {}),)
    return ET.fromstring(render_badge(replace(run, stages=stages), Stage.DELIVERY))


@pytest.mark.parametrize("readiness", Readiness)
def test_badge_shows_stage_and_readiness(run: Run, readiness: Readiness) -> None:
    """Title, label and text contain stage and readiness; nothing depends on colour alone."""
    root = delivery_badge(run, readiness)
    title = f"Mews delivery: {TEXTS[readiness]}"
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == title
    assert root.findtext(f"{SVG}title") == title
    assert [text.text for text in root.iter(f"{SVG}text")] == ["Mews delivery", TEXTS[readiness]]


@pytest.mark.parametrize("readiness", Readiness)
def test_texts_fit_their_boxes(run: Run, readiness: Readiness) -> None:
    """Each text is narrower than the box behind it, whatever the font."""
    root = delivery_badge(run, readiness)
    boxes = [float(box.get("width", 0)) for box in root.iter(f"{SVG}rect")]
    texts = [float(text.get("textLength", 0)) for text in root.iter(f"{SVG}text")]
    assert float(root.get("width", 0)) == sum(boxes)
    assert all(0 < text < box for text, box in zip(texts, boxes, strict=True))


def test_missing_stage_is_not_tested(run: Run) -> None:
    """A stage that the run lacks is never shown as ready."""
    badge = render_badge(replace(run, stages=()), Stage.STREAMING)
    assert "Mews streaming: not tested" in badge


@pytest.mark.parametrize("colour", COLOURS.values())
def test_white_text_has_contrast(colour: str) -> None:
    """White text on each colour has a contrast of at least 4.5 (WCAG 2, AA)."""
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5
