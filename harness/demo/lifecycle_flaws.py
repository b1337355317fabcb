"""Flaws in how a partner follows the life of an integration: what it holds to be impossible.

Each function gives a new partner that has seen nothing yet. The partners are called one request
at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from pytest_mews.demo.rejection_flaws import STAMPS
from pytest_mews.demo.service import Answer, Behaviour, Request, answer
from pytest_mews.demo.webhook_bodies import Document

DELETED = "IntegrationDeleted"
OFF = frozenset({"IntegrationDisabled", "IntegrationCanceled", DELETED})
# What one may think has to come before each action; any other order is then refused.
BEFORE = MappingProxyType(
    {
        "IntegrationEnabled": {"IntegrationDisabled"},
        "IntegrationDisabled": {"IntegrationCreated", "IntegrationEnabled"},
        "IntegrationReinstated": {"IntegrationCanceled"},
    },
)


def refuses_repeated_creation() -> Behaviour:
    """Answers 409 to an IntegrationCreated for an integration that was created before."""
    known: set[str] = set()

    def judge(integration: str, action: str | None, _: Document) -> int | None:
        if action != "IntegrationCreated":
            return None
        if integration in known:
            return 409
        known.add(integration)
        return None

    return _judging(judge)


def refuses_second_integration() -> Behaviour:
    """Answers 409 to another integration of an enterprise that has had one."""
    integrations: dict[str, str] = {}

    def judge(integration: str, action: str | None, document: Document) -> int | None:
        if action != "IntegrationCreated":
            return None
        enterprise = document["Data"]["Enterprise"]["Id"]
        return None if integrations.setdefault(enterprise, integration) == integration else 409

    return _judging(judge)


def strict_lifecycle() -> Behaviour:
    """Answers 409 to an action that can't follow the one before it, as it thinks."""
    newest: dict[str, str] = {}

    def judge(integration: str, action: str | None, _: Document) -> int | None:
        if action is None:
            return None
        before = newest.get(integration)
        if before is not None and before not in BEFORE.get(action, {before}):
            return 409
        newest[integration] = action
        return None

    return _judging(judge)


def forbids_disabled() -> Behaviour:
    """Answers 403 to events of an integration that is disabled, canceled or deleted."""
    newest: dict[str, str] = {}

    def judge(integration: str, action: str | None, _: Document) -> int | None:
        if action is None:
            return 403 if newest.get(integration) in OFF else None
        newest[integration] = action
        return None

    return _judging(judge)


def gone_after_deletion() -> Behaviour:
    """Answers 410 to an action, but another deletion, for an integration that was deleted."""
    gone: set[str] = set()

    def judge(integration: str, action: str | None, _: Document) -> int | None:
        if action == DELETED:
            gone.add(integration)
            return None
        return 410 if action is not None and integration in gone else None

    return _judging(judge)


def refuses_older_dates() -> Behaviour:
    """Answers 409 to a CreatedUtc or DeletedUtc earlier than one that came before."""
    newest = ""

    def judge(_: str, action: str | None, document: Document) -> int | None:
        nonlocal newest
        moment = None if action is None else document["Data"].get(STAMPS.get(action, ""))
        if not isinstance(moment, str):
            return None
        if moment < newest:
            return 409
        newest = moment
        return None

    return _judging(judge)


def _judging(judge: Callable[[str, str | None, Document], int | None]) -> Behaviour:
    """Make a partner that refuses what is judged so: integration id, action, sound message."""

    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        if given.accepted is None:
            return given
        document = given.accepted
        general = "Events" in document
        integration = (
            document["IntegrationId"]
            if general
            else document["Data"].get("Integration", {}).get("Id", "")
        )
        status = judge(integration, None if general else document["Action"], document)
        return given if status is None else Answer(status)

    return behave


LIFE_FLAWS = (
    refuses_repeated_creation,
    refuses_second_integration,
    strict_lifecycle,
    forbids_disabled,
    gone_after_deletion,
    refuses_older_dates,
)
