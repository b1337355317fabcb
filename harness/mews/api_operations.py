"""The operations of the Connector API that the harness knows: which entities each one returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.mews.toml_data import read_data


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        name: such as `customers/getAll`, which is also the end of its path.
        entity: the kind of entity that it is about.
        collection: the property of the response that lists the entities, such as `Customers`; None
            if it lists none.
        ids: the property of the request with the ids of the entities, such as `CustomerIds`; None
            if there is none.
        deleted: how a request asks for deleted entities, which the response leaves out otherwise:
            a flag of its `Extent`, or a list in which `Deleted` is a value; None if the response
            has them anyway, or if that is not documented.
        canceled: a list of states in the request that leaves out canceled entities if it has no
            `Canceled`; None if there is no such list.
        needs_filter: whether a request must have at least one filter (fact C-43).

    """

    name: str
    entity: str
    collection: str | None = None
    ids: str | None = None
    deleted: str | None = None
    canceled: str | None = None
    needs_filter: bool = False


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: Operation(name, **data) for name, data in read_data("api_operations").items()}
)
"""Every operation by its name, in the order of the file."""

ENTITIES: tuple[str, ...] = tuple(
    dict.fromkeys(operation.entity for operation in OPERATIONS.values())
)
"""The kinds of entities."""


def operations_returning(entity: str | None) -> tuple[Operation, ...]:
    """Return the operations whose response lists entities of a kind, the one to use first."""
    return tuple(
        operation
        for operation in OPERATIONS.values()
        if operation.entity == entity and operation.collection is not None
    )
