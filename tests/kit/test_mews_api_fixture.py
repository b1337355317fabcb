"""The fixture `mews_api`, as a partner's own tests use it."""

from __future__ import annotations

import pytest

PARTNER_TESTS = """
import requests
from pytest_mews import ApiFault

def get_customer(mews_api, token):
    body = {
        "ClientToken": mews_api.tenants.client_token, "AccessToken": token, "Client": "Tests 1.0",
        "CustomerIds": ["35d4b117-4e60-44a3-9580-c582117eff98"],
        "Extent": {"Customers": True}, "Limitation": {"Count": 10},
    }
    return requests.post("https://api.mews.com/api/connector/v1/customers/getAll", json=body)

def test_every_entity_exists(mews_api):
    response = get_customer(mews_api, mews_api.tenants.enterprises[0].access_token)
    assert [customer["Id"] for customer in response.json()["Customers"]] == [
        "35d4b117-4e60-44a3-9580-c582117eff98"
    ]
    assert [call.operation for call in mews_api.calls()] == ["customers/getAll"]

def test_a_fault_can_be_injected(mews_api):
    mews_api.inject_fault(ApiFault.TOO_MANY_REQUESTS, None, times=1)
    token = mews_api.tenants.enterprises[0].access_token
    assert [get_customer(mews_api, token).status_code for _ in range(2)] == [429, 200]

def test_a_fault_can_be_removed(mews_api):
    mews_api.remove_fault(mews_api.inject_fault(ApiFault.TOO_MANY_REQUESTS, None, times=None))
    token = mews_api.tenants.enterprises[0].access_token
    assert get_customer(mews_api, token).status_code == 200

def test_each_test_has_its_own_emulator(mews_api):
    assert mews_api.calls() == ()
    assert get_customer(mews_api, "unknown").status_code == 401
"""


def test_requests_to_mews_are_answered(pytester: pytest.Pytester) -> None:
    """Without any option the emulator answers what a test sends to Mews's address."""
    pytester.makepyfile(PARTNER_TESTS)
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=4)
