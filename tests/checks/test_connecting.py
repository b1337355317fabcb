"""Words about handshakes and connections, over hand-made transcripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_mews.checks import websocket_connection, websocket_reconnect
from pytest_mews.checks.intervals import TRIES
from pytest_mews.checks.latency import Observed
from pytest_mews.model import (
    Connection,
    Disconnect,
    HandshakeProblem,
    Ping,
    SentMessage,
    Transcript,
    WebSocketHandshake,
)

HERE, THERE = "enterprise-1", "enterprise-2"
Word = Callable[[Transcript], Observed]


def line(number: int = 1, *, owner: str = HERE, at_ms: float = 0.0, **more: Any) -> Connection:  # noqa: ANN401
    """Script a connection."""
    return Connection(number, owner, at_ms, **more)


def knock(
    at_ms: float, *refusals: HandshakeProblem, status: int = 0, owner: str | None = HERE
) -> WebSocketHandshake:
    """Script a handshake, accepted unless it is said why not."""
    return WebSocketHandshake(
        int(at_ms) + 1,
        at_ms,
        "/ws/connector",
        status or (401 if refusals else 101),
        owner,
        refusals,
    )


def sent(at_ms: float = 0.0, done_ms: float | None = 1.0) -> SentMessage:
    """Script a message that says nothing."""
    return SentMessage("draw", HERE, "a message", 10, (), at_ms, done_ms)


def seen(*pieces: Connection | WebSocketHandshake, **more: Any) -> Transcript:  # noqa: ANN401
    """Put connections and handshakes into a transcript."""
    return Transcript(
        (),
        websocket_handshakes=tuple(each for each in pieces if isinstance(each, WebSocketHandshake)),
        connections=tuple(each for each in pieces if isinstance(each, Connection)),
        **more,
    )


def after_cut(
    *pauses: float, owner: str = HERE, accepted: bool = True, at_ms: float = 0.0
) -> list[Any]:
    """Script a cut at a moment, and handshakes after these pauses; the last one is accepted."""
    moments = [at_ms + sum(pauses[: place + 1]) for place in range(len(pauses))]
    tries = [
        knock(each, HandshakeProblem.ON_PURPOSE, status=503, owner=owner) for each in moments[:-1]
    ]
    if moments:
        last = () if accepted else (HandshakeProblem.ON_PURPOSE,)
        tries.append(knock(moments[-1], *last, status=101 if accepted else 503, owner=owner))
    cut = line(
        owner=owner, at_ms=at_ms - 1, cut=Disconnect.ABNORMAL, cut_ms=at_ms, closed_ms=at_ms + 1
    )
    return [cut, *tries]


WORDS: list[Word] = [
    websocket_connection.one_connection,
    websocket_connection.stays_open,
    websocket_connection.answers_pings,
    websocket_connection.keeps_up,
    websocket_connection.lives_on,
    websocket_connection.answers_close,
    websocket_reconnect.reconnects,
]


@pytest.mark.parametrize("word", WORDS)
def test_without_a_client_nothing_is_met(word: Word) -> None:
    """Nobody there is no success, and the reason says so."""
    found = word(seen())
    assert (found.met, found.observed, found.judged) == (False, websocket_connection.NOBODY, 1)


@pytest.mark.parametrize(
    "word",
    [
        websocket_connection.stays_open,
        websocket_connection.answers_pings,
        websocket_connection.lives_on,
    ],
)
def test_a_client_that_is_gone_is_named(word: Word) -> None:
    """What could not be sent is told, though another enterprise's client is well."""
    other = line(owner=THERE, pings=(Ping(1.0, 2.0, 0, 10.0),))
    found = word(seen(other, undeliverable=(sent(),)))
    assert not found.met
    assert f"no client of enterprise {HERE} was connected any more" in found.observed


def test_any_handshake_knocks() -> None:
    """Also one that is refused; a look whether anyone listens does not."""
    assert websocket_connection.knocks(seen(knock(1, HandshakeProblem.BLANKS))).met
    assert not websocket_connection.knocks(seen(knock(1, HandshakeProblem.NO_WEBSOCKET))).met
    assert not websocket_connection.knocks(seen()).met


