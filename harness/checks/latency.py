"""Words about the answer times of a whole play: how they are spread, and how they grow.

Only what the partner did is counted: an answer time starts when the request was sent, and where
the harness itself was late with sending it is said, and not counted. An attempt without an answer
counts as long as was waited for it. None of the limits here is documented but the one for an
answer; the others are inferred from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import combinations
from statistics import median

from pytest_mews.model import AnswerTimes, Attempt, Outcome, Sample, Transcript
from pytest_mews.model.exchange import INJECTED, TIMEOUTS

BATCH_TO_COME = 1_500  # events: Mews may change its limit, here to three times as many
MINUTE_S = 60.0  # what a peak that was played shorter is projected to
AMPLE = 0.5  # of the limit
NOTICEABLE_MS = 100.0  # growth within what was played; less may be the machine's noise
CLEAR = 3.0  # growth within what was played, as a multiple of the usual deviation from the line
LATE_MS = 50.0  # from which on the harness's own lateness is worth a word
FEWEST = 5  # points of a line
MOST = 400  # points of a line: it looks at every pair

Point = tuple[float, float]


@dataclass(frozen=True)
class Observed:
    """What a word about a whole play found, with figures; `judged` attempts were looked at."""

    met: bool
    observed: str
    judged: int


@dataclass(frozen=True)
class Line:
    """A straight line through points with outliers; `noise` is the usual distance from it."""

    slope: float
    intercept: float
    noise: float

    def at(self, x: float) -> float:
        """Give the line's value."""
        return self.intercept + self.slope * x


def line_through(points: Sequence[Point]) -> Line:
    """Fit a line of Theil and Sen: the median of all pairs' slopes, which outliers do not turn.

    At least two of the points differ in x; of many only every n-th is looked at.
    """
    points = points[:: len(points) // MOST + 1]
    pairs = combinations(points, 2)
    slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs if a[0] != b[0])
    intercept = median(y - slope * x for x, y in points)
    return Line(slope, intercept, median(abs(y - slope * x - intercept) for x, y in points))


def ample_time(transcript: Transcript) -> Observed:
    """Hold when 99 of 100 answers took at most half the limit: the rest is for the network."""
    attempts = _counted(transcript)
    if not attempts:
        return Observed(met=True, observed="nothing was answered", judged=0)
    times = AnswerTimes.of([answer_ms(attempt) for attempt in attempts])
    limit_ms = transcript.limits.answer_s * 1000
    waiting = sum(attempt.outcome in TIMEOUTS for attempt in attempts)
    missed = f", {waiting} of {len(attempts)} not in time" if waiting else ""
    return Observed(
        met=times.p99_ms <= AMPLE * limit_ms,
        observed=f"{times_in_words(times)}, of {limit_ms:,.0f} ms{missed}{lateness(attempts)}",
        judged=len(attempts),
    )


def steady(transcript: Transcript) -> Observed:
    """Hold unless answer times grow so fast that they pass the limit within a minute."""
    attempts = _counted(transcript)
    points = [(attempt.scheduled_ms / 1000, answer_ms(attempt)) for attempt in attempts]
    span_s = max((x for x, _ in points), default=0.0) - min((x for x, _ in points), default=0.0)
    if len(points) < FEWEST or not span_s:
        return Observed(met=True, observed="too few messages to see a growth", judged=0)
    line = line_through(points)
    at_the_end = line.at(min(x for x, _ in points) + max(span_s, MINUTE_S))
    met = not _grows(line, span_s) or at_the_end <= transcript.limits.answer_s * 1000
    rate = (len(points) - 1) / span_s
    said = f"{rate:,.1f} messages per second for {span_s:,.1f} s"
    if not met:
        said += (
            f": answer times grew by {line.slope:,.0f} ms per second, which makes "
            f"{at_the_end:,.0f} ms after {max(span_s, MINUTE_S):,.0f} s"
        )
    return Observed(met=met, observed=said, judged=len(attempts))


