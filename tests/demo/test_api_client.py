"""One request to the Connector API, and all the ways it can end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pytest_mews.demo.processing.api_client import PREFIX, ApiClient, ApiResponse
from tests.demo.scripted_api import BROKEN_CONNECTION, TIMEOUT_S, ScriptedApi, ScriptedFault


@contextmanager
def serve(*responses: bytes) -> Iterator[tuple[str, threading.Semaphore]]:
    """Serve each response on a connection, which then ends.

    Yields the platform address, and a semaphore that is released after each connection.
    """
    ended = threading.Semaphore(0)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for response in responses:
                connection, _ = server.accept()
                with connection:
                    connection.recv(10_000)
                    connection.sendall(response)
                ended.release()

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", ended
        thread.join()


def call(base: str) -> ApiResponse:
    """Make one request."""
    client = ApiClient(f"{base}/", "the-client", timeout_s=0.5)
    return client.call("customers/getAll", "the-access", {"CustomerIds": ["a"], "Limitation": {}})


def test_a_request_is_as_documented(api: ScriptedApi) -> None:
    """The path is exact; the JSON body has both tokens and the client's name and version."""
    api.faults = [ScriptedFault(200, body=b'{"Customers": []}')]
    assert call(api.url) == ApiResponse(200, {"Customers": []})
    (request,) = api.requests
    assert request.path == f"{PREFIX}customers/getAll"
    assert request.content_type == "application/json"
    assert request.body == {
        "ClientToken": "the-client",
        "AccessToken": "the-access",
        "Client": "pytest-mews demo/1.0",
        "CustomerIds": ["a"],
        "Limitation": {},
    }


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b"\xff"])
def test_an_unreadable_response_has_no_document(body: bytes, api: ScriptedApi) -> None:
    """Anything but a JSON object is no document."""
    api.faults = [ScriptedFault(200, body=body)]
    assert call(api.url) == ApiResponse(200)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [("3", 3.0), (" 0 ", 0.0), ("soon", None), ("-1", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_retry_after_is_parsed(retry_after: str, seconds: float | None, api: ScriptedApi) -> None:
    """Retry-After is a number of seconds or a date; anything else is ignored."""
    api.faults = [ScriptedFault(429, {"Retry-After": retry_after})]
    assert call(api.url).retry_after_s == seconds


def test_retry_after_can_be_a_future_date(api: ScriptedApi) -> None:
    """A date is converted to the seconds until then."""
    date = datetime.now(UTC) + timedelta(minutes=10)
    api.faults = [ScriptedFault(429, {"Retry-After": format_datetime(date)})]
    assert 500 < (call(api.url).retry_after_s or 0) <= 600


def test_a_response_that_breaks_off_has_no_status() -> None:
    """Fewer bytes than its Content-Length."""
    with serve(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}") as (base, _):
        assert call(base) == ApiResponse(None)


def test_a_connection_that_the_server_has_closed_is_replaced() -> None:
    """The response did not say that the connection would end; no call fails."""
    with serve(*[b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"] * 2) as (base, ended):
        client = ApiClient(base, "c")
        for _ in range(2):
            assert client.call("customers/getAll", "a", {}) == ApiResponse(200, {})
            ended.acquire()


def test_a_broken_connection_and_a_timeout_are_distinct(api: ScriptedApi) -> None:
    """Neither has a status."""
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
