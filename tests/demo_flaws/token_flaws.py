"""Flaws in checking the token, and in keeping it secret.

Each responds as the sound service does, except for its one flaw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, parse_qsl, urlencode

from pytest_mews.demo.response_flaws import authorised
from pytest_mews.demo.service import Request, Response, respond
from pytest_mews.demo.webhook_bodies import events_of, is_json


def token_in_header(token: str, request: Request) -> Response:
    """Answers 401 unless the token is in an Authorization header."""
    if request.headers.get("authorization") != f"Bearer {token}":
        return Response(401)
    return respond(token, authorised(token, request))


def ignores_token_for_integrations(token: str, request: Request) -> Response:
    """Accepts any token, and a missing one, for Integration Webhooks."""
    response = respond(token, authorised(token, request))
    is_integration = response.accepted is not None and "Action" in response.accepted
    return response if is_integration else respond(token, request)


def token_optional(token: str, request: Request) -> Response:
    """Rejects a wrong token, but accepts a missing one."""
    missing = "Token" not in parse_qs(request.query, keep_blank_values=True)
    return respond(token, authorised(token, request) if missing else request)


def compares_prefix(token: str, request: Request) -> Response:
    """Accepts any prefix of the token, even an empty one."""
    return _accept_if(token, request, token.startswith)


def compares_suffix(token: str, request: Request) -> Response:
    """Accepts any token that ends with the right one."""
    return _accept_if(token, request, lambda value: value.endswith(token))


def ignores_token_case(token: str, request: Request) -> Response:
    """Compares the token without regard to case."""
    return _accept_if(token, request, lambda value: value.lower() == token.lower())


def token_in_any_parameter(token: str, request: Request) -> Response:
    """Accepts the token as the value of any query parameter."""
    accepted = token in (value for _, value in parse_qsl(request.query))
    return respond(token, authorised(token, request) if accepted else request)


def accepts_several_tokens(token: str, request: Request) -> Response:
    """Accepts a query with several Token parameters if any of them is right."""
    accepted = token in parse_qs(request.query).get("Token", [])
    return respond(token, authorised(token, request) if accepted else request)


def raw_query_compare(token: str, request: Request) -> Response:
    """Answers 401 to the right token if it is percent-encoded differently."""
    same = request.query == urlencode({"Token": token})
    return respond(token, request if same else replace(request, query=""))


def parses_before_token(token: str, request: Request) -> Response:
    """Answers 400 to malformed JSON before it checks the token."""
    response = respond(token, request)
    malformed = response.status == HTTPStatus.UNAUTHORIZED and not is_json(request.body)
    return Response(400) if malformed else response


def echoes_token(token: str, request: Request) -> Response:
    """Answers 202 with the request's URL, including the token, to two events or more."""
    response = respond(token, request)
    if len(events_of(response.accepted)) <= 1:
        return response
    url = f"http://{request.headers.get('host', '')}{request.path}?{request.query}"
    return replace(response, body=url.encode(), headers=(("X-Request-Url", url),))


def _accept_if(token: str, request: Request, accepts: Callable[[str], bool]) -> Response:
    """Accept a query with one Token if a function accepts its value."""
    values = parse_qs(request.query, keep_blank_values=True).get("Token", [])
    accepted = len(values) == 1 and accepts(values[0])
    return respond(token, authorised(token, request) if accepted else request)


TOKEN_FLAWS = (
    token_in_header,
    ignores_token_for_integrations,
    token_optional,
    compares_prefix,
    compares_suffix,
    ignores_token_case,
    token_in_any_parameter,
    accepts_several_tokens,
    raw_query_compare,
    parses_before_token,
    echoes_token,
)
