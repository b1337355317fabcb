"""Adds to a failure what the service wrote to its log while the failing case ran."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pytest_mews.delivery import Clock
from pytest_mews.errors import HarnessError
from pytest_mews.model import Evidence, ScenarioResult
from pytest_mews.model.verdict import FAILURES
from pytest_mews.service import ServiceLog

MAX_LINES = 40
AFTERWARDS_MS = 1_000.0  # what a worker writes about an acknowledged message
DELAY_MS = 200.0  # a traceback is written after the response


def with_service_log(
    result: ScenarioResult, log: ServiceLog, started_ms: float, clock: Clock
) -> ScenarioResult:
    """Return a failure with the lines of the log that belong to it; other results unchanged.

    Scenarios that run concurrently have lines in common.

    Args:
        result: the result, with secrets, as the lines have them.
        log: the log of the service.
        started_ms: when the scenario started, on the run's clock.
        clock: that clock.

    """
    if result.verdict not in FAILURES:
        return result
    ended_ms = clock.now_ms()
    if result.evidence:
        started_ms, ended_ms = _time_of(result.evidence[0], started_ms, ended_ms)
    if (early_ms := ended_ms + DELAY_MS - clock.now_ms()) > 0:
        with suppress(HarnessError):  # the run is over
            clock.sleep(early_ms / 1000)
    ended_ms += AFTERWARDS_MS
    if result.death is not None:  # with its end, and its new start
        ended_ms = max(ended_ms, clock.now_ms())
    lines = log.lines_between(started_ms, ended_ms)
    if len(lines) > MAX_LINES:
        left_out = len(lines) - MAX_LINES
        lines = (f"… {left_out:,} earlier lines are in {log.name}", *lines[-MAX_LINES:])
    return replace(result, service_log=lines)


def _time_of(evidence: Evidence, started_ms: float, ended_ms: float) -> tuple[float, float]:
    """Return when an execution ran, by its exchanges; without any, the time of its scenario."""
    exchanges = [
        exchange
        for delivery in evidence.transcript.deliveries
        for attempt in delivery.attempts
        for exchange in attempt.exchanges
    ]
    if not exchanges:
        return started_ms, ended_ms
    calls_ms = (call.received_ms for call in evidence.transcript.calls)
    last_ms = max(*(exchange.ended_ms for exchange in exchanges), *calls_ms, 0.0)
    return min(exchange.started_ms for exchange in exchanges), last_ms
