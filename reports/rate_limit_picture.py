"""The requests to the Connector API over the run, against the documented limit."""

from __future__ import annotations

from itertools import accumulate

from pytest_mews.model import RateLimitUsage, Run
from pytest_mews.reports.api_requests import QUOTA, short
from pytest_mews.reports.charts import DASHED, WIDTH, Picture, Rows, draw, mark, number

WINDOW_S = 30  # guidelines/requests: 200 requests per AccessToken within a sliding 30 s
POINTS = 240  # per enterprise, however long the run
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


def requests(run: Run) -> Picture:
    """Draw, for the enterprises that asked most, the requests within the last 30 s."""
    anchor, title = "picture-requests", "Requests to the Connector API within 30 s"
    if not run.rate_limit_usage:
        return Picture(
            anchor,
            title,
            "No request with an AccessToken was counted. Where the Connector API is served "
            "(--mews-api) the requests of the service are drawn here, but under pytest-xdist.",
        )
    rows: Rows = []
    for each in run.rate_limit_usage:
        rows += [
            {"at": at, "count": count, "whose": short(each.enterprise_id)}
            for at, count in sliding(each)
        ]
    names = [short(each.enterprise_id) for each in run.rate_limit_usage]
    top = max(QUOTA, *(each.peak for each in run.rate_limit_usage)) * 1.12
    x = number("at", "seconds since the run began", axis={"tickCount": 10, "grid": False})
    y = number("count", "requests in the last 30 s", scale={"domain": [0, top], "nice": False})
    scale = {"domain": names, "range": list(_DASHES[: len(names)])}
    dash = {"field": "whose", "type": "nominal", "scale": scale, "legend": None}
    highest = [
        max((row for row in rows if row["whose"] == name), key=lambda row: row["count"])
        for name in names
    ]
    named = [row for row in highest if row["count"] >= top / 10]  # below, labels would collide
    label = {"x": x, "y": y, "text": {"field": "whose"}}
    allowed = [{"at": QUOTA, "label": f"{QUOTA} within 30 s"}]
    edge = {"x": {"value": WIDTH}, "y": number("at"), "text": {"field": "label"}}
    layers = [
        mark("line", {"x": x, "y": y, "strokeDash": dash}, rows, color="var(--accent)"),
        mark("text", label, named, align="left", dx=6, dy=-8),
        mark("rule", {"y": number("at")}, allowed, color="var(--fail)", **DASHED),
        mark("text", edge, allowed, align="right", dy=-7),
    ]
    return Picture(anchor, title, _says(run.rate_limit_usage), draw(220, layers))


def sliding(usage: RateLimitUsage) -> list[tuple[int, int]]:
    """Give per second the requests of the 30 s that end with it; of a long run some seconds."""
    last = usage.requests[-1][0] + WINDOW_S
    counted = dict(usage.requests)
    sums = list(accumulate((counted.get(second, 0) for second in range(last + 1)), initial=0))
    window = [sums[at + 1] - sums[max(0, at + 1 - WINDOW_S)] for at in range(last + 1)]
    step = -(-len(window) // POINTS)
    # Of each stretch its highest second: a peak is what is looked for.
    return [
        max(enumerate(window[at : at + step], at), key=lambda pair: pair[1])
        for at in range(0, len(window), step)
    ]


def _says(usage: tuple[RateLimitUsage, ...]) -> str:
    peaks = ", ".join(f"{short(each.enterprise_id)} {each.peak:,}" for each in usage)
    said = (
        "One line per enterprise: the requests with its AccessToken in the 30 s before. Mews "
        f"allows {QUOTA}. The most: {peaks}."
    )
    if usage[0].peak > QUOTA:
        said += (
            " More than that came because waits are scaled and scenarios crowd: it is not held "
            "against you."
        )
    return said
