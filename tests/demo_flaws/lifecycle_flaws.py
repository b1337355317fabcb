"""Flaws in assumptions about the lifecycle of an integration.

Each function creates the behaviour of a new partner. A behaviour receives one request at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import ACTIONS, Document
from pytest_mews.mews.lifecycle import CREATED, DELETED
from tests.demo_flaws.rejection_flaws import DATES

ENABLED = "IntegrationEnabled"
INACTIVE = frozenset({"IntegrationDisabled", "IntegrationCanceled", DELETED})
# The only actions that `strict_lifecycle` expects before each action.
PREDECESSORS = MappingProxyType(
    {
        "IntegrationEnabled": {"IntegrationDisabled"},
        "IntegrationDisabled": {"IntegrationCreated", "IntegrationEnabled"},
        "IntegrationReinstated": {"IntegrationCanceled"},
    },
)


def rejects_unknown_integrations() -> Behaviour:
    """Answers 404 to an action for an integration whose IntegrationCreated did not arrive."""
    known: set[str] = set()

    def rejection_status(integration: str, action: str | None, _: Document) -> int | None:
        if action == CREATED:
            known.add(integration)
        return 404 if action is not None and integration not in known else None

    return _rejects(rejection_status)


def refuses_repeated_creation() -> Behaviour:
    """Answers 409 to a repeated IntegrationCreated for the same integration."""
    known: set[str] = set()

    def rejection_status(integration: str, action: str | None, _: Document) -> int | None:
        if action != CREATED:
            return None
        if integration in known:
            return 409
        known.add(integration)
        return None

    return _rejects(rejection_status)


def refuses_second_integration() -> Behaviour:
    """Answers 409 to a second integration of the same enterprise, even after deletion."""
    integrations: dict[str, str] = {}

    def rejection_status(integration: str, action: str | None, document: Document) -> int | None:
        if action != CREATED:
            return None
        enterprise = document["Data"]["Enterprise"]["Id"]
        return None if integrations.setdefault(enterprise, integration) == integration else 409

    return _rejects(rejection_status)


def strict_lifecycle() -> Behaviour:
    """Answers 409 to an action that it doesn't expect after the previous one."""
    last_actions: dict[str, str] = {}

    def rejection_status(integration: str, action: str | None, _: Document) -> int | None:
        if action is None:
            return None
        last_action = last_actions.get(integration)
        if last_action is not None and last_action not in PREDECESSORS.get(action, {last_action}):
            return 409
        last_actions[integration] = action
        return None

    return _rejects(rejection_status)


def rejects_when_disabled() -> Behaviour:
    """Answers 403 to events of an integration that is disabled, canceled or deleted."""
    last_actions: dict[str, str] = {}

    def rejection_status(integration: str, action: str | None, _: Document) -> int | None:
        if action is None:
            return 403 if last_actions.get(integration) in INACTIVE else None
        last_actions[integration] = action
        return None

    return _rejects(rejection_status)


def gone_after_deletion() -> Behaviour:
    """Answers 410 to any action except a deletion for an integration that was deleted."""
    deleted: set[str] = set()

    def rejection_status(integration: str, action: str | None, _: Document) -> int | None:
        if action == DELETED:
            deleted.add(integration)
            return None
        return 410 if action is not None and integration in deleted else None

    return _rejects(rejection_status)


def takes_unknown_actions_for_enabled() -> Behaviour:
    """Takes an action that it doesn't know for IntegrationEnabled."""

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        document = response.accepted
        if document is None or document.get("Action", ENABLED) in ACTIONS:
            return response
        return replace(response, accepted={**document, "Action": ENABLED})

    return behave


def requires_ascending_dates() -> Behaviour:
    """Answers 409 if CreatedUtc or DeletedUtc is earlier than in an earlier message."""
    latest = ""

    def rejection_status(_: str, action: str | None, document: Document) -> int | None:
        nonlocal latest
        date = None if action is None else document["Data"].get(DATES.get(action, ""))
        if not isinstance(date, str):
            return None
        if date < latest:
            return 409
        latest = date
        return None

    return _rejects(rejection_status)


def _rejects(rejection_status: Callable[[str, str | None, Document], int | None]) -> Behaviour:
    """Return a behaviour that rejects some valid messages with a status.

    Args:
        rejection_status: returns the status, or None to accept. It takes the integration id, the
            action (None for a General Webhook) and the message.

    """

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        document = response.accepted
        if document is None:
            return response
        if "Events" in document:
            integration, action = document["IntegrationId"], None
        else:
            integration = document["Data"].get("Integration", {}).get("Id", "")
            action = document["Action"]
        status = rejection_status(integration, action, document)
        return response if status is None else Response(status)

    return behave


LIFECYCLE_FLAWS = (
    rejects_unknown_integrations,
    refuses_repeated_creation,
    refuses_second_integration,
    strict_lifecycle,
    rejects_when_disabled,
    gone_after_deletion,
    requires_ascending_dates,
    takes_unknown_actions_for_enabled,
)
