"""The checks of handshakes, connections and reconnects, with scripted transcripts."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from pytest_mews.checks import websocket_connection, websocket_reconnect
from pytest_mews.checks.intervals import MIN_PAUSES
from pytest_mews.checks.observation import Observation
from pytest_mews.model import (
    Connection,
    Disconnect,
    HandshakeProblem,
    Ping,
    SentMessage,
    Transcript,
    WebSocketHandshake,
)

ENTERPRISE, OTHER_ENTERPRISE = "enterprise-1", "enterprise-2"
Check = Callable[[Transcript], Observation]


def connection(
    number: int = 1,
    *,
    owner: str = ENTERPRISE,
    at_ms: float = 0.0,
    **fields: Any,  # noqa: ANN401
) -> Connection:
    """Script a connection."""
    return Connection(number, owner, at_ms, **fields)


def handshake(
    at_ms: float, *problems: HandshakeProblem, status: int = 0, owner: str | None = ENTERPRISE
) -> WebSocketHandshake:
    """Script a handshake, accepted unless it has problems."""
    return WebSocketHandshake(
        int(at_ms) + 1,
        at_ms,
        "/ws/connector",
        status or (401 if problems else 101),
        owner,
        problems,
    )


def sent_message(at_ms: float = 0.0, done_ms: float | None = 1.0) -> SentMessage:
    """Script a message without events."""
    return SentMessage("message", ENTERPRISE, "a message", 10, (), at_ms, done_ms)


def transcript_of(*records: Connection | WebSocketHandshake, **fields: Any) -> Transcript:  # noqa: ANN401
    """Put connections and handshakes into a transcript."""
    return Transcript(
        (),
        websocket_handshakes=tuple(
            record for record in records if isinstance(record, WebSocketHandshake)
        ),
        connections=tuple(record for record in records if isinstance(record, Connection)),
        **fields,
    )


def after_disconnect(
    *pauses: float, owner: str = ENTERPRISE, accepted: bool = True, at_ms: float = 0.0
) -> list[Any]:
    """Script a disconnect, and handshakes after these pauses; the last one may be accepted."""
    moments = [at_ms + sum(pauses[: place + 1]) for place in range(len(pauses))]
    tries = [
        handshake(moment, HandshakeProblem.INJECTED, status=503, owner=owner)
        for moment in moments[:-1]
    ]
    if moments:
        last = () if accepted else (HandshakeProblem.INJECTED,)
        tries.append(handshake(moments[-1], *last, status=101 if accepted else 503, owner=owner))
    lost = connection(
        owner=owner,
        at_ms=at_ms - 1,
        disconnect=Disconnect.ABNORMAL,
        disconnect_ms=at_ms,
        closed_ms=at_ms + 1,
    )
    return [lost, *tries]


CLIENT_CHECKS: list[Check] = [
    websocket_connection.single_connection,
    websocket_connection.connection_kept_open,
    websocket_connection.answers_pings,
    websocket_connection.no_backpressure,
    websocket_connection.still_connected,
    websocket_connection.answers_close_frame,
    websocket_reconnect.reconnects,
]


@pytest.mark.parametrize("check", CLIENT_CHECKS)
def test_a_check_is_not_met_without_a_client(check: Check) -> None:
    """The observation says that no client was connected."""
    observation = check(transcript_of())
    assert (observation.met, observation.observed, observation.subject_count) == (
        False,
        websocket_connection.NO_CLIENT,
        1,
    )


@pytest.mark.parametrize(
    "check",
    [
        websocket_connection.connection_kept_open,
        websocket_connection.answers_pings,
        websocket_connection.still_connected,
    ],
)
def test_the_observation_names_a_missing_client(check: Check) -> None:
    """An undeliverable message is named, even if another enterprise's client is connected."""
    other = connection(owner=OTHER_ENTERPRISE, pings=(Ping(1.0, 2.0, 0, 10.0),))
    observation = check(transcript_of(other, undeliverable=(sent_message(),)))
    assert not observation.met
    assert f"no client of enterprise {ENTERPRISE} was connected any more" in observation.observed


