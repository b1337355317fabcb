"""What happened on the WebSocket in one play: for `certification.json`, and as rows to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_mews.model import Connection, Evidence, Ping, SentMessage, WebSocketHandshake
from pytest_mews.reports.sanitize import capped

CONNECTIONS = 12
OPENINGS = 60
SENT = 20
TEXT = 500
IDS = 10


@dataclass(frozen=True)
class WebSocketRow:
    """One thing that happened: when, to which connection (0 for none yet), what, and whether amiss.

    Times are ms after the beginning of the play.
    """

    at_ms: float
    connection: int
    what: str
    amiss: bool = False


def machine(trial: Evidence) -> dict[str, Any]:
    """Give connections and handshakes as `certification.json` has them: bounded."""
    seen = trial.transcript
    lines = _kept(seen.connections, CONNECTIONS)
    openings = _kept(seen.websocket_handshakes, OPENINGS)
    zero = zero_ms(trial)
    return {
        "connections": [_connection(each, zero) for each in lines],
        "connections_left_out": len(seen.connections) - len(lines),
        "websocket_handshakes": [_opening(each, zero) for each in openings],
        "websocket_handshakes_left_out": len(seen.websocket_handshakes) - len(openings),
        "not_sent": [_sent(each) for each in (*seen.not_sent, *seen.undeliverable)[:SENT]],
    }


def zero_ms(trial: Evidence) -> float:
    """The first moment of a play on the run's clock, in ms: a message, a ping, a cut, a request."""
    seen = trial.transcript
    moments = [each.at_ms for each in seen.websocket_messages]
    moments += [ping.at_ms for line in seen.connections for ping in line.pings]
    moments += [line.cut_ms for line in seen.connections if line.cut_ms is not None]
    if not moments:
        moments = [each.at_ms for each in seen.websocket_handshakes]
    return min(moments, default=0.0)


def says(trial: Evidence) -> str:
    """The play in figures: the text that stands for the picture."""
    seen = trial.transcript
    sent = sum(len(line.sent) for line in seen.connections)
    refused = sum(not each.accepted for each in seen.websocket_handshakes)
    cut = sum(line.cut is not None for line in seen.connections)
    dropped = sum(line.dropped for line in seen.connections)
    said = [f"{_count(len(seen.connections), 'connection')}", f"{_count(sent, 'message')} sent"]
    if cut:
        said.append(f"{cut} cut on purpose")
    if dropped:
        said.append(f"{dropped} closed by the client")
    if refused:
        said.append(f"{_count(refused, 'handshake')} refused")
    if seen.not_sent:
        said.append(f"{_count(len(seen.not_sent), 'message')} not sent on purpose")
    if seen.undeliverable:
        said.append(f"{_count(len(seen.undeliverable), 'message')} had nobody to be sent to")
    return ", ".join(said) + "."


def happenings(trial: Evidence) -> tuple[WebSocketRow, ...]:
    """List what happened in order; of many messages and handshakes only the first."""
    seen, zero = trial.transcript, zero_ms(trial)
    found = [
        WebSocketRow(each.at_ms - zero, 0, _opening_in_words(each), amiss=bool(each.problems))
        for each in _kept(seen.websocket_handshakes, OPENINGS)
    ]
    found += [
        WebSocketRow(each.at_ms - zero, 0, f"{each.description}", amiss=each in seen.undeliverable)
        for each in (*seen.not_sent, *seen.undeliverable)[:SENT]
    ]
    for line in _kept(seen.connections, CONNECTIONS):
        found += _of_line(line, zero)
    return tuple(sorted(found, key=lambda each: each.at_ms))


def _of_line(line: Connection, zero: float) -> list[WebSocketRow]:
    found = [
        WebSocketRow(
            each.at_ms - zero,
            line.number,
            f"{each.description}, {each.size:,} bytes",
            amiss=each.done_ms is None,
        )
        for each in line.sent[:SENT]
    ]
    found += [_ping(each, line, zero) for each in line.pings[:SENT]]
    if line.cut is not None and line.cut_ms is not None:
        found.append(WebSocketRow(line.cut_ms - zero, line.number, f"cut on purpose: {line.cut}"))
    if line.closed_ms is not None:
        code = "without a close frame" if line.code is None else f"close frame {line.code}"
        said = f"closed by the client, {code}" if line.dropped else f"over, {code}"
        found.append(WebSocketRow(line.closed_ms - zero, line.number, said, amiss=line.dropped))
    return found


def _ping(ping: Ping, line: Connection, zero: float) -> WebSocketRow:
    if ping.ponged_ms is None:
        said = f"ping, no pong within {ping.waited_s:g} s"
        return WebSocketRow(ping.at_ms - zero, line.number, said, amiss=True)
    return WebSocketRow(
        ping.at_ms - zero, line.number, f"ping, pong after {ping.ponged_ms - ping.at_ms:,.0f} ms"
    )


def _opening_in_words(opening: WebSocketHandshake) -> str:
    whose = opening.enterprise_id or "nobody known"
    why = f" ({', '.join(opening.problems)})" if opening.problems else ""
    return f"handshake for {opening.path} of {whose}: {opening.status}{why}"


def _kept(everything: Sequence[Any], limit: int) -> Sequence[Any]:
    return everything[:limit]


def _connection(line: Connection, zero: float) -> dict[str, Any]:
    return {
        "number": line.number,
        "enterprise_id": capped(line.enterprise_id, TEXT),
        "opened_ms": _ms(line.opened_ms),
        "relative_ms": _ms(line.opened_ms - zero),
        "cut": None if line.cut is None else line.cut.value,
        "cut_ms": _ms(line.cut_ms),
        "closed_ms": _ms(line.closed_ms),
        "close_code": line.code,
        "received": line.received,
        "sent": [_sent(each) for each in line.sent[:SENT]],
        "sent_left_out": max(0, len(line.sent) - SENT),
        "pings": [
            {"at_ms": _ms(each.at_ms), "ponged_ms": _ms(each.ponged_ms), "behind": each.behind}
            for each in line.pings[:SENT]
        ],
    }


def _sent(sent: SentMessage) -> dict[str, Any]:
    return {
        "label": capped(sent.label, TEXT),
        "description": capped(sent.description, TEXT),
        "size": sent.size,
        "events": [
            {"type": capped(e.discriminator, TEXT), "entity_id": e.entity_id, "state": e.state}
            for e in sent.events[:IDS]
        ],
        "events_count": len(sent.events),
        "at_ms": _ms(sent.at_ms),
        "done_ms": _ms(sent.done_ms),
    }


def _opening(opening: WebSocketHandshake, zero: float) -> dict[str, Any]:
    return {
        "number": opening.number,
        "at_ms": _ms(opening.at_ms),
        "relative_ms": _ms(opening.at_ms - zero),
        "path": capped(opening.path, TEXT),
        "status": opening.status,
        "enterprise_id": opening.enterprise_id,
        "refusals": [each.value for each in opening.problems],
        "tokens_in_query": opening.tokens_in_query,
    }


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _ms(moment: float | None) -> float | None:
    return None if moment is None else round(moment, 3)
