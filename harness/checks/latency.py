"""Checks of the response times of a whole execution: how they are spread, and how they grow.

Only the partner's time counts: a response time starts when the request was sent. Where the harness
sent a request late, the observation says so, and the delay is not counted. A limit that is exceeded
by no more than the harness was late is not evaluated: it reads responses as late. An attempt
without a response counts as long as the harness waited for it. Of the limits here only the one for
a response is documented; the others are inferred from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import describe_attempt, join_clauses, quantity
from pytest_mews.model import AnswerTimes, Attempt, AttemptRecord, Outcome, Transcript
from pytest_mews.model.exchange import INJECTED_OUTCOMES, TIMEOUTS
from pytest_mews.model.line import Line, fit_line

PROJECTED_BATCH = 1_500  # events: three times today's limit, which Mews may change
MINUTE_S = 60.0  # a shorter peak is projected to a minute
LIMIT_SHARE = 0.5  # of the time limit
NOTICEABLE_MS = 100.0  # less growth than this may be noise of the machine
NOISE_FACTOR = 3.0  # growth must exceed the usual deviation from the line by this factor
LATE_MS = 50.0  # the observation mentions the harness's own delay from here on
MIN_POINTS = 5  # of a line


@case_check(
    "p99-under-half-limit", "99 of 100 responses within half the time limit", about_speed=True
)
def p99_under_half_limit(transcript: Transcript) -> Observation:
    """99 of 100 responses (p99) took at most half the time limit.

    The rest is for the network, and for a worse day.
    """
    attempts = _timed_attempts(transcript)
    if not attempts:
        return Observation(met=True, observed="there was no response", subject_count=0)
    times = AnswerTimes.of([response_ms(attempt) for attempt in attempts])
    limit_ms = transcript.limits.answer_timeout_s * 1000
    excess_ms = times.p99_ms - LIMIT_SHARE * limit_ms
    met = excess_ms <= 0
    timeouts = sum(attempt.outcome in TIMEOUTS for attempt in attempts)
    missed = f", {timeouts} of {len(attempts)} not in time" if timeouts else ""
    observed = join_clauses(
        (
            "" if met else "responses are too slow",
            f"{describe_times(times)}, limit {limit_ms:,.0f} ms{missed}",
            describe_lateness(attempts),
        )
    )
    if 0 < excess_ms <= _lateness_ms(attempts):
        return _not_evaluated(attempts)
    return Observation(met=met, observed=observed, subject_count=len(attempts))


@case_check(
    "no-latency-growth",
    "response times that do not grow while messages keep arriving",
    about_speed=True,
)
def no_latency_growth(transcript: Transcript) -> Observation:
    """Response times do not grow so fast that they exceed the limit within a minute."""
    attempts = _timed_attempts(transcript)
    points = [(attempt.scheduled_ms / 1000, response_ms(attempt)) for attempt in attempts]
    start_s = min((x for x, _ in points), default=0.0)
    span_s = max((x for x, _ in points), default=0.0) - start_s
    if len(points) < MIN_POINTS or not span_s:
        observed = "too few messages to see growth"
        return Observation(met=True, observed=observed, subject_count=0)
    line = fit_line(points)
    projected_s = max(span_s, MINUTE_S)
    projected_ms = line.at(start_s + projected_s)
    limit_ms = transcript.limits.answer_timeout_s * 1000
    met = not _grows(line, span_s) or projected_ms <= limit_ms
    if not met and line.slope * span_s <= _lateness_ms(attempts):
        return _not_evaluated(attempts)
    rate = (len(points) - 1) / span_s
    observed = f"{rate:,.1f} messages per second for {span_s:,.1f} s"
    if not met:
        observed = (
            f"response times grew by {line.slope:,.0f} ms per second, which makes "
            f"{projected_ms:,.0f} ms after {projected_s:,.0f} s; {observed}"
        )
    return Observation(met=met, observed=observed, subject_count=len(attempts))


@case_check(
    "scales-with-batch",
    f"response times within the limit also at {PROJECTED_BATCH:,} events",
    about_speed=True,
)
def scales_with_batch(transcript: Transcript) -> Observation:
    """Response times do not grow so fast with the batch that a larger one would be too late.

    The larger one has 1,500 events, three times the assumed limit. Nor are only the larger batches
    too late already. Where batches of any size are late, or too few are sent, no growth is seen.
    """
    attempts = [attempt for delivery in transcript.deliveries for attempt in delivery.attempts]
    timed = [
        (len(delivery.message.events), attempt)
        for delivery in transcript.deliveries
        for attempt in delivery.attempts
        if attempt.outcome is Outcome.DELIVERED or attempt.outcome in TIMEOUTS
    ]
    points = [(float(size), response_ms(attempt)) for size, attempt in timed]
    limit_ms = transcript.limits.answer_timeout_s * 1000
    sizes = sorted({size for size, _ in points})
    in_time = [size for size, attempt in timed if attempt.outcome is Outcome.DELIVERED]
    late = [size for size, attempt in timed if attempt.outcome in TIMEOUTS]
    too_large = ""
    if in_time and late and max(in_time) < min(late):
        too_large = (
            f"a batch of {quantity(min(late), 'event')} was not answered within {limit_ms:,.0f} "
            f"ms, and those of up to {quantity(max(in_time), 'event')} were"
        )
    if len(points) < MIN_POINTS or len(sizes) < 2:  # noqa: PLR2004 - what a line needs
        batches = quantity(len(in_time), "batch", "batches")
        failed = [
            attempt
            for attempt in attempts
            if attempt.outcome is not Outcome.DELIVERED and attempt.outcome not in TIMEOUTS
        ]
        others = f"{quantity(len(failed), 'attempt')} failed otherwise"
        observed = join_clauses(
            (
                f"{batches} answered in time, too few to see growth",
                *(f"{others}: {describe_attempt(attempt)}" for attempt in failed[:1]),
            )
        )
        return Observation(
            met=not too_large,
            observed=too_large or observed,
            subject_count=len(points) if too_large else 0,
            not_observed=not too_large,
        )
    line = fit_line(points)
    size = max(PROJECTED_BATCH, transcript.limits.batch_limit)
    grows = _grows(line, sizes[-1] - sizes[0])
    met = not grows or line.at(size) <= limit_ms
    if not met and line.slope * (sizes[-1] - sizes[0]) <= _lateness_ms(attempts):
        return _not_evaluated(attempts)
    largest_ms = median(time_ms for events, time_ms in points if events == sizes[-1])
    growth = f"{line.slope:,.2f} ms per event" if grows else "no growth with the batch"
    projection = f"{size:,} events would take {line.at(size):,.0f} ms" if grows else ""
    measured = f"{sizes[-1]:,.0f} events took {largest_ms:,.0f} ms"
    if met and too_large:
        return Observation(met=False, observed=too_large, subject_count=len(points))
    clauses = (growth, measured, projection) if met else (projection, growth, measured)
    return Observation(met=met, observed=join_clauses(clauses), subject_count=len(points))


def describe_largest_batch(attempts: Sequence[AttemptRecord]) -> str:
    """Return the largest batch accepted and the smallest refused; empty if none was accepted.

    A refused batch that is smaller than an accepted one is left out: its size is not the cause.
    """
    accepted = [record for record in attempts if record.accepted]
    if not accepted:
        return ""
    largest = max(accepted, key=lambda record: record.size_bytes)
    text = f"largest batch accepted {_size(largest)}"
    refused = [record for record in attempts if not record.accepted and record.status is not None]
    if not refused:
        return text
    smallest = min(refused, key=lambda record: record.size_bytes)
    if smallest.size_bytes <= largest.size_bytes:
        return text
    return f"{text}, smallest refused {_size(smallest)} ({smallest.status})"


def describe_times(times: AnswerTimes) -> str:
    """Return the quantiles and the maximum as text."""
    return (
        f"responses: p50 {times.p50_ms:,.0f} ms, p95 {times.p95_ms:,.0f} ms, "
        f"p99 {times.p99_ms:,.0f} ms, max {times.max_ms:,.0f} ms"
    )


def describe_lateness(attempts: Sequence[Attempt]) -> str:
    """Return how late the harness itself was; empty if it was on time."""
    late_ms = _lateness_ms(attempts)
    if late_ms < LATE_MS:
        return ""
    return f"the harness itself was up to {late_ms:,.0f} ms late, which is not counted"


def response_ms(attempt: Attempt) -> float:
    """Return the time to the response, or how long the harness waited for it."""
    final = attempt.final_exchange
    if final.answer_ms is not None:
        return final.answer_ms
    return final.ended_ms - (final.started_ms if final.sent_ms is None else final.sent_ms)


def _lateness_ms(attempts: Sequence[Attempt]) -> float:
    return max(attempt.start_delay_ms for attempt in attempts)


def _not_evaluated(attempts: Sequence[Attempt]) -> Observation:
    late = f"the harness itself was up to {_lateness_ms(attempts):,.0f} ms late"
    observed = f"{late}: not evaluated"
    return Observation(met=True, observed=observed, subject_count=0, not_observed=True)


def _timed_attempts(transcript: Transcript) -> list[Attempt]:
    return [
        attempt
        for delivery in transcript.deliveries
        for attempt in delivery.attempts
        if attempt.outcome in TIMEOUTS
        or (
            attempt.final_exchange.answer_ms is not None
            and attempt.outcome not in INJECTED_OUTCOMES
        )
    ]


def _grows(line: Line, span: float) -> bool:
    growth = line.slope * span
    return growth >= max(NOTICEABLE_MS, NOISE_FACTOR * line.noise)


def _size(record: AttemptRecord) -> str:
    return f"{quantity(record.event_count, 'event')}, {record.size_bytes:,} bytes"
