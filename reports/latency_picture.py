"""Answer times: against the size of the batch, and how they are spread."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from math import floor, log10

from pytest_mews.model import AnswerTimes, Sample
from pytest_mews.reports.charts import (
    FASTEST_MS,
    Picture,
    draw,
    limit,
    mark,
    number,
    time_axis,
    time_domain,
)

FEWEST = 5  # with fewer samples than this a distribution says nothing
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def by_size(samples: list[Sample], limit_ms: float) -> Picture:
    """Draw the answer time of every answered message against the events in it."""
    anchor, title = "picture-batches", "Answer time by batch size"
    counted = [sample for sample in samples if sample.events > 0]
    if len({sample.events for sample in counted}) < 2:  # noqa: PLR2004 - a slope needs two
        return Picture(anchor, title, "Needs answered messages of at least two batch sizes.")
    # A cell of the grid stands for all samples in it: ten thousand circles would be megabytes.
    cells: Counter[tuple[int, int]] = Counter()
    sizes: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for sample in counted:
        answer = max(sample.answer_ms, FASTEST_MS)
        cells[round(log10(sample.events) * 24), round(log10(answer) * 12)] += 1
        sizes[round(log10(sample.events) * 6)].append((sample.events, answer))
    low, high = time_domain([sample.answer_ms for sample in counted], limit_ms)
    most = max(sample.events for sample in counted)
    x = number(
        "events",
        "events in the message",
        scale={"type": "log", "domain": [1, max(most, 2) * 1.1], "nice": False},
        axis={"grid": False, "values": [size for size in _SIZES if size <= most], "format": ",d"},
    )
    y = number("answer", "answer time", **time_axis(low, high, grid=True))
    dots = [
        {"events": 10 ** (column / 24), "answer": 10 ** (row / 12), "count": count}
        for (column, row), count in cells.items()
    ]
    medians = [
        dict(
            zip(("events", "answer"), map(statistics.median, zip(*pairs, strict=True)), strict=True)
        )
        for _, pairs in sorted(sizes.items())
    ]
    size = number("count", legend=None, scale={"range": [24, 180]})
    accent = {"color": "var(--accent)"}
    layers = [
        mark("circle", {"x": x, "y": y, "size": size}, dots, opacity=0.45, **accent),
        mark("line", {"x": x, "y": y}, medians, strokeWidth=2, **accent),
        *limit("y", limit_ms),
    ]
    slowest = max(counted, key=lambda sample: sample.answer_ms)
    says = (
        f"{len(counted):,} answered messages; a larger circle stands for more of them, the line is "
        f"the median. The slowest answer took {_time(slowest.answer_ms)} and was to a message of "
        f"{slowest.events:,} event{'s' * (slowest.events != 1)}. Both scales are logarithmic. "
        "Messages without an answer are not in the picture."
    )
    return Picture(anchor, title, says, draw(260, layers))


def spread(samples: list[Sample], limit_ms: float) -> Picture:
    """Draw how many answers took how long, with p50, p95 and p99."""
    anchor, title = "picture-answers", "How long answers took"
    if len(samples) < FEWEST:
        return Picture(anchor, title, f"Needs at least {FEWEST} answered messages.")
    answers = [max(sample.answer_ms, FASTEST_MS) for sample in samples]
    figures = AnswerTimes.of(answers)
    marks = {"p50": figures.p50_ms, "p95": figures.p95_ms, "p99": figures.p99_ms}
    low, high = time_domain(answers, limit_ms)
    bins = Counter(floor(log10(answer) * 10) for answer in answers)
    bars = [
        {"at": 10 ** (bin_ / 10), "to": 10 ** ((bin_ + 1) / 10), "zero": 0, "count": count}
        for bin_, count in sorted(bins.items())
    ]
    lines = [{"at": at, "label": f"{name} {_time(at)}"} for name, at in marks.items()]
    x = number("at", "answer time", **time_axis(low, high, grid=False))
    y = number("count", "answered messages")
    filled = {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"field": "zero"}}
    layers = [
        mark("bar", filled, bars, color="var(--accent)", opacity=0.55),
        mark("rule", {"x": x}, lines, color="var(--ink)", strokeWidth=1.5),
        *limit("x", limit_ms),
    ]
    for row, (line, at) in enumerate(zip(lines, marks.values(), strict=True)):
        right = log10(at / low) > 0.6 * log10(high / low)
        place = {"align": "right", "dx": -5} if right else {"align": "left", "dx": 5}
        text = {"x": x, "text": {"field": "label"}, "y": {"value": 12 + 16 * row}}
        layers.append(mark("text", text, [line], **place))
    told = ", ".join(f"{name} {_time(at)}" for name, at in marks.items())
    says = (
        f"{len(answers):,} answered messages: {told}. The scale of time is logarithmic. "
        "Messages without an answer are not in the picture."
    )
    return Picture(anchor, title, says, draw(220, layers))


def _time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"  # noqa: PLR2004 - one second
