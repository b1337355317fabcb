"""In which pieces, and how fast, a body is given to the wire."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from mews_harness.model import Manner

PIECES = 30
SLOW_BODY_S = 3.0  # our choice: slow, and yet whole well within the documented 5 s
_SLOW_SHARE = 0.6  # of a shorter deadline, such as what a redirect left of it


@dataclass(frozen=True)
class Pace:
    """When which part of a body may be sent.

    Attributes:
        size: bytes of the body.
        pieces: how many parts it is given in, at most.
        over_s: seconds that the parts are spread over, from the first on.

    """

    size: int
    pieces: int = 1
    over_s: float = 0.0

    def end(self, given: int) -> int:
        """Find where the piece ends that byte `given` lies in; it may be after the body's end."""
        step = max(1, ceil(self.size / self.pieces))
        return (given // step + 1) * step

    def due_s(self, given: int) -> float:
        """Tell how many seconds after the first byte the byte `given` may be sent."""
        return self.over_s * given / max(1, self.size)


def pace_of(manner: Manner, size: int, deadline_s: float) -> Pace:
    """Give the pace of a body of `size` bytes in a request with this deadline, in seconds."""
    match manner:
        case Manner.CHUNKED:
            return Pace(size, PIECES)
        case Manner.SLOW:
            return Pace(size, PIECES, min(SLOW_BODY_S, _SLOW_SHARE * deadline_s))
        case Manner.PLAIN | Manner.NEW_CONNECTION:
            return Pace(size)
