"""What the transport sends, and what it reads of a good answer."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from raw_server import (
    OK,
    Post,
    Serve,
    answering,
    send,
)

from pytest_mews import __version__
from pytest_mews.delivery import CurlTransport
from pytest_mews.model import Outcome


def test_a_2xx_answer_is_delivered_with_all_its_parts(
    transport: CurlTransport, post: Post, httpserver: HTTPServer
) -> None:
    """A delivered exchange bears status, headers, body, sizes, and points of time in order."""
    httpserver.expect_request("/hook").respond_with_data(
        "ok", status=202, headers={"X-One": "1", "x-two": "a: b"}
    )
    exchange = send(transport, post(httpserver.url_for("/hook?Token=a%2Fb")))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.status == 202
    # 1.1 once any threaded werkzeug server was made in this process, 1.0 before.
    assert exchange.http_version in {"HTTP/1.0", "HTTP/1.1"}
    assert (exchange.response_body, exchange.response_size) == (b"ok", 2)
    assert exchange.request_size == 10
    assert {("X-One", "1"), ("x-two", "a: b")} <= set(exchange.response_headers)
    points = (
        exchange.started_ms,
        exchange.connected_ms,
        exchange.sent_ms,
        exchange.first_byte_ms,
        exchange.ended_ms,
    )
    assert None not in points
    assert list(points) == sorted(points)
    assert exchange.detail == ""


def test_the_request_is_sent_with_no_header_that_nobody_asked_for(
    transport: CurlTransport, post: Post, raw_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host, Content-Length, User-Agent and what was given; a proxy variable changes nothing."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = raw_server(answering(OK))
    url = f"http://127.0.0.1:{server.port}/a/../b//c?Token=x%2f"
    exchange = send(transport, post(url, body=b"x" * 3000))
    lines = bytes(server.seen).partition(b"\r\n\r\n")[0].decode().split("\r\n")
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
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Curl's own Content-Type of a POST is taken away."""
    server = raw_server(answering(OK))
    send(transport, post(server.url, headers=()))
    assert b"content-type" not in bytes(server.seen).lower()


def test_a_user_agent_and_an_empty_header_can_be_given(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """What is given is sent as it is, and instead of the transport's own."""
    server = raw_server(answering(OK))
    headers = (("user-agent", "other"), ("X-Empty", ""))
    assert send(transport, post(server.url, headers=headers)).request_headers == headers
    assert b"user-agent: other\r\nX-Empty:\r\n" in server.seen
    assert b"pytest-mews" not in server.seen


def test_another_method_is_sent_as_it_is(
    transport: CurlTransport, post: Post, httpserver: HTTPServer
) -> None:
    """A GET without a body is a GET."""
    httpserver.expect_request("/hook", method="GET").respond_with_data("ok")
    exchange = send(transport, post(httpserver.url_for("/hook"), method="GET", body=b""))
    assert exchange.status == 200


@pytest.mark.parametrize("status", [300, 301, 308, 400, 404, 500, 503])
def test_any_other_status_is_an_error(
    transport: CurlTransport, post: Post, httpserver: HTTPServer, status: int
) -> None:
    """The transport follows nothing: a 3xx is the policy's business."""
    httpserver.expect_request("/hook").respond_with_data(
        "no", status=status, headers={"Location": "/elsewhere"}
    )
    exchange = send(transport, post(httpserver.url_for("/hook")))
    assert (exchange.outcome, exchange.status) == (Outcome.ERROR_STATUS, status)


def test_a_large_answer_is_counted_whole_and_kept_in_part(
    transport: CurlTransport, post: Post, httpserver: HTTPServer
) -> None:
    """Of ten megabytes 64 kB are kept."""
    httpserver.expect_request("/hook").respond_with_data(b"x" * 10_000_000)
    exchange = send(transport, post(httpserver.url_for("/hook")))
    assert exchange.outcome is Outcome.DELIVERED
    assert exchange.response_size == 10_000_000
    assert exchange.response_body == b"x" * 65536


def test_many_headers_are_kept_up_to_64_kb(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """The exchange is delivered; headers beyond the cap are dropped."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"X-A: aaaaaaaaaaaaaaa\r\n" * 4000
    exchange = send(transport, post(raw_server(answering(answer + b"\r\n")).url))
    assert exchange.outcome is Outcome.DELIVERED
    assert 2000 < len(exchange.response_headers) < 4000


def test_odd_bytes_in_headers_do_no_harm(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """Headers are read as Latin-1, which has a letter for every byte."""
    answer = b"HTTP/1.1 200 OK\r\nX-Name: caf\xc3\xa9 \xff\r\nContent-Length: 0\r\n\r\n"
    exchange = send(transport, post(raw_server(answering(answer)).url))
    assert exchange.outcome is Outcome.DELIVERED
    assert ("X-Name", "caf\xc3\xa9 \xff") in exchange.response_headers


def test_an_interim_answer_is_not_the_answer(
    transport: CurlTransport, post: Post, raw_server: Serve
) -> None:
    """A 103 comes first; status and headers are those of what follows."""
    answer = b"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 500 No\r\nX-Late: 1\r\n"
    server = raw_server(answering(answer + b"Content-Length: 0\r\n\r\n"))
    exchange = send(transport, post(server.url))
    assert exchange.status == 500
    assert ("X-Late", "1") in exchange.response_headers
    assert ("X-Early", "1") not in exchange.response_headers
