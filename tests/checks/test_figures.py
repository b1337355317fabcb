"""Words about a whole play: spread and growth of answer times, and what is noise."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from pytest_mews.checks import judge, largest_batch, throttling
from pytest_mews.checks.latency import line_through
from pytest_mews.model import (
    Attempt,
    Delivery,
    EventReference,
    Exchange,
    Expectation,
    Fault,
    Finding,
    Level,
    Limits,
    Message,
    Outcome,
    Sample,
    Transcript,
    WebhookKind,
)

EVENT = EventReference("PaymentUpdated", "1")
SIZES = (1, 2, 50, 250, 500) * 3


def delivery(
    answer_ms: float, *, events: int = 1, at_ms: float = 0.0, late_ms: float = 0.0
) -> Delivery:
    """Script one delivery that was answered after so long, or not in time from 5 s on."""
    timeout = answer_ms >= 5000
    outcome = Outcome.TIMEOUT_ANSWER if timeout else Outcome.DELIVERED
    began = at_ms + late_ms
    end = began + answer_ms
    last = None if timeout else end
    status = None if timeout else 202
    exchange = Exchange("POST", "http://x/", (), 9, outcome, began, end, began, began, last, status)
    message = Message(WebhookKind.GENERAL, b"x" * 9, (EVENT,) * events, f"{events} events")
    return Delivery("m", message, (Attempt(1, Fault.NONE, at_ms, (exchange,), outcome),))


def said(word: str, deliveries: Sequence[Delivery], limits: Limits | None = None) -> Finding:
    """Judge deliveries by a word."""
    transcript = Transcript(tuple(deliveries), limits=limits or Limits())
    return judge(Expectation(word, Level.SHOULD), transcript)


def ramp(per_event_ms: float, *, noise_ms: float = 0.0, sizes: Sequence[int] = SIZES) -> Finding:
    """Judge the growth of a partner that takes so long for each event, and a random time more."""
    random = Random(1)
    answers = [5 + per_event_ms * size + random.uniform(0, noise_ms) for size in sizes]
    pairs = zip(answers, sizes, strict=True)
    return said("scales-with-batch", [delivery(min(ms, 5000), events=size) for ms, size in pairs])


def peak(growth_ms_per_s: float, *, noise_ms: float = 0.0, seconds: float = 3.0) -> Finding:
    """Judge a peak of 5 per second whose answers take longer with each second."""
    random = Random(1)
    moments = [n * 200.0 for n in range(int(seconds * 5))]
    answers = [5 + growth_ms_per_s * at / 1000 + random.uniform(0, noise_ms) for at in moments]
    pairs = zip(answers, moments, strict=True)
    return said("no-latency-growth", [delivery(ms, at_ms=at) for ms, at in pairs])


def test_quantiles_are_said_also_where_they_are_good() -> None:
    """A hundred answers of 1 to 100 ms: the figures stand in what was observed."""
    found = said("p99-under-half-limit", [delivery(float(ms)) for ms in range(1, 102)])
    assert (found.met, found.judged) == (True, 101)
    expected = "answers: p50 51 ms, p95 96 ms, p99 100 ms, worst 101 ms, of 5,000 ms"
    assert found.observed == expected


def test_one_slow_answer_of_many_is_no_lack_of_time() -> None:
    """The hundredth answer may be slow; when three of a hundred are, there is no room left."""
    assert said("p99-under-half-limit", [delivery(10.0)] * 200 + [delivery(4000.0)]).met
    assert not said("p99-under-half-limit", [delivery(10.0)] * 97 + [delivery(4000.0)] * 3).met


def test_an_attempt_without_an_answer_counts_as_long_as_was_waited() -> None:
    """Whoever answers half of the messages only is not said to be fast."""
    found = said("p99-under-half-limit", [delivery(10.0), delivery(5000.0)])
    assert not found.met
    assert "1 of 2 not in time" in found.observed


def test_the_limit_is_that_of_the_profile() -> None:
    """Half of another limit is another figure."""
    assert said("p99-under-half-limit", [delivery(2000.0)]).met
    assert not said("p99-under-half-limit", [delivery(2000.0)], Limits(answer_s=3.0)).met


def test_lateness_of_the_harness_is_said_and_not_counted() -> None:
    """A message that the harness sent 4 s late and that was answered in 10 ms took 10 ms."""
    found = said("p99-under-half-limit", [delivery(10.0), delivery(10.0, at_ms=200, late_ms=4000)])
    assert found.met
    assert "worst 10 ms" in found.observed
    assert "this harness itself was up to 4,000 ms late" in found.observed
    assert "late" not in said("p99-under-half-limit", [delivery(10.0, late_ms=10)]).observed


def test_nothing_answered_nothing_judged() -> None:
    """Without deliveries the words about times have nothing to say."""
    for word in ("p99-under-half-limit", "no-latency-growth", "scales-with-batch"):
        found = said(word, [])
        assert (found.met, found.judged) == (True, 0)


@pytest.mark.parametrize(("per_event_ms", "met"), [(0.0, True), (3.0, True), (6.0, False)])
def test_growth_with_the_batch_is_projected(per_event_ms: float, *, met: bool) -> None:
    """6 ms per event are 3 s for 500 events and 9 s for 1,500; 3 ms leave room for these."""
    assert ramp(per_event_ms).met is met


def test_growth_is_said_with_its_figures() -> None:
    """The slope, the largest batch and the projected one are told."""
    expected = "6.00 ms per event; 500 events took 3,005 ms, 1,500 would take 9,005 ms"
    assert ramp(6.0).observed == expected


def test_batches_that_time_out_are_part_of_the_growth() -> None:
    """15 ms per event break the limit at 500 events already."""
    assert not ramp(15.0).met


@pytest.mark.parametrize("sizes", [SIZES, (1, 2, 3) * 3])
def test_noise_is_no_growth(sizes: Sequence[int]) -> None:
    """Answers of 5 to 85 ms without any growth are no alarm, however few sizes there are."""
    assert ramp(0.0, noise_ms=80.0, sizes=sizes).met


def test_one_slow_large_batch_is_no_growth() -> None:
    """A single hiccup of 4 s does not turn the line."""
    answers = [delivery(5.0, events=size) for size in SIZES]
    answers[4] = delivery(4000.0, events=500)
    assert said("scales-with-batch", answers).met


def test_an_endpoint_that_answers_not_even_one_event_in_time_does_not_scale() -> None:
    """Too few answers for a line are not a reason to pass when they came too late."""
    found = said("scales-with-batch", [delivery(5000.0, events=1)])
    assert not found.met
    assert "0 batches were answered in time" in found.observed


@pytest.mark.parametrize(("growth", "met"), [(0.0, True), (60.0, True), (200.0, False)])
def test_growth_during_the_peak_is_projected_to_a_minute(growth: float, *, met: bool) -> None:
    """200 ms more with each second are 12 s after a minute, though all was well for 3 s."""
    assert peak(growth).met is met


def test_noise_during_the_peak_is_no_growth() -> None:
    """Answers of 5 to 205 ms in no order are no alarm."""
    assert peak(0.0, noise_ms=200.0).met


def test_a_long_peak_is_thinned_and_found_all_the_same() -> None:
    """A minute of growth is seen in a part of its points."""
    found = peak(82.0, seconds=400)
    assert not found.met
    assert "grew by 82 ms per second" in found.observed


def test_a_line_is_not_turned_by_outliers() -> None:
    """Two points of seven lie anywhere: slope and start are those of the five."""
    points = [(float(x), 10 + 2.0 * x) for x in range(7)]
    points[2], points[5] = (2.0, 900.0), (5.0, -900.0)
    line = line_through(points)
    assert (line.slope, line.intercept) == (2.0, 10.0)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], ""),
        ([(1, 202), (500, 202)], "largest batch accepted 500 events, 50,000 bytes"),
        (
            [(1, 202), (500, 413), (400, 413)],
            (
                "largest batch accepted 1 event, 100 bytes, "
                "smallest refused 400 events, 40,000 bytes (413)"
            ),
        ),
        ([(500, 202), (2, 500)], "largest batch accepted 500 events, 50,000 bytes"),
        ([(500, 413)], ""),
    ],
)
def test_largest_batch(samples: list[tuple[int, int]], expected: str) -> None:
    """The bounds are told; a refusal of something smaller than what was taken is none."""
    made = [Sample(events, events * 100, 1.0, status) for events, status in samples]
    assert largest_batch(made) == expected


def test_a_limit_on_requests_is_told() -> None:
    """A service that answers 429 may be sound at the rate of Mews: whoever reads is told so."""
    taken, limited = Sample(1, 100, 1.0, 202), Sample(1, 100, 1.0, 429)
    assert throttling([taken, limited, limited]).startswith("2 of 3 answers were 429: ")
    assert throttling([taken]) == ""
