"""Flaws in what a partner makes of bodies that lack something, or are no JSON at all.

Each answers as the sound service does but for its one flaw.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from pytest_mews.demo.service import Answer, Request, answer
from pytest_mews.demo.webhook_bodies import Document, Unusable, parse

HUGE = re.compile(rb"[0-9]{4301}")  # digits; one more than Python reads by default


def any_discriminator(token: str, request: Request) -> Answer:
    """Answers 202 to events that do not say what they are."""
    given = answer(token, request)
    document = _refused(given, request)
    events = document.get("Events") if isinstance(document, dict) else None
    untold = isinstance(events, list) and any(_says_nothing(event) for event in events)
    return Answer(202) if untold else given


def thanks_for_any_action(token: str, request: Request) -> Answer:
    """Answers 202 to whatever has the word Action or Data in it, JSON or not."""
    given = answer(token, request)
    body = request.body or b""
    named = b"Action" in body or b'"Data"' in body
    return Answer(202) if given.status == HTTPStatus.BAD_REQUEST and named else given


def breaks_without_ids(token: str, request: Request) -> Answer:
    """Answers 500 where EnterpriseId or IntegrationId is missing or of a wrong type."""
    given = answer(token, request)
    document = _refused(given, request)
    batch = isinstance(document, dict) and isinstance(document.get("Events"), list)
    return Answer(500) if batch and not _has_ids(document) else given


def breaks_on_huge_numbers(token: str, request: Request) -> Answer:
    """Answers 500 to a number of more than 4,300 digits, at which Python's parser gives up."""
    given = answer(token, request)
    refused = given.status == HTTPStatus.BAD_REQUEST
    return Answer(500) if refused and HUGE.search(request.body or b"") else given


def ignores_untyped_body(token: str, request: Request) -> Answer:
    """Answers 202 without a look at the body where no content type came."""
    given = answer(token, request)
    untyped = given.status == HTTPStatus.BAD_REQUEST and "content-type" not in request.headers
    return Answer(202) if untyped else given


def breaks_on_incomplete_data(token: str, request: Request) -> Answer:
    """Answers 500 to an action whose Data lacks something."""
    given = answer(token, request)
    document = _refused(given, request)
    full = isinstance(document, dict) and isinstance(document.get("Action"), str)
    return Answer(500) if full and document.get("Data") else given


def _refused(given: Answer, request: Request) -> Any:  # noqa: ANN401 - JSON
    """Give what a refused body says; None where it was accepted, or is no JSON."""
    if given.status != HTTPStatus.BAD_REQUEST:
        return None
    try:
        return parse(request.body)
    except Unusable:
        return None


def _says_nothing(event: object) -> bool:
    return isinstance(event, dict) and not isinstance(event.get("Discriminator"), str)


def _has_ids(document: Document) -> bool:
    return all(isinstance(document.get(name), str) for name in ("EnterpriseId", "IntegrationId"))


SHAPE_FLAWS = (
    any_discriminator,
    thanks_for_any_action,
    breaks_without_ids,
    breaks_on_huge_numbers,
    ignores_untyped_body,
    breaks_on_incomplete_data,
)
