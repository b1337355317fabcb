"""The fetch table as a picture: a row for each of its rows, and one for the requests."""

from __future__ import annotations

from markupsafe import Markup

from pytest_mews.model import ApiCall, Evidence
from pytest_mews.reports.charts import Spec, mark_layer, quantity, render_svg
from pytest_mews.reports.fetch_table import FetchRow, FetchTable
from pytest_mews.sanitize import capped, sanitize

MAX_TICKS = 120
ROW_HEIGHT = 24  # px
MIN_DURATION_MS = 100
SECONDS_FROM_MS = 2_000  # from this duration on, the axis is in seconds

_DIAMOND = {"shape": "diamond", "filled": True, "size": 70, "opacity": 1}
# The number before a row's label keeps rows with the same label apart; the axis hides it.
_AXIS: Spec = {
    "labelExpr": "slice(datum.label, indexof(datum.label, ' ') + 1)",
    "labelLimit": 260,
    "grid": True,
}
_LEGEND = (
    "A row is an entity, or several with the same times. The bar lasts until the message was "
    "acknowledged, the pale bar from the first request for the entity to the response that "
    "contained it, marked by a diamond. Ticks below are requests: green if answered with success, "
    "grey with an injected fault, red with an error."
)


def caption(table: FetchTable) -> str:
    """Say what the picture shows and what it leaves out."""
    text = _LEGEND
    if table.unfetched:
        text += " A dashed line ends without a fetch; its length is not a duration."
    if table.left_out:
        text += f" {table.left_out:,} more entities are left out of the picture."
    return text


def is_worth_drawing(evidence: Evidence) -> bool:
    """Whether a picture says more than a table: an expectation failed, or a fault was injected."""
    calls = evidence.transcript.calls
    return any(not finding.met for finding in evidence.findings) or any(
        call.fault is not None for call in calls
    )


def draw(table: FetchTable, calls: tuple[ApiCall, ...]) -> Markup:
    """Draw the table on one time line that starts with the first delivery."""
    ids = {fetch.entity_id for fetch in table.fetches}
    related = [
        call for call in calls if not ids.isdisjoint({*call.requested_ids, *call.returned_ids})
    ]
    ticks = tuple(
        (round(call.received_ms - table.start_ms, 1), _colour(call))
        for call in (related or calls)[:MAX_TICKS]
    )
    missing_colour = "var(--fail)" if table.missing_is_failure else "var(--muted)"
    return _render(table.rows, ticks, missing_colour)


def _render(
    rows: tuple[FetchRow, ...], ticks: tuple[tuple[float, str], ...], missing_colour: str
) -> Markup:
    moments = [at for at, _ in ticks]
    moments += [row.fetched_ms for row in rows if row.fetched_ms is not None]
    moments += [row.acknowledged_ms for row in rows]
    end_ms = max(moments)
    unit, scale = ("seconds", 1000.0) if end_ms >= SECONDS_FROM_MS else ("milliseconds", 1.0)
    if any(row.fetched_ms is None for row in rows):
        end_ms = max(end_ms * 1.1, MIN_DURATION_MS)  # leaves room for the dashed line
    end = end_ms / scale
    data = [_datum(index, row, end, missing_colour, scale) for index, row in enumerate(rows)]
    y: Spec = {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": _AXIS}
    x = quantity("sent", f"{unit} since the first delivery", axis={"tickCount": 8, "grid": False})
    delivered = {"x": x, "x2": {"field": "acknowledged"}, "y": y}
    waiting = {"x": quantity("acknowledged"), "x2": {"field": "end"}, "y": y}
    requested = {"x": quantity("requested"), "x2": {"field": "end"}, "y": y}
    colour = {"color": {"field": "colour", "type": "nominal", "scale": None}}
    fetched = [datum for datum in data if datum["fetched"]]
    unfetched = [datum for datum in data if not datum["fetched"]]
    end_point = {"x": quantity("end"), "y": y}
    label = end_point | {"text": {"field": "result"}} | colour
    layers = [
        mark_layer("bar", delivered, data, height=12, color="var(--accent)"),
        mark_layer("rule", waiting, fetched, color="var(--muted)"),
        mark_layer("rule", waiting, unfetched, color=missing_colour, strokeDash=[3, 4]),
        mark_layer("bar", requested, fetched, height=8, color="var(--pass)", opacity=0.35),
        mark_layer("point", end_point, fetched, color="var(--pass)", **_DIAMOND),
        mark_layer("text", label, data, align="left", dx=9),
    ]
    if ticks:
        name = f"{len(rows)} requests"
        tick_data = [
            {"row": name, "at": at / scale, "colour": tick_colour} for at, tick_colour in ticks
        ]
        place = {"x": quantity("at"), "y": y} | colour
        layers.append(mark_layer("tick", place, tick_data, size=14, thickness=2, opacity=1))
    return render_svg({"step": ROW_HEIGHT}, layers)


def _datum(
    index: int, row: FetchRow, end: float, missing_colour: str, scale: float
) -> dict[str, object]:
    fetched = row.fetched_ms is not None
    return {
        "row": f"{index} {sanitize(capped(row.label, 40))}",
        "sent": row.sent_ms / scale,
        "acknowledged": row.acknowledged_ms / scale,
        "requested": None if row.requested_ms is None else row.requested_ms / scale,
        "end": end if row.fetched_ms is None else row.fetched_ms / scale,
        "fetched": fetched,
        "result": row.result,
        "colour": "var(--ink)" if fetched else missing_colour,
    }


def _colour(call: ApiCall) -> str:
    if call.answered_ok:
        return "var(--pass)"
    return "var(--muted)" if call.fault is not None else "var(--fail)"
