"""Checks of clients that lost their connection: whether they reconnect, and with which pauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from pytest_mews.checks.check import case_check
from pytest_mews.checks.intervals import (
    MIN_PAUSES,
    agreement,
    chance_of_agreement,
    format_pauses,
    pauses_grow,
)
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import join_clauses, quantity
from pytest_mews.checks.websocket_connection import no_client
from pytest_mews.model import Connection, Transcript, WebSocketHandshake

# Our own figures; nothing is documented. More handshakes of one client in that time are a storm.
MAX_HANDSHAKES, STORM_MS = 5, 1_000.0
LONG_MS = 10_000.0  # pauses as long as this need not grow
MAX_CHANCE = 0.01  # of equal pauses in spite of jitter
MIN_SERIES = 2


@case_check("reconnects", "a new connection after a lost one")
def reconnects(transcript: Transcript) -> Observation:
    """A client reconnected after each connection that the WebSocket emulator ended.

    Its process did so: one that ends, and that the harness starts again, does not reconnect.
    """
    lost = [
        connection for connection in transcript.connections if connection.disconnect is not None
    ]
    if not lost:
        return no_client(transcript)
    if transcript.client_restarts:
        observed = (
            "the client's process ended instead of reconnecting: the harness started it again "
            f"({quantity(transcript.client_restarts, 'time')})"
        )
        return Observation(met=False, observed=observed, subject_count=len(lost))
    handshakes = transcript.websocket_handshakes
    waits = [_reconnected_after_ms(connection, handshakes) for connection in lost]
    reconnected = [wait for wait in waits if wait is not None]
    connections = quantity(len(lost), "connection")
    if len(reconnected) == len(lost):
        try_count = sum(len(_reconnect_handshakes(connection, handshakes)) for connection in lost)
        tries = f", with {quantity(try_count, 'handshake')}" if try_count > len(lost) else ""
        observed = f"{connections} ended, opened again within {max(reconnected):,.0f} ms{tries}"
        return Observation(met=True, observed=observed, subject_count=len(lost))
    first = lost[waits.index(None)]
    try_count = len(_reconnect_handshakes(first, handshakes))
    tries = "no handshake"
    if try_count:
        tries = f"{quantity(try_count, 'handshake')}, none accepted"
    observed = (
        f"the client did not reconnect: {tries}; {len(lost) - len(reconnected)} of {connections} "
        "not opened again"
    )
    return Observation(met=False, observed=observed, subject_count=len(lost))


@case_check(
    "no-reconnect-storm", f"at most {MAX_HANDSHAKES} handshakes of a client within a second"
)
def no_reconnect_storm(transcript: Transcript) -> Observation:
    """No client made more than five handshakes within a second."""
    series = _pause_series(transcript)
    if not series:
        return Observation(met=True, observed="no client tried again", subject_count=0)
    most = max(map(_most_within_a_second, series))
    shortest_ms = min(pause for pauses in series for pause in pauses)
    met = most <= MAX_HANDSHAKES
    figures = (
        f"at most {quantity(most, 'handshake')} within a second, shortest pause "
        f"{shortest_ms:,.0f} ms"
    )
    observed = join_clauses(("" if met else "the client floods the server with tries", figures))
    return Observation(met=met, observed=observed, subject_count=len(series))


@case_check("reconnect-backoff", "growing pauses between handshakes")
def reconnect_backoff(transcript: Transcript) -> Observation:
    """The pauses between a client's handshakes are not all about equally long.

    The longest of three or more pauses is at least 1.5 times the shortest. Four or more that are
    shorter each time, down to a quarter, do not grow. Pauses of ten seconds or more need not: a
    client that forgets its failures only after a stable connection begins with its longest ones.
    """
    series = [pauses for pauses in _pause_series(transcript) if len(pauses) >= MIN_PAUSES]
    fixed = [pauses for pauses in series if not pauses_grow(pauses) and min(pauses) < LONG_MS]
    observed = "too few tries to see growth"
    if fixed:
        observed = f"the pauses between handshakes do not grow: {format_pauses(fixed[0])}"
    elif series:
        observed = f"pauses of {format_pauses(series[0])}"
    return Observation(met=not fixed, observed=observed, subject_count=len(series))


@case_check("jitter", "pauses with some randomness (jitter)")
def jitter(transcript: Transcript) -> Observation:
    """The pauses after several disconnects differ, of different clients or of one client.

    A pause is equal to the shortest at its position if it is longer by no more than 2 % or 50 ms,
    whichever is more. A busy machine may delay single pauses: the check is not met if more of them
    are equal than a jitter of 10 % leaves equal in one of 100 runs. If that is true of no number,
    they are too short or too few to be evaluated.
    """
    series = [pauses for pauses in _pause_series(transcript) if len(pauses) > 1]
    if len(series) < MIN_SERIES:
        observed = "too few tries to see a difference"
        return Observation(met=True, observed=observed, subject_count=0)
    equal, count = agreement(series)
    figures = f"pauses of {', and of '.join(map(format_pauses, series[:2]))}"
    if chance_of_agreement(series) <= MAX_CHANCE:
        delayed = f" ({equal} of {count})" if equal < count else ""
        observed = f"the pauses are always the same{delayed}: {figures}"
        return Observation(met=False, observed=observed, subject_count=len(series))
    if equal == count:
        observed = f"too short or too few to tell equal pauses from jitter: {figures}"
        return Observation(met=True, observed=observed, subject_count=0)
    return Observation(met=True, observed=figures, subject_count=len(series))


def _reconnect_handshakes(
    connection: Connection, handshakes: Iterable[WebSocketHandshake]
) -> list[WebSocketHandshake]:
    """Return the handshakes after a connection was ended, up to the first accepted one."""
    assert connection.disconnect_ms is not None
    tries: list[WebSocketHandshake] = []
    for handshake in handshakes:
        is_owner = handshake.enterprise_id == connection.enterprise_id
        if is_owner and handshake.at_ms >= connection.disconnect_ms:
            tries.append(handshake)
            if handshake.accepted:
                break
    return tries


def _reconnected_after_ms(
    connection: Connection, handshakes: Iterable[WebSocketHandshake]
) -> float | None:
    assert connection.disconnect_ms is not None
    tries = _reconnect_handshakes(connection, handshakes)
    accepted_ms = (handshake.at_ms for handshake in tries if handshake.accepted)
    return next((at_ms - connection.disconnect_ms for at_ms in accepted_ms), None)


def _pause_series(transcript: Transcript) -> list[list[float]]:
    """Return the pauses in ms before the handshakes after each disconnect, one list for each."""
    series = []
    for connection in transcript.connections:
        if connection.disconnect_ms is not None:
            tries = _reconnect_handshakes(connection, transcript.websocket_handshakes)
            moments = [connection.disconnect_ms, *(handshake.at_ms for handshake in tries)]
            pauses = [after - before for before, after in pairwise(moments)]
            if pauses:
                series.append(pauses)
    return series


def _most_within_a_second(pauses: Sequence[float]) -> int:
    """Return the most handshakes within a second."""
    moments = [sum(pauses[: index + 1]) for index in range(len(pauses))]
    return max(sum(0 <= moment - first < STORM_MS for moment in moments) for first in moments)
