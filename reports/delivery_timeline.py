"""Deliveries on a time line: each attempt with its outcome, and the time limit."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.model import Attempt, Delivery, Outcome, Run, Stage, Verdict, evidence_selection
from pytest_mews.model.exchange import INJECTED_OUTCOMES, TIMEOUTS
from pytest_mews.reports.charts import Picture, Rows, mark_layer, quantity, render_svg
from pytest_mews.reports.labels import OUTCOMES
from pytest_mews.sanitize import capped, sanitize

MAX_SCENARIOS = 8
MAX_RECOVERED = 3
MAX_ATTEMPTS = 4
_FAILED = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.WARN, Verdict.WAIVED})


def draw_timeline(run: Run, limit_ms: float) -> Picture:
    """Draw the deliveries that failed, then some that succeeded after an injected fault."""
    anchor, title = "picture-attempts", "Deliveries, attempt by attempt"
    failed, recovered = list(_failed_deliveries(run)), list(_recovered_deliveries(run))
    shown = failed[:MAX_SCENARIOS]
    shown += recovered[: max(0, min(MAX_RECOVERED, MAX_SCENARIOS - len(failed)))]
    rows = [row for name, delivery in shown for row in _attempt_rows(name, delivery, limit_ms)]
    if not rows:
        return Picture(anchor, title, "No delivery failed or was retried: nothing to draw.")
    x = quantity("start", "seconds since the delivery's first attempt", axis={"tickCount": 10})
    y = {"field": "row", "type": "nominal", "sort": None, "title": None}
    colour = {"field": "colour", "type": "nominal", "scale": None}
    attempt = {"x": x, "x2": {"field": "end"}, "y": y, "color": colour, "stroke": colour}
    band = {"x": x, "x2": {"field": "limit"}, "y": y}
    limit = {"x": quantity("limit"), "y": y}
    label = {"x": quantity("end"), "y": y, "text": {"field": "label"}}
    layers = [
        mark_layer("bar", band, height=12, color="var(--band)"),
        mark_layer("bar", attempt, height=12, strokeWidth=2),
        mark_layer("tick", limit, color="var(--fail)", size=22, thickness=2),
        mark_layer("text", label, align="left", dx=8),
    ]
    recovered_count = len(shown) - len(failed[:MAX_SCENARIOS])
    left_out = len(failed) - MAX_SCENARIOS
    legend = (
        f"Each row is one attempt. The pale band is the {limit_ms / 1000:g} s that Mews waits for "
        "a response and ends in a red line; the bar in it is how long the attempt took. A grey "
        "attempt had an injected fault."
    )
    caption = (
        f"Shown: {_count_failed(len(shown) - recovered_count)}"
        + (f", {recovered_count} that passed after a retry" if recovered_count else "")
        + "."
        + (f" {left_out} more scenarios are left out." if left_out > 0 else "")
    )
    return Picture(anchor, title, caption, legend, render_svg({"step": 30}, layers, rows))


def _count_failed(count: int) -> str:
    if not count:
        return "no failed scenario"
    return f"{count} failed scenario{'s' * (count != 1)}"


def _failed_deliveries(run: Run) -> Iterator[tuple[str, Delivery]]:
    for result in run.results:
        if result.verdict not in _FAILED:
            continue
        for evidence in evidence_selection.select_evidence(result)[:1]:
            delivery = evidence_selection.key_delivery(evidence)
            if delivery is None or not delivery.attempts:
                continue
            # In the Processing stage, a failure usually happens after a successful delivery.
            if result.scenario.stage is not Stage.PROCESSING or not evidence_selection.is_delivered(
                delivery
            ):
                yield result.scenario.id, delivery


def _recovered_deliveries(run: Run) -> Iterator[tuple[str, Delivery]]:
    for result in run.results:
        if result.verdict is Verdict.PASS and result.scenario.stage is Stage.DELIVERY:
            retried = (
                delivery
                for evidence in result.evidence
                for delivery in evidence.transcript.deliveries
                if delivery.delivered and len(delivery.attempts) > 1
            )
            first = next(retried, None)
            if first is not None:
                yield result.scenario.id, first


def _attempt_rows(name: str, delivery: Delivery, limit_ms: float) -> Rows:
    origin_ms = evidence_selection.delivery_start_ms(delivery)
    rows = []
    for attempt in delivery.attempts[:MAX_ATTEMPTS]:
        start_ms = evidence_selection.attempt_start_ms(attempt) - origin_ms
        end_ms = evidence_selection.attempt_end_ms(attempt) - origin_ms
        rows.append(
            {
                "row": sanitize(f"{name} · attempt {attempt.number}"),
                "start": start_ms / 1000,
                "limit": (start_ms + limit_ms) / 1000,
                "end": end_ms / 1000,
                "label": capped(_label(attempt), 60),
                "colour": _colour(attempt.outcome),
            }
        )
    return rows


def _label(attempt: Attempt) -> str:
    status = attempt.exchanges[-1].status if attempt.exchanges else None
    outcome = OUTCOMES.get(attempt.outcome, attempt.outcome.value)
    return outcome if status is None else f"{outcome}, {status}"


def _colour(outcome: Outcome) -> str:
    if outcome is Outcome.DELIVERED:
        return "var(--pass)"
    if outcome in INJECTED_OUTCOMES:
        return "var(--muted)"
    return "var(--fail)" if outcome in TIMEOUTS else "var(--warn)"
