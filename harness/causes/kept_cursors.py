"""Requests for new ids that begin with the Cursor of an earlier response.

The response has only what comes after that cursor, mostly nothing. One object for the Limitation of
all requests, in which each page's cursor is written, is the usual reason.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import missing_entities
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind, EntityFetch, Transcript, calls_by_entity
from pytest_mews.model.verdict import FAILURES

MIN_COUNT = 3  # entities


def find_kept_cursors(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if entities were asked for by their ids, but on further pages only."""
    missing: set[str] = set()
    found: set[str] = set()
    for result in observations.results:
        for unmet in unmet_findings(result) if result.verdict in FAILURES else ():
            entities = missing_entities(unmet)
            missing |= {fetch.entity_id for fetch in entities}
            is_asked = _is_asked_from_cursor(unmet.evidence.transcript)
            found |= {fetch.entity_id for fetch in entities if is_asked(fetch)}
    if len(found) < MIN_COUNT:
        return
    yield Explanation(
        CauseKind.CURSOR_OF_ANOTHER_REQUEST,
        "Requests for new ids have the Cursor of an earlier response, which leaves out what comes "
        f"before it: {of(len(found), len(missing))} entities that are not fetched were asked for "
        "only so.",
        accounts_for_missing=_is_asked_from_cursor,
    )


def _is_asked_from_cursor(transcript: Transcript) -> MissingEntity:
    """Return whether each request for an entity by its id asked for a further page."""
    calls = calls_by_entity(transcript.calls)

    def is_asked(fetch: EntityFetch) -> bool:
        own = [
            call
            for call in calls.get(fetch.entity_id, ())
            if fetch.entity_id in call.requested_ids and call.enterprise_id == fetch.enterprise_id
        ]
        return bool(own) and all(call.is_next_page for call in own)

    return is_asked