def scales(transcript: Transcript) -> Observed:
    """Hold unless answer times grow with the batch so that a larger one would be too late."""
    points = [
        (float(len(delivery.message.events)), answer_ms(attempt))
        for delivery in transcript.deliveries
        for attempt in delivery.attempts
        if attempt.outcome is Outcome.DELIVERED or attempt.outcome in TIMEOUTS
    ]
    sizes = sorted({size for size, _ in points})
    if len(points) < FEWEST or len(sizes) < 2:  # noqa: PLR2004 - what a line needs
        late = [ms for _, ms in points if ms >= transcript.limits.answer_s * 1000]
        said = f"{len(points) - len(late)} batches were answered in time, too few to see a growth"
        return Observed(met=not late, observed=said, judged=len(late))
    line = line_through(points)
    size = max(BATCH_TO_COME, transcript.limits.events)
    grown = _grows(line, sizes[-1] - sizes[0])
    met = not grown or line.at(size) <= transcript.limits.answer_s * 1000
    usual = median(ms for events, ms in points if events == sizes[-1])
    said = f"{line.slope:,.2f} ms per event" if grown else "no growth with the batch"
    said += f"; {sizes[-1]:,.0f} events took {usual:,.0f} ms"
    if grown:
        said += f", {size:,} would take {line.at(size):,.0f} ms"
    return Observed(met=met, observed=said, judged=len(points))


def largest_batch(samples: Sequence[Sample]) -> str:
    """Say how large a batch was accepted, and from which size on none was; empty if unknown."""
    taken = [sample for sample in samples if sample.accepted]
    if not taken:
        return ""
    largest = max(taken, key=lambda sample: sample.size_bytes)
    said = f"largest batch accepted {_size(largest)}"
    refused = [sample for sample in samples if not sample.accepted]
    if not refused:
        return said
    smallest = min(refused, key=lambda sample: sample.size_bytes)
    if smallest.size_bytes <= largest.size_bytes:
        return said  # it is not the size that decides
    return f"{said}, smallest refused {_size(smallest)} ({smallest.status})"


def throttling(samples: Sequence[Sample]) -> str:
    """Say that a limit on requests was met, which may be sound at the rate of Mews; else nothing.

    Mews documents no rate of messages.
    """
    met = sum(sample.status == HTTPStatus.TOO_MANY_REQUESTS for sample in samples)
    if not met:
        return ""
    return (
        f"{met:,} of {len(samples):,} answers were 429: the service, or what stands before it, "
        "limits how many requests it takes. This harness may send faster than Mews does: raise "
        "the limit for the run before you read the failures."
    )


def times_in_words(times: AnswerTimes) -> str:
    """Say the quantiles and the worst."""
    return (
        f"answers: p50 {times.p50_ms:,.0f} ms, p95 {times.p95_ms:,.0f} ms, "
        f"p99 {times.p99_ms:,.0f} ms, worst {times.worst_ms:,.0f} ms"
    )


def lateness(attempts: Sequence[Attempt]) -> str:
    """Say how late the harness itself was; empty where it was on time."""
    late_ms = max(attempt.late_ms for attempt in attempts)
    if late_ms < LATE_MS:
        return ""
    return f"; this harness itself was up to {late_ms:,.0f} ms late, which is not counted"


def answer_ms(attempt: Attempt) -> float:
    """Give the time to the answer, or how long was waited for it."""
    last = attempt.last
    if last.answer_ms is not None:
        return last.answer_ms
    return last.ended_ms - (last.started_ms if last.sent_ms is None else last.sent_ms)


def _counted(transcript: Transcript) -> list[Attempt]:
    return [
        attempt
        for delivery in transcript.deliveries
        for attempt in delivery.attempts
        if attempt.outcome in TIMEOUTS
        or (attempt.last.answer_ms is not None and attempt.outcome not in INJECTED)
    ]


def _grows(line: Line, span: float) -> bool:
    growth = line.slope * span
    return growth >= max(NOTICEABLE_MS, CLEAR * line.noise)


def _size(sample: Sample) -> str:
    events = "1 event" if sample.events == 1 else f"{sample.events:,} events"
    return f"{events}, {sample.size_bytes:,} bytes"
