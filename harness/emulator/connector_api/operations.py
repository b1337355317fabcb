"""The documented operations of the Connector API, and which of them the emulator serves, as data.

They come from `schemas/connector/documented/`, the documentation of 1 October 2026 as data. Which
kind of entity an operation is about is not in that data: `mews.api_operations` says it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from pytest_mews.mews.api_operations import OPERATIONS as KNOWN_OPERATIONS

PREFIX = "/api/connector/v1/"
# What selects nothing: the enterprises that the AccessToken stands for, what a response has in
# addition, and what it is converted to.
_NO_SELECTION = frozenset(
    {"EnterpriseIds", "ChainIds", "ActivityStates", "IncludeDefault", "Currency"}
)
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
        kind: the kind of its entities, one of `mews.api_operations.ENTITIES`.
        object_key: the key of its entities in the documented objects; None if it lists none.
        ids_property: the property of the request with the ids of the entities, such as
            `CustomerIds`; None if the request has none (it asks for messages by their threads).
        intervals: pairs of a property of the request, an interval, and the property of the entity
            that it filters, such as (`UpdatedUtc`, `UpdatedUtc`).
        colliding: the properties of the entity with its start and end, (`StartUtc`, `EndUtc`), if
            the request can have `CollidingUtc`; otherwise None.
        deleted: how a request asks for deleted entities (`mews.api_operations.Operation`).
        canceled: how it leaves out canceled ones, likewise.
        paginated: whether the request has a `Limitation`.
        required: the properties that every request has, so that they select nothing, such as the
            `ServiceIds` of products; without the ids of the entities themselves.
        needs_filter: whether a request must have at least one filter.
        is_served: whether the emulator knows more of it than its name: it answers the others
            without a result, and does not judge their bodies.

    """

    name: str
    path: str
    deprecated: bool
    collection: str | None
    kind: str
    object_key: str | None
    ids_property: str | None
    intervals: tuple[tuple[str, str], ...]
    colliding: tuple[str, str] | None
    paginated: bool
    deleted: str | None = None
    canceled: str | None = None
    required: tuple[str, ...] = ()
    needs_filter: bool = False
    is_served: bool = True

    @property
    def changes_state(self) -> bool:
        """Whether it changes an entity instead of returning some."""
        return self.name == "commands/update"

    def selects(self, filters: Iterable[str]) -> bool:
        """Return whether one of these filters of a request is a choice of the client."""
        return not _NO_SELECTION.union(self.required).issuperset(filters)

    @property
    def returns_entities(self) -> bool:
        """Whether it returns entities that exist, as its name says: `get`, `getAll`."""
        return self.name.split("/")[1].startswith("get")

    @property
    def requested_kind(self) -> str:
        """The kind of the ids in a request: a request for messages has the ids of their threads."""
        return "message-thread" if self.kind == "message" else self.kind


def read_documented(name: str) -> dict[str, Any]:
    """Read a file of the documented data.

    Args:
        name: `operations` for those that the emulator serves, `objects`, to which they refer, or
            `all-operations` for the names of all.

    """
    source = files("pytest_mews.schemas") / "connector" / "documented" / f"{name}.json"
    data: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return data


def find_operation(path: str) -> Operation | None:
    """Return the documented operation with exactly this path, or None."""
    return _BY_PATH.get(path)


def find_misspelled(path: str) -> Operation | None:
    """Return the operation whose path differs only in case or in the number of slashes, or None.

    Return None for the exact path of an operation, too.
    """
    return (
        None
        if path in _BY_PATH
        else _BY_LOOSE_PATH.get(re.sub("/+", "/", path).rstrip("/").lower())
    )


def _operation(name: str, data: Mapping[str, Any]) -> Operation:
    known = KNOWN_OPERATIONS[name]
    references = {documented["name"]: documented.get("ref") for documented in data["response"]}
    types = {documented["name"]: documented["type"] for documented in data["request"]}
    intervals = [property_ for property_, type_ in types.items() if type_ == "Time interval"]
    return Operation(
        name,
        PREFIX + name,
        data["deprecated"],
        known.collection,
        known.entity,
        None if known.collection is None else references[known.collection],
        known.ids,
        intervals=tuple((interval, interval) for interval in intervals if interval != COLLIDING),
        colliding=("StartUtc", "EndUtc") if COLLIDING in intervals else None,
        paginated="Limitation" in types,
        deleted=known.deleted,
        canceled=known.canceled,
        needs_filter=known.needs_filter,
        required=tuple(
            documented["name"]
            for documented in data["request"]
            if documented["contract"].startswith("required") and documented["name"] != known.ids
        ),
    )


def _operation_not_served(name: str, *, deprecated: bool) -> Operation:
    """Return an operation of which only the name is known.

    That the response of `orderItems/getAll` lists `OrderItems` is an inference from its name.
    """
    resource, action = name.split("/")[:2]
    collection = resource[0].upper() + resource[1:] if action == "getAll" else None
    return Operation(
        name,
        PREFIX + name,
        deprecated,
        collection,
        kind="",
        object_key=None,
        ids_property=None,
        intervals=(),
        colliding=None,
        paginated=False,
        is_served=False,
    )


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: _operation(name, data) for name, data in read_documented("operations").items()}
)
"""Every operation that the emulator serves, by name."""

_NOT_SERVED = [
    _operation_not_served(name, deprecated=data.get("deprecated", False))
    for name, data in read_documented("all-operations").items()
    if name not in OPERATIONS
]
_BY_PATH = {operation.path: operation for operation in (*OPERATIONS.values(), *_NOT_SERVED)}
_BY_LOOSE_PATH = {path.lower(): operation for path, operation in _BY_PATH.items()}
