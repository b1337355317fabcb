"""What a message of Mews implies for the emulated state: entities, threads, tokens.

The harness applies a message before it sends it, so the state is current when the partner asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pytest_mews.emulator.connector_api.entities import thread_id_of
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.operations import EVENT_KINDS
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.model import Message, WebhookKind

ASSUMED_AGE = timedelta(days=1)  # of an entity whose creation no event announced
_ADDED_EVENTS = frozenset({"CustomerAdded", "MessageAdded"})
# Entity kind by the Type of a WebSocket event; no operation returns prices (PriceUpdate).
_WEBSOCKET_KINDS = {
    "DeviceCommand": "command",
    "Reservation": "reservation",
    "Resource": "resource",
}


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
            _apply_general_events(enterprise_id, body["Events"], store, now)
    elif isinstance(body.get("Action"), str):
        try:
            enterprise = tokens.apply(body["Action"], body["Data"])
        except (KeyError, TypeError):
            return
        if enterprise is not None:
            add_enterprise(enterprise, store, now)


def add_enterprise(enterprise_id: str, store: EntityStore, now: datetime) -> None:
    """Add an enterprise that was created `ASSUMED_AGE` ago, unless the store has it."""
    if store.find(enterprise_id, "enterprise", enterprise_id) is None:
        created = now - ASSUMED_AGE
        store.upsert(enterprise_id, "enterprise", enterprise_id, created)


def _apply_websocket_events(message: Message, store: EntityStore, now: datetime) -> None:
    for event in message.events:
        kind = _WEBSOCKET_KINDS.get(event.discriminator)
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
    enterprise_id: str, events: list[Any], store: EntityStore, now: datetime
) -> None:
    parsed = [pair for event in events if (pair := _parse_event(event))]
    added = {entity_id for discriminator, entity_id in parsed if discriminator in _ADDED_EVENTS}
    for discriminator, entity_id in parsed:
        kind = EVENT_KINDS[discriminator]
        created = now if entity_id in added else now - ASSUMED_AGE
        thread_id = None
        if kind == "message":
            thread_id = thread_id_of(enterprise_id, entity_id)
            store.upsert(enterprise_id, "message-thread", thread_id, now)
        store.upsert(enterprise_id, kind, entity_id, now, created=created, thread_id=thread_id)


def _parse_event(event: object) -> tuple[str, str] | None:
    """Return discriminator and entity id; None for a malformed event or an unknown type."""
    if not isinstance(event, Mapping) or not isinstance(event.get("Value"), Mapping):
        return None
    discriminator, entity_id = event.get("Discriminator"), event["Value"].get("Id")
    if not isinstance(discriminator, str) or discriminator not in EVENT_KINDS:
        return None
    return (discriminator, entity_id) if isinstance(entity_id, str) else None
