"""A straight line through measured points, robust to outliers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

MAX_POINTS = 400  # of a line: fitting looks at every pair

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A straight line through points with outliers; `noise` is the usual distance from it."""

    slope: float
    intercept: float
    noise: float

    def at(self, x: float) -> float:
        """Return the line's value at x."""
        return self.intercept + self.slope * x


def fit_line(points: Sequence[Point]) -> Line:
    """Fit a line with the Theil-Sen estimator, the median of all slopes: robust to outliers.

    At least two of the points must differ in x. Of many points only every n-th is used.
    """
    points = points[:: len(points) // MAX_POINTS + 1]
    pairs = combinations(points, 2)
    slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs if a[0] != b[0])
    intercept = median(y - slope * x for x, y in points)
    return Line(slope, intercept, median(abs(y - slope * x - intercept) for x, y in points))