@pytest.mark.parametrize(
    ("openings", "met", "words"),
    [
        ([knock(1)], True, "1 handshake, 1 accepted, for 1 enterprise"),
        ([knock(1, HandshakeProblem.ON_PURPOSE), knock(2)], True, "2 handshakes, 1 accepted"),
        ([knock(1, HandshakeProblem.OLD_ACCESS_TOKEN), knock(2)], True, "1 accepted"),
        ([knock(1, HandshakeProblem.NO_WEBSOCKET), knock(2)], True, "1 handshake, 1 accepted"),
        (
            [knock(1, HandshakeProblem.BLANKS), knock(2)],
            False,
            "1 of 2 handshakes refused: blanks (1)",
        ),
        ([knock(1, HandshakeProblem.ON_PURPOSE)], False, "1 handshake, 0 accepted"),
        ([], False, "no handshake came"),
    ],
)
def test_handshakes_are_held_against_the_documentation(
    openings: list[WebSocketHandshake], words: str, *, met: bool
) -> None:
    """What the harness refused on purpose, or a webhook has made old, accuses nobody."""
    found = websocket_connection.admitted(seen(*openings))
    assert (found.met, words in found.observed) == (met, True), found.observed


def test_a_token_in_a_url_is_one_too_many() -> None:
    """Whether the handshake was accepted or not."""
    spoken = WebSocketHandshake(
        1, 0.0, "/ws/connector?AccessToken=***", 101, HERE, tokens_in_query=True
    )
    assert not websocket_connection.tokens_in_cookies(seen(spoken, knock(2))).met
    assert websocket_connection.tokens_in_cookies(seen(knock(2))).met


@pytest.mark.parametrize(
    ("lines", "met"),
    [
        ([line(1), line(2, owner=THERE)], True),
        ([line(1, closed_ms=100.0), line(2, at_ms=100.0)], True),
        ([line(1, closed_ms=900.0), line(2, at_ms=0.0)], True),
        ([line(1, cut=Disconnect.UNRESPONSIVE, cut_ms=50.0), line(2, at_ms=60.0)], True),
        ([line(1), line(2, at_ms=10.0)], False),
    ],
)
def test_two_at_once_are_one_too_many(lines: list[Connection], *, met: bool) -> None:
    """A moment at a change is none, nor is one that the harness has let die."""
    pings = (Ping(3_000.0, 3_001.0, 0, 10.0),)
    whole = [*lines[:-1], Connection(**{**vars(lines[-1]), "pings": pings})]
    assert websocket_connection.one_connection(seen(*whole)).met is met


def test_who_closes_is_told_with_what_came_before() -> None:
    """Its code, and the last message; a cut by the harness is not the client's."""
    dropped = line(closed_ms=30.0, code=1011, sent=(sent(10.0),))
    found = websocket_connection.stays_open(seen(dropped, line(2, owner=THERE)))
    assert not found.met
    assert "1 of 2 connections closed by the client, with code 1011, 20 ms after" in found.observed
    bare = websocket_connection.stays_open(seen(line(closed_ms=30.0)))
    assert "without a close frame" in bare.observed
    assert websocket_connection.stays_open(
        seen(line(cut=Disconnect.RESTART, cut_ms=1.0, closed_ms=2.0))
    ).met


def test_every_ping_wants_its_pong() -> None:
    """The slowest is told, or how many had none and how long was waited."""
    good, bad = Ping(0.0, 7.0, 0, 10.0), Ping(0.0, None, 0, 10.0)
    assert websocket_connection.answers_pings(seen(line(pings=(good,)))).observed == (
        "1 ping, the slowest pong after 7 ms"
    )
    found = websocket_connection.answers_pings(seen(line(pings=(good, bad))))
    assert (found.met, found.observed) == (False, "1 of 2 pings without a pong, within 10 s")


