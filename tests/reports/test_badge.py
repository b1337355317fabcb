"""The badges: one for each stage, for eyes and for screen readers."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from pytest_mews.model import Readiness, Run, Stage, StageSummary
from pytest_mews.reports.badge import COLOURS, badge

SVG = "{http://www.w3.org/2000/svg}"
SAID = {
    Readiness.READY: "ready",
    Readiness.WARNINGS: "ready with warnings",
    Readiness.NOT_READY: "not ready",
    Readiness.INCOMPLETE: "incomplete",
    Readiness.NOT_OBSERVED: "not observed",
}


def drawn(run: Run, readiness: Readiness) -> ET.Element:
    """Parse the badge of the Delivery stage of a run in which it has this readiness."""
    stages = (StageSummary(Stage.DELIVERY, readiness, {}),)
    return ET.fromstring(badge(replace(run, stages=stages), Stage.DELIVERY))


@pytest.mark.parametrize("readiness", Readiness)
def test_it_says_the_readiness(run: Run, readiness: Readiness) -> None:
    """Title, label and text say stage and readiness; nothing depends on the colour alone."""
    root = drawn(run, readiness)
    whole = f"Mews delivery: {SAID[readiness]}"
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("aria-label") == whole
    assert root.findtext(f"{SVG}title") == whole
    assert [text.text for text in root.iter(f"{SVG}text")] == ["Mews delivery", SAID[readiness]]


@pytest.mark.parametrize("readiness", Readiness)
def test_the_texts_fit(run: Run, readiness: Readiness) -> None:
    """Each text is narrower than the box behind it, whatever font draws it."""
    root = drawn(run, readiness)
    boxes = [float(each.get("width", 0)) for each in root.iter(f"{SVG}rect")]
    texts = [float(each.get("textLength", 0)) for each in root.iter(f"{SVG}text")]
    assert float(root.get("width", 0)) == sum(boxes)
    assert all(0 < text < box for text, box in zip(texts, boxes, strict=True))


def test_a_stage_that_the_run_does_not_know_was_not_observed(run: Run) -> None:
    """Nothing said of a stage is never taken for ready."""
    assert "Mews streaming: not observed" in badge(replace(run, stages=()), Stage.STREAMING)


@pytest.mark.parametrize("colour", COLOURS.values())
def test_white_can_be_read_on_every_colour(colour: str) -> None:
    """The contrast of the words is 4.5 or more (WCAG 2, AA)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (luminance + 0.05) >= 4.5
