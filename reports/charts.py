"""Vega-Lite as the report draws with it: look, marks, scales; SVG by vl-convert, no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from markupsafe import Markup

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

WIDTH = 600
NOTHING = Markup()
DASHED: Spec = {"strokeDash": [6, 4], "strokeWidth": 2}  # a limit
FASTEST_MS = 0.1  # a logarithmic scale has no zero

# Vega writes a colour as it is given, so the page's CSS variables bring light and dark for free.
_LOOK: Spec = {
    "background": "transparent",
    "aria": False,  # the page names each picture
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    # The width of a label is guessed from another font than the reader's: leave room for it.
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


# What Vega writes at every mark, and the page's styles say already.
_TAG = re.compile(r"<[^<>]*>")
_SAID_ELSEWHERE = re.compile(r' (?:pointer-events="none"|opacity="1"|font-family="[^"]*")')


@dataclass(frozen=True)
class Picture:
    """One picture; `svg` is empty where there was nothing to draw, and `says` tells why."""

    anchor: str
    title: str
    says: str
    svg: Markup = NOTHING


def draw(height: int | Spec, layers: list[Spec], data: Rows | None = None) -> Markup:
    """Draw layers as SVG; the page names the picture, so the SVG itself is left out of speech."""
    spec = {"width": WIDTH, "height": height, "config": _LOOK, "layer": layers}
    import vl_convert  # noqa: PLC0415 - 84 MB: loaded by a run that draws, and by no other

    svg = vl_convert.vegalite_to_svg(spec | ({} if data is None else {"data": {"values": data}}))
    svg = _TAG.sub(lambda tag: _SAID_ELSEWHERE.sub("", tag[0]), svg)
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704


def mark(
    kind: str,
    encoding: Spec,
    data: Rows | None = None,
    **look: Any,  # noqa: ANN401 - Vega-Lite's own properties of a mark
) -> Spec:
    """Give a layer of one kind of mark, over data of its own or the picture's."""
    layer: Spec = {"mark": {"type": kind, "aria": False} | look, "encoding": encoding}
    return layer if data is None else layer | {"data": {"values": data}}


def number(field: str, title: str | None = None, **rest: Any) -> Spec:  # noqa: ANN401 - as above
    """Give the encoding of a quantity."""
    named = {} if title is None else {"title": title}
    return {"field": field, "type": "quantitative"} | named | rest


def limit(axis: str, limit_ms: float) -> list[Spec]:
    """Draw the time limit as a dashed line with its name; `axis` is the one that shows time."""
    data = [{"at": limit_ms, "label": f"{limit_ms / 1000:g} s limit"}]
    at = {axis: number("at")}
    end = {"x": {"value": WIDTH}} if axis == "y" else {"y": {"value": 60}}
    place = {"align": "right"} | ({"dy": -7} if axis == "y" else {"dx": -5})
    return [
        mark("rule", at, data, color="var(--fail)", **DASHED),
        mark("text", at | end | {"text": {"field": "label"}}, data, **place),
    ]


def time_domain(answers: list[float], limit_ms: float) -> tuple[float, float]:
    """From the power of ten under the fastest answer to a little over the limit, in ms."""
    low: float = 10.0 ** floor(log10(max(min(answers), FASTEST_MS)))
    return low, max(limit_ms, *answers) * 1.6


def time_axis(low: float, high: float, *, grid: bool) -> Spec:
    """Scale and axis of a logarithmic time in ms, labelled at powers of ten."""
    powers = range(round(log10(low)), ceil(log10(high)))
    label = "datum.value < 1000 ? datum.value + ' ms' : datum.value / 1000 + ' s'"
    return {
        "scale": {"type": "log", "nice": False, "domain": [low, high]},
        "axis": {"grid": grid, "values": [10**power for power in powers], "labelExpr": label},
    }