def test_handshake_attempted() -> None:
    """A refused handshake counts; a request without a WebSocket handshake doesn't."""
    assert websocket_connection.handshake_attempted(
        transcript_of(handshake(1, HandshakeProblem.BLANKS))
    ).met
    assert not websocket_connection.handshake_attempted(
        transcript_of(handshake(1, HandshakeProblem.NO_WEBSOCKET))
    ).met
    assert not websocket_connection.handshake_attempted(transcript_of()).met


@pytest.mark.parametrize(
    ("handshakes", "met", "expected"),
    [
        ([handshake(1)], True, "1 handshake, 1 accepted, for 1 enterprise"),
        ([handshake(1, HandshakeProblem.INJECTED), handshake(2)], True, "2 handshakes, 1 accepted"),
        ([handshake(1, HandshakeProblem.OLD_ACCESS_TOKEN), handshake(2)], True, "1 accepted"),
        (
            [handshake(1, HandshakeProblem.NO_WEBSOCKET), handshake(2)],
            True,
            "1 handshake, 1 accepted",
        ),
        (
            [handshake(1, HandshakeProblem.BLANKS), handshake(2)],
            False,
            "blanks (1): 1 of 2 handshakes refused",
        ),
        ([handshake(1, HandshakeProblem.INJECTED)], False, "1 handshake, 0 accepted"),
        ([], False, "no handshake arrived"),
    ],
)
def test_handshake_valid(handshakes: list[WebSocketHandshake], expected: str, *, met: bool) -> None:
    """Injected rejections and a token that a webhook just replaced are not the client's fault."""
    observation = websocket_connection.handshake_valid(transcript_of(*handshakes))
    assert (observation.met, expected in observation.observed) == (met, True), observation.observed


def test_tokens_in_cookies() -> None:
    """A token in the URL breaks it, even if the handshake was accepted."""
    with_token = WebSocketHandshake(
        1, 0.0, "/ws/connector?AccessToken=***", 101, ENTERPRISE, tokens_in_query=True
    )
    assert not websocket_connection.tokens_in_cookies(transcript_of(with_token, handshake(2))).met
    assert websocket_connection.tokens_in_cookies(transcript_of(handshake(2))).met


@pytest.mark.parametrize(
    ("connections", "met"),
    [
        ([connection(1), connection(2, owner=OTHER_ENTERPRISE)], True),
        ([connection(1, closed_ms=100.0), connection(2, at_ms=100.0)], True),
        ([connection(1, closed_ms=900.0), connection(2, at_ms=0.0)], True),
        (
            [
                connection(1, disconnect=Disconnect.UNRESPONSIVE, disconnect_ms=50.0),
                connection(2, at_ms=60.0),
            ],
            True,
        ),
        ([connection(1), connection(2, at_ms=10.0)], False),
    ],
)
def test_single_connection(connections: list[Connection], *, met: bool) -> None:
    """A short overlap at a reconnect is tolerated, and so is an unresponsive old connection."""
    pings = (Ping(3_000.0, 3_001.0, 0, 10.0),)
    whole = [*connections[:-1], Connection(**{**vars(connections[-1]), "pings": pings})]
    assert websocket_connection.single_connection(transcript_of(*whole)).met is met


def test_connection_kept_open() -> None:
    """The close code and the last message are named; a disconnect by the harness doesn't count."""
    closed = connection(closed_ms=30.0, close_code=1011, sent=(sent_message(10.0),))
    observation = websocket_connection.connection_kept_open(
        transcript_of(closed, connection(2, owner=OTHER_ENTERPRISE))
    )
    assert not observation.met
    assert (
        "the client closed the connection with code 1011, 20 ms after it was sent a message; 1 of 2"
        in observation.observed
    )
    without_frame = websocket_connection.connection_kept_open(
        transcript_of(connection(closed_ms=30.0))
    )
    assert "without a close frame" in without_frame.observed
    assert websocket_connection.connection_kept_open(
        transcript_of(connection(disconnect=Disconnect.RESTART, disconnect_ms=1.0, closed_ms=2.0))
    ).met


