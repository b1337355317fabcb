"""The journal keeps what came, in order, and lets others wait for it."""

from __future__ import annotations

import threading

from pytest_mews.emulator.websocket import connection_log as module
from pytest_mews.emulator.websocket.admission import Admission
from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.handshake_rejection import HandshakeRejection

ADMISSION = Admission(101, "/ws/connector", "hotel", (), tokens_in_query=False)


def test_of_very_many_handshakes_the_last_are_kept() -> None:
    """Numbers go on, and who looks from a number on is not confused."""
    kept, module.KEPT = module.KEPT, 8
    try:
        journal = ConnectionLog()
        for at in range(20):
            journal.open(ADMISSION, 101, float(at))
    finally:
        module.KEPT = kept
    numbers = [each.number for each in journal.handshakes()]
    assert numbers[-1] == 20
    assert len(numbers) <= 10
    assert [each.number for each in journal.handshakes(18)] == [19, 20]


def test_a_wait_ends_when_it_holds() -> None:
    """Also where that comes from another thread."""
    journal = ConnectionLog()
    waiter = threading.Thread(target=lambda: journal.connect("hotel", 0.0))
    waiter.start()
    assert journal.wait_until(lambda: bool(journal.connections()), 20.0)
    waiter.join()
    assert not journal.wait_until(lambda: False, 0.01)


def test_what_is_heard_and_changed_is_of_one_connection() -> None:
    """Others stay what they are."""
    journal = ConnectionLog()
    first, second = journal.connect("a", 7.0), journal.connect("b", 8.0)
    journal.hear(first)
    journal.change(second, closed_ms=9.0, code=1000)
    one, other = journal.connections()
    assert (one.received, one.closed_ms, one.opened_ms) == (1, None, 7.0)
    assert (other.received, other.closed_ms, other.code) == (0, 9.0, 1000)


def test_refusing_ends_when_both_are_over() -> None:
    """Neither the number nor the time alone ends it."""
    refusing = HandshakeRejection(503, times=2, until_ms=100.0)
    assert [refusing.applies(at) for at in (0, 10, 20, 90)] == [True] * 4
    assert not refusing.applies(100)
    few = HandshakeRejection(503, times=2, until_ms=0.0)
    assert [few.applies(50) for _ in range(3)] == [True, True, False]
