"""What a sound partner keeps of the messages it has accepted.

A message bears no id, time or attempt number, may come twice and may overtake another: all that
is written here stays true when it is written again, or in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pytest_mews.demo.webhook_bodies import Document, entity_of, events_of
from pytest_mews.model import Tenants

Select = Callable[[Document], Iterable[tuple[str, str]]]
"""Which entities a message says have changed: kind and id of each."""

ACTIVITY = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
}


@dataclass(frozen=True)
class Integration:
    """One enterprise's connection; `api_key` is the one that replaced the `access_token`."""

    enterprise_id: str | None = None
    access_token: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    active: bool = True

    @property
    def credential(self) -> str | None:
        """The access token to call Mews with."""
        return self.api_key or self.access_token


@dataclass
class Memory:
    """What is known.

    Attributes:
        integrations: by integration id; only a created one says which enterprise it belongs to.
        changed: the ids to fetch, by enterprise id and entity.

    """

    integrations: dict[str, Integration] = field(default_factory=dict)
    changed: dict[tuple[str, str], set[str]] = field(default_factory=dict)


def memory_of(tenants: Tenants) -> Memory:
    """Start with the integrations that exist already."""
    return Memory(
        {
            tenant.integration_id: Integration(tenant.id, tenant.access_token)
            for tenant in tenants.enterprises
        },
    )


def changes_of(document: Document) -> list[tuple[str, str]]:
    """List the entities that a message says have changed; an event of the future is passed over."""
    return [
        (entity, event["Value"]["Id"])
        for event in events_of(document)
        if (entity := entity_of(event))
    ]


def remember(memory: Memory, document: Document, select: Select = changes_of) -> None:
    """Note what an accepted message says; whatever is not documented yet is passed over."""
    if "Events" in document:
        for entity, name in select(document):
            memory.changed.setdefault((document["EnterpriseId"], entity), set()).add(name)
    else:
        _remember_integration(memory, document["Action"], document["Data"])


def credential_of(memory: Memory, enterprise_id: str) -> str | None:
    """Give the access token of an enterprise; None while it is unknown or not active."""
    for integration in memory.integrations.values():
        if integration.enterprise_id == enterprise_id and integration.active:
            return integration.credential
    return None


def is_known(memory: Memory, enterprise_id: str) -> bool:
    """Tell whether an enterprise has an integration, active or not."""
    owners = (integration.enterprise_id for integration in memory.integrations.values())
    return enterprise_id in owners


def _remember_integration(memory: Memory, action: str, data: Document) -> None:
    integrations = memory.integrations
    if action == "IntegrationDeleted":
        _forget(memory, data["Integration"]["Id"])
        return
    changes: dict[str, str | bool] = {}
    if action == "IntegrationCreated":
        # api_key stays: a creation that is sent again must not bring a replaced key back.
        changes = {
            "enterprise_id": data["Enterprise"]["Id"],
            "access_token": data["AccessToken"],
            "active": data["IsEnabled"],
        }
    elif action == "IntegrationApiKeyCreated":
        changes = {"api_key": data["ApiKey"]}
    elif action in ACTIVITY:
        changes = {"active": ACTIVITY[action]}
    if changes:
        known = integrations.get(data["Integration"]["Id"], Integration())
        integrations[data["Integration"]["Id"]] = replace(known, **changes)  # type: ignore[arg-type]


def _forget(memory: Memory, integration_id: str) -> None:
    """Forget an integration, and what was to be fetched where it was its enterprise's last."""
    owner = memory.integrations.pop(integration_id, Integration()).enterprise_id
    if owner is not None and not is_known(memory, owner):
        for lane in [lane for lane in memory.changed if lane[0] == owner]:
            del memory.changed[lane]
