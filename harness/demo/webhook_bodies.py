"""Reads the body of a webhook, and checks only what the sound service relies on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from pytest_mews.mews.events import Channel, event_names, operations_by_event
from pytest_mews.mews.lifecycle import API_KEY_CREATED, CREATED

Document = Mapping[str, Any]
T = TypeVar("T")

# The kind of entity that each event is about, as the API calls it: `customers` for both customer
# events, of which a new customer causes one each.
ENTITY_KINDS: Mapping[str, str] = MappingProxyType(
    {
        event: operations[0].partition("/")[0]
        for event, operations in operations_by_event(Channel.GENERAL).items()
    },
)
# The properties of Data that this service uses, by action; every action has an Integration as well.
ACTIONS: Mapping[str, Mapping[str, type]] = MappingProxyType(
    {
        **dict.fromkeys(event_names(Channel.INTEGRATION), MappingProxyType({})),
        CREATED: {"Enterprise": dict, "AccessToken": str, "IsEnabled": bool},
        API_KEY_CREATED: {"ApiKey": str},
    },
)


class InvalidBodyError(ValueError):
    """The service can't use a body; the message says why, without quoting the body."""


def read_message(body: bytes | None) -> Document:
    """Parse a webhook and check that it has what this service relies on.

    Unknown properties, events and actions are accepted: Mews may add some at any time.

    Raises:
        InvalidBodyError: the body is incomplete, isn't JSON, or lacks a property.

    """
    document = parse_json(body)
    if not isinstance(document, dict):
        raise InvalidBodyError("the body is not a JSON object")
    if "Action" in document and "Events" not in document:
        _check_integration_webhook(document)
    else:
        _check_general_webhook(document)
    return document


def parse_json(body: bytes | None) -> object:
    """Parse a body.

    Raises:
        InvalidBodyError: the body is incomplete (None) or isn't JSON.

    """
    if body is None:
        raise InvalidBodyError("the body is incomplete")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidBodyError("the body is not JSON") from None


def is_json(body: bytes | None) -> bool:
    """Return whether a body can be parsed; an incomplete one can't."""
    try:
        parse_json(body)
    except InvalidBodyError:
        return False
    return True


def events_of(document: Document | None) -> list[Document]:
    """Return the events of a message; none for an Integration Webhook or a rejected message."""
    events: list[Document] = document.get("Events", []) if document else []
    return events


def entity_kind_of(event: Document) -> str | None:
    """Return the kind of entity that an event is about; None for an unknown event."""
    return ENTITY_KINDS.get(event["Discriminator"])


def _check_general_webhook(document: Document) -> None:
    _require(document, "EnterpriseId", str)
    _require(document, "IntegrationId", str)
    for event in _require(document, "Events", list):
        _require(event, "Discriminator", str)
        if entity_kind_of(event):
            _require(_require(event, "Value", dict), "Id", str)


def _check_integration_webhook(document: Document) -> None:
    properties = ACTIONS.get(_require(document, "Action", str))
    data = _require(document, "Data", dict)
    if properties is None:  # an action that Mews may add; its data may look like anything
        return
    _require(_require(data, "Integration", dict), "Id", str)
    for name, kind in properties.items():
        _require(data, name, kind)
    if "Enterprise" in properties:
        _require(data["Enterprise"], "Id", str)


def _require(parent: object, name: str, kind: type[T]) -> T:
    value = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(value, kind):
        raise InvalidBodyError(f"{name} is missing or not of type {kind.__name__}")
    return value
