"""The events that Mews sends, by channel; `events.toml` explains their properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pytest_mews.mews.api_operations import Operation, operations_returning
from pytest_mews.mews.facts import load_facts
from pytest_mews.mews.toml_data import read_data


class Channel(StrEnum):
    """How Mews sends an event."""

    GENERAL = "general"
    INTEGRATION = "integration"
    WEBSOCKET = "websocket"


class Change(StrEnum):
    """What happened to the entity of an event."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True)
class Event:
    """One type of event.

    Attributes:
        name: its `Discriminator`, `Action` or `Type`.
        channel: how Mews sends it.
        entity: the kind of entity that it is about; None if no known operation returns one.
        change: what happened to the entity.
        opt_in: whether Mews sends it only to a partner that asked for it.
        fact: the id of the fact that documents it.

    """

    name: str
    channel: Channel
    entity: str | None
    change: Change
    opt_in: bool
    fact: str

    @property
    def since(self) -> str:
        """The first revision that documents it; empty if it is older than every known one."""
        return load_facts()[self.fact].source.revision

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The operations that return its entity, the one to use first."""
        return operations_returning(self.entity)

    @property
    def is_fetchable_by_id(self) -> bool:
        """Whether an operation takes the id of its entity."""
        return any(operation.ids is not None for operation in self.operations)

    @property
    def is_deletion(self) -> bool:
        """Whether its entity is gone: a receiver can apply it without a fetch."""
        return self.change is Change.DELETED


def _event(data: Mapping[str, Any]) -> Event:
    return Event(
        name=data["name"],
        channel=Channel(data["channel"]),
        entity=data.get("entity"),
        change=Change(data.get("change", Change.UPDATED)),
        opt_in=data.get("opt_in", False),
        fact=data["fact"],
    )


EVENTS: Mapping[str, Event] = MappingProxyType(
    {data["name"]: _event(data) for data in read_data("events")["event"]}
)
"""Every event by its name, in the order of the documentation."""


def event_names(
    *channels: Channel, revision: str | None = None, opt_in: bool = True
) -> tuple[str, ...]:
    """Return the names of the events of some channels.

    Args:
        channels: the channels; all if there is none.
        revision: the revision whose events to return, such as `2022-08`; None for every event.
        opt_in: whether to return also those that Mews sends only to a partner that asked for them.

    """
    return tuple(
        event.name
        for event in EVENTS.values()
        if (not channels or event.channel in channels)
        and (revision is None or event.since <= revision)
        and (opt_in or not event.opt_in)
    )


def operations_by_event(channel: Channel) -> Mapping[str, tuple[str, ...]]:
    """Return for each event of a channel the names of the operations that return its entity.

    Events whose entity no operation returns are left out.
    """
    return MappingProxyType(
        {
            event.name: tuple(operation.name for operation in event.operations)
            for event in EVENTS.values()
            if event.channel is channel and event.operations
        }
    )
