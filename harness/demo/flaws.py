"""Flaws in how a partner treats requests as such: whose they are, when, and how often they come.

Each answers as the sound service does but for its one flaw.
"""

from __future__ import annotations

import math
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

from mews_harness.demo.service import PATH, Answer, Request, Unusable, answer, parse
from mews_harness.demo.variants import redirecting

BODY_LIMIT = 32_000  # bytes; some 350 events
FETCH_S = 0.015  # per event: 500 of them take 7.5 s, past the documented limit of 5 s
TOO_LATE_S = 6.0  # past the documented limit of 5 s (events/wh-faq)
HOSTILE = (
    b"<!doctype html><script>document.title = 'owned'</script><img src=x onerror=alert(1)>"
    b"</pre></script><!-- ]]> \x1b[31mred\x1b[2J\x1b]0;title\x07 \x00\x00 \xff\xfe \r\n"
)
HOSTILE_SIZE = 10_000_000  # bytes


def demands_signature(token: str, request: Request) -> Answer:
    """Answers 401 without an X-Mews-Signature header, which Mews never sends."""
    return answer(token, request) if "x-mews-signature" in request.headers else Answer(401)


def token_in_header(token: str, request: Request) -> Answer:
    """Answers 401 unless the token stands in an Authorization header."""
    if request.headers.get("authorization") != f"Bearer {token}":
        return Answer(401)
    return answer(token, _authorised(token, request))


def ignores_token(token: str, request: Request) -> Answer:
    """Accepts any token, and none."""
    return answer(token, _authorised(token, request))


def token_optional(token: str, request: Request) -> Answer:
    """Refuses a wrong token, but accepts a missing one."""
    missing = "Token" not in parse_qs(request.query, keep_blank_values=True)
    return answer(token, _authorised(token, request) if missing else request)


def body_limit(token: str, request: Request) -> Answer:
    """Answers 413 to a body of more than 32 kB."""
    given = answer(token, request)
    large = len(request.body or b"") > BODY_LIMIT
    return Answer(413) if given.accepted and large else given


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
    events = given.accepted.get("Events", ()) if given.accepted else ()
    return replace(given, delay_s=FETCH_S * len(events))


def times_out(token: str, request: Request) -> Answer:
    """Answers everything after 6 s."""
    return replace(answer(token, request), delay_s=TOO_LATE_S)


def never_answers(token: str, request: Request) -> Answer:
    """Holds every request."""
    return replace(answer(token, request), delay_s=math.inf)


def echoes_hostile(token: str, request: Request) -> Answer:
    """Answers 500 with 10 MB of script, escapes and its own URL to two events or more."""
    given = answer(token, request)
    if given.accepted is None or len(given.accepted.get("Events", ())) < 2:  # noqa: PLR2004
        return given
    block = f"{PATH}?{request.query}\n".encode() + HOSTILE
    body = block * (HOSTILE_SIZE // len(block) + 1)
    return Answer(500, body[:HOSTILE_SIZE], (("Content-Type", "text/html"),))


def is_json(request: Request) -> bool:
    """Tell whether a body can be parsed; one that was cut off counts as no JSON."""
    try:
        parse(request.body)
    except Unusable:
        return False
    return True


def _authorised(token: str, request: Request) -> Request:
    return replace(request, query=urlencode({"Token": token}))


STATELESS = (
    demands_signature,
    token_in_header,
    ignores_token,
    token_optional,
    body_limit,
    always_200,
    redirects_302,
    fetches_first,
    times_out,
    never_answers,
    echoes_hostile,
)
