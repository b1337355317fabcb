"""Selects the entities of a response: by ids, threads, services, states and intervals, paged.

Deleted entities are left out where the documentation says so (`Operation.deleted`), and canceled
reservations if the request has a list of states without `Canceled`. Other filters
(names, rates and so on) are not applied: they name real things, while the emulator's entities are
generated, so a correct request would return nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_mews.emulator.connector_api.entity_store import EntityRecord, EntityStore
from pytest_mews.emulator.connector_api.operations import COLLIDING, Operation
from pytest_mews.mews.limits import ITEMS_PER_PAGE

ACTIVE_COMMANDS = frozenset({"Pending", "Received"})  # as the operation's page says
_ACTIVE, _DELETED = "Active", "Deleted"  # the values of ActivityStates
_CANCELED = "Canceled"  # a value of States
_TIME_FILTERS = {"Created": "CreatedUtc", "Updated": "UpdatedUtc"}  # of the deprecated reservations
_BEFORE_EVERYTHING = datetime.fromisoformat("0001-01-01T00:00:00Z")

Entity = Mapping[str, Any]
BuildEntity = Callable[[EntityRecord], Entity]


@dataclass(frozen=True)
class Interval:
    """A time interval that includes both ends; an end of None is open."""

    start: datetime | None
    end: datetime | None

    def contains(self, time: datetime) -> bool:
        """Return whether a time, or the whole second that the API shows for it, is inside."""
        if self.start is not None and time < self.start:
            return False
        return self.end is None or time.replace(microsecond=0) <= self.end

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Return whether the interval from `start` to `end` has a moment in common with this."""
        return (self.start is None or self.start <= end) and (self.end is None or start <= self.end)


@dataclass(frozen=True)
class Page:
    """One page of entities.

    Attributes:
        records: newest first.
        has_more: whether older ones follow on another page.

    """

    records: tuple[EntityRecord, ...]
    has_more: bool

    @property
    def cursor(self) -> str | None:
        """The id of the oldest entity, after which the next page starts; None if empty."""
        return self.records[-1].id if self.records else None


def select(
    store: EntityStore,
    enterprise_id: str,
    operation: Operation,
    body: Mapping[str, Any],
    build: BuildEntity,
) -> list[EntityRecord]:
    """Return the entities that a request asks for, newest first.

    Args:
        store: the entities that exist.
        enterprise_id: the owner of the request's AccessToken; only what it covers is returned.
        operation: the operation that the request was sent to.
        body: a body without a problem that `validation.validate` rejects.
        build: builds the entity of a record, for filters on its properties.

    """
    assert operation.kind is not None
    known = store.records_by_id(enterprise_id, operation.kind)
    ids = body.get(operation.ids_property) if operation.ids_property else None
    records: Iterable[EntityRecord] = known.values()
    if ids is not None:
        keys = dict.fromkeys(id_.lower() for id_ in ids)
        records = [known[key] for key in keys if key in known]
    if operation.kind == "message":
        threads = {id_.lower() for id_ in body.get("MessageThreadIds") or ()}
        records = [record for record in records if (record.parent_id or "").lower() in threads]
    if operation.kind == "product":
        services = _known_services(store, enterprise_id, body)
        records = [record for record in records if not services or record.parent_id in services]
    if body.get("EnterpriseIds") is not None and operation.ids_property != "EnterpriseIds":
        enterprises = {id_.lower() for id_ in body["EnterpriseIds"]}
        records = [record for record in records if record.belongs_to.lower() in enterprises]
    shown = _shown_states(operation, body)
    records = [record for record in records if (record.deleted is not None) in shown]
    if operation.name == "commands/getAllActive":
        records = [record for record in records if record.state in ACTIVE_COMMANDS]
    for name, interval in _intervals(operation, body).items():
        records = [record for record in records if interval.contains(_time_of(record, name, build))]
    colliding = _interval(body.get(COLLIDING))
    if operation.colliding and colliding:
        start, end = operation.colliding
        records = [
            record
            for record in records
            if colliding.overlaps(_time_of(record, start, build), _time_of(record, end, build))
        ]
    return sorted(records, key=lambda record: record.sort_key, reverse=True)


