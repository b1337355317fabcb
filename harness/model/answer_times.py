"""A summary of answer times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class AnswerTimes:
    """Percentiles of answer times, from the last byte of the request to that of the answer.

    The percentiles are interpolated: with fewer than 100 answers, `p99_ms` lies between the two
    slowest.
    """

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, answers_ms: Sequence[float]) -> AnswerTimes:
        """Summarise one or more answer times."""
        # quantiles() needs at least two values; one value twice has the same quantiles.
        values = list(answers_ms) if len(answers_ms) > 1 else [*answers_ms, *answers_ms]
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(len(answers_ms), cuts[49], cuts[94], cuts[98], max(values))
