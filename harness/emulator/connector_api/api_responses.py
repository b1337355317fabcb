"""The response of each operation to a valid request: status, body, and the ids in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from pytest_mews.emulator.connector_api import entities, operations
from pytest_mews.emulator.connector_api.api_http import BAD_REQUEST, NO_CONTENT, OK
from pytest_mews.emulator.connector_api.entity_store import EntityRecord, EntityStore
from pytest_mews.emulator.connector_api.filters import Page, paginate, select
from pytest_mews.emulator.connector_api.operations import Operation

_CACHE_SIZE = 2_500  # entities as JSON, about 1 kB each: two pages, as a service reads them again


@dataclass(frozen=True)
class OperationResponse:
    """The result of an operation.

    Attributes:
        status: 200, 204 or 400; an injected fault can replace it by another.
        body: empty with 204 and 400.
        message: the error message of a 400.
        returned_ids: the ids of the entities in the body.
        cursor: the cursor of the next page; None on the last page.

    """

    status: int
    body: bytes = b""
    message: str = ""
    returned_ids: tuple[str, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True)
class ValidRequest:
    """A request that passed validation.

    Attributes:
        operation: the operation it was sent to.
        body: the parsed body.
        enterprise_id: the enterprise of its AccessToken.
        now: UTC.
        minimal: whether an empty response is a 204.
        unknown_fields: whether the response contains undocumented properties and values.

    """

    operation: Operation
    body: Mapping[str, Any]
    enterprise_id: str
    now: datetime
    minimal: bool = False
    unknown_fields: bool = False


def respond(store: EntityStore, request: ValidRequest) -> OperationResponse:
    """Execute an operation; only `commands/update` changes an entity.

    An operation that the emulator does not serve returns an empty list, or nothing.
    """
    if not request.operation.is_served:
        collection = request.operation.collection
        return OperationResponse(OK, _json({collection: [], "Cursor": None} if collection else {}))
    execute = _OTHER_OPERATIONS.get(request.operation.name, _list_entities)
    return execute(store, request)


def _list_entities(store: EntityStore, request: ValidRequest) -> OperationResponse:
    operation, body = request.operation, request.body
    assert operation.kind is not None
    name = operation.name
    limitation = (body.get("Limitation") or {}) if operation.paginated else {}
    cursor = None
    if limitation.get("Cursor"):
        cursor = store.find(request.enterprise_id, operation.kind, limitation["Cursor"])
        if cursor is None:
            return OperationResponse(BAD_REQUEST, message="Invalid Limitation.Cursor.")
    selected = select(
        store,
        request.enterprise_id,
        operation,
        body,
        lambda record: build_from_record(name, record),
    )
    page = paginate(selected, cursor, limitation.get("Count"))
    if request.minimal and operation.paginated and not page.records:
        return OperationResponse(NO_CONTENT)
    shown = page.records if _wants_entities(operation, body) else ()
    for record in shown:
        store.mark_shown(record)
    return OperationResponse(
        OK,
        _body(request, page, shown),
        returned_ids=tuple(record.id for record in shown),
        cursor=page.cursor if page.has_more else None,
    )


def _get_configuration(store: EntityStore, request: ValidRequest) -> OperationResponse:
    enterprise = request.enterprise_id
    requested = request.body.get("EnterpriseId")
    record = store.find(enterprise, "enterprise", enterprise)
    if record is None or (requested is not None and requested.lower() != enterprise.lower()):
        return OperationResponse(BAD_REQUEST, message="Invalid EnterpriseId.")
    configuration = entities.build_configuration(
        enterprise, created=record.created, updated=record.updated, now=request.now
    )
    if request.unknown_fields:
        configuration = entities.with_unknown_fields(configuration)
    return OperationResponse(OK, _json(configuration), returned_ids=(record.id,))


def _update_command(store: EntityStore, request: ValidRequest) -> OperationResponse:
    enterprise, entity_id = request.enterprise_id, request.body["CommandId"]
    if store.find(enterprise, "command", entity_id) is None:
        return OperationResponse(BAD_REQUEST, message="Invalid CommandId.")
    store.upsert(enterprise, "command", entity_id, request.now, state=request.body["State"])
    return OperationResponse(NO_CONTENT) if request.minimal else OperationResponse(OK, b"{}")


_OTHER_OPERATIONS: Mapping[str, Callable[[EntityStore, ValidRequest], OperationResponse]] = {
    "configuration/get": _get_configuration,
    "commands/update": _update_command,
}


def build_from_record(operation: str, record: EntityRecord) -> dict[str, Any]:
    """Build the entity of a record, in the shape in which an operation returns it."""
    entity: dict[str, Any] = entities.build_entity(
        record.kind,
        record.copied_id or record.id,
        record.belongs_to,
        created=record.created,
        updated=record.updated,
        operation=operation,
    )
    known: dict[str, Any] = {"Id": record.id}
    if record.state:
        known["State"] = record.state
    if record.kind == "product":
        known["ServiceId"] = record.parent_id
    if record.deleted is not None and record.kind == "reservation":
        known |= {
            "State": "Canceled",
            "CancelledUtc": entities.format_utc(record.deleted),
            "CancellationReason": "RequestedByGuest",
        }
    elif record.deleted is not None:
        known |= {"IsActive": False, "DeletedUtc": entities.format_utc(record.deleted)}
    return entity | {name: value for name, value in known.items() if name in entity}


def references(record: EntityRecord) -> Iterator[tuple[str, str]]:
    """Yield what an entity refers to; its deprecated shape refers to the same entities."""
    return entities.references(build_from_record("", record), record.kind)


def _body(request: ValidRequest, page: Page, shown: tuple[EntityRecord, ...]) -> bytes:
    operation = request.operation
    if request.unknown_fields:
        items = [
            _json(entities.with_unknown_fields(build_from_record(operation.name, record)))
            for record in shown
        ]
    else:
        items = [_encode(operation.name, record) for record in shown]
    extent = request.body.get("Extent") or {}
    others: dict[str, Any] = {
        name: []
        for name, is_required in _other_lists(operation.name).items()
        if is_required or extent.get(name) is True
    }
    others |= {"Cursor": page.cursor} if operation.paginated else {}
    others |= {entities.UNKNOWN_NAME: {}} if request.unknown_fields else {}
    tail = _json(others)[1:]
    return b'{"%s":[%s]%s%s' % (
        (operation.collection or "").encode(),
        b",".join(items),
        b"," if others else b"",
        tail,
    )


def _encode(operation: str, record: EntityRecord) -> bytes:
    """Return an entity as JSON; that of a copy is made from that of the original."""
    if record.copied_id is None:
        return _encode_original(operation, record)
    original = record._replace(id=record.copied_id, number=0, copied_id=None)
    text = _encode_original(operation, original)
    return text.replace(_id_pair(original), _id_pair(record), 1)


@lru_cache(_CACHE_SIZE)
def _encode_original(operation: str, record: EntityRecord) -> bytes:
    return _json(build_from_record(operation, record))


def _id_pair(record: EntityRecord) -> bytes:
    return f'"Id":"{record.id}"'.encode()


def _wants_entities(operation: Operation, body: Mapping[str, Any]) -> bool:
    """Return whether the response lists the entities; a flag in `Extent` can exclude them."""
    extent = body.get("Extent")
    if operation.collection not in extent_names(operation.name) or not isinstance(extent, Mapping):
        return True
    return extent.get(operation.collection) is True


@cache
def extent_names(operation: str) -> frozenset[str]:
    """Return the flags of an operation's `Extent`."""
    request = operations.read_documented("operations")[operation]["request"]
    objects = operations.read_documented("objects")
    refs = [documented["ref"] for documented in request if documented["name"] == "Extent"]
    return frozenset(flag["name"] for ref in refs for flag in objects[ref]["properties"])


@cache
def _other_lists(operation: str) -> Mapping[str, bool]:
    """Return the lists in a response beside its own entities, and whether each is required.

    All of them stay empty.
    """
    response = operations.read_documented("operations")[operation]["response"]
    return {
        documented["name"]: documented["contract"].startswith("required")
        for documented in response
        if documented["type"].startswith("array of ")
        and documented["name"] != operations.OPERATIONS[operation].collection
    }


_encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _json(value: object) -> bytes:
    return _encode_json(value).encode()
