"""What the sound partner remembers, whatever comes twice or in another order."""

from __future__ import annotations

import json

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo.partner_state import Integration, Memory, memory_of, remember
from tests.demo.client import ENTERPRISE, INTEGRATION, created, general, integration

ROTATED = integration("IntegrationApiKeyCreated", ApiKey="second-key")


def after(*bodies: bytes) -> Memory:
    """Remember messages in order, from nothing."""
    memory = Memory()
    for body in bodies:
        remember(memory, json.loads(body))
    return memory


def test_a_created_customer_is_to_be_fetched_once() -> None:
    """Added and Updated of one entity are one change; a copy of the message is none."""
    body = general("CustomerAdded", "CustomerUpdated", ids=("anna", "anna"))
    assert after(body, body).changed == {(ENTERPRISE, "customers"): {"anna"}}


def test_a_mixed_batch_is_sorted_by_entity() -> None:
    """Every event of a batch counts, and an unknown one is passed over."""
    body = general("PaymentUpdated", "BillUpdated", "ResourceUpdated", ids=("p", "b", "r"))
    assert after(body).changed == {
        (ENTERPRISE, "payments"): {"p"},
        (ENTERPRISE, "resources"): {"r"},
    }


def test_a_created_integration_is_known_by_its_enterprise() -> None:
    """Only IntegrationCreated says whose an integration is."""
    known = after(created(IsEnabled=False)).integrations[INTEGRATION]
    assert known == Integration(ENTERPRISE, "first-access-token", active=False)


@pytest.mark.parametrize("order", [[created(), ROTATED], [ROTATED, created()]])
def test_a_replaced_key_stays_replaced(order: list[bytes]) -> None:
    """A creation that comes late, or again, does not bring the old key back."""
    known = after(*order, created()).integrations[INTEGRATION]
    assert (known.credential, known.enterprise_id) == ("second-key", ENTERPRISE)


@pytest.mark.parametrize(
    ("action", "active"),
    [
        ("IntegrationEnabled", True),
        ("IntegrationReinstated", True),
        ("IntegrationDisabled", False),
        ("IntegrationCanceled", False),
    ],
)
def test_an_integration_is_switched(action: str, *, active: bool) -> None:
    """Each of the four actions says whether the integration is active."""
    before = created(IsEnabled=not active)
    assert after(before, integration(action)).integrations[INTEGRATION].active is active


def test_a_deleted_integration_is_forgotten() -> None:
    """Deletion, even a copy of it, leaves nothing behind."""
    deleted = integration("IntegrationDeleted")
    assert after(created(), deleted, deleted).integrations == {}


def test_an_unknown_action_changes_nothing() -> None:
    """What Mews adds one day is passed over."""
    assert after(integration("IntegrationRenamed")) == Memory()
    assert after(b'{"Action": "IntegrationRenamed", "Data": {}}') == Memory()


def test_tenants_are_known_from_the_start() -> None:
    """The enterprises that the harness plays are connected already."""
    tenant = DEFAULT.enterprises[0]
    known = memory_of(DEFAULT).integrations[tenant.integration_id]
    assert (known.enterprise_id, known.credential) == (tenant.id, tenant.access_token)


def test_no_credential_is_shown() -> None:
    """A printed integration bears neither its token nor its key."""
    shown = repr(after(created(), ROTATED))
    assert "first-access-token" not in shown
    assert "second-key" not in shown
