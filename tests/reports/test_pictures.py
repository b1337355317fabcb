"""The pictures of a run, and the sentences in place of pictures without data."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
import sample_run

from pytest_mews.model import AttemptRecord, Outcome, RateLimitUsage, Run, Transcript, Verdict
from pytest_mews.reports import write_report
from pytest_mews.reports.html_report import draw_pictures
from pytest_mews.reports.rate_limit_picture import sliding_counts

pytestmark = pytest.mark.pictures


def with_samples(run: Run, samples: tuple[AttemptRecord, ...]) -> Run:
    """Return the run with one result that has these samples."""
    return replace(run, results=(replace(sample_run.slow_batches(), attempts=samples),))


def test_pictures_are_well_formed_and_follow_the_theme(run: Run) -> None:
    """Each picture is XML, uses only the page's colours, and has a title and a caption."""
    for picture in draw_pictures(run):
        ET.fromstring(picture.svg)
        assert "var(--fail)" in picture.svg
        assert "#000" not in picture.svg
        assert picture.title
        assert picture.caption


def test_timeline_shows_each_attempt_and_the_limit(run: Run) -> None:
    """The attempts of a failing scenario are rows with their outcomes."""
    timeline = draw_pictures(with_samples(run, ()))[0]
    for number in (1, 2, 3):
        assert f"BAT-02 · attempt {number}" in timeline.svg
    assert "no response in time" in timeline.svg
    assert "error status, 503" in timeline.svg
    assert "5 s that Mews waits" in timeline.legend


def test_timeline_counts_failures_beyond_the_maximum(run: Run) -> None:
    """Of many failures the first are drawn, the rest is counted, and no success is counted."""
    failures = tuple(
        replace(
            sample_run.slow_batches(),
            scenario=sample_run.scenario(f"BAT-{number:02}", "A batch"),
            attempts=(),
        )
        for number in range(10)
    )
    retried = sample_run.delivery(
        "m", sample_run.message(1), sample_run.exchange(0, 9, 503), sample_run.exchange(1800, 12)
    )
    passed = sample_run.passed("RET-01", "Retried")
    evidence = replace(passed.evidence[0], transcript=Transcript((retried,)))
    passed = replace(passed, verdict=Verdict.PASS, evidence=(evidence,))
    timeline = draw_pictures(replace(run, results=(*failures, passed)))[0]
    assert timeline.caption.endswith("Shown: 8 failed scenarios. 2 more scenarios are left out.")


def test_percentiles(run: Run) -> None:
    """Known answer times have the expected percentiles."""
    samples = tuple(AttemptRecord(1, 96, float(ms), 200) for ms in range(1, 102))
    distribution = draw_pictures(with_samples(run, samples))[2]
    assert "p50 51 ms, p95 96 ms, p99 100 ms" in distribution.caption
    assert "p99 100 ms" in distribution.svg


def test_percentiles_of_few_answers_are_told_in_words(run: Run) -> None:
    """A hundred answers are needed for a picture, as a run of one scenario rarely has them."""
    samples = tuple(AttemptRecord(1, 96, float(ms), 200) for ms in range(1, 100))
    distribution = draw_pictures(with_samples(run, samples))[2]
    assert not distribution.svg
    assert "99 answered messages: p50 50 ms" in distribution.caption


def test_no_data_no_picture(run: Run) -> None:
    """Without data there is a sentence instead of an empty frame."""
    pictures = draw_pictures(replace(run, results=(), rate_limit_usage=()))
    timeline, by_size, distribution, requests = pictures
    assert [picture.svg for picture in pictures] == ["", "", "", ""]
    assert "--mews-api" in requests.caption
    assert "nothing to draw" in timeline.caption
    assert "two batch sizes" in by_size.caption
    assert "at least 5" in distribution.caption


@pytest.mark.parametrize("answer_ms", [0.0, 0.004, 250_000.0])
def test_extreme_answer_times_can_be_drawn(run: Run, answer_ms: float) -> None:
    """Times that are too short to measure or minutes long fit the scale, as do empty batches."""
    samples = tuple(
        AttemptRecord(events, 1, answer_ms, 200) for events in (0, 1, 1, 2, 900, 50_000) * 20
    )
    for picture in draw_pictures(with_samples(run, samples))[1:]:
        assert picture.svg
        assert "NaN" not in picture.svg
        assert "Infinity" not in picture.svg


