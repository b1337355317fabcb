"""The operations of the Connector API that the twin serves, as data.

Read from `schemas/connector/documented/`, which holds the documentation of 7 August 2026; what
that data does not say (which entity an operation is about) stands in `_SUBJECTS`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

PREFIX = "/api/connector/v1/"
COLLIDING = "CollidingUtc"  # asks for what happens within an interval, wholly or in part


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: `customers/getAll`.
        path: `/api/connector/v1/customers/getAll`.
        deprecated: whether the documentation tells partners to use another one.
        collection: the property of the answer that lists its entities, `Customers`; None where
            the answer lists none.
        kind: of which kind its entities are, one of `KINDS`; None where it has no answer to read.
        ids: the request's property that names entities by id, `CustomerIds`; None where entities
            can't be asked for by their own id (messages are asked for by their threads').
        intervals: which property of the request filters which property of the entity by an
            interval: pairs such as (`UpdatedUtc`, `UpdatedUtc`).
        colliding: the properties of the entity between which it happens, (`StartUtc`, `EndUtc`),
            where the request can bear `CollidingUtc`; else None.
        paginated: whether the request bears a `Limitation`.

    """

    name: str
    path: str
    deprecated: bool
    collection: str | None
    kind: str | None
    ids: str | None
    intervals: tuple[tuple[str, str], ...]
    colliding: tuple[str, str] | None
    paginated: bool

    @property
    def changes(self) -> bool:
        """Whether it changes anything, rather than telling what there is."""
        return self.name == "commands/update"

    @property
    def asked_kind(self) -> str | None:
        """Of which kind the ids are that it is asked for: messages are asked for by threads."""
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
"""The kind of entity that an event of a General Webhook is about, by its discriminator."""

KINDS = (*dict.fromkeys(EVENT_KINDS.values()), "message-thread", "command", "enterprise")

# By operation: its collection, kind and ids.
_SUBJECTS: Mapping[str, tuple[str | None, str | None, str | None]] = {
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


def read(name: str) -> dict[str, Any]:
    """Read a file of the documented data.

    Args:
        name: `operations`, or `objects`, which operations refer to.

    """
    source = files("pytest_mews.schemas") / "connector" / "documented" / f"{name}.json"
    data: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return data


def find(path: str) -> Operation | None:
    """Find the operation with exactly this path, as Mews does."""
    return _BY_PATH.get(path)


def nearly(path: str) -> Operation | None:
    """Find the operation that a path meant, which differs by case or slashes at its end alone.

    None also where the path is exactly that of an operation: then nothing is wrong with it.
    """
    return None if path in _BY_PATH else _BY_LOOSE_PATH.get(path.rstrip("/").lower())


def _operation(name: str, data: Mapping[str, Any]) -> Operation:
    collection, kind, ids = _SUBJECTS[name]
    types = {each["name"]: each["type"] for each in data["request"]}
    intervals = [each for each, type_ in types.items() if type_ == "Time interval"]
    return Operation(
        name,
        PREFIX + name,
        data["deprecated"],
        collection,
        kind,
        ids,
        intervals=tuple((each, each) for each in intervals if each != COLLIDING),
        colliding=("StartUtc", "EndUtc") if COLLIDING in intervals else None,
        paginated="Limitation" in types,
    )


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: _operation(name, data) for name, data in read("operations").items()}
)
"""Every operation that the twin serves, by its name."""

_BY_PATH = {operation.path: operation for operation in OPERATIONS.values()}
_BY_LOOSE_PATH = {path.lower(): operation for path, operation in _BY_PATH.items()}
