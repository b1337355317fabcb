"""In which pieces, and how fast, a body is given to the wire."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from pytest_mews.model import TransferMode

PIECES = 30
SLOW_BODY_S = 3.0  # our choice: slow, and yet whole well within the documented 5 s
_SLOW_SHARE = 0.6  # of a time limit below 5 s


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


def spread_body_over_s(manner: TransferMode, timeout_s: float, spent_s: float = 0.0) -> float:
    """Tell over how many seconds a body is spread: 0 unless it is to be slow.

    It is whole 3 s after an attempt of 5 s began, whichever hop it is on: the rest is the
    service's. Where a redirect comes only after the whole body, the next hop gets it at once.

    Args:
        manner: how the body is put on the wire.
        timeout_s: seconds that the attempt may take.
        spent_s: seconds that its earlier hops took.

    """
    if manner is not TransferMode.SLOW:
        return 0.0
    return max(0.0, min(SLOW_BODY_S, _SLOW_SHARE * timeout_s) - spent_s)


def pace_of(manner: TransferMode, size: int, over_s: float) -> Pace:
    """Give the pace of a body of `size` bytes; a slow one is spread over `over_s` seconds."""
    match manner:
        case TransferMode.CHUNKED:
            return Pace(size, PIECES)
        case TransferMode.SLOW:
            return Pace(size, PIECES, over_s)
        case TransferMode.PLAIN | TransferMode.NEW_CONNECTION:
            return Pace(size)