def test_pictures_of_many_samples_stay_small(run: Run) -> None:
    """Ten thousand samples are drawn as cells, not as ten thousand circles."""
    pictures = draw_pictures(with_samples(run, sample_run.samples(10_000)))
    assert sum(len(picture.svg) for picture in pictures) < 150_000


def test_recovered_deliveries_are_drawn_if_none_failed(run: Run) -> None:
    """The time line of a sound partner shows how a retry after an injected fault succeeded."""
    dropped = replace(sample_run.exchange(0, 9), outcome=Outcome.RESPONSE_DROPPED)
    retried = sample_run.delivery(
        "m", sample_run.message(1), dropped, sample_run.exchange(1800, 12, 204)
    )
    passed = sample_run.passed("RET-01", "A message sent again is accepted")
    evidence = replace(passed.evidence[0], transcript=Transcript((retried,)))
    result = replace(passed, evidence=(evidence,))
    timeline = draw_pictures(replace(run, results=(result,)))[0]
    assert "RET-01 · attempt 2" in timeline.svg
    assert "response dropped by the harness" in timeline.svg
    assert "Shown: no failed scenario, 1 that passed after a retry." in timeline.caption


def test_requests_count_for_thirty_seconds() -> None:
    """A request counts in its own second and in the 29 seconds after it."""
    counts = dict(sliding_counts(RateLimitUsage("e", ((2, 5), (20, 1)), 6)))
    assert (counts[1], counts[2], counts[20], counts[31], counts[32]) == (0, 5, 6, 6, 1)
    assert counts[50] == 0


def test_requests_of_a_long_run_keep_their_peak() -> None:
    """However long the run, there are few points, and the peak is among them."""
    usage = RateLimitUsage("e", ((0, 1), (40_001, 190), (90_000, 1)), 190)
    points = sliding_counts(usage)
    assert len(points) <= 240
    assert max(count for _, count in points) == 190


def test_requests_are_drawn_with_the_limit(run: Run) -> None:
    """The limit is a labelled line; the caption has the peaks and says who is to blame."""
    picture = draw_pictures(run)[3]
    assert "200 within 30 s" in picture.svg
    assert "The peaks: 851df8c8… 243, 0f515589 4." in picture.caption
    assert "does not count against the service" in picture.caption
    below = draw_pictures(replace(run, rate_limit_usage=run.rate_limit_usage[1:]))[3]
    assert "does not count against" not in below.caption


def test_few_requests_are_told_in_words(run: Run) -> None:
    """A tenth of the limit is needed for a picture; the caption has the peaks in any case."""
    few = (RateLimitUsage("enterprise", ((0, 19),), 19),)
    picture = draw_pictures(replace(run, rate_limit_usage=few))[3]
    assert not picture.svg
    assert "19." in picture.caption


WITHOUT_LIBRARY = """
import sys
from pathlib import Path

sys.modules["vl_convert"] = None  # `import vl_convert` raises ImportError
import sample_run
from pytest_mews.reports import write_report

write_report(sample_run.run(), Path(sys.argv[1]))
"""


def test_without_the_library_the_report_has_tables_and_a_note(run: Run, tmp_path: Path) -> None:
    """If vl-convert-python is not installed, the report has everything but pictures."""
    command = [sys.executable, "-c", WITHOUT_LIBRARY, str(tmp_path / "without")]
    subprocess.run(command, check=True, cwd=Path(__file__).parent)
    write_report(run, tmp_path / "with")
    with_pictures, without = (
        (tmp_path / name / "certification.html").read_text("utf-8") for name in ("with", "without")
    )
    note = 'pip install "pytest-mews[pictures]"'
    assert note in without
    assert note not in with_pictures
    assert 'role="img"' in with_pictures
    assert 'role="img"' not in without
    assert "p99 " in without  # the figures of a picture
    assert "A larger circle" in with_pictures
    assert "A larger circle" not in without  # how to read a picture
    assert "<td>never requested" in without
