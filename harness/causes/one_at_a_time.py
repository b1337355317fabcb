"""A service that handles one message at a time: each waits for all that arrived before it.

Then response times are those of a queue, which can be computed from the times at which requests
arrived and from how long one takes that waits for none. A busy machine makes them irregular, and a
service that is slow, but handles several at a time, is not slower with several: neither agrees with
the computed times.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.observations import Observations, Observed, timed_records
from pytest_mews.model import CauseKind

MIN_ALONE_MS = 100.0  # of a faster service, a burst of 50 is done within the limit of 5 s
MIN_ALONE = 5  # responses to messages that wait for none
MIN_WAITING = 10  # responses to messages that wait for two others or more
MIN_IN_LINE = 5  # responses to messages that wait for four others or more
MIN_SHARE = 0.8  # of the responses whose time agrees with the computed one
TOLERANCE = 0.25  # of the computed time
TIMEOUT_TOLERANCE = 0.7  # of the limit from which timeouts are expected: order is not certain
QUEUE_CHECKS = frozenset({"p99-under-half-limit", "no-latency-growth"})


@dataclass(frozen=True)
class Queue:
    """When a service is done with what it received, if each message takes the same time.

    Attributes:
        alone_ms: how long one message takes.
        starts: when the attempts started, sorted.
        done: when it is done with each of them and all before.

    """

    alone_ms: float
    starts: Sequence[float]
    done: Sequence[float]

    @classmethod
    def of(cls, attempts: Sequence[Observed], alone_ms: float) -> Queue:
        """Compute when attempts are done, in the order of their start."""
        done, free_ms = [], 0.0
        for item in attempts:
            free_ms = max(free_ms, item.record.started_ms) + alone_ms * item.record.weight
            done.append(free_ms)
        return cls(alone_ms, [item.record.started_ms for item in attempts], done)

    def response_ms(self, started_ms: float) -> float:
        """Return how long an attempt takes that started at a time."""
        index = bisect_right(self.starts, started_ms)
        return max(self.alone_ms, self.done[index - 1] - started_ms) if index else self.alone_ms


def find_one_at_a_time(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if response times are those of a queue that exceeds the limit."""
    answered = [
        (item, item.record.answer_ms)
        for item in observations.usual
        if item.record.delivered and item.record.answer_ms is not None
    ]
    single = [time_ms for item, time_ms in answered if observations.in_flight(item) == 1]
    alone_ms = median(single) if single else 0.0
    if alone_ms < max(MIN_ALONE_MS, _lateness_ms(observations)):
        return
    queue = Queue.of(observations.attempts, alone_ms)
    alone = [_agrees(time_ms, alone_ms) for time_ms in single]
    waiting, in_line = [], []
    for item, time_ms in answered:
        queued_ms = queue.response_ms(item.record.started_ms)
        in_queue = _agrees(time_ms, queued_ms)
        count = observations.in_flight(item)
        # In a series where each response is followed by the next request, that count is exact.
        if count > 2:  # noqa: PLR2004 - with two, a second worker makes little difference
            waiting.append(in_queue or _agrees(time_ms, count * alone_ms))
        if queued_ms >= MIN_IN_LINE * alone_ms:
            in_line.append(in_queue)
    limit_ms = observations.limit_ms
    # Of a very slow service, too few of these are in time.
    min_in_line = MIN_IN_LINE if 2 * MIN_IN_LINE * alone_ms <= limit_ms else 0
    counts = ((alone, MIN_ALONE), (waiting, MIN_WAITING), (in_line, min_in_line))
    if any(len(each) < least or sum(each) < MIN_SHARE * len(each) for each, least in counts):
        return
    yield Explanation(
        CauseKind.CONCURRENCY,
        f"The service handles one message at a time: one that arrives alone takes about "
        f"{alone_ms:,.0f} ms, and each that arrived before it and is not done adds as much ("
        f"{sum(waiting):,} of {len(waiting):,} that had to wait took as long as this makes). From "
        f"about {limit_ms / alone_ms:,.0f} messages at a time on the limit of {limit_ms / 1000:g} "
        "s is exceeded.",
        lambda item: (
            item.record.timed_out
            and queue.response_ms(item.record.started_ms) >= TIMEOUT_TOLERANCE * limit_ms
        ),
        lambda unmet: _is_about_waiting(unmet, queue),
        stands_alone=True,
    )


def _lateness_ms(observations: Observations) -> float:
    """Return how late the harness itself was: a busy machine delays both sides."""
    transcripts = [
        evidence.transcript
        for result in observations.results
        for evidence in result.evidence
        if any(finding.check in QUEUE_CHECKS for finding in evidence.findings)
    ]
    return max(
        (
            attempt.start_delay_ms
            for transcript in transcripts
            for delivery in transcript.deliveries
            for attempt in delivery.attempts
        ),
        default=0.0,
    )


def _agrees(time_ms: float, expected_ms: float) -> bool:
    return abs(time_ms - expected_ms) <= TOLERANCE * expected_ms


def _is_about_waiting(unmet: UnmetFinding, queue: Queue) -> bool:
    """Return whether a finding is about response times, and the slow ones are those of a queue."""
    if unmet.finding.check not in QUEUE_CHECKS:
        return False
    slow = [
        record for record in timed_records(unmet.evidence) if record.took_ms > 2 * queue.alone_ms
    ]
    agreeing = [
        record
        for record in slow
        if queue.response_ms(record.started_ms) >= TIMEOUT_TOLERANCE * record.took_ms
    ]
    return bool(slow) and len(agreeing) >= MIN_SHARE * len(slow)
