"""How the demo partner's server reads bodies, and when it keeps connections alive."""

from __future__ import annotations

import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest

from tests.demo.conftest import StartPartner
from tests.demo.webhook_client import ONE_EVENT, TIMEOUT_S, send_raw

CHUNKED = b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (
    9,
    ONE_EVENT[:9],
    len(ONE_EVENT) - 9,
    ONE_EVENT[9:],
)


def post_chunked(url: str, body: bytes) -> bytes:
    """Send a chunked body as it is."""
    parts = urlsplit(url)
    head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    return send_raw(url, head.encode() + body)


def test_a_chunked_body_is_read(start_partner: StartPartner) -> None:
    """A body without a Content-Length is as good as any other."""
    assert post_chunked(start_partner("sound").url, CHUNKED).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("length", [-2, -5, 30, 2, 0])
def test_a_truncated_chunked_body_is_rejected(start_partner: StartPartner, length: int) -> None:
    """A chunked body without its last chunk is incomplete."""
    response = post_chunked(start_partner("sound").url, CHUNKED[:length])
    assert response.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("sound", [202, 400, 400, 202, 202]),
        ("forgets-kept-connections", [202, 400, 400, 400, 400]),
    ],
)
def test_a_kept_connection_serves_several_requests(
    start_partner: StartPartner, name: str, statuses: Sequence[int]
) -> None:
    """Whatever a body was, the next request is read; closing does not wait for another one."""
    partner = start_partner(name)
    parts = urlsplit(partner.url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=TIMEOUT_S)
    connection.connect()
    first_socket = connection.sock
    responses = []
    for body in (ONE_EVENT, b"", b"{", iter([ONE_EVENT[:9], ONE_EVENT[9:]]), ONE_EVENT):
        connection.request("POST", f"{parts.path}?{parts.query}", body)
        response = connection.getresponse()
        response.read()
        responses.append(response.status)
        assert connection.sock is first_socket
    partner.close()
    connection.close()
    assert responses == statuses
