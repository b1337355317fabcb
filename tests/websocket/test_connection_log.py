"""Tests of the connection log and of rejected handshakes."""

from __future__ import annotations

import threading

import pytest

from pytest_mews.emulator.websocket import connection_log
from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.websocket_handshakes import HandshakeRejection, HandshakeResult

HANDSHAKE = HandshakeResult(101, "/ws/connector", "hotel", (), tokens_in_query=False)


def test_only_the_last_handshakes_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers continue, and `since` still selects the later handshakes."""
    monkeypatch.setattr(connection_log, "MAX_HANDSHAKES", 8)
    log = ConnectionLog()
    for number in range(20):
        log.record_handshake(HANDSHAKE, 101, float(number))
    numbers = [handshake.number for handshake in log.handshakes()]
    assert numbers[-1] == 20
    assert len(numbers) <= 10
    assert [handshake.number for handshake in log.handshakes(18)] == [19, 20]


def test_a_wait_ends_when_its_predicate_holds() -> None:
    """Another thread may make the change."""
    log = ConnectionLog()
    writer = threading.Thread(target=lambda: log.record_connection("hotel", 0.0))
    writer.start()
    assert log.wait_until(lambda: bool(log.connections()), 20.0)
    writer.join()
    assert not log.wait_until(lambda: False, 0.01)


def test_updates_affect_one_connection() -> None:
    """Other connections stay unchanged."""
    log = ConnectionLog()
    first, second = log.record_connection("a", 7.0), log.record_connection("b", 8.0)
    log.count_received(first)
    log.update_connection(second, closed_ms=9.0, close_code=1000)
    counted, closed = log.connections()
    assert (counted.received_count, counted.closed_ms, counted.opened_ms) == (1, None, 7.0)
    assert (closed.received_count, closed.closed_ms, closed.close_code) == (0, 9.0, 1000)


def test_a_rejection_ends_after_both_its_count_and_its_time() -> None:
    """Neither the count nor the time alone ends it."""
    rejection = HandshakeRejection(503, remaining=2, until_ms=100.0)
    assert [rejection.applies(at) for at in (0, 10, 20, 90)] == [True] * 4
    assert not rejection.applies(100)
    expired = HandshakeRejection(503, remaining=2, until_ms=0.0)
    assert [expired.applies(50) for _ in range(3)] == [True, True, False]
    bounded = HandshakeRejection(503, remaining=9, until_ms=0.0, ends_ms=50.0)
    assert [bounded.applies(at) for at in (40, 50)] == [True, False]
