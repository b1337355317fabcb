"""The requests to the Connector API emulator over the run, and the documented rate limit."""

from __future__ import annotations

from itertools import accumulate

from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import RateLimitUsage, Run
from pytest_mews.reports.api_requests import shorten_id
from pytest_mews.reports.charts import (
    DASHED,
    WIDTH,
    Picture,
    Rows,
    mark_layer,
    quantity,
    render_svg,
)

MIN_PEAK = REQUESTS_PER_TOKEN // 10  # fewer requests than this make a flat line
MAX_POINTS = 240  # per enterprise, however long the run
_DASH_PATTERNS = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def draw_requests(run: Run) -> Picture:
    """Draw the requests within the last 30 s of the enterprises with most requests."""
    anchor = "picture-requests"
    title = f"Requests to the Connector API within {REQUEST_WINDOW_S} s"
    if not run.rate_limit_usage:
        return Picture(
            anchor,
            title,
            "The run counted no request with an AccessToken. With --mews-api, the picture shows "
            "the requests of the service, except under pytest-xdist.",
        )
    caption = _caption(run.rate_limit_usage)
    if run.rate_limit_usage[0].peak < MIN_PEAK:
        return Picture(anchor, title, caption)
    rows: Rows = []
    for usage in run.rate_limit_usage:
        rows += [
            {"at": second, "count": count, "enterprise": shorten_id(usage.enterprise_id)}
            for second, count in sliding_counts(usage)
        ]
    names = [shorten_id(usage.enterprise_id) for usage in run.rate_limit_usage]
    top = max(REQUESTS_PER_TOKEN, *(usage.peak for usage in run.rate_limit_usage)) * 1.12
    x = quantity("at", "seconds since the run started", axis={"tickCount": 10, "grid": False})
    y = quantity(
        "count",
        f"requests in the last {REQUEST_WINDOW_S} s",
        scale={"domain": [0, top], "nice": False},
    )
    scale = {"domain": names, "range": list(_DASH_PATTERNS[: len(names)])}
    dash = {"field": "enterprise", "type": "nominal", "scale": scale, "legend": None}
    peaks = [
        max((row for row in rows if row["enterprise"] == name), key=lambda row: row["count"])
        for name in names
    ]
    labelled = [row for row in peaks if row["count"] >= top / 10]  # lower labels would collide
    label = {"x": x, "y": y, "text": {"field": "enterprise"}}
    limit = [
        {"at": REQUESTS_PER_TOKEN, "label": f"{REQUESTS_PER_TOKEN} within {REQUEST_WINDOW_S} s"}
    ]
    limit_label = {"x": {"value": WIDTH}, "y": quantity("at"), "text": {"field": "label"}}
    layers = [
        mark_layer("line", {"x": x, "y": y, "strokeDash": dash}, rows, color="var(--accent)"),
        mark_layer("text", label, labelled, align="left", dx=6, dy=-8),
        mark_layer("rule", {"y": quantity("at")}, limit, color="var(--fail)", **DASHED),
        mark_layer("text", limit_label, limit, align="right", dy=-7),
    ]
    legend = (
        "One line per enterprise: the requests with its AccessToken in the last "
        f"{REQUEST_WINDOW_S} s."
    )
    return Picture(anchor, title, caption, legend, render_svg(220, layers))


def sliding_counts(usage: RateLimitUsage) -> list[tuple[int, int]]:
    """Return pairs of a second and the requests in the 30 s that end with it.

    A long run has at most `MAX_POINTS` pairs, the highest of each interval.
    """
    last = usage.requests[-1][0] + REQUEST_WINDOW_S
    counts = dict(usage.requests)
    sums = list(accumulate((counts.get(second, 0) for second in range(last + 1)), initial=0))
    window = [sums[at + 1] - sums[max(0, at + 1 - REQUEST_WINDOW_S)] for at in range(last + 1)]
    step = -(-len(window) // MAX_POINTS)
    return [
        max(enumerate(window[at : at + step], at), key=lambda pair: pair[1])
        for at in range(0, len(window), step)
    ]


def _caption(usages: tuple[RateLimitUsage, ...]) -> str:
    peaks = ", ".join(f"{shorten_id(usage.enterprise_id)} {usage.peak:,}" for usage in usages)
    text = (
        f"Mews allows {REQUESTS_PER_TOKEN} requests per AccessToken within {REQUEST_WINDOW_S} s. "
        f"The peaks: {peaks}."
    )
    if usages[0].peak > REQUESTS_PER_TOKEN:
        text += (
            " Scaled waits and concurrent scenarios bring requests closer together, so exceeding "
            "the limit here does not count against the service."
        )
    return text
