"""What real clients, and strangers, send to the Connector API on a socket."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.model.api_call import RequestProblem
from pytest_mews.net.connection_guard import ConnectionLimits
from tests.connector_api.emulator_client import (
    PREFIX,
    body_for,
    general_webhook,
    guid,
    make_connector_api,
    serve_without_failures,
)

PATH = f"{PREFIX}customers/getAll"
BODY = json.dumps(body_for("customers/getAll", CustomerIds=[guid(1)])).encode()
CHUNKED = "Transfer-Encoding: chunked\r\n"
TIMEOUT_S = 30.0
EXTENSION = b"%x;name=value\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
TRAILER = b"%x\r\n%b\r\n0\r\nX-Checksum: 1\r\nX-More: 2\r\n\r\n" % (len(BODY), BODY)


@pytest.fixture
def connector_api() -> ConnectorApi:
    """An emulator with one customer."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    return connector_api


@pytest.fixture
def server(connector_api: ConnectorApi) -> Iterator[ConnectorApiServer]:
    """A server; no request may make it fail."""
    with serve_without_failures(connector_api) as server:
        yield server


def connect(server: ConnectorApiServer) -> socket.socket:
    """Connect to a server."""
    return socket.create_connection((server.host, server.port), TIMEOUT_S)


def request_bytes(body: bytes, path: str = PATH, headers: str | None = None) -> bytes:
    """Return a request; by default with a Content-Length."""
    if headers is None:
        headers = f"Content-Length: {len(body)}\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n{headers}\r\n"
    return head.encode() + body


def read_response(client: socket.socket) -> tuple[int, str]:
    """Read a response; return its status, and the message of an error."""
    with client.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        return status, json.loads(stream.read(length)).get("Message", "")


@pytest.mark.parametrize(
    ("body", "path", "headers"),
    [
        (BODY, PATH, None),
        (EXTENSION, PATH, CHUNKED),
        (TRAILER, PATH, CHUNKED),
        (BODY, f"http://api.mews.com{PATH}", None),
        (BODY, f"HTTPS://api.mews.com:443{PATH}?x=[", None),
    ],
)
def test_unusual_requests_are_answered_as_usual(
    server: ConnectorApiServer,
    connector_api: ConnectorApi,
    body: bytes,
    path: str,
    headers: str | None,
) -> None:
    """RFC 9112 allows all of them; the connection serves another request."""
    with connect(server) as client:
        client.sendall(request_bytes(body, path, headers))
        assert read_response(client) == (200, "")
        client.sendall(request_bytes(BODY))
        assert read_response(client) == (200, "")
    assert [call.request_problems for call in connector_api.calls()] == [(), ()]


LONE = body_for("customers/getAll", CustomerIds=["\ud800"])


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (gzip.compress(BODY, mtime=0), "Content-Encoding: gzip\r\n", "(Content-Encoding: gzip)"),
        (b"\xef\xbb\xbf" + BODY, "", "byte order mark"),
        (BODY.decode().encode("utf-16"), "", "is not UTF-8"),
        (b"", "", "is empty"),
        (b"null", "", "is null"),
        (BODY[:-1], "", "Invalid JSON: Expecting ',' delimiter at character"),
        (b'{"a":NaN}', "", "Invalid JSON: NaN"),
        (b'{"a":' + b"1" * 5_000 + b"}", "", "Invalid JSON"),
        (b"[" * 100_000, "", "nested too deeply"),
        (json.dumps(LONE).encode(), "", "lone surrogate"),
        (json.dumps(LONE | {"Client": "A\udfff 1.0"}).encode(), "", "lone surrogate"),
    ],
)
def test_what_is_wrong_with_a_body_is_said(
    server: ConnectorApiServer, connector_api: ConnectorApi, body: bytes, headers: str, message: str
) -> None:
    """The call is recorded; the connection serves another request."""
    with connect(server) as client:
        client.sendall(request_bytes(body, PATH, f"{headers}Content-Length: {len(body)}\r\n"))
        answer = read_response(client)
        assert answer[0] == 400
        assert message in answer[1]
        (call,) = connector_api.calls()
        assert call.request_problems == (RequestProblem.NOT_JSON,)
        client.sendall(request_bytes(BODY))
        assert read_response(client) == (200, "")


