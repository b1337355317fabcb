"""Entities of different types with one id, of which only one is asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind, EntityFetch, Transcript, entity_fetches
from pytest_mews.model.verdict import FAILURES

MIN_COUNT = 3  # ids
MIN_SHARE = 0.9  # of them of which an entity is not asked for


def find_shared_ids(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if an entity is taken for another one that has its id."""
    groups = [
        group
        for result in observations.results
        if result.verdict in FAILURES and awaits_fetches(result)
        for evidence in result.evidence
        for group in _groups(evidence.transcript).values()
    ]
    lost = sum(any(fetch.requested_ms is None for fetch in group) for group in groups)
    if lost < MIN_COUNT or lost < MIN_SHARE * len(groups):
        return
    yield Explanation(
        CauseKind.SHARED_ID_NOT_FETCHED,
        "Of entities of different types with the same id, only one is asked for: "
        f"of {of(lost, len(groups))} such ids, another entity is in no request.",
        accounts_for_missing=_is_lost,
    )


def _is_lost(transcript: Transcript) -> MissingEntity:
    groups = _groups(transcript)
    return lambda fetch: (
        fetch.requested_ms is None
        and fetch in groups.get((fetch.enterprise_id, fetch.entity_id), ())
    )


def _groups(transcript: Transcript) -> dict[tuple[str, str], list[EntityFetch]]:
    """Return the acknowledged entities whose id another one has, if one of them is asked for."""
    groups: dict[tuple[str, str], list[EntityFetch]] = defaultdict(list)
    for fetch in entity_fetches(transcript.deliveries, transcript.calls):
        groups[fetch.enterprise_id, fetch.entity_id].append(fetch)
    return {
        key: group
        for key, group in groups.items()
        if len(group) > 1 and any(fetch.requested_ms is not None for fetch in group)
    }
