"""Pictures: drawn where there is data, and otherwise said to be missing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import sample_run

from mews_harness.model import Run, Sample
from mews_harness.reports.pictures import pictures


def sampled(run: Run, samples: tuple[Sample, ...]) -> Run:
    """The run with these samples only."""
    return replace(run, results=(replace(sample_run.slow_batches(), samples=samples),))


def test_all_three_are_well_formed_and_follow_the_theme(run: Run) -> None:
    """Each picture is XML, has colours of the page only, and is named in words."""
    for picture in pictures(run):
        ET.fromstring(picture.svg)
        assert "var(--fail)" in picture.svg
        assert "#000" not in picture.svg
        assert picture.title
        assert picture.says


def test_timeline_shows_each_attempt_and_the_limit(run: Run) -> None:
    """The attempts of a failing scenario are rows with how they ended."""
    timeline = pictures(sampled(run, ()))[0]
    for number in (1, 2, 3):
        assert f"BAT-02 · attempt {number}" in timeline.svg
    assert "no answer in time" in timeline.svg
    assert "error status, 503" in timeline.svg
    assert "5 s that Mews waits" in timeline.says


def test_percentiles(run: Run) -> None:
    """The percentiles of known answer times are the known ones."""
    samples = tuple(Sample(1, 96, float(ms), 200) for ms in range(1, 102))
    spread = pictures(sampled(run, samples))[2]
    assert "p50 51 ms, p95 96 ms, p99 100 ms" in spread.says
    assert "p99 100 ms" in spread.svg


def test_no_samples_no_picture(run: Run) -> None:
    """Without data there is a sentence, not an empty frame."""
    timeline, by_size, spread = pictures(replace(run, results=()))
    assert (timeline.svg, by_size.svg, spread.svg) == ("", "", "")
    assert "nothing to draw" in timeline.says
    assert "two batch sizes" in by_size.says
    assert "at least 5" in spread.says


@pytest.mark.parametrize("answer_ms", [0.0, 0.004, 250_000.0])
def test_extreme_answer_times_can_be_drawn(run: Run, answer_ms: float) -> None:
    """An answer too fast to measure or minutes late breaks no scale, nor do empty batches."""
    samples = tuple(Sample(events, 1, answer_ms, 200) for events in (0, 1, 1, 2, 900, 50_000))
    for picture in pictures(sampled(run, samples))[1:]:
        assert picture.svg
        assert "NaN" not in picture.svg
        assert "Infinity" not in picture.svg


def test_many_samples_stay_small(run: Run) -> None:
    """Ten thousand samples are drawn as cells, not as ten thousand circles."""
    assert sum(len(one.svg) for one in pictures(sampled(run, sample_run.samples(10_000)))) < 150_000
