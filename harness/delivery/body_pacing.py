"""Splits a request body into pieces, and decides when libcurl gets each of them."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from pytest_mews.model import TransferMode

MAX_PIECES = 30
# Our choice: slow, and yet complete so early that a service which takes a second has two more
# seconds within the documented 5 s, also on a busy machine.
SLOW_BODY_S = 2.0
_SLOW_BODY_SHARE = 0.4  # of a timeout below 5 s


class BodyPace(NamedTuple):
    """The pieces of a body, and when each may be sent.

    Attributes:
        size: bytes of the body.
        max_pieces: the largest number of pieces that the body is split into.
        spread_over_s: seconds that the pieces are spread over, counted from the first.

    """

    size: int
    max_pieces: int = 1
    spread_over_s: float = 0.0

    def piece_end(self, offset: int) -> int:
        """Return where the piece that contains byte `offset` ends; may exceed the body's size."""
        piece_size = max(1, ceil(self.size / self.max_pieces))
        return (offset // piece_size + 1) * piece_size

    def due_s(self, offset: int) -> float:
        """Return how many seconds after the first byte the byte `offset` may be sent."""
        return self.spread_over_s * offset / max(1, self.size)


def body_spread_s(transfer_mode: TransferMode, timeout_s: float, spent_s: float = 0.0) -> float:
    """Return the seconds that a body is spread over; 0 unless the transfer mode is slow.

    With a timeout of 5 s the body is complete 2 s after the attempt started, whichever hop it is
    on; the remaining time is the service's. Where a redirect comes only after the whole body, the
    next hop gets the body at once.

    Args:
        transfer_mode: how the body travels.
        timeout_s: seconds that the attempt may take.
        spent_s: seconds that its earlier hops took.

    """
    if transfer_mode is not TransferMode.SLOW:
        return 0.0
    return max(0.0, min(SLOW_BODY_S, _SLOW_BODY_SHARE * timeout_s) - spent_s)


def body_pace(transfer_mode: TransferMode, size: int, spread_over_s: float) -> BodyPace:
    """Return the pace of a body of `size` bytes; a slow one is spread over `spread_over_s`."""
    match transfer_mode:
        case TransferMode.CHUNKED:
            return BodyPace(size, MAX_PIECES)
        case TransferMode.SLOW:
            return BodyPace(size, MAX_PIECES, spread_over_s)
        case TransferMode.PLAIN | TransferMode.NEW_CONNECTION:
            return BodyPace(size)
