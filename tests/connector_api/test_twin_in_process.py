"""The twin inside a Python service that calls Mews with requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.in_process import InProcessConnectorApi
from pytest_mews.emulator.connector_api.injected_faults import SLOW_S
from pytest_mews.model.api_call import ApiFault
from tests.connector_api.asking import PREFIX, body_for, general, guid, make

HOSTS = ("https://api.mews.com", "https://api.mews-demo.com")
BODY = body_for("customers/getAll", CustomerIds=[guid(1)])


@pytest.fixture
def twin() -> ConnectorApi:
    """A twin with one customer."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    return twin


@pytest.fixture
def slept(twin: ConnectorApi) -> Iterator[list[float]]:
    """Open the door; gives the seconds that would have been waited."""
    slept: list[float] = []
    with InProcessConnectorApi(twin, sleep=slept.append):
        yield slept


@pytest.mark.usefixtures("slept")
@pytest.mark.parametrize("host", HOSTS)
def test_both_addresses_of_mews_are_the_twin(host: str) -> None:
    """What is served there is what was announced."""
    answer = requests.post(f"{host}{PREFIX}customers/getAll", json=BODY, timeout=5)
    assert [each["Id"] for each in answer.json()["Customers"]] == [guid(1)]
    assert answer.headers["Request-Id"]


@pytest.mark.usefixtures("slept")
def test_wrong_requests_are_recorded_like_on_a_socket(twin: ConnectorApi) -> None:
    """Any method and any path of these hosts."""
    assert requests.get(HOSTS[0], timeout=5).status_code == 404
    assert requests.post(f"{HOSTS[0]}/elsewhere?x=1", data="x", timeout=5).status_code == 404
    assert [call.path for call in twin.calls()] == ["/", "/elsewhere"]


@pytest.mark.usefixtures("slept")
def test_other_hosts_are_refused() -> None:
    """A test that reaches the network is told so."""
    for url in ("https://api.mews.com.example/", "https://example.com/"):
        with pytest.raises(requests.exceptions.ConnectionError, match="refused by Responses"):
            requests.get(url, timeout=5)


@pytest.mark.usefixtures("slept")
def test_a_reset_is_a_connection_error(twin: ConnectorApi) -> None:
    """As requests raises it."""
    twin.inject_fault(ApiFault.RESET, None, times=1)
    with pytest.raises(requests.exceptions.ConnectionError, match="reset"):
        requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=5)


@pytest.mark.parametrize("timeout", [None, 9, (1, 9)])
def test_a_slow_answer_takes_its_time(
    twin: ConnectorApi, slept: list[float], timeout: float | tuple[float, float] | None
) -> None:
    """Whoever waits long enough is given it."""
    twin.inject_fault(ApiFault.SLOW, None, times=1)
    answer = requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=timeout)
    assert (answer.status_code, slept) == (200, [SLOW_S])


def test_a_slow_answer_is_not_waited_for_longer_than_the_timeout(
    twin: ConnectorApi, slept: list[float]
) -> None:
    """The request fails as on a socket, and was given nothing."""
    twin.inject_fault(ApiFault.SLOW, None, times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(f"{HOSTS[0]}{PREFIX}customers/getAll", json=BODY, timeout=2)
    assert slept == [2]
    assert twin.calls()[0].returned == ()
