"""Flaws that reject valid messages because of their content.

Each function takes a message that the sound service accepts. It returns the response to send
instead, or None to accept the message. Malformed or unauthorised requests don't get here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from pytest_mews.demo.partner_kinds import RejectionRule
from pytest_mews.demo.response_flaws import discriminators
from pytest_mews.demo.service import Response
from pytest_mews.demo.webhook_bodies import (
    ACTIONS,
    Document,
    entity_kind_of,
    events_of,
)

PROPERTIES = frozenset(
    {"EnterpriseId", "IntegrationId", "Events", "Discriminator", "Value", "Id"}
    | {"Action", "Data", "Enterprise", "Service", "Requestor", "Integration", "Name", "Email"}
    | {"AccessToken", "ApiKey", "CreatedUtc", "DeletedUtc", "IsEnabled"}
)
MAX_AGE = timedelta(minutes=10)
MAX_NAME_LENGTH = 100
LAST_LATIN1 = "\xff"
# The property with the date of an action, for the actions that have one.
DATES: Mapping[str, str] = MappingProxyType(
    {"IntegrationCreated": "CreatedUtc", "IntegrationDeleted": "DeletedUtc"},
)


def rejects_payments(document: Document) -> Response | None:
    """Answers 400 to a batch with a PaymentUpdated event."""
    return Response(400) if "PaymentUpdated" in discriminators(document) else None


def rejects_shared_ids(document: Document) -> Response | None:
    """Answers 409 if the same id occurs twice in a batch."""
    ids = [event["Value"]["Id"] for event in events_of(document) if entity_kind_of(event)]
    return Response(409) if len(set(ids)) < len(ids) else None


def answers_304(document: Document) -> Response | None:
    """Answers 304 to a batch with a ResourceUpdated event."""
    return Response(304) if "ResourceUpdated" in discriminators(document) else None


def redirects_to_404(document: Document) -> Response | None:
    """Redirects batches of two events or more with 308 to a path that answers 404."""
    is_batch = len(events_of(document)) > 1
    return Response(308, headers=(("Location", "/nowhere"),)) if is_batch else None


def strict_properties(document: Document) -> Response | None:
    """Answers 400 to an unknown property, at any level."""
    return Response(400) if set(_properties(document)) - PROPERTIES else None


def strict_actions(document: Document) -> Response | None:
    """Answers 400 to an unknown action."""
    return Response(400) if _action(document) not in {None, *ACTIONS} else None


def requires_service(document: Document) -> Response | None:
    """Answers 500 to an IntegrationCreated without a Service."""
    return Response(500) if _lacks(document, "Service") else None


def requires_requestor(document: Document) -> Response | None:
    """Answers 500 to an IntegrationCreated whose Requestor is missing or null."""
    return Response(500) if _lacks(document, "Requestor") else None


def created_and_deleted_only(document: Document) -> Response | None:
    """Answers 400 to every action except IntegrationCreated and IntegrationDeleted."""
    handled = {None, "IntegrationCreated", "IntegrationDeleted"}
    return None if _action(document) in handled else Response(400)


def rejects_deletions(document: Document) -> Response | None:
    """Answers 500 to IntegrationDeleted."""
    return Response(500) if _action(document) == "IntegrationDeleted" else None


def rejects_old_dates(document: Document) -> Response | None:
    """Answers 400 if CreatedUtc or DeletedUtc is missing or more than 10 minutes old."""
    name = DATES.get(_action(document) or "")
    if name is None:
        return None
    try:
        date = datetime.fromisoformat(document["Data"].get(name))
        return Response(400) if datetime.now(UTC) - date > MAX_AGE else None
    except (TypeError, ValueError):  # missing, not a date, or without a time zone
        return Response(400)


def fails_on_null_service(document: Document) -> Response | None:
    """Answers 500 to an IntegrationCreated whose Service is null."""
    is_null = "Data" in document and document["Data"].get("Service", ...) is None
    return Response(500) if is_null else None


def latin1_names(document: Document) -> Response | None:
    """Answers 500 if a name has a character outside Latin-1."""
    characters = "".join(_names(document))
    return Response(500) if any(character > LAST_LATIN1 for character in characters) else None


def name_limit(document: Document) -> Response | None:
    """Answers 400 if a name is longer than 100 characters."""
    too_long = any(len(name) > MAX_NAME_LENGTH for name in _names(document))
    return Response(400) if too_long else None


def _action(document: Document) -> str | None:
    return None if "Events" in document else document["Action"]


def _lacks(document: Document, name: str) -> bool:
    return _action(document) == "IntegrationCreated" and document["Data"].get(name) is None


def _properties(node: object) -> Iterator[str]:
    """Yield the names of all properties at any level."""
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from _properties(child)


def _names(document: Document) -> Iterator[str]:
    """Yield the Name of each object in Data: enterprise, service, requestor, integration."""
    data = document.get("Data")
    for value in data.values() if isinstance(data, dict) else ():
        name = value.get("Name") if isinstance(value, dict) else None
        if isinstance(name, str):
            yield name


REJECTION_FLAWS: tuple[RejectionRule, ...] = (
    rejects_payments,
    rejects_shared_ids,
    answers_304,
    redirects_to_404,
    strict_properties,
    strict_actions,
    requires_service,
    requires_requestor,
    created_and_deleted_only,
    rejects_deletions,
    rejects_old_dates,
    fails_on_null_service,
    latin1_names,
    name_limit,
)
