"""What a webhook message lets be true at Mews, from before it is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pytest_mews.emulator.connector_api.entities import thread_of
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.operations import EVENT_KINDS
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.model import Message, WebhookKind

SINCE = timedelta(days=1)  # how long something exists whose creation nobody announced
_ADDED = frozenset({"CustomerAdded", "MessageAdded"})
# The kind of entity that an event on the WebSocket is about; prices are not served.
_STREAMED = {"DeviceCommand": "command", "Reservation": "reservation", "Resource": "resource"}


def apply_message(
    message: Message, estate: EntityStore, tokens: TokenRegistry, now: datetime
) -> None:
    """Take over what a message says; whatever is unreadable in it says nothing."""
    if message.kind is WebhookKind.WEBSOCKET:
        _streamed(message, estate, now)
        return
    try:
        body = json.loads(message.body)
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    if isinstance(body.get("Events"), list):
        enterprise = body.get("EnterpriseId")
        if isinstance(enterprise, str):
            _events(enterprise, body["Events"], estate, now)
    elif isinstance(body.get("Action"), str):
        try:
            known = tokens.apply(body["Action"], body["Data"])
        except (KeyError, TypeError):
            return
        if known is not None:
            enroll(known, estate, now)


def _streamed(message: Message, estate: EntityStore, now: datetime) -> None:
    for event in message.events:
        kind = _STREAMED.get(event.discriminator)
        if kind is not None and message.enterprise_id is not None:
            born = now if kind == "command" else now - SINCE
            owner, entity_id = message.enterprise_id, event.entity_id
            estate.upsert(owner, kind, entity_id, now, created=born, state=event.state)


def enroll(enterprise: str, estate: EntityStore, now: datetime) -> None:
    """Let an enterprise exist, which it did for a while."""
    if estate.find(enterprise, "enterprise", enterprise) is None:
        born = now - SINCE
        estate.upsert(enterprise, "enterprise", enterprise, born)


def _events(enterprise: str, events: list[Any], estate: EntityStore, now: datetime) -> None:
    readable = [found for event in events if (found := _event(event))]
    added = {each[1] for each in readable if each[0] in _ADDED}
    for discriminator, entity_id in readable:
        kind = EVENT_KINDS[discriminator]
        born = now if entity_id in added else now - SINCE
        thread = None
        if kind == "message":
            thread = thread_of(enterprise, entity_id)
            estate.upsert(enterprise, "message-thread", thread, now)
        estate.upsert(enterprise, kind, entity_id, now, created=born, thread_id=thread)


def _event(event: object) -> tuple[str, str] | None:
    """Give the discriminator and id of an event of a known kind."""
    if not isinstance(event, Mapping) or not isinstance(event.get("Value"), Mapping):
        return None
    discriminator, entity_id = event.get("Discriminator"), event["Value"].get("Id")
    if not isinstance(discriminator, str) or discriminator not in EVENT_KINDS:
        return None
    return (discriminator, entity_id) if isinstance(entity_id, str) else None
