"""Response times: by batch size, and their distribution."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from math import floor, log10

from pytest_mews.model import AnswerTimes, Sample
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

MIN_SAMPLES = 5  # a distribution of fewer samples says nothing
_SIZE_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def draw_by_batch_size(samples: list[Sample], limit_ms: float) -> Picture:
    """Draw the response time of each answered message by the number of its events."""
    anchor, title = "picture-batches", "Response time by batch size"
    samples = [sample for sample in samples if sample.event_count > 0]
    if len({sample.event_count for sample in samples}) < 2:  # noqa: PLR2004 - a slope needs two
        return Picture(anchor, title, "Needs answered messages of at least two batch sizes.")
    # One circle stands for all samples in a cell: a circle per sample could take megabytes.
    cells: Counter[tuple[int, int]] = Counter()
    by_size: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for sample in samples:
        time_ms = max(sample.answer_ms, MIN_TIME_MS)
        cells[round(log10(sample.event_count) * 24), round(log10(time_ms) * 12)] += 1
        by_size[round(log10(sample.event_count) * 6)].append((sample.event_count, time_ms))
    low, high = time_domain([sample.answer_ms for sample in samples], limit_ms)
    largest = max(sample.event_count for sample in samples)
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
    slowest = max(samples, key=lambda sample: sample.answer_ms)
    events = f"{slowest.event_count:,} event{'s' * (slowest.event_count != 1)}"
    caption = (
        f"{len(samples):,} answered messages; a larger circle stands for more of them, the line is "
        f"the median. The slowest response took {_format_time(slowest.answer_ms)}, for a message "
        f"of {events}. Both scales are logarithmic. Messages without a response are left out."
    )
    return Picture(anchor, title, caption, render_svg(260, layers))


def draw_distribution(samples: list[Sample], limit_ms: float) -> Picture:
    """Draw a histogram of the response times with p50, p95 and p99."""
    anchor, title = "picture-answers", "Distribution of response times"
    if len(samples) < MIN_SAMPLES:
        return Picture(anchor, title, f"Needs at least {MIN_SAMPLES} answered messages.")
    times_ms = [max(sample.answer_ms, MIN_TIME_MS) for sample in samples]
    answer_times = AnswerTimes.of(times_ms)
    percentiles = {
        "p50": answer_times.p50_ms,
        "p95": answer_times.p95_ms,
        "p99": answer_times.p99_ms,
    }
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
    figures = ", ".join(f"{name} {_format_time(time)}" for name, time in percentiles.items())
    caption = (
        f"{len(times_ms):,} answered messages: {figures}. The time scale is logarithmic. "
        "Messages without a response are not in the picture."
    )
    return Picture(anchor, title, caption, render_svg(220, layers))


def _format_time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"  # noqa: PLR2004 - one second
