"""Response times: by batch size, and their distribution."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import floor, log10

from pytest_mews.model import AnswerTimes, AttemptRecord
from pytest_mews.reports.charts import (
    MIN_TIME_MS,
    Picture,
    mark_layer,
    quantity,
    render_svg,
    time_axis,
    time_domain,
    time_limit_layers,
)

MIN_TIMES = 5  # a distribution of fewer says nothing
MIN_DRAWN = 100  # fewer have no 99th percentile of their own: the caption has the figures
_SIZE_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def draw_by_batch_size(attempts: Iterable[AttemptRecord], limit_ms: float) -> Picture:
    """Draw the response time of each answered message by the number of its events."""
    anchor, title = "picture-batches", "Response time by batch size"
    points = [
        (record.event_count, record.answer_ms)
        for record in attempts
        if record.answer_ms is not None and record.event_count > 0
    ]
    if len({event_count for event_count, _ in points}) < 2:  # noqa: PLR2004 - a slope needs two
        return Picture(anchor, title, "Needs answered messages of at least two batch sizes.")
    # One circle stands for all messages in a cell: a circle for each could take megabytes.
    cells: Counter[tuple[int, int]] = Counter()
    by_size: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for event_count, answer_ms in points:
        time_ms = max(answer_ms, MIN_TIME_MS)
        cells[round(log10(event_count) * 24), round(log10(time_ms) * 12)] += 1
        by_size[round(log10(event_count) * 6)].append((event_count, time_ms))
    low, high = time_domain([answer_ms for _, answer_ms in points], limit_ms)
    largest = max(event_count for event_count, _ in points)
    x = quantity(
        "events",
        "events in the message",
        scale={"type": "log", "domain": [1, max(largest, 2) * 1.1], "nice": False},
        axis={
            "grid": False,
            "values": [size for size in _SIZE_TICKS if size <= largest],
            "format": ",d",
        },
    )
    y = quantity("time", "response time", **time_axis(low, high, grid=True))
    circles = [
        {"events": 10 ** (column / 24), "time": 10 ** (row / 12), "count": count}
        for (column, row), count in cells.items()
    ]
    medians = [
        dict(zip(("events", "time"), map(statistics.median, zip(*pairs, strict=True)), strict=True))
        for _, pairs in sorted(by_size.items())
    ]
    size = quantity("count", legend=None, scale={"range": [24, 180]})
    accent = {"color": "var(--accent)"}
    layers = [
        mark_layer("circle", {"x": x, "y": y, "size": size}, circles, opacity=0.45, **accent),
        mark_layer("line", {"x": x, "y": y}, medians, strokeWidth=2, **accent),
        *time_limit_layers("y", limit_ms),
    ]
    event_count, slowest_ms = max(points, key=lambda point: point[1])
    events = f"{event_count:,} event{'s' * (event_count != 1)}"
    caption = (
        f"{len(points):,} answered messages; the slowest response took "
        f"{_format_time(slowest_ms)}, for a message of {events}. Messages without a "
        "response are left out."
    )
    legend = (
        "A larger circle stands for more messages, the line is the median. Both scales are "
        "logarithmic."
    )
    return Picture(anchor, title, caption, legend, render_svg(260, layers))


def draw_distribution(attempts: Iterable[AttemptRecord], limit_ms: float) -> Picture:
    """Draw a histogram of the response times with p50, p95 and p99."""
    anchor, title = "picture-answers", "Distribution of response times"
    times_ms = [
        max(record.answer_ms, MIN_TIME_MS) for record in attempts if record.answer_ms is not None
    ]
    if len(times_ms) < MIN_TIMES:
        return Picture(anchor, title, f"Needs at least {MIN_TIMES} answered messages.")
    answer_times = AnswerTimes.of(times_ms)
    percentiles = {
        "p50": answer_times.p50_ms,
        "p95": answer_times.p95_ms,
        "p99": answer_times.p99_ms,
    }
    figures = ", ".join(f"{name} {_format_time(time)}" for name, time in percentiles.items())
    caption = (
        f"{len(times_ms):,} answered messages: {figures}. Messages without a response are left out."
    )
    if len(times_ms) < MIN_DRAWN:
        return Picture(anchor, title, caption)
    low, high = time_domain(times_ms, limit_ms)
    bins = Counter(floor(log10(time_ms) * 10) for time_ms in times_ms)
    bars = [
        {"at": 10 ** (bin_ / 10), "to": 10 ** ((bin_ + 1) / 10), "zero": 0, "count": count}
        for bin_, count in sorted(bins.items())
    ]
    lines = [
        {"at": time_ms, "label": f"{name} {_format_time(time_ms)}"}
        for name, time_ms in percentiles.items()
    ]
    x = quantity("at", "response time", **time_axis(low, high, grid=False))
    y = quantity("count", "answered messages")
    bar = {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"field": "zero"}}
    layers = [
        mark_layer("bar", bar, bars, color="var(--accent)", opacity=0.55),
        mark_layer("rule", {"x": x}, lines, color="var(--ink)", strokeWidth=1.5),
        *time_limit_layers("x", limit_ms),
    ]
    for row, (line, time_ms) in enumerate(zip(lines, percentiles.values(), strict=True)):
        right = log10(time_ms / low) > 0.6 * log10(high / low)
        place = {"align": "right", "dx": -5} if right else {"align": "left", "dx": 5}
        label = {"x": x, "text": {"field": "label"}, "y": {"value": 12 + 16 * row}}
        layers.append(mark_layer("text", label, [line], **place))
    legend = "The time scale is logarithmic."
    return Picture(anchor, title, caption, legend, render_svg(220, layers))


def _format_time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"  # noqa: PLR2004 - one second
