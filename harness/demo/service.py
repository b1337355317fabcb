"""How a sound partner answers a webhook: a pure function of its token and the request.

The order matters: who is it (401), can it be read (400), thanks (202). Whatever takes time
happens later, to what `Answer.accepted` hands over; see `memory`.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from pytest_mews.demo.webhook_bodies import Document, Unusable, read

PATH = "/webhooks/mews"


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Attributes:
        method: such as `POST`.
        path: without the query.
        query: as it came, percent-encoded.
        headers: by lower-case name.
        body: None where the client went away in the middle of it.
        body_s: seconds that the body took to arrive, once its headers were there.
        turn: which request of its connection this is; 1 for the first.

    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes | None
    body_s: float = 0.0
    turn: int = 1


@dataclass(frozen=True)
class Answer:
    """What to answer, and what was accepted by it.

    Attributes:
        status: the HTTP status.
        body: mostly empty: success is told by the status alone.
        headers: beside those that every answer has.
        accepted: the message to work on afterwards; None where it was refused.
        delay_s: seconds to wait before answering, `math.inf` to hold the request; 0 when sound.
        unread: called where the client goes away within `delay_s`; None where nobody looks.

    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    accepted: Document | None = None
    delay_s: float = 0.0
    unread: Callable[[], None] | None = None


Behaviour = Callable[[str, Request], Answer]
"""How a partner answers a request, given its token; `answer` is the sound one."""


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
