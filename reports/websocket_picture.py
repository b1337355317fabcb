"""The WebSocket as a picture: one row per connection, and one for the handshakes."""

from __future__ import annotations

from markupsafe import Markup

from pytest_mews.model import Evidence
from pytest_mews.reports import websocket_table
from pytest_mews.reports.charts import Spec, mark_layer, quantity, render_svg

ROW_HEIGHT = 24  # px
MAX_TICKS = 200
MIN_DURATION_MS = 50.0
SECONDS_FROM_MS = 2_000.0  # from this duration on, the axis is in seconds
_INJECTED_STATUSES = frozenset({429, 503})

LEGEND = (
    "A bar is a connection from its handshake to its end. In it, ticks are messages and rings are "
    "pings, red without a pong. A cross is where the harness closed the connection, a red cross "
    "where the client did. Ticks in the last row are handshakes: green if accepted, grey if "
    "rejected by an injected fault, red if rejected for another reason."
)

Mark = tuple[int, float, str]  # row, ms since the start of the case, colour
_AXIS: Spec = {"labelLimit": 260, "grid": True}


def is_worth_drawing(evidence: Evidence) -> bool:
    """Whether a picture says more than words.

    It does if an expectation failed, a connection ended or a handshake was rejected.
    """
    if any(not finding.met for finding in evidence.findings):
        return True
    transcript = evidence.transcript
    ended = any(connection.ended_ms is not None for connection in transcript.connections)
    return ended or any(not handshake.accepted for handshake in transcript.websocket_handshakes)


def draw(evidence: Evidence) -> Markup | None:
    """Draw one case on a time line; None if nothing happened, or nothing worth drawing."""
    transcript, start_ms = evidence.transcript, websocket_table.case_start_ms(evidence)
    connections = transcript.connections[: websocket_table.MAX_CONNECTIONS]
    handshakes = transcript.websocket_handshakes[: websocket_table.MAX_HANDSHAKES]
    if not (connections or handshakes) or not is_worth_drawing(evidence):
        return None
    moments = [start_ms + MIN_DURATION_MS]
    for connection in connections:
        ends_ms = (connection.opened_ms, connection.closed_ms, connection.disconnect_ms)
        moments += [moment for moment in ends_ms if moment]
        moments += [ping.pong_ms or ping.at_ms for ping in connection.pings]
    moments += [message.at_ms for message in transcript.websocket_messages]
    moments += [handshake.at_ms for handshake in handshakes]
    end_ms = max(moments)
    bars = tuple(
        (
            f"{connection.number} of {connection.enterprise_id[:8]}…",
            max(0.0, connection.opened_ms - start_ms),
            (end_ms if connection.ended_ms is None else connection.ended_ms) - start_ms,
        )
        for connection in connections
    )
    message_marks = [
        (row, message.at_ms - start_ms, "var(--ink)")
        for row, connection in enumerate(connections)
        for message in connection.sent
    ]
    ping_marks = [
        (row, ping.at_ms - start_ms, "var(--accent)" if ping.pong_ms else "var(--fail)")
        for row, connection in enumerate(connections)
        for ping in connection.pings
    ]
    end_marks = [
        (
            row,
            connection.ended_ms - start_ms,
            "var(--fail)" if connection.closed_by_client else "var(--muted)",
        )
        for row, connection in enumerate(connections)
        if connection.ended_ms is not None
    ]
    handshake_marks = [
        (
            len(connections),
            handshake.at_ms - start_ms,
            "var(--pass)"
            if handshake.accepted
            else "var(--muted)"
            if handshake.status in _INJECTED_STATUSES
            else "var(--fail)",
        )
        for handshake in handshakes
    ]
    return _render(
        bars,
        tuple(message_marks[:MAX_TICKS]),
        tuple(ping_marks[:MAX_TICKS]),
        tuple(end_marks),
        tuple(handshake_marks),
    )


def _render(
    bars: tuple[tuple[str, float, float], ...],
    message_marks: tuple[Mark, ...],
    ping_marks: tuple[Mark, ...],
    end_marks: tuple[Mark, ...],
    handshake_marks: tuple[Mark, ...],
) -> Markup:
    marks = (*message_marks, *ping_marks, *end_marks, *handshake_marks)
    end_ms = max([*(end for _, _, end in bars), *(at for _, at, _ in marks), MIN_DURATION_MS])
    unit, scale = ("seconds", 1000.0) if end_ms >= SECONDS_FROM_MS else ("milliseconds", 1.0)
    names = [*(name for name, _, _ in bars), "handshakes"]
    y: Spec = {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": _AXIS}
    # A connection that was open before the case started is drawn from the start of the case.
    x = quantity(
        "from",
        f"{unit} since the start of the case",
        axis={"tickCount": 8, "grid": False},
        scale={"domain": [0, end_ms / scale]},
    )
    bar_data = [
        {"row": name, "from": max(0.0, start) / scale, "to": max(0.0, end) / scale}
        for name, start, end in bars
    ]

    def mark_data(layer_marks: tuple[Mark, ...]) -> list[dict[str, object]]:
        return [
            {"row": names[row], "at": max(0.0, at) / scale, "colour": colour}
            for row, at, colour in layer_marks
        ]

    colour = {"color": {"field": "colour", "type": "nominal", "scale": None}}
    bar = {"x": x, "x2": {"field": "to"}, "y": y}
    point = {"x": quantity("at"), "y": y} | colour
    tick_style = {"size": 14, "thickness": 2, "opacity": 1}
    layers = [
        mark_layer("bar", bar, bar_data, height=10, opacity=0.35),
        mark_layer("tick", point, mark_data(message_marks), **tick_style),
        mark_layer(
            "point", point, mark_data(ping_marks), shape="circle", size=40, opacity=1, filled=False
        ),
        mark_layer(
            "point", point, mark_data(end_marks), shape="cross", size=70, opacity=1, filled=True
        ),
        mark_layer("tick", point, mark_data(handshake_marks), **tick_style),
    ]
    layers = [layer for layer in layers if layer["data"]["values"]]
    return render_svg({"step": ROW_HEIGHT}, layers)
