"""The checks of response times: their spread, their growth, and what is noise."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from pytest_mews.checks import describe_largest_batch, evaluate
from pytest_mews.model import (
    Attempt,
    AttemptRecord,
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
    Transcript,
    WebhookKind,
)
from pytest_mews.model.line import fit_line
from tests.transcript_builders import delivery_of

EVENT = EventReference("PaymentUpdated", "1")
BATCH_SIZES = (1, 2, 50, 250, 500) * 3


def delivery(
    answer_ms: float, *, events: int = 1, at_ms: float = 0.0, late_ms: float = 0.0
) -> Delivery:
    """Script a delivery with a response time; from 5 s on it is a timeout."""
    timeout = answer_ms >= 5000
    outcome = Outcome.TIMEOUT_ANSWER if timeout else Outcome.DELIVERED
    start_ms = at_ms + late_ms
    end_ms = start_ms + answer_ms
    first_byte_ms = None if timeout else end_ms
    status = None if timeout else 202
    exchange = Exchange(
        "POST",
        "http://x/",
        (),
        9,
        outcome,
        start_ms,
        end_ms,
        start_ms,
        start_ms,
        first_byte_ms,
        status,
    )
    message = Message(WebhookKind.GENERAL, b"x" * 9, (EVENT,) * events, f"{events} events")
    return Delivery("m", message, (Attempt(1, Fault.NONE, at_ms, (exchange,), outcome),))


def evaluate_deliveries(
    check: str, deliveries: Sequence[Delivery], limits: Limits | None = None
) -> Finding:
    """Evaluate deliveries with a check."""
    transcript = Transcript(tuple(deliveries), limits=limits or Limits())
    return evaluate(Expectation(check, Level.SHOULD), transcript)


def evaluate_batches(
    per_event_ms: float, *, noise_ms: float = 0.0, sizes: Sequence[int] = BATCH_SIZES
) -> Finding:
    """Evaluate a partner that takes a time per event, plus a random time."""
    random = Random(1)
    answers = [5 + per_event_ms * size + random.uniform(0, noise_ms) for size in sizes]
    pairs = zip(answers, sizes, strict=True)
    return evaluate_deliveries(
        "scales-with-batch", [delivery(min(ms, 5000), events=size) for ms, size in pairs]
    )


def evaluate_peak(
    growth_ms_per_s: float, *, noise_ms: float = 0.0, seconds: float = 3.0
) -> Finding:
    """Evaluate a peak of 5 messages per second whose responses take longer each second."""
    random = Random(1)
    moments = [n * 200.0 for n in range(int(seconds * 5))]
    answers = [5 + growth_ms_per_s * at / 1000 + random.uniform(0, noise_ms) for at in moments]
    pairs = zip(answers, moments, strict=True)
    return evaluate_deliveries("no-latency-growth", [delivery(ms, at_ms=at) for ms, at in pairs])


def test_a_passing_observation_has_the_quantiles() -> None:
    """The observation has the figures of 101 responses of 1 to 101 ms."""
    finding = evaluate_deliveries(
        "p99-under-half-limit", [delivery(float(ms)) for ms in range(1, 102)]
    )
    assert (finding.met, finding.subject_count) == (True, 101)
    expected = "responses: p50 51 ms, p95 96 ms, p99 100 ms, max 101 ms, limit 5,000 ms"
    assert finding.observed == expected


def test_p99_under_half_limit() -> None:
    """One slow response of 201 is tolerated, three of a hundred are not."""
    assert evaluate_deliveries(
        "p99-under-half-limit", [delivery(10.0)] * 200 + [delivery(4000.0)]
    ).met
    assert not evaluate_deliveries(
        "p99-under-half-limit", [delivery(10.0)] * 97 + [delivery(4000.0)] * 3
    ).met


def test_a_timeout_counts_with_the_time_waited() -> None:
    """A partner that answers only half of the messages isn't fast."""
    finding = evaluate_deliveries("p99-under-half-limit", [delivery(10.0), delivery(5000.0)])
    assert not finding.met
    assert "1 of 2 not in time" in finding.observed


def test_the_limit_is_the_profile_s() -> None:
    """A shorter time limit has a shorter half."""
    assert evaluate_deliveries("p99-under-half-limit", [delivery(2000.0)]).met
    assert not evaluate_deliveries(
        "p99-under-half-limit", [delivery(2000.0)], Limits(answer_timeout_s=3.0)
    ).met


def test_a_late_start_of_the_harness_is_mentioned_and_not_counted() -> None:
    """A message that the harness sent 4 s late, with a response after 10 ms, took 10 ms."""
    finding = evaluate_deliveries(
        "p99-under-half-limit", [delivery(10.0), delivery(10.0, at_ms=200, late_ms=4000)]
    )
    assert finding.met
    assert "max 10 ms" in finding.observed
    assert "the harness itself was up to 4,000 ms late" in finding.observed
    assert (
        "late"
        not in evaluate_deliveries("p99-under-half-limit", [delivery(10.0, late_ms=10)]).observed
    )


@pytest.mark.parametrize(("late_ms", "subjects"), [(100.0, 2), (200.0, 0)])
def test_no_more_excess_than_the_harness_was_late(late_ms: float, subjects: int) -> None:
    """2,650 ms exceed half the limit by 150 ms: a harness that was as late shows nothing."""
    finding = evaluate_deliveries(
        "p99-under-half-limit", [delivery(2650.0), delivery(2650.0, at_ms=200, late_ms=late_ms)]
    )
    assert (finding.met, finding.subject_count) == (subjects == 0, subjects)
    assert finding.not_observed is (subjects == 0)
    assert ("not evaluated" in finding.observed) is (subjects == 0)


