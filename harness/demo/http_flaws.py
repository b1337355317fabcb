"""Flaws in reading HTTP requests, and in when and how the partner responds.

Each responds as the sound service does, except for its one flaw.
"""

from __future__ import annotations

import math
from dataclasses import replace

from pytest_mews.demo.service import PATH, Request, Response, has_token, respond
from pytest_mews.demo.sound_variants import redirect
from pytest_mews.demo.webhook_bodies import events_of

BODY_LIMIT = 32_000  # bytes; about 350 events
BODY_LIMIT_100K = 100_000  # bytes; about 1,080 events
BODY_TIMEOUT_S = 1.0
FETCH_S = 0.015  # per event: 7.5 s for 500 events, beyond the documented limit of 5 s
STORE_S = 0.006  # per event
TOO_LATE_S = 6.0  # beyond the documented limit of 5 s (events/wh-faq)
HOSTILE = (
    b"<!doctype html><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
    b"</pre></script><!-- ]]> \x1b[31mred\x1b[2J\x1b]0;title\x07 \x00\x00 \xff\xfe \r\n"
)
HOSTILE_SIZE = 10_000_000  # bytes


def body_limit(token: str, request: Request) -> Response:
    """Answers 413 to a body of more than 32 kB."""
    return _reject(413, token, request, when=len(request.body or b"") > BODY_LIMIT)


def body_limit_100k(token: str, request: Request) -> Response:
    """Answers 413 to a body of more than 100 kB, a limit like Express's default."""
    return _reject(413, token, request, when=len(request.body or b"") > BODY_LIMIT_100K)


def strict_content_type(token: str, request: Request) -> Response:
    """Answers 415 unless the Content-Type is exactly application/json."""
    other = request.headers.get("content-type") != "application/json"
    return _reject(415, token, request, when=other)


def requires_content_length(token: str, request: Request) -> Response:
    """Answers 411 to a request without a Content-Length, such as a chunked one."""
    return _reject(411, token, request, when="content-length" not in request.headers)


def rejects_slow_body(token: str, request: Request) -> Response:
    """Answers 408 if the body takes longer than 1 s to arrive."""
    return _reject(408, token, request, when=request.body_s > BODY_TIMEOUT_S)


def answers_before_body(token: str, request: Request) -> Response:
    """Answers 202 to every POST before it has read the body; processes it as usual."""
    return respond(token, request)


def forgets_kept_connections(token: str, request: Request) -> Response:
    """Keeps connections alive, but answers 400 to every request on them except the first."""
    return _reject(400, token, request, when=request.request_number > 1)


def accepts_any_method(token: str, request: Request) -> Response:
    """Answers 202 to GET, PUT and DELETE as well."""
    if request.path != PATH or request.method not in {"GET", "PUT", "DELETE"}:
        return respond(token, request)
    return Response(202 if has_token(token, request.query) else 401)


def always_200(token: str, request: Request) -> Response:
    """Answers 200 to anything that has the token, even to malformed JSON."""
    response = respond(token, request)
    return replace(response, status=200, body=b"") if response.status in {202, 400} else response


def redirects_302(token: str, request: Request) -> Response:
    """Redirects every message with 302, which makes HTTP clients send a GET without the body."""
    return redirect(token, request, 302)


def fetches_first(token: str, request: Request) -> Response:
    """Takes 15 ms per event before it answers, as if it fetched each entity first."""
    response = respond(token, request)
    return replace(response, delay_s=FETCH_S * len(events_of(response.accepted)))


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


def _reject(status: int, token: str, request: Request, *, when: bool) -> Response:
    """Respond with a status instead of accepting the message, if a condition holds."""
    response = respond(token, request)
    return Response(status) if when and response.accepted is not None else response


HTTP_FLAWS = (
    body_limit,
    body_limit_100k,
    strict_content_type,
    requires_content_length,
    rejects_slow_body,
    answers_before_body,
    forgets_kept_connections,
    accepts_any_method,
    always_200,
    redirects_302,
    fetches_first,
    slow_per_event,
    times_out,
    never_answers,
    echoes_hostile,
)