@pytest.mark.parametrize(
    ("messages", "ponged_ms", "met", "words"),
    [
        ((sent(0.0),), 4_999.0, True, "9 events read within 4,999 ms"),
        ((sent(0.0),), 5_001.0, False, "9 events read after 5,001 ms"),
        ((sent(0.0),), None, False, "9 events not read within 10 s"),
        ((sent(0.0), sent(1.0, None)), None, False, "took 1 messages, then no more"),
    ],
)
def test_a_burst_is_read_in_time(
    messages: tuple[SentMessage, ...], ponged_ms: float | None, words: str, *, met: bool
) -> None:
    """From its first message to the pong behind its last; back pressure is told."""
    pings = (Ping(2.0, ponged_ms, 9, 10.0),)
    found = websocket_connection.keeps_up(seen(line(sent=messages, pings=pings)))
    assert (found.met, words in found.observed) == (met, True), found.observed


def test_to_live_on_is_to_be_connected_and_answer() -> None:
    """On whatever connection; one that came back counts."""
    pong, none = (Ping(5.0, 6.0, 0, 10.0),), (Ping(5.0, None, 0, 10.0),)
    dead = line(closed_ms=3.0)
    assert websocket_connection.lives_on(seen(dead, line(2, at_ms=4.0, pings=pong))).met
    assert not websocket_connection.lives_on(seen(dead)).met
    assert not websocket_connection.lives_on(seen(line(pings=none))).met
    assert not websocket_connection.lives_on(seen(line(pings=pong), line(2, owner=THERE))).met


def test_a_close_frame_wants_an_answer() -> None:
    """One without a code had none."""
    cut = {"cut": Disconnect.RESTART, "cut_ms": 1.0, "closed_ms": 2.0}
    assert websocket_connection.answers_close(seen(line(code=1012, **cut))).met
    found = websocket_connection.answers_close(seen(line(code=1012, **cut), line(2, **cut)))
    assert (found.met, found.observed) == (False, "1 of 2 close frames answered, with code 1012")


def test_to_come_back_is_to_be_accepted_after_the_cut() -> None:
    """By the same enterprise; tries in between are counted."""
    found = websocket_reconnect.reconnects(seen(*after_cut(200, 400)))
    assert (found.met, found.judged) == (True, 1)
    assert "opened again within 600 ms, by 2 handshakes" in found.observed
    in_vain = websocket_reconnect.reconnects(seen(*after_cut(200, accepted=False)))
    assert "1 handshake and none accepted" in in_vain.observed
    assert not in_vain.met
    (cut,) = after_cut()
    silent = websocket_reconnect.reconnects(seen(cut, knock(5, owner=THERE)))
    assert (silent.met, "no handshake" in silent.observed) == (False, True)


@pytest.mark.parametrize(
    ("pauses", "storms", "grows"),
    [
        ([250, 500, 1_000, 2_000], False, True),
        ([400, 410, 400, 405], False, False),
        ([10] * 20, True, False),
        ([100, 200], False, True),
        ([50, 100, 200, 400], False, True),
    ],
)
def test_pauses_are_looked_at(pauses: list[float], *, storms: bool, grows: bool) -> None:
    """More than five within a second are a storm; too few pauses show no growth, and accuse not."""
    transcript = seen(*after_cut(*pauses))
    assert websocket_reconnect.no_storm(transcript).met is not storms
    assert websocket_reconnect.pauses_grow(transcript).met is grows
    judged = websocket_reconnect.pauses_grow(transcript).judged
    assert judged == (len(pauses) >= TRIES)


def test_pauses_that_are_the_same_every_time_have_no_chance_in_them() -> None:
    """One client twice, or two clients once: it is enough that any two differ."""
    first = after_cut(250, 500, 1_000)
    same = after_cut(251, 499, 1_010, owner=THERE)
    other = after_cut(310, 430, 1_200, at_ms=10_000)
    assert not websocket_reconnect.pauses_differ(seen(*first, *same)).met
    assert websocket_reconnect.pauses_differ(seen(*first, *same, *other)).met
    alone = websocket_reconnect.pauses_differ(seen(*first))
    assert (alone.met, alone.judged) == (True, 0)


def test_nobody_who_tried_again_made_no_storm() -> None:
    """Without a try there is nothing to judge."""
    found = websocket_reconnect.no_storm(seen(line()))
    assert (found.met, found.judged) == (True, 0)