def test_no_more_growth_than_the_harness_was_late() -> None:
    """Growth by 2.7 s is not evaluated if the harness was 3 s late at one of the messages."""
    batches = [delivery(5.0 + 6.0 * events, events=events) for events in BATCH_SIZES]
    on_time, late = (
        evaluate_deliveries("scales-with-batch", [*batches, delivery(5.0, late_ms=late_ms)])
        for late_ms in (0.0, 3_000.0)
    )
    assert (on_time.met, late.met, late.subject_count) == (False, True, 0)
    peak = [delivery(200.0 * second, at_ms=1_000.0 * second) for second in range(10)]
    on_time, late = (
        evaluate_deliveries("no-latency-growth", [*peak, delivery(5.0, late_ms=late_ms)])
        for late_ms in (0.0, 3_000.0)
    )
    assert (on_time.met, late.met, late.subject_count) == (False, True, 0)


def test_nothing_is_evaluated_without_deliveries() -> None:
    """Without deliveries every check of times is met and evaluates nothing."""
    for check in ("p99-under-half-limit", "no-latency-growth", "scales-with-batch"):
        finding = evaluate_deliveries(check, [])
        assert (finding.met, finding.subject_count) == (True, 0)


@pytest.mark.parametrize(("per_event_ms", "met"), [(0.0, True), (3.0, True), (6.0, False)])
def test_scales_with_batch(per_event_ms: float, *, met: bool) -> None:
    """6 ms per event are 3 s for 500 events but 9 s for 1,500; 3 ms are fast enough."""
    assert evaluate_batches(per_event_ms).met is met


def test_growth_has_figures() -> None:
    """The observation gives the projected time, the slope and the largest batch."""
    expected = "1,500 events would take 9,005 ms; 6.00 ms per event; 500 events took 3,005 ms"
    assert evaluate_batches(6.0).observed == expected


def test_timeouts_count_as_growth() -> None:
    """15 ms per event exceed the limit at 500 events."""
    assert not evaluate_batches(15.0).met


@pytest.mark.parametrize("sizes", [BATCH_SIZES, (1, 2, 3) * 3])
def test_noise_is_not_growth(sizes: Sequence[int]) -> None:
    """Responses of 5 to 85 ms without growth meet the check, with few batch sizes too."""
    assert evaluate_batches(0.0, noise_ms=80.0, sizes=sizes).met


def test_a_single_slow_batch_is_not_growth() -> None:
    """One response of 4 s doesn't change the line."""
    answers = [delivery(5.0, events=size) for size in BATCH_SIZES]
    answers[4] = delivery(4000.0, events=500)
    assert evaluate_deliveries("scales-with-batch", answers).met


@pytest.mark.parametrize("batches", [[(1, 5000.0)], [(1, 5.0), (50, 5000.0), (1, 5000.0)], []])
def test_growth_is_not_observed_in_too_few_batches(batches: list[tuple[int, float]]) -> None:
    """That single events are late is no growth: other scenarios tell it."""
    finding = evaluate_deliveries(
        "scales-with-batch", [delivery(answer_ms, events=size) for size, answer_ms in batches]
    )
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    assert "answered in time, too few to see growth" in finding.observed


def test_a_service_that_refuses_batches_is_told_how() -> None:
    """Nothing is known about its times, and the reason says what came instead."""
    refused = [
        delivery_of(("CustomerAdded", "a"), outcomes=(Outcome.ERROR_STATUS,)) for _ in range(3)
    ]
    finding = evaluate_deliveries("scales-with-batch", refused)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    assert finding.observed == (
        "0 batches answered in time, too few to see growth; 3 attempts failed otherwise: "
        "500 after 10 ms"
    )


@pytest.mark.parametrize("rounds", [1, 5])
def test_only_larger_batches_are_late(rounds: int) -> None:
    """A single one is enough, since none that is as large follows it."""
    in_time = [delivery(5.0, events=events) for events in (1, 2)]
    batches = [*in_time, delivery(5000.0, events=50), *in_time * (rounds - 1)]
    finding = evaluate_deliveries("scales-with-batch", batches)
    assert not finding.met
    assert finding.observed == (
        "a batch of 50 events was not answered within 5,000 ms, and those of up to 2 events were"
    )


@pytest.mark.parametrize(("growth", "met"), [(0.0, True), (60.0, True), (200.0, False)])
def test_no_latency_growth(growth: float, *, met: bool) -> None:
    """Growth is projected to a minute: 200 ms more each second are 12 s by then."""
    assert evaluate_peak(growth).met is met


def test_noise_during_a_peak_is_not_growth() -> None:
    """Responses of 5 to 205 ms in random order meet the check."""
    assert evaluate_peak(0.0, noise_ms=200.0).met


def test_a_long_peak_is_thinned_out() -> None:
    """A part of many points is enough to see growth."""
    finding = evaluate_peak(82.0, seconds=400)
    assert not finding.met
    assert "grew by 82 ms per second" in finding.observed


def test_fit_line_is_robust_to_outliers() -> None:
    """With two outliers among seven points, the line is that of the other five."""
    points = [(float(x), 10 + 2.0 * x) for x in range(7)]
    points[2], points[5] = (2.0, 900.0), (5.0, -900.0)
    line = fit_line(points)
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
def test_describe_largest_batch(samples: list[tuple[int, int]], expected: str) -> None:
    """It names both bounds; a refused batch that is smaller than an accepted one is no bound."""
    made = [AttemptRecord(events, events * 100, 1.0, status) for events, status in samples]
    assert describe_largest_batch(made) == expected
