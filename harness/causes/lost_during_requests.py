"""Acknowledged events that come while a request is running, and are lost.

A note that something has changed, which is cleared after the request and not before it, or a flag
that lets the service ignore events meanwhile, is the usual reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.missing_entities import awaits_fetches, has_recovered
from pytest_mews.causes.observations import Observations
from pytest_mews.model import (
    OPERATIONS_BY_DISCRIMINATOR,
    ApiCall,
    EntityFetch,
    entity_fetches,
)
from pytest_mews.model.verdict import FAILURES

MIN_LOST = 5  # entities
MIN_SHARE = 0.9  # of those that are lost during a request, and that are asked for otherwise
MARGIN_MS = 50.0  # by which a request outlasts the answer to the message that came during it

_IsOf = Callable[[ApiCall, EntityFetch], bool]
# Which requests an event meets: those for its type, or any for its enterprise.
_SCOPES: tuple[tuple[_IsOf, str], ...] = (
    (
        lambda call, fetch: call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator],
        "a request for their type and enterprise",
    ),
    (lambda call, fetch: True, "a request for their enterprise"),  # noqa: ARG005 - as the other
)


def describe_losses_during_requests(
    observations: Observations, explanations: Sequence[Explanation]
) -> str:
    """Return a sentence if events that come during a request are lost, and hardly any others.

    Only requests that succeeded count: after others, what they asked for is open anyway.

    Args:
        observations: of the run.
        explanations: those that come first; what they account for doesn't count.

    """
    fetches = list(_fetches(observations, explanations))
    found: list[tuple[int, str]] = []  # with the number of exceptions
    for is_of, request in _SCOPES:
        during: list[bool] = []  # whether each was asked for
        others: list[bool] = []
        for fetch, calls in fetches:
            is_during = any(is_of(call, fetch) and _is_during(call, fetch) for call in calls)
            (during if is_during else others).append(fetch.requested_ms is not None)
        lost = len(during) - sum(during)
        if lost >= max(MIN_LOST, MIN_SHARE * len(during)) and sum(others) >= max(
            MIN_LOST, MIN_SHARE * len(others)
        ):
            exceptions = sum(during) + len(others) - sum(others)
            sentence = (
                f" Of those that came while {request} was running, {of(lost, len(during))} were "
                f"lost; of the others that the report shows, {of(sum(others), len(others))} were "
                "asked for."
            )
            found.append((exceptions, sentence))
    return min(found, key=itemgetter(0), default=(0, ""))[1]


def _fetches(
    observations: Observations, explanations: Sequence[Explanation]
) -> Iterator[tuple[EntityFetch, list[ApiCall]]]:
    """Yield each entity, and the successful requests for its enterprise."""
    for result in observations.results:
        for evidence in result.evidence if awaits_fetches(result) else ():
            transcript = evidence.transcript
            if not has_recovered(transcript.calls):
                continue
            served: dict[str | None, list[ApiCall]] = {}
            for call in transcript.calls:
                if call.answered_ok:
                    served.setdefault(call.enterprise_id, []).append(call)
            known = [each.accounts_for_missing(transcript) for each in explanations]
            for fetch in entity_fetches(transcript.deliveries, transcript.calls):
                # What a scenario that passed did not need to fetch is not lost.
                if fetch.requested_ms is not None or (
                    result.verdict in FAILURES
                    and fetch.entity_id not in observations.late_ids
                    and not any(accounts(fetch) for accounts in known)
                ):
                    yield fetch, served.get(fetch.enterprise_id, [])


def _is_during(call: ApiCall, fetch: EntityFetch) -> bool:
    """Return whether the last message about an entity came while a request was running."""
    end_ms = fetch.acknowledged_ms + MARGIN_MS
    return call.received_ms < fetch.sent_ms and (call.answered_ms or 0.0) > end_ms
