"""How a sound partner responds to a webhook: a pure function of its token and the request.

The order of the checks matters: the token first (401), then the body (400), then 202. Anything that
takes time happens afterwards, with the message in `Response.accepted`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from pytest_mews.demo.webhook_bodies import Document, InvalidBodyError, read_message

PATH = "/webhooks/mews"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: for example `POST`.
        path: without the query.
        query: as received, percent-encoded.
        headers: by lower-case name.
        body: None if the client disconnected before the body was complete.
        body_s: seconds between the end of the headers and the end of the body.
        request_number: position of this request on its connection, from 1.

    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    body_s: float = 0.0
    request_number: int = 1


@dataclass(frozen=True)
class Response:
    """What the partner sends back, and the message that it accepted.

    Attributes:
        status: the HTTP status.
        body: usually empty: the status alone reports success.
        headers: in addition to those that every response has.
        accepted: the message to process afterwards; None if the partner rejected the request.
        delay_s: seconds to wait before responding; `math.inf` never responds. A sound partner
            doesn't wait.
        on_disconnect: called if the client disconnects within `delay_s`; None if it doesn't matter.

    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    accepted: Document | None = None
    delay_s: float = 0.0
    on_disconnect: Callable[[], None] | None = None


Behaviour = Callable[[str, Request], Response]
"""How a partner with a given token responds to a request; `respond` is the sound behaviour."""


def respond(token: str, request: Request) -> Response:
    """Respond to a request as a sound partner does.

    Args:
        token: the shared secret that the query must contain as `Token`.
        request: any request, from any sender.

    """
    if request.path != PATH:
        return Response(404)
    if request.method != "POST":
        return Response(405, headers=(("Allow", "POST"),))
    if not has_token(token, request.query):
        return Response(401)
    try:
        return Response(202, accepted=read_message(request.body))
    except InvalidBodyError as error:
        return Response(400, str(error).encode())


def has_token(token: str, query: str) -> bool:
    """Return whether a query contains the token exactly once; compares in constant time."""
    values = parse_qs(query).get("Token", [])
    return len(values) == 1 and hmac.compare_digest(values[0].encode(), token.encode())
