"""Which evidence is kept, and which of it comes first: a report is bounded however long the run."""

from __future__ import annotations

from mews_harness.model import Attempt, Delivery, Obligation, ScenarioResult, Trial

TRIALS = 3
DELIVERIES = 12
ATTEMPTS = 12
HOPS = 12
ROLES = (
    "smallest-failing",
    "first-failing",
    "passed-again",
    "preflight",
    "sign-of-life",
    "example",
)


def trials(result: ScenarioResult) -> tuple[Trial, ...]:
    """The trials worth keeping, the most telling first; at most `TRIALS`."""
    known = {role: rank for rank, role in enumerate(ROLES)}
    ranked = sorted(result.evidence, key=lambda trial: known.get(trial.role, len(known)))
    return tuple(ranked[:TRIALS])


def deliveries(trial: Trial, limit: int = DELIVERIES) -> tuple[Delivery, ...]:
    """At most `limit` deliveries of a trial in their order.

    Those that broke an expectation win a place first, then those that were not made.
    """
    return tuple(trial.transcript.deliveries[place] for place in places(trial, limit))


def places(trial: Trial, limit: int = DELIVERIES) -> tuple[int, ...]:
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


def breaking(trial: Trial) -> tuple[int, ...]:
    """Where the deliveries stand that broke an expectation, that of the strongest one first."""
    unmet = [one for one in trial.findings if not one.met and one.delivery is not None]
    unmet.sort(key=lambda finding: list(Obligation).index(finding.obligation))
    known = range(len(trial.transcript.deliveries))
    found = (one.delivery for one in unmet if one.delivery in known)
    return tuple(dict.fromkeys(place for place in found if place is not None))


def arrived(delivery: Delivery) -> bool:
    """Whether a delivery was made; one that was never attempted was not."""
    return bool(delivery.attempts) and delivery.delivered


def telling(trial: Trial) -> Delivery | None:
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
