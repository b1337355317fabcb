"""What the sound partner knows after messages that arrive twice or in another order."""

from __future__ import annotations

import json

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo.partner_state import (
    Integration,
    PartnerState,
    apply_message,
    initial_state,
)
from tests.demo.webhook_client import (
    ENTERPRISE_ID,
    INTEGRATION_ID,
    general_webhook,
    integration_created,
    integration_webhook,
)

NEW_KEY = integration_webhook("IntegrationApiKeyCreated", ApiKey="second-key")


def state_after(*bodies: bytes) -> PartnerState:
    """Return the state after messages, starting with an empty one."""
    state = PartnerState()
    for body in bodies:
        apply_message(state, json.loads(body))
    return state


def test_a_new_customer_is_one_change() -> None:
    """CustomerAdded and CustomerUpdated of one entity are one change; so is a repeated message."""
    body = general_webhook("CustomerAdded", "CustomerUpdated", ids=("anna", "anna"))
    assert state_after(body, body).changed == {(ENTERPRISE_ID, "customers"): {"anna"}}


def test_changes_of_a_mixed_batch_are_grouped_by_entity() -> None:
    """Every known event of a batch counts; an unknown one is ignored."""
    body = general_webhook("PaymentUpdated", "BillUpdated", "ResourceUpdated", ids=("p", "b", "r"))
    assert state_after(body).changed == {
        (ENTERPRISE_ID, "payments"): {"p"},
        (ENTERPRISE_ID, "resources"): {"r"},
    }


def test_integration_created_connects_an_enterprise() -> None:
    """IntegrationCreated names the enterprise, its access token, and whether it is enabled."""
    integration = state_after(integration_created(IsEnabled=False)).integrations[INTEGRATION_ID]
    assert integration == Integration(ENTERPRISE_ID, "first-access-token", active=False)


@pytest.mark.parametrize(
    "bodies", [[integration_created(), NEW_KEY], [NEW_KEY, integration_created()]]
)
def test_a_replaced_key_stays_replaced(bodies: list[bytes]) -> None:
    """A late or repeated IntegrationCreated does not restore the old key."""
    integration = state_after(*bodies, integration_created()).integrations[INTEGRATION_ID]
    assert (integration.credential, integration.enterprise_id) == ("second-key", ENTERPRISE_ID)


@pytest.mark.parametrize(
    ("action", "active"),
    [
        ("IntegrationEnabled", True),
        ("IntegrationReinstated", True),
        ("IntegrationDisabled", False),
        ("IntegrationCanceled", False),
    ],
)
def test_an_action_activates_or_deactivates_an_integration(action: str, *, active: bool) -> None:
    """Each of the four actions decides whether the integration is active."""
    created = integration_created(IsEnabled=not active)
    state = state_after(created, integration_webhook(action))
    assert state.integrations[INTEGRATION_ID].active is active


def test_a_deleted_integration_is_forgotten() -> None:
    """Nothing is left after a deletion, not even after a repeated one."""
    deleted = integration_webhook("IntegrationDeleted")
    assert state_after(integration_created(), deleted, deleted).integrations == {}


def test_an_unknown_action_changes_nothing() -> None:
    """Actions that Mews may add are ignored."""
    assert state_after(integration_webhook("IntegrationRenamed")) == PartnerState()
    assert state_after(b'{"Action": "IntegrationRenamed", "Data": {}}') == PartnerState()


def test_tenants_are_known_from_the_start() -> None:
    """The enterprises that the harness emulates are connected already."""
    tenant = DEFAULT_TENANTS.enterprises[0]
    integration = initial_state(DEFAULT_TENANTS).integrations[tenant.integration_id]
    assert (integration.enterprise_id, integration.credential) == (tenant.id, tenant.access_token)


def test_no_credential_is_shown() -> None:
    """The representation of an integration has neither its token nor its key."""
    representation = repr(state_after(integration_created(), NEW_KEY))
    assert "first-access-token" not in representation
    assert "second-key" not in representation
