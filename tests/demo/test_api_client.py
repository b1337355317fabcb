"""One request to the Connector API, and all the ways it can end."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses

from pytest_mews.demo.processing.api_client import ApiClient, ApiResponse
from tests.demo.scripted_api import BROKEN_CONNECTION, TIMEOUT_S, ScriptedApi, ScriptedFault

BASE = "https://api.mews.com"
URL = f"{BASE}/api/connector/v1/customers/getAll"


def call(base: str = BASE) -> ApiResponse:
    """Make one request."""
    client = ApiClient(f"{base}/", "the-client", timeout_s=0.5)
    return client.call("customers/getAll", "the-access", {"CustomerIds": ["a"]})


def test_a_request_is_as_documented() -> None:
    """The path is exact; the JSON body has both tokens and the client's name and version."""
    with responses.RequestsMock() as mews:
        mews.post(URL, json={"Customers": []})
        assert call() == ApiResponse(200, {"Customers": []})
        request = mews.calls[0].request
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or b"") == {
        "ClientToken": "the-client",
        "AccessToken": "the-access",
        "Client": "pytest-mews demo/1.0",
        "CustomerIds": ["a"],
    }


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "[" * 100_000, "\udcff"])
def test_an_unreadable_response_has_no_document(body: str) -> None:
    """Anything but a JSON object is no document."""
    with responses.RequestsMock() as mews:
        mews.post(URL, body=body.encode("utf-8", "surrogateescape"))
        assert call() == ApiResponse(200)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("3", 3.0), (" 0 ", 0.0), ("soon", None), ("-1", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_retry_after_is_parsed(retry_after: str, seconds: float | None) -> None:
    """Retry-After is a number of seconds or a date; anything else is ignored."""
    with responses.RequestsMock() as mews:
        mews.post(URL, status=429, json={}, headers={"Retry-After": retry_after})
        assert call().retry_after_s == seconds


def test_retry_after_can_be_a_future_date() -> None:
    """A date is converted to the seconds until then."""
    date = datetime.now(UTC) + timedelta(minutes=10)
    with responses.RequestsMock() as mews:
        mews.post(URL, status=429, headers={"Retry-After": format_datetime(date)})
        assert 500 < (call().retry_after_s or 0) <= 600


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ConnectionError(), ApiResponse(None)),
        (requests.exceptions.ChunkedEncodingError(), ApiResponse(None)),
        (requests.ReadTimeout(), ApiResponse(None, timed_out=True)),
        (requests.ConnectTimeout(), ApiResponse(None, timed_out=True)),
    ],
)
def test_no_response_has_no_status(error: Exception, expected: ApiResponse) -> None:
    """A broken connection and a timeout each return a distinct response without a status."""
    with responses.RequestsMock() as mews:
        mews.post(URL, body=error)
        assert call() == expected


def test_a_broken_connection_and_a_timeout_over_a_socket(api: ScriptedApi) -> None:
    """A real server causes the same responses."""
    api.faults = [ScriptedFault(body=BROKEN_CONNECTION), ScriptedFault(delay_s=TIMEOUT_S)]
    assert call(api.url) == ApiResponse(None)
    assert call(api.url) == ApiResponse(None, timed_out=True)


def test_a_refused_connection_is_no_response() -> None:
    """Nothing listens on the port."""
    assert call("http://127.0.0.1:9") == ApiResponse(None)


def test_closing_breaks_a_waiting_call(api: ScriptedApi) -> None:
    """A call in another thread ends at once, and so do all later calls."""
    api.faults = [ScriptedFault(delay_s=TIMEOUT_S)]
    client = ApiClient(api.url, "c", timeout_s=TIMEOUT_S)
    results: list[ApiResponse] = []
    thread = threading.Thread(target=lambda: results.append(client.call("x", "a", {})))
    thread.start()
    api.wait_until(len)
    client.close()
    thread.join(TIMEOUT_S / 2)
    assert results == [ApiResponse(None)]
    assert client.call("x", "a", {}) == ApiResponse(None)
