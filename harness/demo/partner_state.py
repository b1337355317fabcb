"""What a sound partner knows from the messages that it has accepted.

A message has no id, time or attempt number, may arrive twice, and may overtake another one.
Applying a message again, or in another order, must therefore not make the state wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pytest_mews.demo.webhook_bodies import ACTIONS, Document, entity_kind_of, events_of
from pytest_mews.mews.lifecycle import (
    API_KEY_CREATED,
    CREATED,
    DELETED,
    STATE_AFTER,
    IntegrationState,
)
from pytest_mews.model import Tenants

ChangeSelector = Callable[[Document], Iterable[tuple[str, str]]]
"""Returns the entities to fetch for a message, as pairs of kind and id."""


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
        integrations: by integration id; changed by `put` and `remove` alone. The enterprise is
            known from IntegrationCreated only.
        changed: ids to fetch, by enterprise id and kind of entity.
        integration_ids: the integration of each enterprise that a message named. Of a chain's
            properties only the integration is known, whose access token covers all of them.

    """

    integrations: dict[str, Integration] = field(default_factory=dict)
    changed: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    integration_ids: dict[str, str] = field(default_factory=dict)
    _ids_by_enterprise: dict[str, dict[str, None]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        for integration_id, integration in self.integrations.items():
            self._add_id(integration_id, integration)

    def put(self, integration_id: str, integration: Integration) -> None:
        """Add an integration, or replace it."""
        self.remove(integration_id)
        self.integrations[integration_id] = integration
        self._add_id(integration_id, integration)

    def remove(self, integration_id: str) -> Integration:
        """Remove an integration and return it; an empty one if it is unknown."""
        integration = self.integrations.pop(integration_id, Integration())
        if integration.enterprise_id is not None:
            del self._ids_by_enterprise[integration.enterprise_id][integration_id]
        return integration

    def of_enterprise(self, enterprise_id: str) -> list[Integration]:
        """Return the integrations of an enterprise; else the one of its chain, if it is known."""
        own = self._ids_by_enterprise.get(enterprise_id)
        if own:
            return [self.integrations[integration_id] for integration_id in own]
        of_chain = self.integrations.get(self.integration_ids.get(enterprise_id, ""))
        return [] if of_chain is None or of_chain.enterprise_id is None else [of_chain]

    def _add_id(self, integration_id: str, integration: Integration) -> None:
        if integration.enterprise_id is not None:
            ids = self._ids_by_enterprise.setdefault(integration.enterprise_id, {})
            ids[integration_id] = None


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
        state.integration_ids[document["EnterpriseId"]] = document["IntegrationId"]
        for kind, entity_id in select_changes(document):
            state.changed.setdefault((document["EnterpriseId"], kind), set()).add(entity_id)
    else:
        _apply_action(state, document["Action"], document["Data"])


def credential_of(state: PartnerState, enterprise_id: str) -> str | None:
    """Return the access token of an enterprise; None while it is unknown or inactive."""
    for integration in state.of_enterprise(enterprise_id):
        if integration.active:
            return integration.credential
    return None


def is_known(state: PartnerState, enterprise_id: str) -> bool:
    """Return whether an enterprise has an integration, active or not."""
    return bool(state.of_enterprise(enterprise_id))


def _apply_action(state: PartnerState, action: str, data: Document) -> None:
    if action not in ACTIONS:
        return
    integration_id = data["Integration"]["Id"]
    if action == DELETED:
        _delete_integration(state, integration_id)
        return
    changes: dict[str, str | bool]
    if action == CREATED:
        # Keep api_key: a repeated creation must not restore a replaced key.
        changes = {
            "enterprise_id": data["Enterprise"]["Id"],
            "access_token": data["AccessToken"],
            "active": data["IsEnabled"],
        }
    elif action == API_KEY_CREATED:
        changes = {"api_key": data["ApiKey"]}
    else:
        changes = {"active": STATE_AFTER[action] is IntegrationState.ENABLED}
    integration = state.integrations.get(integration_id, Integration())
    state.put(integration_id, replace(integration, **changes))  # type: ignore[arg-type]


def _delete_integration(state: PartnerState, integration_id: str) -> None:
    """Delete an integration, and its enterprise's changes if it has no other integration."""
    enterprise_id = state.remove(integration_id).enterprise_id
    if enterprise_id is not None and not is_known(state, enterprise_id):
        for key in [key for key in state.changed if key[0] == enterprise_id]:
            del state.changed[key]