def test_answers_pings() -> None:
    """The observation gives the slowest pong, or how many pings had none, and the timeout."""
    good, bad = Ping(0.0, 7.0, 0, 10.0), Ping(0.0, None, 0, 10.0)
    assert websocket_connection.answers_pings(
        transcript_of(connection(pings=(good,)))
    ).observed == ("1 ping, slowest pong after 7 ms")
    observation = websocket_connection.answers_pings(transcript_of(connection(pings=(good, bad))))
    assert (observation.met, observation.observed) == (
        False,
        "no pong within 10 s, for 1 of 2 pings",
    )


@pytest.mark.parametrize(
    ("messages", "ponged_ms", "met", "expected"),
    [
        ((sent_message(0.0),), 4_999.0, True, "9 events read within 4,999 ms"),
        ((sent_message(0.0),), 5_001.0, False, "9 events read after 5,001 ms"),
        ((sent_message(0.0),), None, False, "9 events not read within 10 s"),
        ((sent_message(0.0), sent_message(1.0, None)), None, False, "took 1 message, then no more"),
    ],
)
def test_no_backpressure(
    messages: tuple[SentMessage, ...], ponged_ms: float | None, expected: str, *, met: bool
) -> None:
    """The time runs from the first message to the pong after the last one."""
    pings = (Ping(2.0, ponged_ms, 9, 10.0),)
    observation = websocket_connection.no_backpressure(
        transcript_of(connection(sent=messages, pings=pings))
    )
    assert (observation.met, expected in observation.observed) == (met, True), observation.observed


def test_still_connected() -> None:
    """Any connection of the enterprise counts, also one after a reconnect."""
    pong, none = (Ping(5.0, 6.0, 0, 10.0),), (Ping(5.0, None, 0, 10.0),)
    dead = connection(closed_ms=3.0)
    assert websocket_connection.still_connected(
        transcript_of(dead, connection(2, at_ms=4.0, pings=pong))
    ).met
    assert not websocket_connection.still_connected(transcript_of(dead)).met
    assert not websocket_connection.still_connected(transcript_of(connection(pings=none))).met
    assert not websocket_connection.still_connected(
        transcript_of(connection(pings=pong), connection(2, owner=OTHER_ENTERPRISE))
    ).met


def test_answers_close_frame() -> None:
    """A connection without a close code had no close frame."""
    lost = {"disconnect": Disconnect.RESTART, "disconnect_ms": 1.0, "closed_ms": 2.0}
    assert websocket_connection.answers_close_frame(
        transcript_of(connection(close_code=1012, **lost))
    ).met
    observation = websocket_connection.answers_close_frame(
        transcript_of(connection(close_code=1012, **lost), connection(2, **lost))
    )
    assert (observation.met, observation.observed) == (
        False,
        "1 of 2 close frames answered, with code 1012",
    )


def test_reconnects() -> None:
    """The same enterprise has to be accepted again; tries before that are counted."""
    observation = websocket_reconnect.reconnects(transcript_of(*after_disconnect(200, 400)))
    assert (observation.met, observation.subject_count) == (True, 1)
    assert "opened again within 600 ms, with 2 handshakes" in observation.observed
    rejected = websocket_reconnect.reconnects(transcript_of(*after_disconnect(200, accepted=False)))
    assert "1 handshake, none accepted" in rejected.observed
    assert not rejected.met
    (lost,) = after_disconnect()
    silent = websocket_reconnect.reconnects(
        transcript_of(lost, handshake(5, owner=OTHER_ENTERPRISE))
    )
    assert (silent.met, "no handshake" in silent.observed) == (False, True)


