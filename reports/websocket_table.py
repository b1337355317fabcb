"""What happened on the WebSocket in one case, as rows of a table and in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model import Connection, Evidence, Ping, WebSocketHandshake

MAX_CONNECTIONS = 12
MAX_HANDSHAKES = 60
MAX_MESSAGES = 20


@dataclass(frozen=True)
class WebSocketRow:
    """One thing that happened on a connection; its number is 0 if there was none yet.

    Times are ms since the start of the case.
    """

    at_ms: float
    connection: int
    text: str
    is_problem: bool = False


def case_start_ms(evidence: Evidence) -> float:
    """Return when the case started on the run's clock: its first message, ping or disconnect.

    If there is none of these, its first handshake.
    """
    transcript = evidence.transcript
    moments = [message.at_ms for message in transcript.websocket_messages]
    for connection in transcript.connections:
        moments += [ping.at_ms for ping in connection.pings]
        if connection.disconnect_ms is not None:
            moments.append(connection.disconnect_ms)
    if not moments:
        moments = [handshake.at_ms for handshake in transcript.websocket_handshakes]
    return min(moments, default=0.0)


def summarize(evidence: Evidence) -> str:
    """Return the case in figures: the text alternative of the picture."""
    transcript = evidence.transcript
    connections = transcript.connections
    sent = sum(len(connection.sent) for connection in connections)
    rejected = sum(not handshake.accepted for handshake in transcript.websocket_handshakes)
    disconnects = sum(connection.disconnect is not None for connection in connections)
    closed = sum(connection.closed_by_client for connection in connections)
    parts = [_count(len(connections), "connection"), f"{_count(sent, 'message')} sent"]
    if disconnects:
        parts.append(f"{disconnects} closed by the harness")
    if closed:
        parts.append(f"{closed} closed by the client")
    if rejected:
        parts.append(f"{_count(rejected, 'handshake')} rejected")
    if transcript.not_sent:
        parts.append(f"{_count(len(transcript.not_sent), 'message')} withheld by the harness")
    if transcript.undeliverable:
        parts.append(
            f"{_count(len(transcript.undeliverable), 'message')} undeliverable without a connection"
        )
    return ", ".join(parts) + "."


def websocket_rows(evidence: Evidence) -> tuple[WebSocketRow, ...]:
    """Return the rows in order of time; of many messages and handshakes, only the first ones."""
    transcript, start_ms = evidence.transcript, case_start_ms(evidence)
    rows = [
        WebSocketRow(
            handshake.at_ms - start_ms,
            0,
            _describe_handshake(handshake),
            is_problem=bool(handshake.problems),
        )
        for handshake in transcript.websocket_handshakes[:MAX_HANDSHAKES]
    ]
    rows += [
        WebSocketRow(
            message.at_ms - start_ms,
            0,
            message.description,
            is_problem=message in transcript.undeliverable,
        )
        for message in (*transcript.not_sent, *transcript.undeliverable)[:MAX_MESSAGES]
    ]
    for connection in transcript.connections[:MAX_CONNECTIONS]:
        rows += _connection_rows(connection, start_ms)
    return tuple(sorted(rows, key=lambda row: row.at_ms))


def _connection_rows(connection: Connection, start_ms: float) -> list[WebSocketRow]:
    number = connection.number
    rows = [
        WebSocketRow(
            message.at_ms - start_ms,
            number,
            f"{message.description}, {message.size:,} bytes",
            is_problem=message.done_ms is None,
        )
        for message in connection.sent[:MAX_MESSAGES]
    ]
    rows += [_ping_row(ping, number, start_ms) for ping in connection.pings[:MAX_MESSAGES]]
    if connection.disconnect is not None and connection.disconnect_ms is not None:
        text = f"closed by the harness: {connection.disconnect}"
        rows.append(WebSocketRow(connection.disconnect_ms - start_ms, number, text))
    if connection.closed_ms is not None:
        code = (
            "without a close frame"
            if connection.close_code is None
            else f"close frame {connection.close_code}"
        )
        by_client = connection.closed_by_client
        text = f"closed by the client, {code}" if by_client else f"closed, {code}"
        rows.append(
            WebSocketRow(connection.closed_ms - start_ms, number, text, is_problem=by_client)
        )
    return rows


def _ping_row(ping: Ping, number: int, start_ms: float) -> WebSocketRow:
    at_ms = ping.at_ms - start_ms
    if ping.pong_ms is None:
        text = f"ping, no pong within {ping.timeout_s:g} s"
        return WebSocketRow(at_ms, number, text, is_problem=True)
    return WebSocketRow(at_ms, number, f"ping, pong after {ping.pong_ms - ping.at_ms:,.0f} ms")


def _describe_handshake(handshake: WebSocketHandshake) -> str:
    enterprise = handshake.enterprise_id or "no known enterprise"
    problems = f" ({', '.join(handshake.problems)})" if handshake.problems else ""
    return f"handshake for {handshake.path} of {enterprise}: {handshake.status}{problems}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
