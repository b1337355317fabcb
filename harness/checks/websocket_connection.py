"""Checks of WebSocket clients: whether they connect correctly, stay connected, and answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import join_clauses, quantity
from pytest_mews.mews.limits import RESPONSE_TIMEOUT_S
from pytest_mews.model import Connection, HandshakeProblem, Transcript, WebSocketHandshake

MAX_OVERLAP_MS = 1_000.0  # how long an old connection may stay open beside the new one
# Like the response to a webhook; nothing is documented for the WebSocket.
MAX_READ_MS = RESPONSE_TIMEOUT_S * 1000.0
CLIENT_PROBLEMS = frozenset(HandshakeProblem) - {
    HandshakeProblem.INJECTED,
    HandshakeProblem.NO_WEBSOCKET,
    HandshakeProblem.OLD_ACCESS_TOKEN,  # the webhook with the new one may be on its way
}
NO_CLIENT = "no client was connected"


@case_check("handshake-attempted", "a handshake at the WebSocket emulator")
def handshake_attempted(transcript: Transcript) -> Observation:
    """A handshake arrived, accepted or not."""
    handshakes = _handshakes(transcript)
    observed = "no handshake reached the WebSocket emulator"
    if handshakes:
        observed = _describe_handshakes(handshakes)
    return Observation(met=bool(handshakes), observed=observed, subject_count=1)


@case_check(
    "handshake-valid",
    "handshakes for /ws/connector with the cookies ClientToken and AccessToken, no blanks around =",
)
def handshake_valid(transcript: Transcript) -> Observation:
    """Every handshake had the documented path and cookies, and at least one was accepted.

    Tokens in the URL are not evaluated here: they are deprecated, and `tokens-in-cookies` is about
    them.
    """
    handshakes = _handshakes(transcript)
    wrong = _refused(handshakes)
    if not wrong:
        met = any(handshake.accepted for handshake in handshakes)
        observed = _describe_handshakes(handshakes) if handshakes else "no handshake arrived"
        return Observation(met=met, observed=observed, subject_count=max(1, len(handshakes)))
    observed = _describe_refused(wrong, len(handshakes))
    return Observation(met=False, observed=observed, subject_count=len(handshakes))


@case_check("tokens-in-cookies", "no token in the URL")
def tokens_in_cookies(transcript: Transcript) -> Observation:
    """No handshake had a token in its URL."""
    handshakes = transcript.websocket_handshakes
    wrong = [handshake for handshake in handshakes if handshake.tokens_in_query]
    observed = f"{quantity(len(handshakes), 'handshake')}, no token in a URL"
    if wrong:
        observed = f"a token in the URL: {len(wrong)} of {quantity(len(handshakes), 'handshake')}"
    return Observation(met=not wrong, observed=observed, subject_count=len(handshakes))


@case_check("single-connection", "one connection at a time for an enterprise")
def single_connection(transcript: Transcript) -> Observation:
    """No enterprise had two connections at once for more than a second, as at a reconnect."""
    connections = transcript.connections
    end_ms = _end_ms(transcript)
    overlapping = [
        (first, overlap_ms)
        for first, second in combinations(connections, 2)
        if first.enterprise_id == second.enterprise_id
        and (overlap_ms := _overlap_ms(first, second, end_ms)) > MAX_OVERLAP_MS
    ]
    if not overlapping:
        enterprise_count = len({connection.enterprise_id for connection in connections})
        observed = (
            f"{quantity(len(connections), 'connection')} for "
            f"{quantity(enterprise_count, 'enterprise')}"
        )
        met = bool(connections)
        return Observation(met=met, observed=observed if met else NO_CLIENT, subject_count=1)
    first, overlap_ms = max(overlapping, key=lambda overlap: overlap[1])
    same = [
        connection for connection in connections if connection.enterprise_id == first.enterprise_id
    ]
    observed = (
        f"enterprise {first.enterprise_id} had {len(same)} connections, two of them open at the "
        f"same time for {overlap_ms:,.0f} ms"
    )
    return Observation(met=False, observed=observed, subject_count=len(connections))


@case_check("connection-kept-open", "connections that the client does not close")
def connection_kept_open(transcript: Transcript) -> Observation:
    """No client closed a connection, with or without a close frame."""
    connections = transcript.connections
    if not connections or transcript.undeliverable:
        return no_client(transcript)
    closed = [connection for connection in connections if connection.closed_by_client]
    if not closed:
        observed = f"{quantity(len(connections), 'connection')}, none closed by the client"
        return Observation(met=True, observed=observed, subject_count=len(connections))
    first = closed[0]
    code = "without a close frame" if first.close_code is None else f"with code {first.close_code}"
    after = ""
    if first.sent and first.closed_ms is not None:
        after_ms = first.closed_ms - first.sent[-1].at_ms
        after = f", {after_ms:,.0f} ms after it was sent {first.sent[-1].description}"
    observed = (
        f"the client closed the connection {code}{after}; {len(closed)} of "
        f"{quantity(len(connections), 'connection')}"
    )
    return Observation(met=False, observed=observed, subject_count=len(connections))


@case_check("answers-pings", "a pong for every ping")
def answers_pings(transcript: Transcript) -> Observation:
    """Every ping was answered within the time that the harness waited."""
    pings = [ping for connection in transcript.connections for ping in connection.pings]
    if not pings or transcript.undeliverable:
        return no_client(transcript)
    times_ms = [ping.pong_ms - ping.at_ms for ping in pings if ping.pong_ms is not None]
    if len(times_ms) == len(pings):
        observed = f"{quantity(len(pings), 'ping')}, slowest pong after {max(times_ms):,.0f} ms"
        return Observation(met=True, observed=observed, subject_count=len(pings))
    timeout_s = next(ping.timeout_s for ping in pings if ping.pong_ms is None)
    observed = (
        f"no pong within {timeout_s:g} s, for {len(pings) - len(times_ms)} of "
        f"{quantity(len(pings), 'ping')}"
    )
    return Observation(met=False, observed=observed, subject_count=len(pings))


@case_check("no-backpressure", "a client that reads as fast as messages are sent")
def no_backpressure(transcript: Transcript) -> Observation:
    """A client had read all messages that were sent at once within 5 s.

    Frames stay in order, so the pong of a ping behind the messages shows that they were read. It
    does not show what the client did with them.
    """
    bursts = [
        (connection, ping)
        for connection in transcript.connections
        for ping in connection.pings
        if ping.events_before and connection.sent
    ]
    if not bursts or transcript.undeliverable:
        return no_client(transcript)
    late, slowest_ms = [], 0.0
    for connection, ping in bursts:
        read_ms = None if ping.pong_ms is None else ping.pong_ms - connection.sent[0].at_ms
        blocked = any(sent.done_ms is None for sent in connection.sent)
        if read_ms is None or read_ms > MAX_READ_MS or blocked:
            late.append((connection, ping, read_ms))
        slowest_ms = max(slowest_ms, read_ms or 0.0)
    if not late:
        most = max(ping.events_before for _, ping in bursts)
        observed = f"{quantity(most, 'event')} read within {slowest_ms:,.0f} ms"
        return Observation(met=True, observed=observed, subject_count=len(bursts))
    connection, ping, read_ms = late[0]
    written_count = sum(sent.done_ms is not None for sent in connection.sent)
    events = quantity(ping.events_before, "event")
    reading = f"{events} read after {read_ms or 0:,.0f} ms"
    if read_ms is None:
        reading = f"{events} not read within {ping.timeout_s:g} s"
    pressure = ""
    if written_count < len(connection.sent):
        pressure = (
            f"the connection took {quantity(written_count, 'message')}, then no more "
            "(back pressure)"
        )
    observed = join_clauses((pressure, reading))
    return Observation(met=False, observed=observed, subject_count=len(bursts))


@case_check("still-connected", "a client that is connected and answers at the end")
def still_connected(transcript: Transcript) -> Observation:
    """Each client is connected at the end, and answers a ping."""
    connections = transcript.connections
    owners = {connection.enterprise_id for connection in connections}
    if not owners or transcript.undeliverable:
        return no_client(transcript)
    responsive = {
        connection.enterprise_id
        for connection in connections
        if connection.ended_ms is None
        and connection.pings
        and connection.pings[-1].pong_ms is not None
    }
    closed_count = sum(connection.closed_by_client for connection in connections)
    observed = (
        f"{len(owners & responsive)} of {quantity(len(owners), 'client')} connected and answering "
        "at the end"
    )
    if closed_count:
        observed += f"; {quantity(closed_count, 'connection')} closed by the client before"
    return Observation(met=owners <= responsive, observed=observed, subject_count=len(owners))


@case_check("answers-close-frame", "a close frame in response to a close frame")
def answers_close_frame(transcript: Transcript) -> Observation:
    """Each close frame was answered with a close frame."""
    closed = [
        connection for connection in transcript.connections if connection.disconnect is not None
    ]
    if not closed:
        return no_client(transcript)
    answered = [connection for connection in closed if connection.close_code is not None]
    observed = f"{len(answered)} of {quantity(len(closed), 'close frame')} answered"
    codes = sorted(
        {connection.close_code for connection in closed if connection.close_code is not None}
    )
    if codes:
        observed += f", with code {', '.join(map(str, codes))}"
    met = len(answered) == len(closed)
    return Observation(met=met, observed=observed, subject_count=len(closed))


def no_client(transcript: Transcript) -> Observation:
    """Return the observation of a transcript without a client: not met."""
    if not transcript.undeliverable:
        return Observation(met=False, observed=NO_CLIENT, subject_count=1)
    first = transcript.undeliverable[0]
    observed = (
        f"no client of enterprise {first.enterprise_id} was connected any more to receive "
        f"{first.description}"
    )
    return Observation(met=False, observed=observed, subject_count=1)


def describe_refused_handshakes(handshakes: Sequence[WebSocketHandshake]) -> str:
    """Return why handshakes were refused, if each was for what the client sent; else nothing."""
    refused = _refused(handshakes)
    if not refused or len(refused) < len(_without_other_requests(handshakes)):
        return ""
    return _describe_refused(refused, len(refused))


def _handshakes(transcript: Transcript) -> list[WebSocketHandshake]:
    """Return the WebSocket handshakes, without other requests such as a port check."""
    return _without_other_requests(transcript.websocket_handshakes)


def _without_other_requests(
    handshakes: Sequence[WebSocketHandshake],
) -> list[WebSocketHandshake]:
    return [
        handshake
        for handshake in handshakes
        if HandshakeProblem.NO_WEBSOCKET not in handshake.problems
    ]


def _refused(handshakes: Sequence[WebSocketHandshake]) -> list[WebSocketHandshake]:
    """Return the handshakes that were refused for what the client sent."""
    return [handshake for handshake in handshakes if CLIENT_PROBLEMS & set(handshake.problems)]


def _describe_refused(refused: Sequence[WebSocketHandshake], count: int) -> str:
    """Return why handshakes were refused; `count` is the number of all handshakes."""
    counts = Counter(
        problem
        for handshake in refused
        for problem in handshake.problems
        if problem in CLIENT_PROBLEMS
    )
    problems = ", ".join(f"{problem} ({number})" for problem, number in counts.most_common())
    first = refused[0]
    return (
        f"{problems}: {len(refused)} of {quantity(count, 'handshake')} refused, the first "
        f"for {first.path}, answered with {first.status}"
    )


def _describe_handshakes(handshakes: Sequence[WebSocketHandshake]) -> str:
    accepted = [handshake for handshake in handshakes if handshake.accepted]
    enterprise_count = len({handshake.enterprise_id for handshake in accepted})
    text = f"{quantity(len(handshakes), 'handshake')}, {len(accepted)} accepted"
    return f"{text}, for {quantity(enterprise_count, 'enterprise')}" if accepted else text


def _overlap_ms(first: Connection, second: Connection, end_ms: float) -> float:
    ends_ms = [
        end_ms if connection.ended_ms is None else connection.ended_ms
        for connection in (first, second)
    ]
    return min(ends_ms) - max(first.opened_ms, second.opened_ms)


def _end_ms(transcript: Transcript) -> float:
    """Return the last moment at which anything was observed."""
    moments = [
        moment
        for connection in transcript.connections
        for moment in (
            connection.opened_ms,
            connection.ended_ms,
            *(ping.pong_ms for ping in connection.pings),
            *(ping.at_ms for ping in connection.pings),
        )
        if moment is not None
    ]
    return max(moments, default=0.0)
