"""A target that is subscribed to all webhooks."""

from __future__ import annotations

import pytest

from pytest_mews.model import Tenant, Tenants
from pytest_mews.senders import Target
from pytest_mews.senders.connector import actions, discriminators

TENANTS = Tenants(
    "client-token",
    (
        Tenant(
            "851df8c8-90f2-4c4a-8e01-a4fc46b25178",
            "c8bee838-7fb1-4f4e-8fac-ac87008b2f90",
            "first-access-token",
        ),
        Tenant(
            "8865aa96-f62d-4f9b-a912-ab2100f60f42",
            "9e5e84e9-974d-4f16-9662-ab2200f27cb1",
            "second-access-token",
        ),
    ),
)


@pytest.fixture(scope="session")
def tenants() -> Tenants:
    """Two enterprises."""
    return TENANTS


@pytest.fixture(scope="session")
def target() -> Target:
    """Subscribed to all webhooks, with the default profile and batch limit."""
    profile = "2026-08"
    return Target(profile, (*discriminators(profile), *actions(profile)), 500, TENANTS)
