"""Answer times summed up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class AnswerTimes:
    """How long answers took, in milliseconds from the request's last byte to the answer's.

    `p95_ms`: 95 of 100 answers took no longer. With fewer than 100 answers `p99_ms` lies between
    the two slowest.
    """

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float

    @classmethod
    def of(cls, answers_ms: Sequence[float]) -> AnswerTimes:
        """Sum up at least one answer time."""
        # quantiles() wants two values at least: one value twice has the same quantiles.
        values = list(answers_ms) if len(answers_ms) > 1 else [*answers_ms, *answers_ms]
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(len(answers_ms), cuts[49], cuts[94], cuts[98], max(values))
