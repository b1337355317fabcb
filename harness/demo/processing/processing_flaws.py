"""Flaws in what is fetched after a message, each as a user may meet it.

Each function returns the options of a new partner, which are sound except for one flaw.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_mews.demo.partner_state import PartnerState, changes_of, credential_of
from pytest_mews.demo.processing import backoff
from pytest_mews.demo.processing.api_client import ApiResponse
from pytest_mews.demo.processing.backoff import TOO_MANY_REQUESTS
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.webhook_bodies import Document, events_of

FORGOTTEN_INTERVAL = 50  # events
SMALL_PAGE = 10  # items


def fetches_nothing() -> ProcessingOptions:
    """Acknowledges everything, but fetches nothing."""
    return ProcessingOptions(select_changes=lambda _: [])


def forgets_one_event_in_50() -> ProcessingOptions:
    """Doesn't fetch every 50th event of a batch."""
    return fetches_only(
        lambda events: [
            event for number, event in enumerate(events, 1) if number % FORGOTTEN_INTERVAL
        ]
    )


def first_event_only() -> ProcessingOptions:
    """Fetches only the first event of a batch."""
    return fetches_only(lambda events: events[:1])


def gives_up_on_429() -> ProcessingOptions:
    """Drops a fetch that is answered with 429."""
    return gives_up(lambda response: response.status == TOO_MANY_REQUESTS)


def reads_first_page_only() -> ProcessingOptions:
    """Asks for pages of ten items and reads only the first page."""
    return ProcessingOptions(page_size=SMALL_PAGE, reads_all_pages=False)


def first_token_for_all() -> ProcessingOptions:
    """Fetches the entities of every enterprise with the access token of the first one."""
    return ProcessingOptions(
        credential=lambda state, enterprise_id: (
            first_credential(state) if credential_of(state, enterprise_id) is not None else None
        ),
    )


def wrong_access_token() -> ProcessingOptions:
    """Uses access tokens that aren't those of the enterprises."""
    return ProcessingOptions(credential=_wrong_credential)


def fetches_only(filter_events: Callable[[list[Document]], list[Document]]) -> ProcessingOptions:
    """Return options with which only some events of a message are fetched."""

    def select_changes(document: Document) -> list[tuple[str, str]]:
        return changes_of({**document, "Events": filter_events(events_of(document))})

    return ProcessingOptions(select_changes=select_changes)


def gives_up(on: Callable[[ApiResponse], bool]) -> ProcessingOptions:
    """Return options that don't retry after some responses."""
    return ProcessingOptions(
        is_retryable=lambda response: backoff.is_retryable(response) and not on(response)
    )


def _wrong_credential(state: PartnerState, enterprise_id: str) -> str | None:
    credential = credential_of(state, enterprise_id)
    return None if credential is None else credential[::-1]


def first_credential(state: PartnerState) -> str | None:
    """Return the access token of the enterprise that was connected first."""
    return next((integration.credential for integration in state.integrations.values()), None)


PROCESSING_FLAWS = (
    fetches_nothing,
    forgets_one_event_in_50,
    first_event_only,
    gives_up_on_429,
    reads_first_page_only,
    first_token_for_all,
    wrong_access_token,
)
