"""The operations of the Connector API that the emulator serves, as data.

They come from `schemas/connector/documented/`, the documentation of 7 August 2026 as data. Which
kind of entity an operation is about is not in that data: `_ENTITIES` says it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

PREFIX = "/api/connector/v1/"
COLLIDING = "CollidingUtc"  # the filter for entities that overlap an interval


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: such as `customers/getAll`.
        path: such as `/api/connector/v1/customers/getAll`.
        deprecated: whether the documentation tells partners to use another operation.
        collection: the property of the response that lists its entities, such as `Customers`; None
            if the response lists none.
        kind: the kind of its entities, one of `KINDS`.
        ids_property: the property of the request with the ids of the entities, such as
            `CustomerIds`; None if the request has none (it asks for messages by their threads).
        intervals: pairs of a property of the request, an interval, and the property of the entity
            that it filters, such as (`UpdatedUtc`, `UpdatedUtc`).
        colliding: the properties of the entity with its start and end, (`StartUtc`, `EndUtc`), if
            the request can have `CollidingUtc`; otherwise None.
        paginated: whether the request has a `Limitation`.

    """

    name: str
    path: str
    deprecated: bool
    collection: str | None
    kind: str | None
    ids_property: str | None
    intervals: tuple[tuple[str, str], ...]
    colliding: tuple[str, str] | None
    paginated: bool

    @property
    def changes_state(self) -> bool:
        """Whether it changes an entity instead of returning some."""
        return self.name == "commands/update"

    @property
    def requested_kind(self) -> str | None:
        """The kind of the ids in a request: a request for messages has the ids of their threads."""
        return "message-thread" if self.kind == "message" else self.kind


EVENT_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ServiceOrderUpdated": "reservation",
        "ResourceUpdated": "resource",
        "MessageAdded": "message",
        "ResourceBlockUpdated": "resource-block",
        "CustomerAdded": "customer",
        "CustomerUpdated": "customer",
        "PaymentUpdated": "payment",
    }
)
"""The kind of entity that an event of a General Webhook is about, by discriminator."""

KINDS = (*dict.fromkeys(EVENT_KINDS.values()), "message-thread", "command", "enterprise")

# By operation: its collection, kind and ids_property.
_ENTITIES: Mapping[str, tuple[str | None, str | None, str | None]] = {
    "reservations/getAll/2023-06-06": ("Reservations", "reservation", "ReservationIds"),
    "reservations/getAll": ("Reservations", "reservation", "ReservationIds"),
    "resources/getAll": ("Resources", "resource", "ResourceIds"),
    "messages/getAll": ("Messages", "message", None),
    "messageThreads/getAll": ("MessageThreads", "message-thread", "MessageThreadIds"),
    "resourceBlocks/getAll": ("ResourceBlocks", "resource-block", "ResourceBlockIds"),
    "customers/getAll": ("Customers", "customer", "CustomerIds"),
    "payments/getAll": ("Payments", "payment", "PaymentIds"),
    "commands/getAllByIds": ("Commands", "command", "CommandIds"),
    "commands/getAllActive": ("Commands", "command", None),
    "commands/update": (None, "command", None),
    "configuration/get": (None, "enterprise", None),
    "enterprises/getAll": ("Enterprises", "enterprise", "EnterpriseIds"),
}


def read_documented(name: str) -> dict[str, Any]:
    """Read a file of the documented data.

    Args:
        name: `operations`, or `objects`, to which the operations refer.

    """
    source = files("pytest_mews.schemas") / "connector" / "documented" / f"{name}.json"
    data: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return data


def find_operation(path: str) -> Operation | None:
    """Return the operation with exactly this path, or None."""
    return _BY_PATH.get(path)


def find_misspelled(path: str) -> Operation | None:
    """Return the operation whose path differs only in case or trailing slashes, or None.

    Return None for the exact path of an operation, too.
    """
    return None if path in _BY_PATH else _BY_LOOSE_PATH.get(path.rstrip("/").lower())


def _operation(name: str, data: Mapping[str, Any]) -> Operation:
    collection, kind, ids_property = _ENTITIES[name]
    types = {documented["name"]: documented["type"] for documented in data["request"]}
    intervals = [property_ for property_, type_ in types.items() if type_ == "Time interval"]
    return Operation(
        name,
        PREFIX + name,
        data["deprecated"],
        collection,
        kind,
        ids_property,
        intervals=tuple((interval, interval) for interval in intervals if interval != COLLIDING),
        colliding=("StartUtc", "EndUtc") if COLLIDING in intervals else None,
        paginated="Limitation" in types,
    )


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: _operation(name, data) for name, data in read_documented("operations").items()}
)
"""Every operation that the emulator serves, by name."""

_BY_PATH = {operation.path: operation for operation in OPERATIONS.values()}
_BY_LOOSE_PATH = {path.lower(): operation for path, operation in _BY_PATH.items()}
