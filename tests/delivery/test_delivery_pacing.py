"""The pace of a body, without any clock."""

from __future__ import annotations

import pytest

from pytest_mews.delivery.body_pacing import PIECES, SLOW_BODY_S, Pace, pace_of, spread_body_over_s
from pytest_mews.model import TransferMode


def _pieces(pace: Pace) -> list[tuple[int, float]]:
    """Give each piece's bytes and when it is due."""
    given, pieces = 0, []
    while given < pace.size:
        end = min(pace.end(given), pace.size)
        pieces.append((end - given, pace.due_s(given)))
        given = end
    return pieces


@pytest.mark.parametrize("manner", [TransferMode.PLAIN, TransferMode.NEW_CONNECTION])
def test_an_ordinary_body_is_one_piece_at_once(manner: TransferMode) -> None:
    """Curl takes as much of it as it likes."""
    assert _pieces(pace_of(manner, 1000, 3)) == [(1000, 0)]


def test_a_chunked_body_is_many_pieces_at_once() -> None:
    """No piece waits for anything."""
    assert _pieces(pace_of(TransferMode.CHUNKED, 300, 3)) == [(10, 0)] * PIECES


@pytest.mark.parametrize("size", [2, 10, 30, 100, 3_000_000])
def test_a_slow_body_is_spread_evenly(size: int) -> None:
    """The first piece is due at once, the last before the time is over; none is lost."""
    pieces = _pieces(pace_of(TransferMode.SLOW, size, SLOW_BODY_S))
    dues = [due for _, due in pieces]
    assert sum(length for length, _ in pieces) == size
    assert len(pieces) <= PIECES
    assert dues == sorted(set(dues))
    assert dues[0] == 0
    assert SLOW_BODY_S / 2 <= dues[-1] < SLOW_BODY_S


def test_a_piece_that_was_given_in_parts_is_due_as_one() -> None:
    """Where curl takes less than a piece, the rest of it ends where the piece would have."""
    pace = Pace(100, 10, 1)
    assert [pace.end(given) for given in (0, 3, 9, 10)] == [10, 10, 10, 20]


def test_the_drip_leaves_the_service_two_fifths_of_the_time() -> None:
    """Of 5 s it takes 3, of a shorter time limit less, of a longer one no more."""
    slow = [spread_body_over_s(TransferMode.SLOW, timeout_s) for timeout_s in (5, 1, 60)]
    assert slow == [3, pytest.approx(0.6), 3]
    assert {
        spread_body_over_s(manner, 5) for manner in TransferMode if manner is not TransferMode.SLOW
    } == {0}


def test_hops_of_one_attempt_share_the_drip() -> None:
    """A redirect that was answered at once leaves nearly all of it, a dripped one nothing."""
    assert [spread_body_over_s(TransferMode.SLOW, 5, spent_s) for spent_s in (0.5, 3.2)] == [2.5, 0]
    assert [due for _, due in _pieces(pace_of(TransferMode.SLOW, 60, 0))] == [0] * PIECES


def test_an_empty_body_has_no_piece() -> None:
    """Nothing is due, and nothing is divided by its length."""
    pace = pace_of(TransferMode.SLOW, 0, 3)
    assert (_pieces(pace), pace.due_s(0)) == ([], 0)
