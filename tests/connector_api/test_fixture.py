"""The fixture `mews_api`, as a partner's own tests use it."""

from __future__ import annotations

import pytest

OWN_TEST = """
import requests
from pytest_mews.model.api_call import ApiFault

def ask(api, token):
    body = {
        "ClientToken": api.tenants.client_token, "AccessToken": token, "Client": "Own tests 1.0",
        "CustomerIds": ["35d4b117-4e60-44a3-9580-c582117eff98"],
        "Extent": {"Customers": True}, "Limitation": {"Count": 10},
    }
    return requests.post("https://api.mews.com/api/connector/v1/customers/getAll", json=body)

def test_any_entity_is_there(mews_api):
    answer = ask(mews_api, mews_api.tenants.enterprises[0].access_token)
    assert [each["Id"] for each in answer.json()["Customers"]] == [
        "35d4b117-4e60-44a3-9580-c582117eff98"
    ]
    assert [call.operation for call in mews_api.twin.calls()] == ["customers/getAll"]

def test_it_can_be_disturbed(mews_api):
    mews_api.twin.inject_fault(ApiFault.TOO_MANY_REQUESTS, None, times=1)
    token = mews_api.tenants.enterprises[0].access_token
    assert [ask(mews_api, token).status_code for _ in range(2)] == [429, 200]

def test_each_test_has_its_own(mews_api):
    assert mews_api.twin.calls() == ()
    assert ask(mews_api, "nobody's").status_code == 401
"""


def test_own_tests_meet_the_twin(pytester: pytest.Pytester) -> None:
    """Without any option a test may call Mews's address, and is answered by a twin of its own."""
    pytester.makepyfile(OWN_TEST)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=3)
