"""Flaws in access tokens and integrations: whose entities are fetched, and with which token.

Each function returns the options of a new partner, which are sound except for one flaw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo.partner_state import PartnerState, credential_of, is_known
from pytest_mews.demo.processing.backoff import UNAUTHORISED
from pytest_mews.demo.processing.entity_readers import (
    Batch,
    EntityReader,
    FetchPages,
    entity_readers,
)
from pytest_mews.demo.processing.fetcher import FetchError
from pytest_mews.demo.processing.processing_flaws import first_credential
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document, InvalidBodyError, read_message
from pytest_mews.mews.lifecycle import CREATED


def first_token_for_unknown_enterprise() -> ProcessingOptions:
    """Fetches the entities of an unknown enterprise with the access token of the first one."""
    return ProcessingOptions(
        credential=lambda state, enterprise_id: (
            credential_of(state, enterprise_id)
            if is_known(state, enterprise_id)
            else first_credential(state)
        ),
    )


def never_onboards() -> ProcessingOptions:
    """Ignores IntegrationCreated."""
    return _ignores("IntegrationCreated")


def keeps_old_key() -> ProcessingOptions:
    """Ignores IntegrationApiKeyCreated."""
    return _ignores("IntegrationApiKeyCreated")


def remembers_first_token() -> ProcessingOptions:
    """Uses the token of an enterprise's first request for all later ones."""
    tokens: dict[str, str] = {}

    def credential(state: PartnerState, enterprise_id: str) -> str | None:
        token = tokens.get(enterprise_id) or credential_of(state, enterprise_id)
        if token is not None:
            tokens[enterprise_id] = token
        return token

    return ProcessingOptions(credential=credential)


def fetches_when_disabled() -> ProcessingOptions:
    """Ignores IntegrationDisabled, IntegrationCanceled and IntegrationDeleted."""
    return _ignores("IntegrationDisabled", "IntegrationCanceled", "IntegrationDeleted")


def fetches_later_when_disabled() -> ProcessingOptions:
    """The same, and collects events for two seconds before it requests anything."""
    return replace(fetches_when_disabled(), batch_window_s=2.0)


def knows_tokens_by_enterprise() -> ProcessingOptions:
    """Knows the token of the enterprise in IntegrationCreated alone, not of its properties."""
    return ProcessingOptions(
        credential=lambda state, enterprise_id: next(
            (
                integration.credential
                for integration in state.integrations.values()
                if integration.enterprise_id == enterprise_id and integration.active
            ),
            None,
        )
    )


def ignores_is_enabled() -> ProcessingOptions:
    """Uses the access token of an integration that is not enabled."""
    return ProcessingOptions(
        credential=lambda state, enterprise_id: next(
            (
                integration.credential
                for integration in state.integrations.values()
                if integration.enterprise_id == enterprise_id
            ),
            None,
        )
    )


def never_resumes() -> ProcessingOptions:
    """Ignores IntegrationEnabled and IntegrationReinstated."""
    return _ignores("IntegrationEnabled", "IntegrationReinstated")


def stops_after_401() -> ProcessingOptions:
    """Stops fetching for an enterprise after a 401."""
    stopped: set[str] = set()

    def stop_after_401(read: EntityReader) -> EntityReader:
        def read_unless_stopped(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            if batch.enterprise_id in stopped:
                return
            try:
                yield from read(fetch_pages, batch)
            except FetchError as error:
                if error.response is not None and error.response.status == UNAUTHORISED:
                    stopped.add(batch.enterprise_id)
                raise

        return read_unless_stopped

    readers = {entity: stop_after_401(read) for entity, read in entity_readers().items()}
    return ProcessingOptions(readers=readers)


def drops_queue_at_new_key() -> ProcessingOptions:
    """Drops what it still has to fetch for an integration when its key is replaced."""
    known: dict[str, str] = {}
    replaced_at: dict[str, datetime] = {}

    def credential(state: PartnerState, enterprise_id: str) -> str | None:
        current = credential_of(state, enterprise_id)
        if current is not None and known.setdefault(enterprise_id, current) != current:
            known[enterprise_id] = current
            replaced_at[enterprise_id] = datetime.now(UTC)
        return current

    def drop_old(read: EntityReader) -> EntityReader:
        def read_if_new(fetch_pages: FetchPages, batch: Batch) -> Iterable[Document]:
            is_old = batch.since < replaced_at.get(batch.enterprise_id, batch.since)
            return () if is_old else read(fetch_pages, batch)

        return read_if_new

    readers = {entity: drop_old(read) for entity, read in entity_readers().items()}
    return ProcessingOptions(credential=credential, readers=readers)


def closes_client_at_cancel() -> ProcessingOptions:
    """Fetches nothing after IntegrationReinstated for an integration that it knew before."""
    return ProcessingOptions()


class IgnoreReinstatedAfterEvents:
    """Responds as the sound service does, but some IntegrationReinstated have no effect.

    It is that of an integration whose events were accepted before: their client is closed.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()

    def __call__(self, token: str, request: Request) -> Response:
        """Respond to a request."""
        response = respond(token, request)
        document = response.accepted or {}
        if "Events" in document:
            self._used.add(document["IntegrationId"])
        is_reinstated = document.get("Action") == "IntegrationReinstated"
        if is_reinstated and document["Data"]["Integration"]["Id"] in self._used:
            return replace(response, accepted={**document, "Action": "Ignored"})
        return response


def processes_rejected_messages() -> ProcessingOptions:
    """Answers 401 to a wrong token, but fetches the message's entities anyway."""
    return ProcessingOptions()


def accept_rejected_message(token: str, request: Request) -> Response:
    """Respond as the sound service does, but also accept messages that it answers with 401."""
    response = respond(token, request)
    if response.status != UNAUTHORISED:
        return response
    try:
        return replace(response, accepted=read_message(request.body))
    except InvalidBodyError:
        return response


def drops_events_before_creation() -> ProcessingOptions:
    """Drops the events of an integration whose IntegrationCreated has not arrived yet."""
    return ProcessingOptions()


class DropEarlyEvents:
    """Responds as the sound service does, but accepts no events of an unknown integration."""

    def __init__(self) -> None:
        self._known = {tenant.integration_id for tenant in DEFAULT_TENANTS.enterprises}

    def __call__(self, token: str, request: Request) -> Response:
        """Respond to a request; a message of an unknown integration seems to have no events."""
        response = respond(token, request)
        document = response.accepted or {}
        if document.get("Action") == CREATED:
            self._known.add(document["Data"]["Integration"]["Id"])
        if "Events" in document and document["IntegrationId"] not in self._known:
            return replace(response, accepted={**document, "Events": []})
        return response


def _ignores(*actions: str) -> ProcessingOptions:
    return ProcessingOptions(ignored_actions=frozenset(actions))


TENANCY_FLAWS = (
    first_token_for_unknown_enterprise,
    never_onboards,
    keeps_old_key,
    remembers_first_token,
    fetches_when_disabled,
    fetches_later_when_disabled,
    ignores_is_enabled,
    knows_tokens_by_enterprise,
    never_resumes,
    stops_after_401,
    drops_queue_at_new_key,
)