@pytest.mark.parametrize(
    ("body", "headers", "refusal"),
    [
        (b"", "Content-Length: 10000001\r\n", (413, "larger than 10 MB")),
        (b"x" * 12_000_000, "Content-Length: 12000000\r\n", (413, "larger than 10 MB")),
        (b"", f"Content-Length: {'9' * 5_000}\r\n", (413, "larger than 10 MB")),
        (b"ffffffff\r\n", CHUNKED, (413, "larger than 10 MB")),
        (b"{}", "Content-Length: two\r\n", (400, "not one number")),
        (b"{}", "Content-Length: -2\r\n", (400, "not one number")),
        (b"{}", "Content-Length: 2\r\nContent-Length: 3\r\n", (400, "not one number")),
        (b"{}", f"Content-Length: 2\r\n{CHUNKED}", (400, "both")),
        (b"{}", "Transfer-Encoding: gzip, chunked\r\n", (400, "Transfer-Encoding")),
        (b"two\r\n{}\r\n0\r\n\r\n", CHUNKED, (400, "hexadecimal")),
        (b"1\r\n{}\r\n0\r\n\r\n", CHUNKED, (400, "longer than its head")),
        (b"1;" + b"x" * 9_000, CHUNKED, (400, "too long")),
        (b"0\r\n" + b"X: 1\r\n" * 200 + b"\r\n", CHUNKED, (400, "trailers")),
    ],
)
def test_a_body_that_cannot_be_read_ends_the_connection(
    server: ConnectorApiServer,
    connector_api: ConnectorApi,
    body: bytes,
    headers: str,
    refusal: tuple[int, str],
) -> None:
    """The client gets the response although it still sends, at any path; the call is recorded."""
    with connect(server) as client:
        client.sendall(request_bytes(body, PATH, headers))
        answer = read_response(client)
        assert answer[0] == refusal[0]
        assert refusal[1] in answer[1]
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
    (call,) = connector_api.calls()
    assert (call.status, call.request_problems) == (refusal[0], (RequestProblem.NOT_JSON,))


@pytest.mark.parametrize("path", [f"/{PATH}", f"///{PATH}/", PATH.replace("/v1/", "//v1/")])
def test_slashes_are_not_folded(
    server: ConnectorApiServer, connector_api: ConnectorApi, path: str
) -> None:
    """A base address with a slash at its end is a wrong spelling of the path."""
    with connect(server) as client:
        client.sendall(request_bytes(BODY, path))
        status, message = read_response(client)
    assert (status, "double or trailing" in message) == (404, True)
    assert connector_api.calls()[0].request_problems == (RequestProblem.PATH_SPELLING,)


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n", 400, "no HTTP"),
        (b"GARBAGE\r\n\r\n", 400, "no HTTP"),
        (b"GET http://[::1 HTTP/1.1\r\n\r\n", 404, "no operation"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "no HTTP"),
        (b"POST / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431, "no HTTP"),
        (b"POST / HTTP/1.1\r\n" + b"X: 1\r\n" * 200 + b"\r\n", 431, "no HTTP"),
        (b"POST / HTTP/7.7\r\n\r\n", 505, "no HTTP"),
    ],
)
def test_what_is_no_request_is_noted(
    server: ConnectorApiServer, connector_api: ConnectorApi, data: bytes, status: int, message: str
) -> None:
    """It gets a response in JSON, and counts as nobody's call."""
    with connect(server) as client:
        client.sendall(data)
        answer = read_response(client)
    assert (answer[0], message in answer[1]) == (status, True)
    assert connector_api.calls() == ()
    assert len(connector_api.notes) == 1


def test_a_slow_head_ends_the_connection(connector_api: ConnectorApi) -> None:
    """An idle connection may stay open; one with half a head may not."""
    limits = ConnectionLimits(head_s=0.2)
    with (
        ConnectorApiServer(connector_api, limits=limits) as server,
        connect(server) as idle,
        connect(server) as client,
    ):
        client.sendall(b"POST /x HTTP/1.1\r\nX: ")
        assert client.recv(1) == b""
        idle.sendall(request_bytes(BODY))
        assert read_response(idle) == (200, "")


def test_many_connections_leave_it_answering(connector_api: ConnectorApi) -> None:
    """A connection of the partner is served while strangers open new ones; nothing is left over."""
    limits = ConnectionLimits(connections=40, young_s=0.01)
    half_open = []
    with ConnectorApiServer(connector_api, limits=limits) as server, connect(server) as partner:
        partner.sendall(request_bytes(BODY))
        assert read_response(partner) == (200, "")
        for number in range(500):
            client = connect(server)
            client.close()
            if number % 5 == 0:
                half_open.append(connect(server))
                half_open[-1].sendall(b"POST /x HTTP/1.1\r\nX: ")
        with connect(server) as late:
            late.sendall(request_bytes(BODY))
            assert read_response(late) == (200, "")
        partner.sendall(request_bytes(BODY))
        assert read_response(partner) == (200, "")
        for client in half_open:
            client.close()
