"""How a sound partner answers a webhook: a pure function of its token and the request.

The order matters: who is it (401), can it be read (400), thanks (202). Whatever takes time
happens later, to what `Answer.accepted` hands over; see `memory`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import parse_qs

PATH = "/webhooks/mews"

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


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: such as `POST`.
        path: without the query.
        query: as it came, percent-encoded.
        headers: by lower-case name.
        body: None where the client went away in the middle of it.

    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None


@dataclass(frozen=True)
class Answer:
    """What to answer, and what was accepted by it.

    Attributes:
        status: the HTTP status.
        body: mostly empty: success is told by the status alone.
        headers: beside those that every answer has.
        accepted: the message to work on afterwards; None where it was refused.
        delay_s: seconds to wait before answering, `math.inf` to hold the request; 0 when sound.

    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    accepted: Document | None = None
    delay_s: float = 0.0


Behaviour = Callable[[str, Request], Answer]
"""How a partner answers a request, given its token; `answer` is the sound one."""


class Unusable(ValueError):
    """A body can't be used; says why, without quoting it."""


def answer(token: str, request: Request) -> Answer:
    """Answer one request as a sound partner does.

    Args:
        token: the shared secret that the query must bear as `Token`.
        request: whatever came, from whomever.

    """
    if request.path != PATH:
        return Answer(404)
    if request.method != "POST":
        return Answer(405, headers=(("Allow", "POST"),))
    if not bears_token(token, request.query):
        return Answer(401)
    try:
        return Answer(202, accepted=read(request.body))
    except Unusable as problem:
        return Answer(400, str(problem).encode())


def bears_token(token: str, query: str) -> bool:
    """Tell whether a query bears the right token, in a time that does not depend on its value."""
    given = parse_qs(query).get("Token", [])
    return len(given) == 1 and hmac.compare_digest(given[0].encode(), token.encode())


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