@pytest.mark.parametrize(
    ("pauses", "storms", "grows"),
    [
        ([250, 500, 1_000, 2_000], False, True),
        ([400, 410, 400, 405], False, False),
        ([10] * 20, True, False),
        ([100, 200], False, True),
        ([50, 100, 200, 400], False, True),
        ([17_071, 20_947, 15_214, 19_174], False, True),
        ([9_500, 10_100, 10_400, 9_800], False, False),
    ],
)
def test_storms_and_backoff(pauses: list[float], *, storms: bool, grows: bool) -> None:
    """More than five within a second are a storm; too few pauses are not evaluated."""
    transcript = transcript_of(*after_disconnect(*pauses))
    assert websocket_reconnect.no_reconnect_storm(transcript).met is not storms
    assert websocket_reconnect.reconnect_backoff(transcript).met is grows
    judged = websocket_reconnect.reconnect_backoff(transcript).subject_count
    assert judged == (len(pauses) >= MIN_PAUSES)


def test_jitter() -> None:
    """It is enough that any two series differ, of one client or of two."""
    first = after_disconnect(1_000, 2_000, 4_000, 8_000)
    same = after_disconnect(1_040, 1_960, 4_060, 8_005, owner=OTHER_ENTERPRISE)
    other = after_disconnect(1_310, 1_430, 4_200, at_ms=100_000)
    assert not websocket_reconnect.jitter(transcript_of(*first, *same)).met
    assert websocket_reconnect.jitter(transcript_of(*first, *same, *other)).met
    alone = websocket_reconnect.jitter(transcript_of(*first))
    assert (alone.met, alone.subject_count) == (True, 0)


@pytest.mark.parametrize("first_pause_ms", [50, 500, 5_000])
def test_a_client_with_jitter_is_not_accused(first_pause_ms: int) -> None:
    """Pauses with a jitter of 10 % are equal by chance in fewer than 1 of 100 runs."""
    random = Random(first_pause_ms)
    accused = 0
    for _ in range(150):
        rounds = [
            after_disconnect(
                *(first_pause_ms * 2**number * random.uniform(0.9, 1.1) for number in range(4)),
                at_ms=at_ms,
            )
            for at_ms in (0.0, 1e6)
        ]
        accused += not websocket_reconnect.jitter(transcript_of(*rounds[0], *rounds[1])).met
    assert accused <= 2


@pytest.mark.parametrize("late", [(), ((0, 1, 120.0),), ((0, 1, 300.0), (2, 3, 90.0))])
def test_a_busy_machine_hides_no_equal_pauses(late: tuple[tuple[int, int, float], ...]) -> None:
    """Single pauses that came later than the others are no jitter."""
    series = [[250.0, 500.0, 1_000.0, 2_000.0] for _ in range(5)]
    for index, number, delay_ms in late:
        series[index][number] += delay_ms
    lost = [after_disconnect(*pauses, at_ms=1e6 * n) for n, pauses in enumerate(series)]
    assert not websocket_reconnect.jitter(
        transcript_of(*(part for pair in lost for part in pair))
    ).met


def test_pauses_too_short_for_jitter_are_not_judged() -> None:
    """Equal pauses of a long series are found; those of a short one prove nothing."""
    for pauses, met in (((250, 500), True), ((5_000, 10_000, 20_000, 40_000), False)):
        rounds = [after_disconnect(*pauses, at_ms=at_ms) for at_ms in (0.0, 1e6)]
        observation = websocket_reconnect.jitter(transcript_of(*rounds[0], *rounds[1]))
        assert (observation.met, observation.subject_count > 0) == (met, not met)


def test_no_reconnect_storm_without_a_try() -> None:
    """Without a try there is nothing to evaluate."""
    observation = websocket_reconnect.no_reconnect_storm(transcript_of(connection()))
    assert (observation.met, observation.subject_count) == (True, 0)
