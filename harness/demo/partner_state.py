"""What a sound partner knows from the messages that it has accepted.

A message has no id, time or attempt number, may arrive twice, and may overtake another one.
Applying a message again, or in another order, must therefore not make the state wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pytest_mews.demo.webhook_bodies import ACTIONS, Document, entity_kind_of, events_of
from pytest_mews.model import Tenants

ChangeSelector = Callable[[Document], Iterable[tuple[str, str]]]
"""Returns the entities to fetch for a message, as pairs of kind and id."""

ACTIVITY = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
}


@dataclass(frozen=True)
class Integration:
    """The connection of one enterprise; `api_key` replaces `access_token` once it is set."""

    enterprise_id: str | None = None
    access_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    active: bool = True

    @property
    def credential(self) -> str | None:
        """The access token for calls to Mews."""
        return self.api_key or self.access_token


@dataclass
class PartnerState:
    """The partner's integrations, and the changes that it still has to fetch.

    Attributes:
        integrations: by integration id. The enterprise is known from IntegrationCreated only.
        changed: ids to fetch, by enterprise id and kind of entity.

    """

    integrations: dict[str, Integration] = field(default_factory=dict)
    changed: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def initial_state(tenants: Tenants) -> PartnerState:
    """Return the state in which the tenants' integrations exist already."""
    return PartnerState(
        {
            tenant.integration_id: Integration(tenant.id, tenant.access_token)
            for tenant in tenants.enterprises
        },
    )


def changes_of(document: Document) -> list[tuple[str, str]]:
    """Return kind and id of the entity of each event in a message; skip unknown events."""
    return [
        (kind, event["Value"]["Id"])
        for event in events_of(document)
        if (kind := entity_kind_of(event))
    ]


def apply_message(
    state: PartnerState, document: Document, select_changes: ChangeSelector = changes_of
) -> None:
    """Update the state with an accepted message; ignores unknown events and actions."""
    if "Events" in document:
        for kind, entity_id in select_changes(document):
            state.changed.setdefault((document["EnterpriseId"], kind), set()).add(entity_id)
    else:
        _apply_action(state, document["Action"], document["Data"])


def credential_of(state: PartnerState, enterprise_id: str) -> str | None:
    """Return the access token of an enterprise; None while it is unknown or inactive."""
    for integration in state.integrations.values():
        if integration.enterprise_id == enterprise_id and integration.active:
            return integration.credential
    return None


def is_known(state: PartnerState, enterprise_id: str) -> bool:
    """Return whether an enterprise has an integration, active or not."""
    return any(
        integration.enterprise_id == enterprise_id for integration in state.integrations.values()
    )


def _apply_action(state: PartnerState, action: str, data: Document) -> None:
    if action not in ACTIONS:
        return
    integration_id = data["Integration"]["Id"]
    if action == "IntegrationDeleted":
        _delete_integration(state, integration_id)
        return
    changes: dict[str, str | bool]
    if action == "IntegrationCreated":
        # Keep api_key: a repeated creation must not restore a replaced key.
        changes = {
            "enterprise_id": data["Enterprise"]["Id"],
            "access_token": data["AccessToken"],
            "active": data["IsEnabled"],
        }
    elif action == "IntegrationApiKeyCreated":
        changes = {"api_key": data["ApiKey"]}
    else:
        changes = {"active": ACTIVITY[action]}
    integration = state.integrations.get(integration_id, Integration())
    state.integrations[integration_id] = replace(integration, **changes)  # type: ignore[arg-type]


def _delete_integration(state: PartnerState, integration_id: str) -> None:
    """Delete an integration, and its enterprise's changes if it has no other integration."""
    enterprise_id = state.integrations.pop(integration_id, Integration()).enterprise_id
    if enterprise_id is not None and not is_known(state, enterprise_id):
        for key in [key for key in state.changed if key[0] == enterprise_id]:
            del state.changed[key]
