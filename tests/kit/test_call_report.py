"""The calls of a test as text, with a hint for each that got nothing."""

from __future__ import annotations

import contextlib

import pytest
import requests

from pytest_mews import ApiFault, MewsApi, integration_api_key_created, integration_disabled
from pytest_mews.kit.call_report import MAX_SHOWN
from tests.connector_api.emulator_client import PREFIX, TENANTS, body_for, guid

BODY = body_for("customers/getAll", CustomerIds=[guid(1)])


def post(body: dict[str, object], operation: str = "customers/getAll") -> None:
    """Call an operation."""
    requests.post(f"https://api.mews.com{PREFIX}{operation}", json=body, timeout=5)


@pytest.fixture
def mews_api() -> MewsApi:
    """An emulator; each test opens it."""
    return MewsApi(TENANTS)


@pytest.mark.parametrize(
    ("changes", "line", "hint"),
    [
        ({"ClientToken": "x"}, "401: Invalid ClientToken.", "mews_api.tenants.client_token"),
        ({"ClientToken": ""}, "400: ClientToken is required.", "has no ClientToken"),
        ({"AccessToken": "x"}, "401: Invalid AccessToken.", "that of no enterprise"),
        ({"AccessToken": ""}, "400: AccessToken is required.", "has no AccessToken"),
        ({"Extent": {}}, "for 1 id → 200, 0 entities", 'send "Extent": {"Customers": true}'),
        ({"Extent": {"Documents": True}}, "0 entities", "does not ask for Customers"),
        ({"CustomerIds": None}, "→ 200, 0 entities", "names no CustomerIds"),
        ({}, "1. customers/getAll for 1 id → 200, 1 entity", ""),
        ({"Client": ""}, "400: Client is required", ""),
    ],
)
def test_each_call_has_a_line_and_perhaps_a_hint(
    mews_api: MewsApi, changes: dict[str, object], line: str, hint: str
) -> None:
    """Which token is wrong, why nothing was returned; never a token itself."""
    with mews_api:
        post({name: value for name, value in (BODY | changes).items() if value is not None})
    text = mews_api.describe()
    assert line in text
    assert hint in text
    assert bool(hint) == ("hint: " in text)
    assert not any(tenant.access_token in text for tenant in TENANTS.enterprises)


def test_no_call_came(mews_api: MewsApi) -> None:
    """The hint says where the service has to call."""
    assert mews_api.describe().startswith("no call came\n  hint: the service has to call https://")


def test_a_token_that_is_no_longer_valid(mews_api: MewsApi) -> None:
    """The hint names the message that ended it."""
    integration_id = TENANTS.enterprises[0].integration_id
    with mews_api:
        mews_api.apply_message(integration_disabled(integration_id=integration_id))
        post(BODY)
        assert "is disabled, canceled or deleted" in mews_api.describe()
    replaced = MewsApi(TENANTS)
    with replaced:
        replaced.apply_message(integration_api_key_created(integration_id=integration_id))
        post(BODY)
    assert replaced.calls()[0].token_state == "replaced"


def test_a_fault_is_named(mews_api: MewsApi) -> None:
    """What the test injected needs no hint."""
    with mews_api:
        mews_api.inject_fault(ApiFault.RESET, None, times=1)
        mews_api.inject_fault(ApiFault.SERVER_ERROR, None, times=1)
        for _ in range(2):
            with contextlib.suppress(requests.ConnectionError):
                post(BODY)
    text = mews_api.describe()
    assert "no response, injected: reset" in text
    assert "500, injected: 500" in text
    assert "hint" not in text


def test_the_last_calls_are_described(mews_api: MewsApi) -> None:
    """A property makes hundreds of them; the last ones failed."""
    with mews_api:
        for _ in range(MAX_SHOWN + 2):
            post(BODY)
    lines = mews_api.describe().splitlines()
    assert lines[0] == "2 earlier calls left out"
    assert lines[1].startswith("3. customers/getAll")
    assert len(lines) == 1 + MAX_SHOWN
