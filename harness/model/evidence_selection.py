"""Selects the evidence for a report, so that reports stay small however long the run is."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.model import (
    ApiCall,
    Attempt,
    Delivery,
    EntityFetch,
    Evidence,
    Level,
    RequestProblem,
    ScenarioResult,
    entity_fetches,
)

# Deliveries per evidence that a run keeps at all: bounds its memory and events.ndjson.
MAX_KEPT_DELIVERIES = 500
MAX_EVIDENCE = 3
MAX_DELIVERIES = 12
MAX_ATTEMPTS = 12
MAX_EXCHANGES = 12
MAX_CALLS = 60
ROLES = (
    "smallest-failing",
    "first-failing",
    "passed-on-retry",
    "preflight",
    "health-check",
    "example",
)


def select_evidence(result: ScenarioResult) -> tuple[Evidence, ...]:
    """Return at most `MAX_EVIDENCE` evidence of a result, in the order of `ROLES`."""
    ranks = {role: rank for rank, role in enumerate(ROLES)}
    ranked = sorted(result.evidence, key=lambda evidence: ranks.get(evidence.role, len(ranks)))
    return tuple(ranked[:MAX_EVIDENCE])


def select_deliveries(evidence: Evidence, limit: int = MAX_DELIVERIES) -> tuple[Delivery, ...]:
    """Return at most `limit` deliveries in their order.

    Deliveries that failed an expectation are selected first, then those that didn't succeed.
    """
    deliveries = evidence.transcript.deliveries
    return tuple(deliveries[index] for index in select_delivery_indexes(evidence, limit))


def select_delivery_indexes(evidence: Evidence, limit: int = MAX_DELIVERIES) -> tuple[int, ...]:
    """Return the indexes in the transcript of the deliveries that `select_deliveries` returns."""
    deliveries = evidence.transcript.deliveries
    if len(deliveries) <= limit:
        return tuple(range(len(deliveries)))
    failed = failed_delivery_indexes(evidence)
    ranked = sorted(
        range(len(deliveries)),
        key=lambda index: (
            failed.index(index) if index in failed else len(failed),
            is_delivered(deliveries[index]),
        ),
    )
    return tuple(sorted(ranked[:limit]))


def limit_deliveries(evidence: Evidence, limit: int = MAX_KEPT_DELIVERIES) -> Evidence:
    """Return the evidence with at most `limit` deliveries; it counts the omitted ones."""
    indexes = select_delivery_indexes(evidence, limit)
    omitted = len(evidence.transcript.deliveries) - len(indexes)
    if not omitted:
        return evidence
    findings = tuple(
        replace(
            finding,
            broken_attempts=tuple(
                (indexes.index(delivery), attempt)
                for delivery, attempt in finding.broken_attempts
                if delivery in indexes
            ),
        )
        for finding in evidence.findings
    )
    deliveries = tuple(evidence.transcript.deliveries[index] for index in indexes)
    transcript = replace(evidence.transcript, deliveries=deliveries, omitted_deliveries=omitted)
    return replace(evidence, findings=findings, transcript=transcript)


def failed_delivery_indexes(evidence: Evidence) -> tuple[int, ...]:
    """Return the indexes of the deliveries that failed an expectation, the highest level first.

    A failed health check follows the message that harmed the service.
    """
    unmet = [
        finding
        for finding in evidence.findings
        if not finding.met and finding.delivery_index is not None
    ]
    unmet.sort(key=lambda finding: list(Level).index(finding.level))
    known = range(len(evidence.transcript.deliveries))
    indexes: list[int] = []
    for finding in unmet:
        if finding.delivery_index is not None and finding.delivery_index in known:
            indexes += _with_message_before(evidence, finding.delivery_index)
    indexes += _unfetched_delivery_indexes(evidence)
    return tuple(dict.fromkeys(indexes))


def _with_message_before(evidence: Evidence, index: int) -> list[int]:
    """Return an index; of a health check, first that of the last message before it."""
    deliveries = evidence.transcript.deliveries
    if not deliveries[index].is_health_check:
        return [index]
    before = [other for other in range(index) if not deliveries[other].is_health_check]
    return [*before[-1:], index]


def _unfetched_delivery_indexes(evidence: Evidence) -> list[int]:
    """Return the indexes of acknowledged deliveries with an entity that should be fetched."""
    if all(finding.met for finding in evidence.findings if finding.about_fetches):
        return []
    unfetched = {
        fetch.entity_id for fetch in acknowledged_fetches(evidence) if fetch.fetched_ms is None
    }
    return [
        index
        for index, delivery in enumerate(evidence.transcript.deliveries)
        if is_delivered(delivery)
        and any(event.entity_id in unfetched for event in delivery.message.events)
    ]


def acknowledged_fetches(evidence: Evidence) -> tuple[EntityFetch, ...]:
    """Return what became of each entity of acknowledged deliveries, in order of first delivery.

    The harness doesn't wait for the fetches that a health check leads to, so health checks are
    left out.
    """
    acknowledged = (
        delivery
        for delivery in evidence.transcript.deliveries
        if is_delivered(delivery)
        and delivery.attempts[0].exchanges
        and not delivery.is_health_check
    )
    return entity_fetches(acknowledged, evidence.transcript.calls)


def select_calls(evidence: Evidence, limit: int = MAX_CALLS) -> tuple[ApiCall, ...]:
    """Return at most `limit` calls to the Connector API emulator in their order.

    Calls with a request problem, an injected fault or an error response are selected first, then
    those about entities of the case.
    """
    calls = evidence.transcript.calls
    ranked = sorted(range(len(calls)), key=lambda index: _rank(calls[index]))
    return tuple(calls[index] for index in sorted(ranked[:limit]))


def _rank(call: ApiCall) -> int:
    if _is_unusual(call):
        return 0
    return 1 if call.requested_ids or call.returned_ids else 2


def _is_unusual(call: ApiCall) -> bool:
    # With scaled waits, a call over the rate limit isn't a problem of that call.
    problems = set(call.request_problems) - {RequestProblem.OVER_LIMIT}
    return bool(problems) or call.fault is not None or not call.answered_ok


def is_delivered(delivery: Delivery) -> bool:
    """Whether a delivery succeeded; one without attempts did not."""
    return bool(delivery.attempts) and delivery.delivered


def key_delivery(evidence: Evidence) -> Delivery | None:
    """Return the delivery to show in full: the one that failed an expectation, a MUST first.

    If none failed one, the first delivery that didn't succeed, or else the one with most attempts.
    """
    deliveries = evidence.transcript.deliveries
    for index in failed_delivery_indexes(evidence):
        return deliveries[index]
    for delivery in deliveries:
        if not is_delivered(delivery):
            return delivery
    return max(deliveries, key=lambda delivery: len(delivery.attempts), default=None)


def attempt_start_ms(attempt: Attempt) -> float:
    """Return when an attempt started on the run's clock, or was scheduled if nothing was sent."""
    return attempt.exchanges[0].started_ms if attempt.exchanges else attempt.scheduled_ms


def attempt_end_ms(attempt: Attempt) -> float:
    """Return when an attempt ended on the run's clock."""
    return attempt.exchanges[-1].ended_ms if attempt.exchanges else attempt.scheduled_ms


def delivery_start_ms(delivery: Delivery) -> float:
    """Return when the first attempt started: the origin of the delivery's relative times."""
    return attempt_start_ms(delivery.attempts[0]) if delivery.attempts else 0.0
