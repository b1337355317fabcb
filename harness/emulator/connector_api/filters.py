"""Which entities a request is about: by ids, threads, states and intervals, in the page asked for.

Other filters (services, names, rates and so on) are not applied: what they name is real, and the
entities are made up, so that a right request would come back empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_mews.emulator.connector_api.entity_store import EntityRecord, EntityStore
from pytest_mews.emulator.connector_api.operations import COLLIDING, Operation

ACTIVE_COMMANDS = frozenset({"Pending", "Received", "Processing"})
_TIME_FILTERS = {"Created": "CreatedUtc", "Updated": "UpdatedUtc"}  # of the deprecated reservations
Entity = Mapping[str, Any]
Build = Callable[[EntityRecord], Entity]
_COUNT = 1000


@dataclass(frozen=True)
class Interval:
    """A time interval, both ends within it; an end that is None is open."""

    start: datetime | None
    end: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment, or the whole second that it is shown as, lies within."""
        return self.meets(moment.replace(microsecond=0), moment)

    def meets(self, start: datetime, end: datetime) -> bool:
        """Tell whether a span of time has a moment in common with this one."""
        return (self.start is None or self.start <= end) and (self.end is None or start <= self.end)


@dataclass(frozen=True)
class Page:
    """What one answer shows.

    Attributes:
        stamps: newest first.
        more: whether older ones are left.

    """

    stamps: tuple[EntityRecord, ...]
    more: bool

    @property
    def cursor(self) -> str | None:
        """The id of the oldest one, where the next page begins; None without data."""
        return self.stamps[-1].id if self.stamps else None


def select(
    estate: EntityStore,
    enterprise_id: str,
    operation: Operation,
    body: Mapping[str, Any],
    build: Build,
) -> list[EntityRecord]:
    """Find the entities that a checked request asks for, newest first.

    Args:
        estate: what exists.
        enterprise_id: whose AccessToken it bore: nothing of another one is found.
        operation: what it was sent to.
        body: a body that `checking` lets pass.
        build: makes an entity, for filters that look into it.

    """
    assert operation.kind is not None
    if not _covers(body, operation, enterprise_id):
        return []
    known = estate.all(enterprise_id, operation.kind)
    ids = body.get(operation.ids) if operation.ids else None
    found: Iterable[EntityRecord] = known.values()
    if ids is not None:
        keys = dict.fromkeys(each.lower() for each in ids)
        found = [known[key] for key in keys if key in known]
    if operation.kind == "message":
        threads = {each.lower() for each in body.get("MessageThreadIds") or ()}
        found = [each for each in found if (each.thread_id or "").lower() in threads]
    if operation.name == "commands/getAllActive":
        found = [each for each in found if each.state in ACTIVE_COMMANDS]
    for name, interval in _intervals(operation, body).items():
        found = [each for each in found if interval.holds(_moment(each, name, build))]
    colliding = _interval(body.get(COLLIDING))
    if operation.colliding and colliding:
        start, end = operation.colliding
        found = [
            each
            for each in found
            if colliding.meets(_moment(each, start, build), _moment(each, end, build))
        ]
    return sorted(found, key=lambda stamp: stamp.age, reverse=True)


def paginate(found: list[EntityRecord], cursor: EntityRecord | None, count: int | None) -> Page:
    """Cut a page: the newest `count`, or those older than the cursor's entity.

    Args:
        found: newest first.
        cursor: the entity that the request's cursor names.
        count: how many; the documented most where the request does not say.

    """
    rest = found if cursor is None else [each for each in found if each.age < cursor.age]
    size = count or _COUNT
    return Page(tuple(rest[:size]), len(rest) > size)


def _covers(body: Mapping[str, Any], operation: Operation, enterprise_id: str) -> bool:
    named = body.get("EnterpriseIds")
    if operation.ids == "EnterpriseIds" or named is None:
        return True
    return enterprise_id.lower() in {each.lower() for each in named}


def _intervals(operation: Operation, body: Mapping[str, Any]) -> dict[str, Interval]:
    given = {mine: body.get(theirs) for theirs, mine in operation.intervals}
    if operation.deprecated and body.get("TimeFilter") in _TIME_FILTERS:
        given[_TIME_FILTERS[body["TimeFilter"]]] = body
    return {name: found for name, each in given.items() if (found := _interval(each))}


def _interval(value: object) -> Interval | None:
    if not isinstance(value, Mapping):
        return None
    ends = [value.get(name) for name in ("StartUtc", "EndUtc")]
    return Interval(*(None if end is None else datetime.fromisoformat(end) for end in ends))


_NEVER = datetime.fromisoformat("0001-01-01T00:00:00Z")


def _moment(stamp: EntityRecord, name: str, build: Build) -> datetime:
    """Give the time of a property; what has none lies in no interval that has a start."""
    if name == "CreatedUtc":
        return stamp.created
    if name == "UpdatedUtc":
        return stamp.updated
    text = build(stamp).get(name)
    return datetime.fromisoformat(text) if isinstance(text, str) else _NEVER
