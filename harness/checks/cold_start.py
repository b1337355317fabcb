"""Whether the first message of all woke the service up."""

from __future__ import annotations

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import describe_response
from pytest_mews.model import Attempt, Delivery, Outcome, Transcript
from pytest_mews.model.exchange import TIMEOUTS

_REMEDY = (
    "Keep the service awake: at least one instance that always runs (on many platforms an option "
    "such as minimum instances or always on), warmed up after each deployment before it gets "
    "messages. What is not answered within 5 seconds comes again only minutes later."
)


@case_check("no-cold-start", "a first message that needs no retry", has_figures=False)
def no_cold_start(transcript: Transcript) -> Observation:
    """No message that showed whether the endpoint works was delivered by a retry only."""
    preflights = [delivery for delivery in transcript.deliveries if delivery.is_preflight]
    for delivery in preflights:
        if observed := describe_cold_start(delivery):
            return Observation(
                met=False,
                observed=observed,
                subject_count=len(preflights),
                remedy=_REMEDY,
                broken=delivery.attempts[:1],
            )
    return Observation(
        met=True, observed="the first attempt decided", subject_count=len(preflights)
    )


def describe_cold_start(delivery: Delivery) -> str:
    """Return how long the first response took and how long the next; empty without a cold start.

    Such as `the first response took 7.0 s, the next 3 ms: the service was asleep (cold start)`.
    """
    first, last = delivery.attempts[0], delivery.attempts[-1]
    if first is last or last.outcome is not Outcome.DELIVERED:
        return ""
    later = "the next" if last.number == first.number + 1 else f"that to attempt {last.number} only"
    took = f"{_elapsed_ms(last):,.0f} ms"
    if first.outcome not in TIMEOUTS:
        return (
            f"the first response was {describe_response(first)}, {later} "
            f"{describe_response(last)} after {took}: the service was not ready (cold start)"
        )
    seconds = f"{_elapsed_ms(first) / 1000:.1f} s"
    has_response = first.final_exchange.status is not None
    waited = f"the first response took {'' if has_response else 'more than '}{seconds}"
    return f"{waited}, {later} {took}: the service was asleep (cold start)"


def _elapsed_ms(attempt: Attempt) -> float:
    return attempt.final_exchange.ended_ms - attempt.exchanges[0].started_ms
