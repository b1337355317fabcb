"""Flaws in how a partner reads requests as such, and in when and how it answers them.

Each answers as the sound service does but for its one flaw.
"""

from __future__ import annotations

import math
from dataclasses import replace

from pytest_mews.demo.service import PATH, Answer, Request, answer, bears_token
from pytest_mews.demo.sound_variants import redirecting
from pytest_mews.demo.webhook_bodies import events_of

BODY_LIMIT = 32_000  # bytes; some 350 events
BODY_LIMIT_100K = 100_000  # bytes; some 1,080 events
ARRIVAL_S = 1.0
FETCH_S = 0.015  # per event: 500 of them take 7.5 s, past the documented limit of 5 s
STORE_S = 0.006  # per event
TOO_LATE_S = 6.0  # past the documented limit of 5 s (events/wh-faq)
HOSTILE = (
    b"<!doctype html><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
    b"</pre></script><!-- ]]> \x1b[31mred\x1b[2J\x1b]0;title\x07 \x00\x00 \xff\xfe \r\n"
)
HOSTILE_SIZE = 10_000_000  # bytes


def body_limit(token: str, request: Request) -> Answer:
    """Answers 413 to a body of more than 32 kB."""
    return _refusing(413, token, request, when=len(request.body or b"") > BODY_LIMIT)


def body_limit_100k(token: str, request: Request) -> Answer:
    """Answers 413 to a body of more than 100 kB, a limit like Express's default."""
    return _refusing(413, token, request, when=len(request.body or b"") > BODY_LIMIT_100K)


def wants_exact_type(token: str, request: Request) -> Answer:
    """Answers 415 unless the Content-Type is exactly application/json."""
    other = request.headers.get("content-type") != "application/json"
    return _refusing(415, token, request, when=other)


def needs_content_length(token: str, request: Request) -> Answer:
    """Answers 411 without a Content-Length, as a body in chunks comes."""
    return _refusing(411, token, request, when="content-length" not in request.headers)


def impatient(token: str, request: Request) -> Answer:
    """Answers 408 when the body takes longer than 1 s to arrive."""
    return _refusing(408, token, request, when=request.body_s > ARRIVAL_S)


def answers_before_body(token: str, request: Request) -> Answer:
    """Answers 202 to whatever is posted before it has read the body; works on it as usual."""
    return answer(token, request)


def forgets_kept_connections(token: str, request: Request) -> Answer:
    """Keeps connections, and answers 400 to all but the first request on each."""
    return _refusing(400, token, request, when=request.turn > 1)


def any_method(token: str, request: Request) -> Answer:
    """Answers 202 to GET, PUT and DELETE too."""
    if request.path != PATH or request.method not in {"GET", "PUT", "DELETE"}:
        return answer(token, request)
    return Answer(202 if bears_token(token, request.query) else 401)


def always_200(token: str, request: Request) -> Answer:
    """Answers 200 to anything that bears the token, even to malformed JSON."""
    given = answer(token, request)
    return replace(given, status=200, body=b"") if given.status in {202, 400} else given


def redirects_302(token: str, request: Request) -> Answer:
    """Redirects every message by 302, after which an HTTP client sends a GET without the body."""
    return redirecting(token, request, 302)


def fetches_first(token: str, request: Request) -> Answer:
    """Takes 15 ms per event before it answers, as if it fetched each at once."""
    given = answer(token, request)
    return replace(given, delay_s=FETCH_S * len(events_of(given.accepted)))


def slow_per_event(token: str, request: Request) -> Answer:
    """Takes 6 ms per event before it answers: 3 s for 500 events, too long from 834 on."""
    given = answer(token, request)
    return replace(given, delay_s=STORE_S * len(events_of(given.accepted)))


def times_out(token: str, request: Request) -> Answer:
    """Answers everything after 6 s."""
    return replace(answer(token, request), delay_s=TOO_LATE_S)


def never_answers(token: str, request: Request) -> Answer:
    """Holds every request."""
    return replace(answer(token, request), delay_s=math.inf)


def echoes_hostile(token: str, request: Request) -> Answer:
    """Answers 500 with 10 MB of script, escapes and its own URL to two events or more."""
    given = answer(token, request)
    if len(events_of(given.accepted)) <= 1:
        return given
    block = f"{PATH}?{request.query}\n".encode() + HOSTILE
    body = block * (HOSTILE_SIZE // len(block) + 1)
    return Answer(500, body[:HOSTILE_SIZE], (("Content-Type", "text/html"),))


def _refusing(status: int, token: str, request: Request, *, when: bool) -> Answer:
    given = answer(token, request)
    return Answer(status) if when and given.accepted is not None else given


STATELESS = (
    body_limit,
    body_limit_100k,
    wants_exact_type,
    needs_content_length,
    impatient,
    answers_before_body,
    forgets_kept_connections,
    any_method,
    always_200,
    redirects_302,
    fetches_first,
    slow_per_event,
    times_out,
    never_answers,
    echoes_hostile,
)
