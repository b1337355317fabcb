"""A plain HTTP client that follows no redirects, and the webhooks that tests send."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

ENTERPRISE_ID = "8865aa96-f62d-4f9b-a912-ab2100f60f42"
INTEGRATION_ID = "9e5e84e9-974d-4f16-9662-ab2200f27cb1"
TIMEOUT_S = 20.0
_UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True)
class Response:
    """A response; `status` is None if none arrived within the timeout."""

    status: int | None
    headers: Mapping[str, str]
    body: bytes


def send(
    url: str,
    body: bytes,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Response:
    """Make one request."""
    parts = urlsplit(url)
    host = str(parts.hostname)
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=_UNVERIFIED)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    )
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, dict(headers or {}))
        response = connection.getresponse()
        return Response(response.status, dict(response.headers), response.read())
    except TimeoutError:
        return Response(None, {}, b"")
    finally:
        connection.close()


def send_raw(url: str, data: bytes) -> bytes:
    """Send bytes, close the sending side, and read until the server closes the connection."""
    parts = urlsplit(url)
    address = (str(parts.hostname), parts.port or 80)
    with socket.create_connection(address, timeout=TIMEOUT_S) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def send_truncated(url: str, body: bytes) -> bytes:
    """Send the Content-Length of a whole body, but only half of the body."""
    parts = urlsplit(url)
    head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return send_raw(url, head.encode() + body[: len(body) // 2])


def general_webhook(*discriminators: str, ids: tuple[str, ...] = (), **extra: object) -> bytes:
    """Return a General Webhook; its events have different ids unless `ids` are passed."""
    entity_ids = ids or tuple(f"{number:08x}-0000-4000-8000-000000000000" for number in range(500))
    events = [
        {"Discriminator": discriminator, "Value": {"Id": entity_id}}
        for discriminator, entity_id in zip(discriminators, entity_ids, strict=False)
    ]
    document = {"EnterpriseId": ENTERPRISE_ID, "IntegrationId": INTEGRATION_ID, "Events": events}
    return json.dumps(document | extra).encode()


def integration_webhook(action: str, **data: object) -> bytes:
    """Return an Integration Webhook with an Integration and other properties in its Data."""
    properties = {**data, "Integration": {"Id": INTEGRATION_ID, "Name": "Sample"}}
    return json.dumps({"Action": action, "Data": properties}).encode()


def integration_created(**changes: object) -> bytes:
    """Return IntegrationCreated with changed properties; `...` removes a property."""
    data = {
        "Enterprise": {"Id": ENTERPRISE_ID, "Name": "Sample hotel"},
        "Service": {"Id": "9745ce3a-8dbb-4cc0-a550-55f9ff67b242", "Name": "Accommodation"},
        "Requestor": {"Name": "A. Person", "Email": "person@example.com"},
        "AccessToken": "first-access-token",
        "CreatedUtc": "2019-12-13T14:42:52Z",
        "IsEnabled": True,
    } | changes
    properties = {name: value for name, value in data.items() if value is not ...}
    return integration_webhook("IntegrationCreated", **properties)


ONE_EVENT = general_webhook("ServiceOrderUpdated")
