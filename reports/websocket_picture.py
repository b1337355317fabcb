"""The WebSocket as a picture: a row for each connection, and one for handshakes in between."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from pytest_mews.model import Evidence
from pytest_mews.reports import websocket_table
from pytest_mews.reports.charts import Spec, draw, mark, number

ROW = 24  # pixels
TICKS = 200
LEAST_MS = 50.0
LONG_MS = 2_000.0  # from here on the axis is in seconds

LEGEND = (
    "A bar is a connection, from its handshake to its end; ticks in it are messages, rings are "
    "pings, red ones without a pong. A cross is where the harness cut it, a red one where the "
    "client closed it. Ticks in the last row are handshakes: red ones were refused, grey ones too, "
    "on purpose."
)

Mark = tuple[int, float, str]  # row, moment in ms, colour
_AXIS: Spec = {"labelLimit": 260, "grid": True}


def telling(trial: Evidence) -> bool:
    """Tell whether a picture says more than words: something was cut, lost, refused or amiss."""
    if any(not one.met for one in trial.findings):
        return True
    seen = trial.transcript
    over = any(line.over_ms is not None for line in seen.connections)
    return over or any(not each.accepted for each in seen.websocket_handshakes)


def picture(trial: Evidence) -> Markup | None:
    """Draw one play on a time line; None where there is nothing to draw, or nothing telling."""
    seen, zero = trial.transcript, websocket_table.zero_ms(trial)
    lines = seen.connections[: websocket_table.CONNECTIONS]
    if not (lines or seen.websocket_handshakes) or not telling(trial):
        return None
    last = max(
        [
            *(m for line in lines for m in (line.opened_ms, line.closed_ms, line.cut_ms) if m),
            *(each.at_ms for each in seen.websocket_messages),
            *(ping.ponged_ms or ping.at_ms for line in lines for ping in line.pings),
            *(each.at_ms for each in seen.websocket_handshakes[: websocket_table.OPENINGS]),
            zero + LEAST_MS,
        ]
    )
    bars = tuple(
        (
            f"{line.number} of {line.enterprise_id[:8]}…",
            max(0.0, line.opened_ms - zero),
            (last if line.over_ms is None else line.over_ms) - zero,
        )
        for line in lines
    )
    messages = [
        (row, each.at_ms - zero, "var(--ink)")
        for row, line in enumerate(lines)
        for each in line.sent
    ]
    pings = [
        (row, each.at_ms - zero, "var(--accent)" if each.ponged_ms else "var(--fail)")
        for row, line in enumerate(lines)
        for each in line.pings
    ]
    ends = [
        (row, line.over_ms - zero, "var(--fail)" if line.dropped else "var(--muted)")
        for row, line in enumerate(lines)
        if line.over_ms is not None
    ]
    knocks = [
        (
            len(lines),
            each.at_ms - zero,
            "var(--pass)"
            if each.accepted
            else "var(--muted)"
            if each.status in {429, 503}
            else "var(--fail)",
        )
        for each in seen.websocket_handshakes[: websocket_table.OPENINGS]
    ]
    return _drawn(bars, tuple(messages[:TICKS]), tuple(pings[:TICKS]), tuple(ends), tuple(knocks))


# A problem is explained above its details: the same picture twice.
@lru_cache(maxsize=128)
def _drawn(
    bars: tuple[tuple[str, float, float], ...],
    messages: tuple[Mark, ...],
    pings: tuple[Mark, ...],
    ends: tuple[Mark, ...],
    knocks: tuple[Mark, ...],
) -> Markup:
    marks = (*messages, *pings, *ends, *knocks)
    last = max([*(end for _, _, end in bars), *(at for _, at, _ in marks), LEAST_MS])
    unit, scale = ("seconds", 1000.0) if last >= LONG_MS else ("milliseconds", 1.0)
    names = [*(name for name, _, _ in bars), "handshakes"]
    y: Spec = {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": _AXIS}
    # What was open before the play began is drawn from its beginning.
    look: Spec = {"axis": {"tickCount": 8, "grid": False}, "scale": {"domain": [0, last / scale]}}
    x = number("from", f"{unit} since the play began", **look)
    rows = [
        {"row": name, "from": max(0.0, start) / scale, "to": max(0.0, end) / scale}
        for name, start, end in bars
    ]
    tinted = {"color": {"field": "colour", "type": "nominal", "scale": None}}

    def placed(some: tuple[Mark, ...]) -> list[dict[str, object]]:
        return [
            {"row": names[row], "at": max(0.0, at) / scale, "colour": colour}
            for row, at, colour in some
        ]

    point = {"x": number("at"), "y": y} | tinted
    layers = [
        mark("bar", {"x": x, "x2": {"field": "to"}, "y": y}, rows, height=10, opacity=0.35),
        mark("tick", point, placed(messages), size=14, thickness=2, opacity=1),
        mark("point", point, placed(pings), shape="circle", size=40, opacity=1, filled=False),
        mark("point", point, placed(ends), shape="cross", size=70, opacity=1, filled=True),
        mark("tick", point, placed(knocks), size=14, thickness=2, opacity=1),
    ]
    filled = [layer for layer in layers if layer["data"]["values"]]
    return draw({"step": ROW}, filled)
