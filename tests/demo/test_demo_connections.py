"""How the embedded partner reads bodies from its connections, and when it keeps these."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from tests.demo.client import GENEROUS_S, ONE, send_raw
from tests.demo.conftest import Start

CHUNKED = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (9, ONE[:9], len(ONE) - 9, ONE[9:])


def post_chunked(url: str, body: bytes) -> bytes:
    """Send a body that says itself where it ends."""
    target = urlsplit(url)
    head = f"POST {target.path}?{target.query} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    return send_raw(url, head.encode() + body)


def test_a_body_in_chunks_is_read(start: Start) -> None:
    """A body without an announced length counts as any other."""
    assert post_chunked(start("sound").url, CHUNKED).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("length", [-2, -5, 30, 2, 0])
def test_a_cut_body_in_chunks_is_refused(start: Start, length: int) -> None:
    """A body in chunks without its end is incomplete."""
    assert post_chunked(start("sound").url, CHUNKED[:length]).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("keeps-connections", [202, 400, 400, 202, 202]),
        ("forgets-kept-connections", [202, 400, 400, 400, 400]),
    ],
)
def test_a_kept_connection_serves_request_after_request(
    start: Start, name: str, statuses: Sequence[int]
) -> None:
    """Whatever the bodies were, the next request is found; closing does not wait for more."""
    partner = start(name)
    target = urlsplit(partner.url)
    connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=GENEROUS_S)
    connection.connect()
    only = connection.sock
    answered = []
    for body in (ONE, b"", b"{", iter([ONE[:9], ONE[9:]]), ONE):
        connection.request("POST", f"{target.path}?{target.query}", body)
        response = connection.getresponse()
        response.read()
        answered.append(response.status)
        assert connection.sock is only
    partner.close()
    connection.close()
    assert answered == statuses
