"""Which evidence is kept, and which of it comes first: a report is bounded however long the run."""

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
from pytest_mews.model.verdict import HEALTH_CHECK

KEPT = 500  # deliveries of a trial, whatever becomes of them: memory and events.ndjson
TRIALS = 3
DELIVERIES = 12
ATTEMPTS = 12
HOPS = 12
CALLS = 60
ROLES = (
    "smallest-failing",
    "first-failing",
    "passed-on-retry",
    "preflight",
    "health-check",
    "example",
)


def select_evidence(result: ScenarioResult) -> tuple[Evidence, ...]:
    """The trials worth keeping, the most telling first; at most `TRIALS`."""
    known = {role: rank for rank, role in enumerate(ROLES)}
    ranked = sorted(result.evidence, key=lambda trial: known.get(trial.role, len(known)))
    return tuple(ranked[:TRIALS])


def deliveries(trial: Evidence, limit: int = DELIVERIES) -> tuple[Delivery, ...]:
    """At most `limit` deliveries of a trial in their order.

    Those that broke an expectation win a place first, then those that were not made.
    """
    return tuple(trial.transcript.deliveries[place] for place in places(trial, limit))


def places(trial: Evidence, limit: int = DELIVERIES) -> tuple[int, ...]:
    """Where in the transcript the deliveries stand that `deliveries` keeps."""
    everything = trial.transcript.deliveries
    if len(everything) <= limit:
        return tuple(range(len(everything)))
    guilty = breaking(trial)
    ranked = sorted(
        range(len(everything)),
        key=lambda place: (
            guilty.index(place) if place in guilty else len(guilty),
            arrived(everything[place]),
        ),
    )
    return tuple(sorted(ranked[:limit]))


def bounded(trial: Evidence, limit: int = KEPT) -> Evidence:
    """Leave deliveries out of a trial that has more than `limit`; `deliveries` says which first."""
    kept = places(trial, limit)
    left_out = len(trial.transcript.deliveries) - len(kept)
    if not left_out:
        return trial
    findings = tuple(
        replace(one, delivery=kept.index(one.delivery) if one.delivery in kept else None)
        for one in trial.findings
    )
    chosen = tuple(trial.transcript.deliveries[place] for place in kept)
    transcript = replace(trial.transcript, deliveries=chosen, left_out=left_out)
    return replace(trial, findings=findings, transcript=transcript)


def breaking(trial: Evidence) -> tuple[int, ...]:
    """Where the deliveries stand that broke an expectation, that of the strongest one first."""
    unmet = [one for one in trial.findings if not one.met and one.delivery is not None]
    unmet.sort(key=lambda finding: list(Level).index(finding.level))
    known = range(len(trial.transcript.deliveries))
    found = [one.delivery for one in unmet if one.delivery in known]
    found += _forgotten(trial)
    return tuple(dict.fromkeys(place for place in found if place is not None))


def _forgotten(trial: Evidence) -> list[int]:
    """Where the deliveries stand whose entities should have been fetched, and were not."""
    if all(one.met for one in trial.findings if one.check == "fetched"):
        return []
    lost = {link.entity_id for link in chain_links(trial) if link.fetched_ms is None}
    return [
        place
        for place, delivery in enumerate(trial.transcript.deliveries)
        if arrived(delivery) and any(each.entity_id in lost for each in delivery.message.events)
    ]


def chain_links(trial: Evidence) -> tuple[EntityFetch, ...]:
    """Follow every entity of the acknowledged deliveries, in the order of first delivery.

    Nobody waits for what a sign of life leads to: it is left out.
    """
    made = (
        each
        for each in trial.transcript.deliveries
        if arrived(each) and each.attempts[0].exchanges and each.label != HEALTH_CHECK
    )
    return entity_fetches(made, trial.transcript.calls)


def calls(trial: Evidence, limit: int = CALLS) -> tuple[ApiCall, ...]:
    """At most `limit` requests to the API in their order.

    Those that got something wrong, were refused, or were disturbed on purpose win a place first,
    then those about entities of the play.
    """
    everything = trial.transcript.calls
    ranked = sorted(range(len(everything)), key=lambda place: _rank(everything[place]))
    return tuple(everything[place] for place in sorted(ranked[:limit]))


def _rank(call: ApiCall) -> int:
    if _odd(call):
        return 0
    return 1 if call.asked or call.returned else 2


def _odd(call: ApiCall) -> bool:
    # Being over the limit is no request's own fault where waits are scaled.
    own = set(call.request_problems) - {RequestProblem.OVER_LIMIT}
    return bool(own) or call.fault is not None or not call.answered_ok


def arrived(delivery: Delivery) -> bool:
    """Whether a delivery was made; one that was never attempted was not."""
    return bool(delivery.attempts) and delivery.delivered


def telling(trial: Evidence) -> Delivery | None:
    """The delivery to show in full: the one that broke an expectation, a MUST before others.

    Where none did, the first one not made; else the one with most attempts.
    """
    everything = trial.transcript.deliveries
    for place in breaking(trial):
        return everything[place]
    for delivery in everything:
        if not arrived(delivery):
            return delivery
    return max(everything, key=lambda delivery: len(delivery.attempts), default=None)


def began_ms(attempt: Attempt) -> float:
    """When an attempt began on the run's clock, in ms; as scheduled where nothing was sent."""
    return attempt.exchanges[0].started_ms if attempt.exchanges else attempt.scheduled_ms


def ended_ms(attempt: Attempt) -> float:
    """When an attempt ended on the run's clock, in ms."""
    return attempt.exchanges[-1].ended_ms if attempt.exchanges else attempt.scheduled_ms


def zero_ms(delivery: Delivery) -> float:
    """The beginning of a delivery's first attempt: what its times are relative to, in ms."""
    return began_ms(delivery.attempts[0]) if delivery.attempts else 0.0
