"""The Connector API emulator on a socket."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.errors import UsageError
from pytest_mews.model.api_call import ApiFault, RequestProblem
from tests.connector_api.emulator_client import (
    PREFIX,
    body_for,
    general_webhook,
    guid,
    make_connector_api,
)

PATH = f"{PREFIX}customers/getAll"
BODY = json.dumps(body_for("customers/getAll", CustomerIds=[guid(1)]))
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def connector_api() -> ConnectorApi:
    """An emulator with one customer."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    return connector_api


@pytest.fixture
def connection(connector_api: ConnectorApi) -> Iterator[http.client.HTTPConnection]:
    """A client's connection to the emulator."""
    with ConnectorApiServer(connector_api) as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        yield connection
        connection.close()


def test_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    """Valid and invalid requests use the same socket; each response has its own `Request-Id`."""
    sockets, request_ids = set(), set()
    for path, status in ((PATH, 200), (f"{PATH}/", 404), (f"{PATH}?x=1", 200)):
        connection.request("POST", path, BODY, JSON)
        sockets.add(connection.sock)
        response = connection.getresponse()
        assert response.status == status
        assert isinstance(json.loads(response.read()), dict)
        request_ids.add(response.headers["Request-Id"])
    assert (len(sockets), len(request_ids)) == (1, 3)


def test_chunked_body_is_read(
    connection: http.client.HTTPConnection, connector_api: ConnectorApi
) -> None:
    """The connection can be used afterwards."""
    chunks = [BODY[:20].encode(), BODY[20:].encode()]
    connection.request("POST", PATH, iter(chunks), JSON, encode_chunked=True)
    assert connection.getresponse().read()
    connection.request("POST", PATH, BODY, JSON)
    assert connection.getresponse().status == 200
    assert [call.request_problems for call in connector_api.calls()] == [(), ()]


def test_path_is_not_decoded(
    connection: http.client.HTTPConnection, connector_api: ConnectorApi
) -> None:
    """A percent-encoded slash doesn't separate path segments."""
    connection.request("POST", PATH.replace("/getAll", "%2FgetAll"), BODY, JSON)
    assert connection.getresponse().status == 404
    assert connector_api.calls()[0].request_problems == (RequestProblem.WRONG_PATH,)


def test_204_has_no_content_type(
    connection: http.client.HTTPConnection, connector_api: ConnectorApi
) -> None:
    """A 204 has no body."""
    body = json.dumps(body_for("payments/getAll"))
    headers = JSON | {"Prefer": "return=minimal"}
    connection.request("POST", f"{PREFIX}payments/getAll", body, headers)
    response = connection.getresponse()
    assert (response.status, response.read()) == (204, b"")
    assert response.headers["Content-Type"] is None
    assert response.headers["Request-Id"]
    assert [call.status for call in connector_api.calls()] == [204]


def test_reset_resets_the_connection(
    connection: http.client.HTTPConnection, connector_api: ConnectorApi
) -> None:
    """The client gets a TCP reset; the next connection is served."""
    connector_api.inject_fault(ApiFault.RESET, None, times=1)
    connection.request("POST", PATH, BODY, JSON)
    with pytest.raises(ConnectionResetError, match="reset by peer"):
        connection.getresponse()
    connection.close()
    connection.request("POST", PATH, BODY, JSON)
    assert connection.getresponse().status == 200


def test_client_that_disconnects_gets_nothing(
    connection: http.client.HTTPConnection, connector_api: ConnectorApi
) -> None:
    """A call ends when the client disconnects during a slow response; it returned nothing."""
    connector_api.inject_fault(ApiFault.SLOW, None, times=None)
    connection.request("POST", PATH, BODY, JSON)
    assert connector_api.wait_until(lambda calls: len(calls) == 1, 0, 30)
    connection.close()
    assert connector_api.wait_until(lambda calls: calls[0].answered_ms is not None, 0, 7)
    (call,) = connector_api.calls()
    assert (call.status, call.returned_ids) == (None, ())


def test_stop_ends_slow_responses(connector_api: ConnectorApi) -> None:
    """Stopping doesn't take the eight seconds of the response."""
    connector_api.inject_fault(ApiFault.SLOW, None, times=None)
    server = ConnectorApiServer(connector_api)
    server.start()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("POST", PATH, BODY, JSON)
    assert connector_api.wait_until(lambda calls: len(calls) == 1, 0, 30)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    stopping.join(7)
    assert not stopping.is_alive()
    connection.close()


def test_address_in_use_is_a_usage_error(connector_api: ConnectorApi) -> None:
    """The message names the option and the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--mews-api: '127.0.0.1:{port}'.*in use"):
            ConnectorApiServer(connector_api, "127.0.0.1", port).start()
