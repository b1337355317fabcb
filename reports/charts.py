"""Vega-Lite charts of the report: style, layers and scales."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from markupsafe import Markup

from pytest_mews.reports.picture_process import PictureProcess
from pytest_mews.reports.svg_compaction import compact_svg

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

WIDTH = 600
NO_SVG = Markup()
DASHED: Spec = {"strokeDash": [6, 4], "strokeWidth": 2}  # the line of a limit
MIN_TIME_MS = 0.1  # a logarithmic scale has no zero

# Vega copies colours verbatim, so the page's CSS variables also work in dark mode.
_CONFIG: Spec = {
    "background": "transparent",
    "aria": False,  # the page names each picture
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    # vl-convert estimates label widths with another font than the reader's: leave room.
    "padding": {"left": 22, "right": 28, "top": 6, "bottom": 4},
    "axis": {
        "labelColor": "var(--ink)",
        "titleColor": "var(--muted)",
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "gridColor": "var(--line)",
        "domain": False,
        "ticks": False,
        "labelPadding": 6,
        "labelLimit": 220,
    },
    "text": {"color": "var(--ink)", "fontSize": 12},
}


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        anchor: the id of its element in the page.
        title: the title.
        caption: its figures in words; if there is no data, why.
        legend: how to read the picture.
        svg: empty if there is no data, or nothing is drawn.

    """

    anchor: str
    title: str
    caption: str
    legend: str = ""
    svg: Markup = NO_SVG


_process: ContextVar[PictureProcess | None] = ContextVar("_process", default=None)


@contextmanager
def drawing() -> Iterator[None]:
    """Draw the pictures of this block, in one process; outside of a block every SVG is empty."""
    if _process.get() is not None:
        yield
        return
    with PictureProcess() as process:
        token = _process.set(process)
        try:
            yield
        finally:
            _process.reset(token)


def render_svg(height: int | Spec, layers: list[Spec], data: Rows | None = None) -> Markup:
    """Render layers as SVG, hidden from screen readers: the page has a text alternative.

    Raises:
        PictureError: the picture could not be drawn.

    """
    process = _process.get()
    if process is None:
        return NO_SVG
    spec = {"width": WIDTH, "height": height, "config": _CONFIG, "layer": layers}
    svg = compact_svg(process.draw(spec | ({} if data is None else {"data": {"values": data}})))
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704


def mark_layer(
    kind: str,
    encoding: Spec,
    data: Rows | None = None,
    **properties: Any,  # noqa: ANN401 - Vega-Lite's properties of a mark
) -> Spec:
    """Return a layer with one kind of mark; without `data` it uses that of the picture."""
    layer: Spec = {"mark": {"type": kind, "aria": False} | properties, "encoding": encoding}
    return layer if data is None else layer | {"data": {"values": data}}


def quantity(field: str, title: str | None = None, **properties: Any) -> Spec:  # noqa: ANN401 - as above
    """Return the encoding of a quantitative field."""
    titled = {} if title is None else {"title": title}
    return {"field": field, "type": "quantitative"} | titled | properties


def time_limit_layers(axis: str, limit_ms: float) -> list[Spec]:
    """Return a dashed line with a label at the time limit; `axis` (x or y) shows time."""
    data = [{"at": limit_ms, "label": f"{limit_ms / 1000:g} s limit"}]
    at = {axis: quantity("at")}
    end = {"x": {"value": WIDTH}} if axis == "y" else {"y": {"value": 60}}
    place = {"align": "right"} | ({"dy": -7} if axis == "y" else {"dx": -5})
    return [
        mark_layer("rule", at, data, color="var(--fail)", **DASHED),
        mark_layer("text", at | end | {"text": {"field": "label"}}, data, **place),
    ]


def time_domain(times_ms: list[float], limit_ms: float) -> tuple[float, float]:
    """Return the domain from the power of ten below the shortest time to beyond the limit."""
    low: float = 10.0 ** floor(log10(max(min(times_ms), MIN_TIME_MS)))
    return low, max(limit_ms, *times_ms) * 1.6


def time_axis(low_ms: float, high_ms: float, *, grid: bool) -> Spec:
    """Return scale and axis of a logarithmic time in ms, labelled at powers of ten."""
    powers = range(round(log10(low_ms)), ceil(log10(high_ms)))
    label = "datum.value < 1000 ? datum.value + ' ms' : datum.value / 1000 + ' s'"
    return {
        "scale": {"type": "log", "nice": False, "domain": [low_ms, high_ms]},
        "axis": {"grid": grid, "values": [10**power for power in powers], "labelExpr": label},
    }
