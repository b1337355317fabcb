"""Pictures: drawn where there is data, and otherwise said to be missing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import sample_run

from pytest_mews.model import Outcome, RateLimitUsage, Run, Sample, Transcript
from pytest_mews.reports.pictures import pictures
from pytest_mews.reports.rate_limit_picture import sliding


def sampled(run: Run, samples: tuple[Sample, ...]) -> Run:
    """The run with these samples only."""
    return replace(run, results=(replace(sample_run.slow_batches(), samples=samples),))


def test_all_are_well_formed_and_follow_the_theme(run: Run) -> None:
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
    drawn = pictures(replace(run, results=(), rate_limit_usage=()))
    timeline, by_size, spread, requests = drawn
    assert [one.svg for one in drawn] == ["", "", "", ""]
    assert "--mews-api" in requests.says
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


def test_disturbed_deliveries_are_drawn_where_all_is_well(run: Run) -> None:
    """A sound partner's time line shows how it took a message that was sent again."""
    lost = replace(sample_run.answered(0, 9), outcome=Outcome.ANSWER_LOST)
    again = sample_run.delivery(
        "m", sample_run.message(1), lost, sample_run.answered(1800, 12, 204)
    )
    good = sample_run.passed("RET-01", "A message sent again is accepted")
    trial = replace(good.evidence[0], transcript=Transcript((again,)))
    timeline = pictures(replace(run, results=(replace(good, evidence=(trial,)),)))[0]
    assert "RET-01 · attempt 2" in timeline.svg
    assert "answer thrown away on purpose" in timeline.svg
    assert "None went wrong, 1 that were sent again and arrived." in timeline.says


def test_requests_slide_within_thirty_seconds() -> None:
    """A request counts in the second in which it came and in the 29 after it."""
    points = dict(sliding(RateLimitUsage("e", ((2, 5), (20, 1)), 6)))
    assert (points[1], points[2], points[20], points[31], points[32]) == (0, 5, 6, 6, 1)
    assert points[50] == 0


def test_requests_of_a_long_run_keep_their_peak() -> None:
    """However long the run, there are few points, and the highest is among them."""
    usage = RateLimitUsage("e", ((0, 1), (40_001, 190), (90_000, 1)), 190)
    points = sliding(usage)
    assert len(points) <= 240
    assert max(count for _, count in points) == 190


def test_requests_are_drawn_against_the_limit(run: Run) -> None:
    """The limit is a line with its name, the peak is told, and whose fault it is."""
    drawn = pictures(run)[3]
    assert "200 within 30 s" in drawn.svg
    assert "The most: 851df8c8… 243, 0f515589 4." in drawn.says
    assert "not held against you" in drawn.says
    few = pictures(replace(run, rate_limit_usage=run.rate_limit_usage[1:]))[3]
    assert "not held against you" not in few.says
