"""The Connector API emulator in the process of a service that uses requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from pytest_mews.kit.mews_api import MewsApi
from pytest_mews.model.api_call import SLOW_S, ApiFault
from tests.connector_api.emulator_client import PREFIX, TENANTS, body_for, general_webhook, guid

HOSTS = ("https://api.mews.com", "https://api.mews-demo.com")
BODY = body_for("customers/getAll", CustomerIds=[guid(1)])


@pytest.fixture
def sleeps() -> list[float]:
    """The arguments of the emulator's calls of `sleep`."""
    return []


@pytest.fixture
def mews_api(sleeps: list[float]) -> Iterator[MewsApi]:
    """An emulator with one customer, which answers requests."""
    with MewsApi(TENANTS, open_ids=False, sleep=sleeps.append) as mews_api:
        mews_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
        yield mews_api


@pytest.mark.usefixtures("mews_api")
@pytest.mark.parametrize("host", HOSTS)
def test_requests_to_both_mews_addresses_are_answered(host: str) -> None:
    """The response contains the announced customer."""
    response = requests.post(f"{host}{PREFIX}customers/getAll", json=BODY, timeout=5)
    assert [customer["Id"] for customer in response.json()["Customers"]] == [guid(1)]
    assert response.headers["Request-Id"]


def test_any_method_and_path_is_logged(mews_api: MewsApi) -> None:
    """Requests without an operation are answered with 404."""
    assert requests.get(HOSTS[0], timeout=5).status_code == 404
    assert requests.post(f"{HOSTS[0]}/elsewhere?x=1", data="x", timeout=5).status_code == 404
    assert [call.path for call in mews_api.calls()] == ["/", "/elsewhere"]


@pytest.mark.usefixtures("mews_api")
def test_request_to_another_host_raises() -> None:
    """A test that would reach the network fails."""
    for url in ("https://api.mews.com.example/", "https://example.com/"):
        with pytest.raises(requests.exceptions.ConnectionError, match="refused by Responses"):
            requests.get(url, timeout=5)


def test_reset_raises_connection_error(mews_api: MewsApi) -> None:
    """The exception is that of requests."""
    mews_api.inject_fault(ApiFault.RESET, None, times=1)
    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=5)


@pytest.mark.parametrize("timeout", [None, 9, (1, 9)])
def test_slow_response_takes_its_time(
    mews_api: MewsApi, sleeps: list[float], timeout: float | tuple[float, float] | None
) -> None:
    """A timeout that is long enough has no effect."""
    mews_api.inject_fault(ApiFault.SLOW, None, times=1)
    response = requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=timeout)
    assert (response.status_code, sleeps) == (200, [SLOW_S])


def test_slow_response_ends_at_the_timeout(mews_api: MewsApi, sleeps: list[float]) -> None:
    """The request raises ReadTimeout and returns nothing."""
    mews_api.inject_fault(ApiFault.SLOW, None, times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=2)
    assert sleeps == [2]
    assert mews_api.calls()[0].returned_ids == ()
