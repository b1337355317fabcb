"""Tests of the requests that the transport sends, and of how it reads valid responses."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytest_httpserver import HTTPServer
from raw_server import (
    OK,
    RequestFactory,
    ServerFactory,
    respond_with,
    send,
)

from pytest_mews import __version__
from pytest_mews.delivery import CurlTransport
from pytest_mews.delivery.response_head import MAX_STORED_BYTES
from pytest_mews.model import Outcome


def test_a_2xx_response_is_recorded_completely(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer
) -> None:
    """A delivered exchange has status, headers, body, sizes, and ascending times."""
    httpserver.expect_request("/hook").respond_with_data(
        "ok", status=202, headers={"X-One": "1", "x-two": "a: b"}
    )
    exchange = send(transport, make_request(httpserver.url_for("/hook?Token=a%2Fb")))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.status == 202
    # 1.1 once any threaded werkzeug server was made in this process, 1.0 before.
    assert exchange.http_version in {"HTTP/1.0", "HTTP/1.1"}
    assert (exchange.response_body, exchange.response_size) == (b"ok", 2)
    assert exchange.request_size == 10
    assert {("X-One", "1"), ("x-two", "a: b")} <= set(exchange.response_headers)
    times = (
        exchange.started_ms,
        exchange.connected_ms,
        exchange.sent_ms,
        exchange.first_byte_ms,
        exchange.ended_ms,
    )
    assert None not in times
    assert list(times) == sorted(times)
    assert exchange.detail == ""


TRAP = """
import ctypes
import sys
from pytest_mews.delivery import CurlTransport, Request, SystemClock

with CurlTransport(SystemClock()) as transport:
    environ = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "environ")
    saved, trap = environ.value, (ctypes.c_void_p * 2)(1, None)
    environ.value = ctypes.addressof(trap)
    for is_fresh in (False, True, False):
        request = Request("POST", sys.argv[1], (), b"x", 5.0, fresh_connection=is_fresh)
        print(transport.submit(request).result().outcome.name)
    environ.value = saved
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library has another name for it")
def test_curl_never_looks_at_the_environment(httpserver: HTTPServer) -> None:
    """Another thread may change it at any moment; here, each look is a segmentation fault."""
    httpserver.expect_request("/hook").respond_with_data("ok")
    command = [sys.executable, "-c", TRAP, httpserver.url_for("/hook")]
    process = subprocess.run(command, capture_output=True, check=True, text=True)
    assert process.stdout.split() == ["DELIVERED"] * 3


def test_a_request_has_no_other_headers(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Host, Content-Length, User-Agent and its own headers; a proxy variable has no effect."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = raw_server(respond_with(OK))
    url = f"http://127.0.0.1:{server.port}/a/../b//c?Token=x%2f"
    exchange = send(transport, make_request(url, body=b"x" * 3000))
    lines = bytes(server.received).partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert lines[0] == "POST /a/../b//c?Token=x%2f HTTP/1.1"
    assert sorted(lines[1:]) == [
        "Content-Length: 3000",
        "Content-Type: application/json",
        f"Host: 127.0.0.1:{server.port}",
        f"User-Agent: pytest-mews/{__version__}",
    ]
    assert exchange.request_headers == (
        ("Content-Type", "application/json"),
        ("User-Agent", f"pytest-mews/{__version__}"),
    )


def test_without_a_content_type_none_is_sent(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """The transport removes the Content-Type that curl adds to a POST."""
    server = raw_server(respond_with(OK))
    send(transport, make_request(server.url, headers=()))
    assert b"content-type" not in bytes(server.received).lower()


def test_a_user_agent_and_an_empty_header_can_be_set(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """The request's headers are sent unchanged, and replace the transport's own."""
    server = raw_server(respond_with(OK))
    headers = (("user-agent", "other"), ("X-Empty", ""))
    assert send(transport, make_request(server.url, headers=headers)).request_headers == headers
    assert b"user-agent: other\r\nX-Empty:\r\n" in server.received
    assert b"pytest-mews" not in server.received


def test_another_method_is_sent_unchanged(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer
) -> None:
    """A GET without a body arrives as a GET."""
    httpserver.expect_request("/hook", method="GET").respond_with_data("ok")
    exchange = send(transport, make_request(httpserver.url_for("/hook"), method="GET", body=b""))
    assert exchange.status == 200


@pytest.mark.parametrize("status", [300, 301, 308, 400, 404, 500, 503])
def test_any_other_status_is_an_error(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer, status: int
) -> None:
    """The transport follows no redirect: the policy decides about a 3xx."""
    httpserver.expect_request("/hook").respond_with_data(
        "no", status=status, headers={"Location": "/elsewhere"}
    )
    exchange = send(transport, make_request(httpserver.url_for("/hook")))
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, status)


def test_a_large_response_is_counted_completely_and_stored_in_part(
    transport: CurlTransport, make_request: RequestFactory, httpserver: HTTPServer
) -> None:
    """72 KiB of ten MB are stored: redaction cuts to 64 KiB, and finds a secret at the end."""
    httpserver.expect_request("/hook").respond_with_data(b"x" * 10_000_000)
    exchange = send(transport, make_request(httpserver.url_for("/hook")))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.response_size == 10_000_000
    assert exchange.response_body == b"x" * MAX_STORED_BYTES


def test_headers_are_stored_up_to_64_kb(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """The exchange is delivered; headers beyond the cap are dropped."""
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"X-A: aaaaaaaaaaaaaaa\r\n" * 4000
    exchange = send(transport, make_request(raw_server(respond_with(response + b"\r\n")).url))
    assert exchange.outcome is Outcome.DELIVERED
    assert 2000 < len(exchange.response_headers) < 4000


def test_headers_may_contain_any_bytes(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """Headers are decoded as Latin-1, which has a character for every byte."""
    response = b"HTTP/1.1 200 OK\r\nX-Name: caf\xc3\xa9 \xff\r\nContent-Length: 0\r\n\r\n"
    exchange = send(transport, make_request(raw_server(respond_with(response)).url))
    assert exchange.outcome is Outcome.DELIVERED
    assert ("X-Name", "caf\xc3\xa9 \xff") in exchange.response_headers


def test_an_interim_response_is_not_the_final_one(
    transport: CurlTransport, make_request: RequestFactory, raw_server: ServerFactory
) -> None:
    """After a 103, status and headers are those of the final response."""
    response = b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 500 No\r\nX-Late: 1\r\n"
    server = raw_server(respond_with(response + b"Content-Length: 0\r\n\r\n"))
    exchange = send(transport, make_request(server.url))
    assert exchange.status == 500
    assert ("X-Late", "1") in exchange.response_headers
    assert ("X-Early", "1") not in exchange.response_headers


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 500 No\r\nHTTP/1.1 200: x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHTTP/1.1 200: x\r\n\r\n",
        b"HTTP/1.1 103 Hi\r\nHTTP/1.1 200: x\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["header", "trailer", "header of an interim response"],
)
def test_a_header_that_looks_like_a_status_line_is_a_header(
    transport: CurlTransport,
    make_request: RequestFactory,
    raw_server: ServerFactory,
    response: bytes,
) -> None:
    """The status is that of the first line of the final head."""
    exchange = send(transport, make_request(raw_server(respond_with(response)).url))
    assert exchange.status == 500
    assert exchange.outcome is Outcome.ERROR_STATUS
