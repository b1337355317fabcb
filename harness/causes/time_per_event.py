"""A service that works on each event before it answers: its response time grows with the batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations, timed_records
from pytest_mews.model import CauseKind, WebhookKind
from pytest_mews.model.line import Line, fit_line

MIN_SIZES = 4  # different numbers of events
MIN_EVENTS = 20  # of the largest answered batch
MAX_EVENTS = 1_500  # events; three times today's limit, which Mews may change
NOTICEABLE_MS = 100.0  # less growth may be noise of the machine
NOISE_FACTOR = 3.0
TOLERANCE = 0.7  # of the number of events from which timeouts are expected
TIME_CHECKS = frozenset({"scales-with-batch", "p99-under-half-limit", "no-latency-growth"})


def find_time_per_event(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if batches that Mews may send would exceed the time limit."""
    points = [
        (float(item.record.event_count), item.record.answer_ms)
        for item in observations.attempts
        if item.record.kind is WebhookKind.GENERAL
        and item.record.is_usual
        and item.record.delivered
        and item.record.answer_ms is not None
        and item.record.event_count
    ]
    sizes = sorted({size for size, _ in points})
    if len(sizes) < MIN_SIZES or sizes[-1] < MIN_EVENTS:
        return
    line = fit_line(_spread(points))
    growth = line.slope * (sizes[-1] - sizes[0])
    if line.slope <= 0 or growth < max(NOTICEABLE_MS, NOISE_FACTOR * line.noise):
        return
    events = round((observations.limit_ms - line.intercept) / line.slope)
    if events > MAX_EVENTS:
        return
    yield Explanation(
        CauseKind.TIME_PER_EVENT,
        f"The response takes about {line.slope:,.1f} ms per event ({len(points):,} responses to "
        f"batches of up to {sizes[-1]:,.0f} events): from about {events:,} events on it exceeds "
        f"the limit of {observations.limit_ms / 1000:g} s. The service works before it answers.",
        lambda item: item.record.timed_out and item.record.event_count >= TOLERANCE * events,
        lambda unmet: _is_about_growth(unmet, line, observations.limit_ms),
    )


def _spread(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points in the order of size and time, so that every n-th are of all sizes."""
    return sorted(points)


def _is_about_growth(unmet: UnmetFinding, line: Line, limit_ms: float) -> bool:
    """Return whether every slow response in the evidence is as slow as its events make it."""
    if unmet.finding.check not in TIME_CHECKS:
        return False
    slow = [record for record in timed_records(unmet.evidence) if record.took_ms >= limit_ms / 2]
    if not slow:
        return unmet.finding.check == "scales-with-batch"
    return all(
        record.took_ms <= NOTICEABLE_MS + line.at(record.event_count) / TOLERANCE for record in slow
    )
