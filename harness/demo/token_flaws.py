"""Flaws in how a partner tells who is calling, and in how it keeps the secret.

Each answers as the sound service does but for its one flaw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlencode

from pytest_mews.demo.service import Answer, Request, answer
from pytest_mews.demo.webhook_bodies import events_of, is_json


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


def ignores_token_for_integrations(token: str, request: Request) -> Answer:
    """Accepts any token, and none, on messages about integrations."""
    given = answer(token, _authorised(token, request))
    about = given.accepted is not None and "Action" in given.accepted
    return given if about else answer(token, request)


def token_optional(token: str, request: Request) -> Answer:
    """Refuses a wrong token, but accepts a missing one."""
    missing = "Token" not in parse_qs(request.query, keep_blank_values=True)
    return answer(token, _authorised(token, request) if missing else request)


def compares_prefix(token: str, request: Request) -> Answer:
    """Accepts any token that the right one starts with, the empty one too."""
    return _comparing(token, request, token.startswith)


def compares_ending(token: str, request: Request) -> Answer:
    """Accepts any token that ends in the right one."""
    return _comparing(token, request, lambda given: given.endswith(token))


def ignores_case(token: str, request: Request) -> Answer:
    """Compares the token without regard to case."""
    return _comparing(token, request, lambda given: given.lower() == token.lower())


def token_under_any_name(token: str, request: Request) -> Answer:
    """Accepts the right token as the value of any query parameter."""
    found = token in (value for _, value in parse_qsl(request.query))
    return answer(token, _authorised(token, request) if found else request)


def token_among_others(token: str, request: Request) -> Answer:
    """Accepts a query with several tokens when any of them is right."""
    found = token in parse_qs(request.query).get("Token", [])
    return answer(token, _authorised(token, request) if found else request)


def raw_query_compare(token: str, request: Request) -> Answer:
    """Answers 401 to the right token in a percent-encoded spelling."""
    same = request.query == urlencode({"Token": token})
    return answer(token, request if same else replace(request, query=""))


def parses_before_token(token: str, request: Request) -> Answer:
    """Answers 400 to malformed JSON before it looks at the token."""
    given = answer(token, request)
    return given if given.status != 401 or is_json(request.body) else Answer(400)  # noqa: PLR2004


def echoes_token(token: str, request: Request) -> Answer:
    """Answers 202 with the request's URL, token included, to two events or more."""
    given = answer(token, request)
    if len(events_of(given.accepted)) <= 1:
        return given
    url = f"http://{request.headers.get('host', '')}{request.path}?{request.query}"
    return replace(given, body=url.encode(), headers=(("X-Request-Url", url),))


def _comparing(token: str, request: Request, right: Callable[[str], bool]) -> Answer:
    given = parse_qs(request.query, keep_blank_values=True).get("Token", [])
    opens = len(given) == 1 and right(given[0])
    return answer(token, _authorised(token, request) if opens else request)


def _authorised(token: str, request: Request) -> Request:
    return replace(request, query=urlencode({"Token": token}))


TOKEN_FLAWS = (
    demands_signature,
    token_in_header,
    ignores_token,
    ignores_token_for_integrations,
    token_optional,
    compares_prefix,
    compares_ending,
    ignores_case,
    token_under_any_name,
    token_among_others,
    raw_query_compare,
    parses_before_token,
    echoes_token,
)
