"""The pauses between retries or reconnects: whether they grow, and whether series are equal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from statistics import median

GROWTH_FACTOR = 1.5  # pauses grow if the longest is at least this multiple of the shortest
MIN_PAUSES = 3  # fewer pauses show no growth
# Pauses that shrink each time, at least 4 and to this share, are no chance: with a random pause
# below a bound that doubles (full jitter) fewer than 1 of 1,500 series do, with decorrelated jitter
# none.
MIN_SHRINKING, SHRUNK_SHARE = 4, 0.25
# Two pauses are equal if they differ by no more than this share or this time, whichever is more:
# the accuracy with which a busy machine measures them.
EQUAL_SHARE, EQUAL_MS = 0.02, 50.0
DRAWS = 1_000  # for the estimate of a probability
MIN_JITTER = 0.1  # the least jitter that a client is expected to have: this share more or less


def pauses_grow(pauses: Sequence[float]) -> bool:
    """Return whether pauses are neither all about equally long nor shorter each time.

    With random pauses the longer one need not be the later one.
    """
    shrink = (
        len(pauses) >= MIN_SHRINKING
        and all(later < earlier for earlier, later in pairwise(pauses))
        and pauses[-1] <= SHRUNK_SHARE * pauses[0]
    )
    return not shrink and max(pauses) >= GROWTH_FACTOR * min(pauses)


def agreement(series: Sequence[Sequence[float]]) -> tuple[int, int]:
    """Return how many pauses are equal to the shortest at their position, and how many there are.

    A busy machine makes a pause longer, never shorter, so that the shortest is the most accurate.
    A position with a single pause is left out.
    """
    equal = count = 0
    for pauses in _by_position(series):
        shortest = min(pauses)
        equal += sum(pause - shortest <= _accuracy_ms(pause) for pause in pauses)
        count += len(pauses)
    return equal, count


def chance_of_agreement(series: Sequence[Sequence[float]]) -> float:
    """Return the probability that as many pauses are equal in spite of jitter, or more.

    Estimated from draws: each pause is taken to be evenly distributed within `MIN_JITTER` of the
    median at its position.
    """
    observed, _ = agreement(series)
    random = Random(0)  # noqa: S311 - the estimate is the same each time
    positions = [(median(pauses), len(pauses)) for pauses in _by_position(series)]
    hits = 0
    for _ in range(DRAWS):
        equal = 0
        for middle, count in positions:
            drawn = [middle * random.uniform(1 - MIN_JITTER, 1 + MIN_JITTER) for _ in range(count)]
            shortest = min(drawn)
            equal += sum(pause - shortest <= _accuracy_ms(pause) for pause in drawn)
        hits += equal >= observed
    return hits / DRAWS


def _by_position(series: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the first pauses of all series, the second ones, and so on, if there are several."""
    longest = max(map(len, series), default=0)
    positions = [
        [pauses[index] for pauses in series if len(pauses) > index] for index in range(longest)
    ]
    return [pauses for pauses in positions if len(pauses) > 1]


def _accuracy_ms(pause: float) -> float:
    return max(EQUAL_MS, EQUAL_SHARE * pause)


def format_pauses(pauses: Sequence[float]) -> str:
    """Return pauses as text: `250, 500, 1,000 ms`."""
    return f"{', '.join(f'{pause:,.0f}' for pause in pauses)} ms"
