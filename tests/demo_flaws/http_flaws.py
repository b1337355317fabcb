"""Flaws in reading HTTP requests, and in when and how the partner responds.

Each responds as the sound service does, except for its one flaw.
"""

from __future__ import annotations

import math
from dataclasses import replace

from pytest_mews.demo.response_flaws import reject
from pytest_mews.demo.service import PATH, Request, Response, has_token, respond
from pytest_mews.demo.webhook_bodies import events_of

BODY_LIMIT_100K = 100_000  # bytes; about 1,080 events
BODY_TIMEOUT_S = 1.0
STORE_S = 0.006  # per event
TOO_LATE_S = 6.0  # beyond the documented limit of 5 s (events/wh-faq)
HOSTILE = (
    b"<!doctype html><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
    b"</pre></script><!-- ]]> \x1b[31mred\x1b[2J\x1b]0;title\x07 \x00\x00 \xff\xfe \r\n"
)
HOSTILE_SIZE = 10_000_000  # bytes


def body_limit_100k(token: str, request: Request) -> Response:
    """Answers 413 to a body of more than 100 kB, a limit like Express's default."""
    return reject(413, token, request, when=len(request.body or b"") > BODY_LIMIT_100K)


def strict_content_type(token: str, request: Request) -> Response:
    """Answers 415 unless the Content-Type is exactly application/json."""
    other = request.headers.get("content-type") != "application/json"
    return reject(415, token, request, when=other)


def requires_content_length(token: str, request: Request) -> Response:
    """Answers 411 to a request without a Content-Length, such as a chunked one."""
    return reject(411, token, request, when="content-length" not in request.headers)


def rejects_slow_body(token: str, request: Request) -> Response:
    """Answers 408 if the body takes longer than 1 s to arrive."""
    return reject(408, token, request, when=request.body_s > BODY_TIMEOUT_S)


def accepts_any_method(token: str, request: Request) -> Response:
    """Answers 202 to GET, PUT and DELETE as well."""
    if request.path != PATH or request.method not in {"GET", "PUT", "DELETE"}:
        return respond(token, request)
    return Response(202 if has_token(token, request.query) else 401)


def slow_per_event(token: str, request: Request) -> Response:
    """Takes 6 ms per event before it answers: 3 s for 500 events, over the limit from 834."""
    response = respond(token, request)
    return replace(response, delay_s=STORE_S * len(events_of(response.accepted)))


def times_out(token: str, request: Request) -> Response:
    """Answers everything after 6 s."""
    return replace(respond(token, request), delay_s=TOO_LATE_S)


def never_answers(token: str, request: Request) -> Response:
    """Never answers, and keeps the connection open."""
    return replace(respond(token, request), delay_s=math.inf)


def echoes_hostile(token: str, request: Request) -> Response:
    """Answers 500 with 10 MB of script, escapes and its own URL to two events or more."""
    response = respond(token, request)
    if len(events_of(response.accepted)) <= 1:
        return response
    block = f"{PATH}?{request.query}\n".encode() + HOSTILE
    body = block * (HOSTILE_SIZE // len(block) + 1)
    return Response(500, body[:HOSTILE_SIZE], (("Content-Type", "text/html"),))


HTTP_FLAWS = (
    body_limit_100k,
    strict_content_type,
    requires_content_length,
    rejects_slow_body,
    accepts_any_method,
    slow_per_event,
    times_out,
    never_answers,
    echoes_hostile,
)
