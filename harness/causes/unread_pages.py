"""Responses with further pages of which the service reads the first, or some, and not all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.observations import Observations
from pytest_mews.model import ApiCall, CauseKind, Transcript, calls_by_entity
from pytest_mews.model.fetch_record import FURTHER_PAGES_READ
from pytest_mews.model.fetches import is_on_unread_page
from pytest_mews.model.verdict import FAILURES

MAX_SHARE = 0.05  # of pages that are followed by the next one, if the service reads the first only


def find_unread_pages(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if pages are not read that responses announced with a Cursor."""
    transcripts = [
        evidence.transcript
        for result in observations.results
        if result.verdict in FAILURES
        for evidence in result.evidence
        if awaits_fetches(result)
        or any(
            finding.check == FURTHER_PAGES_READ and not finding.met for finding in evidence.findings
        )
    ]
    pages = followed = repeated = 0
    for transcript in transcripts:
        announcing = [call for call in transcript.calls if call.answered_ok and call.cursor]
        pages += len(announcing)
        followed += sum(_is_followed(call, transcript.calls) for call in announcing)
        cursors = [(call.operation, call.enterprise_id, call.cursor) for call in announcing]
        repeated += sum(
            call.is_next_page and cursors[index] in cursors[:index]
            for index, call in enumerate(announcing)
        )
    if pages == followed and not repeated:
        return
    if repeated:
        summary = (
            "A page is read again and again: requests for a further page have the Cursor of an "
            f"earlier response, so that {repeated:,} of {pages:,} responses with a Cursor repeat "
            "a page."
        )
    elif followed <= MAX_SHARE * pages:
        summary = (
            "Only the first page of a response is read: the next one was asked for after "
            f"{followed:,} of {pages:,} responses with a Cursor."
        )
    else:
        summary = (
            "Further pages are not read to the end: the next one was asked for after "
            f"{of(followed, pages)} responses with a Cursor."
        )
    yield Explanation(
        CauseKind.PAGES_NOT_READ,
        summary,
        accounts_for_finding=lambda unmet: unmet.finding.check == FURTHER_PAGES_READ,
        accounts_for_missing=_on_further_page,
    )


def _on_further_page(transcript: Transcript) -> MissingEntity:
    """Return whether a response to a request for an entity left it to a further page."""
    calls = calls_by_entity(transcript.calls)
    return lambda fetch: (
        any(
            call.answered_ok
            and call.cursor is not None
            and fetch.entity_id not in call.returned_ids
            for call in calls.get(fetch.entity_id, ())
            if call.enterprise_id == fetch.enterprise_id
        )
        or is_on_unread_page(fetch, transcript.calls)
    )


def _is_followed(page: ApiCall, calls: Sequence[ApiCall]) -> bool:
    """Return whether a request for a further page of the same ids came after a page."""
    return any(call.follows(page) and call.requested_ids == page.requested_ids for call in calls)