def requested_amounts(operation: Operation, body: Mapping[str, Any]) -> tuple[float, float]:
    """Return how much a valid request asks for: entities on a page, and seconds of intervals."""
    limitation = body.get("Limitation")
    count = limitation.get("Count") if isinstance(limitation, Mapping) else None
    lengths = [
        (interval.end - interval.start).total_seconds()
        for interval in _intervals(operation, body).values()
        if interval.start is not None and interval.end is not None
    ]
    return count or ITEMS_PER_PAGE, sum(lengths)


def requested_changes_s(
    operation: Operation, body: Mapping[str, Any], now: datetime
) -> tuple[float | None, float | None] | None:
    """Return the interval of changes that a valid request asks for (`ApiCall.interval_s`)."""
    intervals = _intervals(operation, body)
    interval = intervals.get("UpdatedUtc") or intervals.get("CreatedUtc")
    if interval is None:
        return None
    start, end = (
        None if time is None else (time - now).total_seconds()
        for time in (interval.start, interval.end)
    )
    return start, end


def paginate(records: list[EntityRecord], cursor: EntityRecord | None, count: int | None) -> Page:
    """Return the first page of records, or the page after the cursor.

    Args:
        records: newest first.
        cursor: the entity that the request's cursor names; None for the first page.
        count: the page size; None for the documented maximum.

    """
    rest = (
        records
        if cursor is None
        else [record for record in records if record.sort_key < cursor.sort_key]
    )
    size = count or ITEMS_PER_PAGE
    return Page(tuple(rest[:size]), len(rest) > size)


def _known_services(
    store: EntityStore, enterprise_id: str, body: Mapping[str, Any]
) -> frozenset[str]:
    """Return the services in a request that the enterprise has.

    There are none if the request has the services of a real hotel, from a configuration: then its
    products are not filtered by service.
    """
    known = store.records_by_id(enterprise_id, "service")
    ids = [id_.lower() for id_ in body.get("ServiceIds") or ()]
    return frozenset(known[id_].id for id_ in ids if id_ in known)


def _shown_states(operation: Operation, body: Mapping[str, Any]) -> frozenset[bool]:
    """Return whether a response has deleted or canceled entities, and whether it has others."""
    if operation.canceled is not None:
        listed = body.get(operation.canceled)
        return frozenset({False, not listed or _CANCELED in listed})
    if operation.deleted is None:
        return frozenset({False, True})
    name, _, flag = operation.deleted.partition(".")
    value = body.get(name)
    if flag:
        shows_deleted = isinstance(value, Mapping) and value.get(flag) is True
        return frozenset({False, shows_deleted})
    states = value or [_ACTIVE]
    return frozenset(state == _DELETED for state in states)


def _intervals(operation: Operation, body: Mapping[str, Any]) -> dict[str, Interval]:
    """Return the request's intervals by the property of the entity that they filter."""
    values = {
        entity_property: body.get(request_property)
        for request_property, entity_property in operation.intervals
    }
    if operation.deprecated and body.get("TimeFilter") in _TIME_FILTERS:
        values[_TIME_FILTERS[body["TimeFilter"]]] = body
    return {name: interval for name, value in values.items() if (interval := _interval(value))}


def _interval(value: object) -> Interval | None:
    if not isinstance(value, Mapping):
        return None
    ends = [value.get(name) for name in ("StartUtc", "EndUtc")]
    return Interval(*(None if end is None else datetime.fromisoformat(end) for end in ends))


def _time_of(record: EntityRecord, name: str, build: BuildEntity) -> datetime:
    """Return the time in a property; a null is before every interval that has a start."""
    if name == "CreatedUtc":
        return record.created
    if name == "UpdatedUtc":
        return record.updated
    text = build(record).get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else _BEFORE_EVERYTHING
