"""The report's pictures: what they show of a run, and in words what can be seen in them."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup

from mews_harness.model import Attempt, Delivery, Outcome, Run, Sample, Stage, Verdict
from mews_harness.model.exchange import INJECTED, TIMEOUTS
from mews_harness.reports import selection
from mews_harness.reports.charts import (
    FASTEST_MS,
    Rows,
    draw,
    limit,
    mark,
    number,
    time_axis,
    time_domain,
)
from mews_harness.reports.visible import capped, visible
from mews_harness.reports.words import OUTCOMES

TIMELINES = 8
ATTEMPTS = 4
FEWEST = 5  # with fewer samples than this a distribution says nothing
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


NOTHING = Markup()


@dataclass(frozen=True)
class Picture:
    """One picture; `svg` is empty where there was nothing to draw, and `says` tells why."""

    anchor: str
    title: str
    says: str
    svg: Markup = NOTHING


def pictures(run: Run) -> tuple[Picture, ...]:
    """Draw what the run has data for."""
    limit_ms = run.profile.number("timeout_s") * 1000
    samples = [sample for result in run.results for sample in result.samples]
    return (_timeline(run, limit_ms), _by_size(samples, limit_ms), _spread(samples, limit_ms))


def _timeline(run: Run, limit_ms: float) -> Picture:
    anchor, title = "picture-attempts", "Attempts in scenarios that did not pass"
    shown = [
        (result.scenario.id, delivery)
        for result in run.results
        if result.verdict in {Verdict.FAIL, Verdict.FLAKY, Verdict.WARN}
        for trial in selection.trials(result)[:1]
        for delivery in [selection.telling(trial)]
        if delivery is not None and delivery.attempts
        # What was not fetched went wrong after its delivery.
        if result.scenario.stage is not Stage.PROCESSING or not selection.arrived(delivery)
    ]
    rows = [
        row for name, delivery in shown[:TIMELINES] for row in _attempts(name, delivery, limit_ms)
    ]
    if not rows:
        return Picture(anchor, title, "No delivery went wrong, so there is nothing to draw.")
    x = number("start", "seconds since the delivery's first attempt", axis={"tickCount": 10})
    y = {"field": "row", "type": "nominal", "sort": None, "title": None}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    took = {"x": x, "x2": {"field": "end"}, "y": y, "color": colour, "stroke": colour}
    layers = [
        mark("bar", {"x": x, "x2": {"field": "limit"}, "y": y}, height=12, color="var(--band)"),
        mark("bar", took, height=12, strokeWidth=2),
        mark("tick", {"x": number("limit"), "y": y}, color="var(--fail)", size=22, thickness=2),
        mark("text", {"x": number("end"), "y": y, "text": {"field": "says"}}, align="left", dx=8),
    ]
    left_out = len(shown) - TIMELINES
    says = (
        f"Each row is one attempt. The pale band is the {limit_ms / 1000:g} s that Mews waits, its "
        "end marked by a red line; the bar in it is how long the attempt took."
        + (f" {left_out} more scenarios are left out." if left_out > 0 else "")
    )
    return Picture(anchor, title, says, draw({"step": 30}, layers, rows))


def _attempts(name: str, delivery: Delivery, limit_ms: float) -> Rows:
    zero = selection.zero_ms(delivery)
    return [
        {
            "row": visible(f"{name} · attempt {attempt.number}"),
            "start": (selection.began_ms(attempt) - zero) / 1000,
            "limit": (selection.began_ms(attempt) - zero + limit_ms) / 1000,
            "end": (selection.ended_ms(attempt) - zero) / 1000,
            "says": capped(_says(attempt), 60),
            "colour": _colour(attempt.outcome),
        }
        for attempt in delivery.attempts[:ATTEMPTS]
    ]


def _says(attempt: Attempt) -> str:
    status = attempt.exchanges[-1].status if attempt.exchanges else None
    words = OUTCOMES.get(attempt.outcome, attempt.outcome.value)
    return words if status is None else f"{words}, {status}"


def _colour(outcome: Outcome) -> str:
    if outcome is Outcome.DELIVERED:
        return "var(--pass)"
    if outcome in INJECTED:
        return "var(--muted)"
    return "var(--fail)" if outcome in TIMEOUTS else "var(--warn)"


def _by_size(samples: list[Sample], limit_ms: float) -> Picture:
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


def _spread(samples: list[Sample], limit_ms: float) -> Picture:
    anchor, title = "picture-answers", "How long answers took"
    if len(samples) < FEWEST:
        return Picture(anchor, title, f"Needs at least {FEWEST} answered messages.")
    answers = [max(sample.answer_ms, FASTEST_MS) for sample in samples]
    cuts = statistics.quantiles(answers, n=100, method="inclusive")
    marks = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98]}
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
    figures = ", ".join(f"{name} {_time(at)}" for name, at in marks.items())
    says = (
        f"{len(answers):,} answered messages: {figures}. The scale of time is logarithmic. "
        "Messages without an answer are not in the picture."
    )
    return Picture(anchor, title, says, draw(220, layers))


def _time(ms: float) -> str:
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.0f} ms"  # noqa: PLR2004 - one second
