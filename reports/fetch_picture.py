"""The chain as a picture: one row for entities that went the same way, one for the requests."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from pytest_mews.model import ApiCall
from pytest_mews.reports.charts import Spec, draw, mark, number
from pytest_mews.reports.fetch_table import Chain, Row
from pytest_mews.reports.sanitize import capped, sanitize

TICKS = 120
ROW = 24  # pixels
LEAST_MS = 100
LONG_MS = 2_000  # from here on the axis is in seconds

_DIAMOND = {"shape": "diamond", "filled": True, "size": 70, "opacity": 1}
# The number before a row's label keeps rows of the same label apart; the axis does not show it.
_AXIS: Spec = {
    "labelExpr": "slice(datum.label, indexof(datum.label, ' ') + 1)",
    "labelLimit": 260,
    "grid": True,
}
_LEGEND = (
    "A row is an entity, or several that went the same way: a bar until the message was answered, "
    "a pale one from the first request about them to the answer that held them, a diamond there. "
    "Ticks below are requests; grey ones were disturbed on purpose, red ones refused."
)


def explained(chain: Chain) -> str:
    """Say what the picture shows, and what is not in it."""
    said = _LEGEND
    if chain.missing:
        said += " A dashed line leads to nothing; its length is no time."
    if chain.left_out:
        said += f" {chain.left_out:,} more entities are left out of the picture."
    return said


def picture(chain: Chain, calls: tuple[ApiCall, ...]) -> Markup:
    """Draw the chain on one time line since the first delivery began."""
    ids = {link.entity_id for link in chain.links}
    about = [call for call in calls if not ids.isdisjoint({*call.asked, *call.returned})]
    ticks = tuple(
        (round(call.received_ms - chain.zero_ms, 1), _colour(call))
        for call in (about or calls)[:TICKS]
    )
    return _drawn(chain.rows, ticks, "var(--fail)" if chain.owed else "var(--muted)")


# A problem is explained above its details: the same picture twice.
@lru_cache(maxsize=128)
def _drawn(rows: tuple[Row, ...], ticks: tuple[tuple[float, str], ...], lost: str) -> Markup:
    moments = [at for at, _ in ticks]
    moments += [row.fetched_ms for row in rows if row.fetched_ms is not None]
    moments += [row.acknowledged_ms for row in rows]
    unit, scale = ("seconds", 1000.0) if max(moments) >= LONG_MS else ("milliseconds", 1.0)
    last = max(moments)
    if any(row.fetched_ms is None for row in rows):
        last = max(last * 1.1, LEAST_MS)  # the waiting in vain is to be seen
    end = last / scale
    data = [_datum(index, row, end, lost, scale) for index, row in enumerate(rows)]
    y: Spec = {"field": "row", "type": "nominal", "sort": None, "title": None, "axis": _AXIS}
    x = number("sent", f"{unit} since the first delivery", axis={"tickCount": 8, "grid": False})
    answered = {"x": x, "x2": {"field": "acknowledged"}, "y": y}
    waits = {"x": number("acknowledged"), "x2": {"field": "end"}, "y": y}
    asked = {"x": number("asked"), "x2": {"field": "end"}, "y": y}
    tinted = {"color": {"field": "colour", "type": "nominal", "scale": None}}
    fetched = [each for each in data if each["fetched"]]
    open_ = [each for each in data if not each["fetched"]]
    says = {"x": number("end"), "y": y, "text": {"field": "says"}}
    layers = [
        mark("bar", answered, data, height=12, color="var(--accent)"),
        mark("rule", waits, fetched, color="var(--muted)"),
        mark("rule", waits, open_, color=lost, strokeDash=[3, 4]),
        mark("bar", asked, fetched, height=8, color="var(--pass)", opacity=0.35),
        mark("point", {"x": number("end"), "y": y}, fetched, color="var(--pass)", **_DIAMOND),
        mark("text", says | tinted, data, align="left", dx=9),
    ]
    if ticks:
        name = f"{len(rows)} requests"
        dots = [{"row": name, "at": at / scale, "colour": colour} for at, colour in ticks]
        place = {"x": number("at"), "y": y} | tinted
        layers.append(mark("tick", place, dots, size=14, thickness=2, opacity=1))
    return draw({"step": ROW}, layers)


def _datum(index: int, row: Row, end: float, lost: str, scale: float) -> dict[str, object]:
    fetched = row.fetched_ms is not None
    return {
        "row": f"{index} {sanitize(capped(row.label, 40))}",
        "sent": row.sent_ms / scale,
        "acknowledged": row.acknowledged_ms / scale,
        "asked": None if row.asked_ms is None else row.asked_ms / scale,
        "end": end if row.fetched_ms is None else row.fetched_ms / scale,
        "fetched": fetched,
        "says": row.fate,
        "colour": "var(--ink)" if fetched else lost,
    }


def _colour(call: ApiCall) -> str:
    if call.answered_ok:
        return "var(--pass)"
    return "var(--muted)" if call.fault is not None else "var(--fail)"
