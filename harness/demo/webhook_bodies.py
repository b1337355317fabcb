"""What is in a body: reading a message, and checking what the sound service relies on, no more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

Document = Mapping[str, Any]
T = TypeVar("T")

# What each event says has changed; an Added is followed by an Updated of the same entity.
ENTITIES: Mapping[str, str] = MappingProxyType(
    {
        "ServiceOrderUpdated": "reservations",
        "ResourceUpdated": "resources",
        "MessageAdded": "messages",
        "ResourceBlockUpdated": "resourceBlocks",
        "CustomerAdded": "customers",
        "CustomerUpdated": "customers",
        "PaymentUpdated": "payments",
    },
)
# The properties of Data, beside Integration, that this service uses.
ACTIONS: Mapping[str, Mapping[str, type]] = MappingProxyType(
    {
        "IntegrationCreated": {"Enterprise": dict, "AccessToken": str, "IsEnabled": bool},
        "IntegrationEnabled": {},
        "IntegrationDisabled": {},
        "IntegrationCanceled": {},
        "IntegrationReinstated": {},
        "IntegrationDeleted": {},
        "IntegrationApiKeyCreated": {"ApiKey": str},
    },
)


class Unusable(ValueError):
    """A body can't be used; says why, without quoting it."""


def read(body: bytes | None) -> Document:
    """Read a message and check what this service relies on, nothing more.

    Raises:
        Unusable: it is incomplete, no JSON, or lacks something.

    """
    document = parse(body)
    if not isinstance(document, dict):
        raise Unusable("the body is no object")
    if "Action" in document and "Events" not in document:
        _check_integration(document)
    else:
        _check_general(document)
    return document


def parse(body: bytes | None) -> object:
    """Parse a body; Unusable where it is incomplete or no JSON."""
    if body is None:
        raise Unusable("the body is incomplete")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unusable("the body is not JSON") from None


def is_json(body: bytes | None) -> bool:
    """Tell whether a body can be parsed; one that was cut off counts as no JSON."""
    try:
        parse(body)
    except Unusable:
        return False
    return True


def events_of(document: Document | None) -> list[Document]:
    """List the events of a message; none where it is an integration's, or was refused."""
    events: list[Document] = document.get("Events", []) if document else []
    return events


def entity_of(event: Document) -> str | None:
    """Name the entity that an event is about; None for an event that is not documented yet."""
    return ENTITIES.get(event["Discriminator"])


def _check_general(document: Document) -> None:
    _take(document, "EnterpriseId", str)
    _take(document, "IntegrationId", str)
    for event in _take(document, "Events", list):
        _take(event, "Discriminator", str)
        if entity_of(event):
            _take(_take(event, "Value", dict), "Id", str)


def _check_integration(document: Document) -> None:
    needed = ACTIONS.get(_take(document, "Action", str))
    data = _take(document, "Data", dict)
    if needed is None:  # an action of the future is welcome, whatever its data
        return
    _take(_take(data, "Integration", dict), "Id", str)
    for name, kind in needed.items():
        _take(data, name, kind)
    if "Enterprise" in needed:
        _take(data["Enterprise"], "Id", str)


def _take(holder: object, name: str, kind: type[T]) -> T:
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, kind):
        raise Unusable(f"{name} is missing or no {kind.__name__}")
    return value
