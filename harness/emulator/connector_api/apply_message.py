"""What a message of Mews implies for the emulated state: entities, threads, tokens.

The harness applies a message before it sends it, so the state is current when the partner asks.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pytest_mews.emulator.connector_api.entities import ASSUMED_AGE, service_ids
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.mews.events import EVENTS, Change, Channel, Event
from pytest_mews.model import Message, WebhookKind


def apply_message(
    message: Message, store: EntityStore, tokens: TokenRegistry, now: datetime
) -> None:
    """Update the state with what a message says; ignore whatever is unreadable in it.

    Args:
        message: a General Webhook, an Integration Webhook or a WebSocket message.
        store: gets the entities that the message is about.
        tokens: gets the tokens and integration states of an Integration Webhook.
        now: UTC.

    """
    if message.kind is WebhookKind.WEBSOCKET:
        _apply_websocket_events(message, store, now)
        return
    try:
        body = json.loads(message.body)
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    if isinstance(body.get("Events"), list):
        enterprise_id = body.get("EnterpriseId")
        if isinstance(enterprise_id, str):
            owner = message.portfolio_id or enterprise_id
            _apply_general_events(owner, enterprise_id, body["Events"], store, now)
    elif isinstance(body.get("Action"), str):
        try:
            enterprise = tokens.apply(body["Action"], body["Data"])
        except (KeyError, TypeError):
            return
        if enterprise is not None:
            add_enterprise(enterprise, store, now)


def add_enterprise(
    enterprise_id: str, store: EntityStore, now: datetime, *, chain_id: str | None = None
) -> None:
    """Add an enterprise and its services, created `ASSUMED_AGE` ago, unless the store has it.

    Args:
        enterprise_id: the enterprise.
        store: gets it.
        now: UTC.
        chain_id: the chain whose AccessToken covers it; None if it has a token of its own.

    """
    owner = chain_id or enterprise_id
    if store.find(owner, "enterprise", enterprise_id) is None:
        created = now - ASSUMED_AGE
        store.upsert(owner, "enterprise", enterprise_id, created, property_id=enterprise_id)
        for service_id in service_ids(enterprise_id):
            store.upsert(owner, "service", service_id, created, property_id=enterprise_id)


def _apply_websocket_events(message: Message, store: EntityStore, now: datetime) -> None:
    for event in message.events:
        event_type = EVENTS.get(event.discriminator)
        kind = None if event_type is None else event_type.entity
        if kind is not None and message.enterprise_id is not None:
            created = now if kind == "command" else now - ASSUMED_AGE
            store.upsert(
                message.enterprise_id,
                kind,
                event.entity_id,
                now,
                created=created,
                state=event.state,
            )


def _apply_general_events(
    owner: str, enterprise_id: str, events: list[Any], store: EntityStore, now: datetime
) -> None:
    parsed = [pair for event in events if (pair := _parse_event(event))]
    added = {entity_id for event_type, entity_id in parsed if event_type.change is Change.CREATED}
    for event_type, entity_id in parsed:
        kind = event_type.entity
        if kind is None:
            continue
        created = now if entity_id in added else now - ASSUMED_AGE
        record = store.upsert(
            owner,
            kind,
            entity_id,
            now,
            created=created,
            property_id=enterprise_id,
            deleted=event_type.is_deletion,
        )
        if kind == "message" and record.parent_id is not None:
            store.upsert(owner, "message-thread", record.parent_id, now, property_id=enterprise_id)


def _parse_event(event: object) -> tuple[Event, str] | None:
    """Return type and entity id of an event; None if it is malformed or of an unknown type."""
    if not isinstance(event, dict) or not isinstance(event.get("Value"), dict):
        return None
    discriminator, entity_id = event.get("Discriminator"), event["Value"].get("Id")
    event_type = EVENTS.get(discriminator) if isinstance(discriminator, str) else None
    if event_type is None or event_type.channel is not Channel.GENERAL:
        return None
    return (event_type, entity_id) if isinstance(entity_id, str) else None
