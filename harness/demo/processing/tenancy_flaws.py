"""Flaws in whose entities are fetched, with which token, and when that is over.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pytest_mews.demo.partner_state import Memory, credential_of, is_known
from pytest_mews.demo.processing.backoff import UNAUTHORISED
from pytest_mews.demo.processing.entity_readers import Batch, Pages, Reading, readings
from pytest_mews.demo.processing.fetcher import Failed
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import Answer, Request, answer
from pytest_mews.demo.webhook_bodies import Document, Unusable, read


def first_token_for_all() -> ProcessingOptions:
    """Fetches the entities of every enterprise with the token of the first one."""
    return ProcessingOptions(
        credential=lambda memory, enterprise_id: (
            _first(memory) if credential_of(memory, enterprise_id) is not None else None
        ),
    )


def borrows_token() -> ProcessingOptions:
    """Fetches the entities of an enterprise that it does not know with the first one's token."""
    return ProcessingOptions(
        credential=lambda memory, enterprise_id: (
            credential_of(memory, enterprise_id)
            if is_known(memory, enterprise_id)
            else _first(memory)
        ),
    )


def wrong_access_token() -> ProcessingOptions:
    """Was given access tokens that are not those of the enterprises."""
    return ProcessingOptions(credential=_mistyped)


def never_onboards() -> ProcessingOptions:
    """Passes over IntegrationCreated."""
    return _deaf_to("IntegrationCreated")


def keeps_old_key() -> ProcessingOptions:
    """Passes over IntegrationApiKeyCreated."""
    return _deaf_to("IntegrationApiKeyCreated")


def fetches_when_disabled() -> ProcessingOptions:
    """Passes over IntegrationDisabled, IntegrationCanceled and IntegrationDeleted."""
    return _deaf_to("IntegrationDisabled", "IntegrationCanceled", "IntegrationDeleted")


def never_comes_back() -> ProcessingOptions:
    """Passes over IntegrationEnabled and IntegrationReinstated."""
    return _deaf_to("IntegrationEnabled", "IntegrationReinstated")


def dies_of_401() -> ProcessingOptions:
    """Passes over IntegrationDisabled, and fetches nothing for an enterprise after a 401."""
    dead: set[str] = set()

    def dying(read: Reading) -> Reading:
        def die(pages: Pages, batch: Batch) -> Iterator[Document]:
            try:
                yield from read(pages, batch) if batch.enterprise_id not in dead else ()
            except Failed as failure:
                if failure.reply is not None and failure.reply.status == UNAUTHORISED:
                    dead.add(batch.enterprise_id)
                raise

        return die

    known = {entity: dying(read) for entity, read in readings().items()}
    return replace(_deaf_to("IntegrationDisabled"), readings=known)


def works_on_refused() -> ProcessingOptions:
    """Answers 401 to a wrong token, and fetches what the message tells of all the same."""
    return ProcessingOptions()


def working_on_refused(token: str, request: Request) -> Answer:
    """Answer as the sound service does; hand over also what was refused for its token."""
    given = answer(token, request)
    if given.status != 401:  # noqa: PLR2004
        return given
    try:
        return replace(given, accepted=read(request.body))
    except Unusable:
        return given


def _deaf_to(*actions: str) -> ProcessingOptions:
    return ProcessingOptions(deaf_to=frozenset(actions))


def _mistyped(memory: Memory, enterprise_id: str) -> str | None:
    token = credential_of(memory, enterprise_id)
    return None if token is None else token[::-1]


def _first(memory: Memory) -> str | None:
    return next((each.credential for each in memory.integrations.values()), None)


TENANCY = (
    first_token_for_all,
    borrows_token,
    wrong_access_token,
    never_onboards,
    keeps_old_key,
    fetches_when_disabled,
    never_comes_back,
    dies_of_401,
    works_on_refused,
)
