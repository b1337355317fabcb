"""Deliveries on a time line: attempts, what was done to them on purpose, and the time limit."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.model import Attempt, Delivery, Outcome, Run, Stage, Verdict
from pytest_mews.model.exchange import INJECTED, TIMEOUTS
from pytest_mews.reports import evidence_selection
from pytest_mews.reports.charts import Picture, Rows, draw, mark, number
from pytest_mews.reports.labels import OUTCOMES
from pytest_mews.reports.sanitize import capped, sanitize

TIMELINES = 8
EXAMPLES = 3  # deliveries that went well, beside those that did not
ATTEMPTS = 4
_BAD = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.WARN, Verdict.WAIVED})


def timeline(run: Run, limit_ms: float) -> Picture:
    """Draw the deliveries that went wrong, then some that were disturbed and arrived."""
    anchor, title = "picture-attempts", "Deliveries, attempt by attempt"
    wrong, well = list(_wrong(run)), list(_well(run))
    shown = wrong[:TIMELINES] + well[: max(0, min(EXAMPLES, TIMELINES - len(wrong)))]
    rows = [row for name, delivery in shown for row in _attempts(name, delivery, limit_ms)]
    if not rows:
        return Picture(anchor, title, "No delivery failed or was sent again: nothing to draw.")
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
    left_out = len(wrong) - TIMELINES
    says = (
        f"Each row is one attempt. The pale band is the {limit_ms / 1000:g} s that Mews waits, its "
        "end marked by a red line; the bar in it is how long the attempt took. Grey: the harness "
        "spoiled the attempt on purpose. "
        + (f"{len(wrong[:TIMELINES])} that went wrong" if wrong else "None went wrong")
        + (f", {len(shown) - len(wrong)} that were sent again and arrived" if well else "")
        + "."
        + (f" {left_out} more scenarios are left out." if left_out > 0 else "")
    )
    return Picture(anchor, title, says, draw({"step": 30}, layers, rows))


def _wrong(run: Run) -> Iterator[tuple[str, Delivery]]:
    for result in run.results:
        for trial in (
            evidence_selection.select_evidence(result)[:1] if result.verdict in _BAD else ()
        ):
            delivery = evidence_selection.telling(trial)
            if delivery is None or not delivery.attempts:
                continue
            # What was not fetched went wrong after its delivery.
            if result.scenario.stage is not Stage.PROCESSING or not evidence_selection.arrived(
                delivery
            ):
                yield result.scenario.id, delivery


def _well(run: Run) -> Iterator[tuple[str, Delivery]]:
    for result in run.results:
        if result.verdict is Verdict.PASS and result.scenario.stage is Stage.DELIVERY:
            repeated = (
                delivery
                for trial in result.evidence
                for delivery in trial.transcript.deliveries
                if delivery.delivered and len(delivery.attempts) > 1
            )
            first = next(repeated, None)
            if first is not None:
                yield result.scenario.id, first


def _attempts(name: str, delivery: Delivery, limit_ms: float) -> Rows:
    zero = evidence_selection.zero_ms(delivery)
    return [
        {
            "row": sanitize(f"{name} · attempt {attempt.number}"),
            "start": (evidence_selection.began_ms(attempt) - zero) / 1000,
            "limit": (evidence_selection.began_ms(attempt) - zero + limit_ms) / 1000,
            "end": (evidence_selection.ended_ms(attempt) - zero) / 1000,
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
