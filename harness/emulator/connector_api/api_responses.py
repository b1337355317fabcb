"""The answer to a right request: what it shows of the state, as bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any

from pytest_mews.emulator.connector_api import entities, operations
from pytest_mews.emulator.connector_api.api_http import BAD_REQUEST, NO_CONTENT, OK
from pytest_mews.emulator.connector_api.entity_store import EntityRecord, EntityStore
from pytest_mews.emulator.connector_api.filters import Page, paginate, select
from pytest_mews.emulator.connector_api.operations import Operation

_CACHED = 20_000  # entities as JSON, about 1 kB each


@dataclass(frozen=True)
class Answer:
    """What an operation says.

    Attributes:
        status: 200, 204 or 400.
        body: empty with 204 and 400.
        message: what is wrong, with 400.
        returned: the ids of the entities in the body.
        cursor: the body's cursor where more is left; None where nothing more is to come.

    """

    status: int
    body: bytes = b""
    message: str = ""
    returned: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class Question:
    """A right request.

    Attributes:
        operation: what it was sent to.
        body: without a fault.
        enterprise_id: whose AccessToken it bore.
        now: UTC.
        minimal: whether an empty answer is to be 204.
        strange: whether the answer is to have what the documentation does not know.

    """

    operation: Operation
    body: Mapping[str, Any]
    enterprise_id: str
    now: datetime
    minimal: bool = False
    strange: bool = False


def answer(estate: EntityStore, question: Question) -> Answer:
    """Answer a question; only `commands/update` changes the state."""
    special = _SPECIAL.get(question.operation.name)
    return special(estate, question) if special else _list(estate, question)


def _list(estate: EntityStore, question: Question) -> Answer:
    operation, body = question.operation, question.body
    assert operation.kind is not None
    name = operation.name
    limitation = body.get("Limitation") or {}
    cursor = None
    if limitation.get("Cursor"):
        cursor = estate.find(question.enterprise_id, operation.kind, limitation["Cursor"])
        if cursor is None:
            return Answer(BAD_REQUEST, message="Invalid Limitation.Cursor.")
    found = select(estate, question.enterprise_id, operation, body, lambda each: build(name, each))
    page = paginate(found, cursor, limitation.get("Count"))
    if question.minimal and operation.paginated and not page.stamps:
        return Answer(NO_CONTENT)
    shown = page.stamps if _wants(operation, body) else ()
    for each in shown:
        estate.mark_shown(each, partial(_relatives, each))
    return Answer(
        OK,
        _body(question, page, shown),
        returned=tuple(stamp.id for stamp in shown),
        cursor=page.cursor if page.more else None,
    )


def _configure(estate: EntityStore, question: Question) -> Answer:
    enterprise = question.enterprise_id
    named = question.body.get("EnterpriseId")
    stamp = estate.find(enterprise, "enterprise", enterprise)
    if stamp is None or (named is not None and named.lower() != enterprise.lower()):
        return Answer(BAD_REQUEST, message="Invalid EnterpriseId.")
    whole = entities.configuration(
        enterprise, created=stamp.created, updated=stamp.updated, now=question.now
    )
    shown = entities.with_unknown_fields(whole) if question.strange else whole
    return Answer(OK, _json(shown), returned=(stamp.id,))


def _update_command(estate: EntityStore, question: Question) -> Answer:
    enterprise, entity_id = question.enterprise_id, question.body["CommandId"]
    if estate.find(enterprise, "command", entity_id) is None:
        return Answer(BAD_REQUEST, message="Invalid CommandId.")
    estate.upsert(enterprise, "command", entity_id, question.now, state=question.body["State"])
    return Answer(NO_CONTENT) if question.minimal else Answer(OK, b"{}")


_SPECIAL: Mapping[str, Callable[[EntityStore, Question], Answer]] = {
    "configuration/get": _configure,
    "commands/update": _update_command,
}


def build(operation: str, stamp: EntityRecord) -> dict[str, Any]:
    """Make the entity of a stamp, in the shape that an operation answers with."""
    made = entities.entity(
        stamp.kind,
        stamp.id,
        stamp.enterprise_id,
        created=stamp.created,
        updated=stamp.updated,
        operation=operation,
    )
    return made | {"State": stamp.state} if stamp.state else made


def _relatives(stamp: EntityRecord) -> Iterator[tuple[str, str]]:
    """Find whom an entity names; a deprecated shape names the same in other words."""
    return entities.relatives(build("", stamp), stamp.kind)


def _body(question: Question, page: Page, shown: tuple[EntityRecord, ...]) -> bytes:
    operation = question.operation
    if question.strange:
        pieces = [
            _json(entities.with_unknown_fields(build(operation.name, each))) for each in shown
        ]
    else:
        pieces = [_encode(operation.name, each) for each in shown]
    extent = question.body.get("Extent") or {}
    rest: dict[str, Any] = {
        name: [] for name in _others(operation.name) if extent.get(name) is True
    }
    rest |= {"Cursor": page.cursor} if operation.paginated else {}
    rest |= {entities.UNKNOWN: {}} if question.strange else {}
    tail = _json(rest)[1:]
    return b'{"%s":[%s]%s%s' % (
        (operation.collection or "").encode(),
        b",".join(pieces),
        b"," if rest else b"",
        tail,
    )


@lru_cache(_CACHED)
def _encode(operation: str, stamp: EntityRecord) -> bytes:
    return _json(build(operation, stamp))


def _wants(operation: Operation, body: Mapping[str, Any]) -> bool:
    """Tell whether the entities themselves are asked for: where `Extent` can say so, it must."""
    extent = body.get("Extent")
    if operation.collection not in _extents(operation.name) or not isinstance(extent, Mapping):
        return True
    return extent.get(operation.collection) is True


@cache
def _extents(operation: str) -> frozenset[str]:
    """Name what an operation's `Extent` can ask for."""
    request = operations.read("operations")[operation]["request"]
    objects = operations.read("objects")
    refs = [each["ref"] for each in request if each["name"] == "Extent"]
    return frozenset(part["name"] for ref in refs for part in objects[ref]["properties"])


@cache
def _others(operation: str) -> frozenset[str]:
    """Name what an operation's answer lists beside its own entities; all of it stays empty."""
    response = operations.read("operations")[operation]["response"]
    lists = {each["name"] for each in response if each["type"].startswith("array of ")}
    return frozenset(lists - {operations.OPERATIONS[operation].collection})


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
