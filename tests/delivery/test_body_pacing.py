"""Tests of the pace of a body; no clock is needed."""

from __future__ import annotations

import pytest

from pytest_mews.delivery.body_pacing import (
    MAX_PIECES,
    SLOW_BODY_S,
    BodyPace,
    body_pace,
    body_spread_s,
)
from pytest_mews.model import TransferMode


def _pieces(pace: BodyPace) -> list[tuple[int, float]]:
    """Return the size of each piece and when it is due."""
    offset, pieces = 0, []
    while offset < pace.size:
        end = min(pace.piece_end(offset), pace.size)
        pieces.append((end - offset, pace.due_s(offset)))
        offset = end
    return pieces


@pytest.mark.parametrize("transfer_mode", [TransferMode.PLAIN, TransferMode.NEW_CONNECTION])
def test_a_plain_body_is_one_piece_without_delay(transfer_mode: TransferMode) -> None:
    """Curl may read all of it at once."""
    assert _pieces(body_pace(transfer_mode, 1000, 3)) == [(1000, 0)]


def test_a_chunked_body_is_many_pieces_without_delay() -> None:
    """No piece is delayed."""
    assert _pieces(body_pace(TransferMode.CHUNKED, 300, 3)) == [(10, 0)] * MAX_PIECES


@pytest.mark.parametrize("size", [2, 10, 30, 100, 3_000_000])
def test_a_slow_body_is_spread_evenly(size: int) -> None:
    """The first piece is due at once, the last before the time is over; together they are all."""
    pieces = _pieces(body_pace(TransferMode.SLOW, size, SLOW_BODY_S))
    dues = [due for _, due in pieces]
    assert sum(length for length, _ in pieces) == size
    assert len(pieces) <= MAX_PIECES
    assert dues == sorted(set(dues))
    assert dues[0] == 0
    assert SLOW_BODY_S / 2 <= dues[-1] < SLOW_BODY_S


def test_a_piece_that_is_read_in_parts_ends_in_the_same_place() -> None:
    """If curl reads less than a piece, the rest of the piece ends where the piece would have."""
    pace = BodyPace(100, 10, 1)
    assert [pace.piece_end(offset) for offset in (0, 3, 9, 10)] == [10, 10, 10, 20]


def test_a_slow_body_leaves_the_service_two_fifths_of_the_timeout() -> None:
    """A slow body takes 2 s of a 5 s timeout, less of a shorter one, no more of a longer one."""
    slow = [body_spread_s(TransferMode.SLOW, timeout_s) for timeout_s in (5, 1, 60)]
    assert slow == [2, pytest.approx(0.4), 2]
    assert {
        body_spread_s(transfer_mode, 5)
        for transfer_mode in TransferMode
        if transfer_mode is not TransferMode.SLOW
    } == {0}


def test_hops_of_one_attempt_share_the_spread() -> None:
    """An immediate redirect leaves nearly all of the spread, one after a slow body nothing."""
    assert [body_spread_s(TransferMode.SLOW, 5, spent_s) for spent_s in (0.5, 3.2)] == [1.5, 0]
    assert [due for _, due in _pieces(body_pace(TransferMode.SLOW, 60, 0))] == [0] * MAX_PIECES


def test_an_empty_body_has_no_pieces() -> None:
    """There is no division by its size."""
    pace = body_pace(TransferMode.SLOW, 0, 3)
    assert (_pieces(pace), pace.due_s(0)) == ([], 0)
