"""Flaws that refuse good messages for what is in them.

Each looks at a message that the sound service would accept, and answers instead of it, or gives
None to let it pass. Malformed or unauthorised requests never come here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from pytest_mews.demo.service import Answer
from pytest_mews.demo.webhook_bodies import ACTIONS, ENTITIES, Document, entity_of, events_of

Refusal = Callable[[Document], Answer | None]

PROPERTIES = frozenset(
    {"EnterpriseId", "IntegrationId", "Events", "Discriminator", "Value", "Id"}
    | {"Action", "Data", "Enterprise", "Service", "Requestor", "Integration", "Name", "Email"}
    | {"AccessToken", "ApiKey", "CreatedUtc", "DeletedUtc", "IsEnabled"}
)
STALE = timedelta(minutes=10)
STAMPS: Mapping[str, str] = MappingProxyType(
    {"IntegrationCreated": "CreatedUtc", "IntegrationDeleted": "DeletedUtc"},
)


def rejects_payments(document: Document) -> Answer | None:
    """Answers 400 when a batch has a PaymentUpdated event."""
    return Answer(400) if "PaymentUpdated" in _discriminators(document) else None


def chokes_on_mixed(document: Document) -> Answer | None:
    """Answers 500 when a batch has more than one discriminator."""
    return Answer(500) if len(set(_discriminators(document))) > 1 else None


def rejects_shared_ids(document: Document) -> Answer | None:
    """Answers 409 when the same id occurs twice in a batch."""
    ids = [event["Value"]["Id"] for event in events_of(document) if entity_of(event)]
    return Answer(409) if len(set(ids)) < len(ids) else None


def not_modified(document: Document) -> Answer | None:
    """Answers 304 when a batch has a ResourceUpdated event."""
    return Answer(304) if "ResourceUpdated" in _discriminators(document) else None


def redirects_to_nowhere(document: Document) -> Answer | None:
    """Redirects batches of two events or more by 308 to a path that answers 404."""
    several = len(events_of(document)) > 1
    return Answer(308, headers=(("Location", "/nowhere"),)) if several else None


def strict_events(document: Document) -> Answer | None:
    """Answers 400 to a discriminator that it does not know."""
    return Answer(400) if set(_discriminators(document)) - ENTITIES.keys() else None


def strict_properties(document: Document) -> Answer | None:
    """Answers 400 to a property that it does not know, at any level."""
    return Answer(400) if set(_properties(document)) - PROPERTIES else None


def strict_actions(document: Document) -> Answer | None:
    """Answers 400 to an action that it does not know."""
    return Answer(400) if _action(document) not in {None, *ACTIONS} else None


def requires_service(document: Document) -> Answer | None:
    """Answers 500 when an IntegrationCreated has no Service."""
    return Answer(500) if _lacks(document, "Service") else None


def requires_requestor(document: Document) -> Answer | None:
    """Answers 500 when an IntegrationCreated has no Requestor, or null."""
    return Answer(500) if _lacks(document, "Requestor") else None


def created_and_deleted_only(document: Document) -> Answer | None:
    """Answers 400 to every action but IntegrationCreated and IntegrationDeleted."""
    handled = {None, "IntegrationCreated", "IntegrationDeleted"}
    return None if _action(document) in handled else Answer(400)


def rejects_deletions(document: Document) -> Answer | None:
    """Answers 500 to IntegrationDeleted."""
    return Answer(500) if _action(document) == "IntegrationDeleted" else None


def rejects_stale(document: Document) -> Answer | None:
    """Answers 400 to a CreatedUtc or DeletedUtc that is missing or over 10 minutes old."""
    stamp = STAMPS.get(_action(document) or "")
    if stamp is None:
        return None
    try:
        moment = datetime.fromisoformat(document["Data"].get(stamp))
        return Answer(400) if datetime.now(UTC) - moment > STALE else None
    except (TypeError, ValueError):  # it is missing, no date, or without a zone
        return Answer(400)


def _discriminators(document: Document) -> list[str]:
    return [event["Discriminator"] for event in events_of(document)]


def _action(document: Document) -> str | None:
    return None if "Events" in document else document["Action"]


def _lacks(document: Document, name: str) -> bool:
    return _action(document) == "IntegrationCreated" and document["Data"].get(name) is None


def _properties(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from node
        node = list(node.values())
    for child in node if isinstance(node, list) else []:
        yield from _properties(child)


REFUSALS: tuple[Refusal, ...] = (
    rejects_payments,
    chokes_on_mixed,
    rejects_shared_ids,
    not_modified,
    redirects_to_nowhere,
    strict_events,
    strict_properties,
    strict_actions,
    requires_service,
    requires_requestor,
    created_and_deleted_only,
    rejects_deletions,
    rejects_stale,
)
