"""Flaws in validating bodies that are incomplete or aren't JSON.

Each responds as the sound service does, except for its one flaw.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from pytest_mews.demo.service import Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document, InvalidBodyError, parse_json
from pytest_mews.mews.lifecycle import CREATED

HUGE_NUMBER = re.compile(rb"[0-9]{4301}")  # one digit more than Python parses by default


def accepts_missing_discriminator(token: str, request: Request) -> Response:
    """Answers 202 to events without a Discriminator."""
    response = respond(token, request)
    document = _rejected_document(response, request)
    events = document.get("Events") if isinstance(document, dict) else None
    missing = isinstance(events, list) and any(map(_lacks_discriminator, events))
    return Response(202) if missing else response


def accepts_malformed_action(token: str, request: Request) -> Response:
    """Answers 202 to any body that contains the word Action or Data, JSON or not."""
    response = respond(token, request)
    body = request.body or b""
    mentioned = b"Action" in body or b'"Data"' in body
    rejected = response.status == HTTPStatus.BAD_REQUEST
    return Response(202) if rejected and mentioned else response


def fails_without_ids(token: str, request: Request) -> Response:
    """Answers 500 if EnterpriseId or IntegrationId is missing or has a wrong type."""
    response = respond(token, request)
    document = _rejected_document(response, request)
    has_events = isinstance(document, dict) and isinstance(document.get("Events"), list)
    return Response(500) if has_events and not _has_ids(document) else response


def fails_on_huge_numbers(token: str, request: Request) -> Response:
    """Answers 500 to a number of more than 4,300 digits, which Python's parser rejects."""
    response = respond(token, request)
    rejected = response.status == HTTPStatus.BAD_REQUEST
    return Response(500) if rejected and HUGE_NUMBER.search(request.body or b"") else response


def ignores_body_without_content_type(token: str, request: Request) -> Response:
    """Answers 202 to a request without a Content-Type, without parsing its body."""
    response = respond(token, request)
    rejected = response.status == HTTPStatus.BAD_REQUEST
    return Response(202) if rejected and "content-type" not in request.headers else response


def fails_on_incomplete_data(token: str, request: Request) -> Response:
    """Answers 500 to an action whose Data lacks a property."""
    response = respond(token, request)
    document = _rejected_document(response, request)
    has_action = isinstance(document, dict) and isinstance(document.get("Action"), str)
    return Response(500) if has_action and document.get("Data") else response


def accepts_unusable_access_token(token: str, request: Request) -> Response:
    """Answers 202 to an IntegrationCreated whose AccessToken is null or a number."""
    response = respond(token, request)
    document = _rejected_document(response, request)
    is_creation = isinstance(document, dict) and document.get("Action") == CREATED
    return Response(202) if is_creation and "AccessToken" in document["Data"] else response


def _rejected_document(response: Response, request: Request) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON of a body that was rejected; None if it was accepted or isn't JSON."""
    if response.status != HTTPStatus.BAD_REQUEST:
        return None
    try:
        return parse_json(request.body)
    except InvalidBodyError:
        return None


def _lacks_discriminator(event: object) -> bool:
    return isinstance(event, dict) and not isinstance(event.get("Discriminator"), str)


def _has_ids(document: Document) -> bool:
    return all(isinstance(document.get(name), str) for name in ("EnterpriseId", "IntegrationId"))


BODY_FLAWS = (
    accepts_missing_discriminator,
    accepts_malformed_action,
    fails_without_ids,
    fails_on_huge_numbers,
    ignores_body_without_content_type,
    fails_on_incomplete_data,
    accepts_unusable_access_token,
)
