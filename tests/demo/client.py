"""A plain HTTP client that follows nothing, and the bodies that the tests send."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

ENTERPRISE = "8865aa96-f62d-4f9b-a912-ab2100f60f42"
INTEGRATION = "9e5e84e9-974d-4f16-9662-ab2200f27cb1"
GENEROUS_S = 20.0
_TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TRUSTING.check_hostname = False
_TRUSTING.verify_mode = ssl.CERT_NONE


@dataclass(frozen=True)
class Reply:
    """One answer; `status` is None where none came in time."""

    status: int | None
    headers: Mapping[str, str]
    body: bytes


def send(
    url: str,
    body: bytes,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    timeout_s: float = GENEROUS_S,
) -> Reply:
    """Make one request."""
    parts = urlsplit(url)
    host = str(parts.hostname)
    connection = (
        http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=_TRUSTING)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    )
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, dict(headers or {}))
        response = connection.getresponse()
        return Reply(response.status, dict(response.headers), response.read())
    except TimeoutError:
        return Reply(None, {}, b"")
    finally:
        connection.close()


def send_raw(url: str, data: bytes) -> bytes:
    """Send bytes, say that no more will come, and read until the server closes."""
    parts = urlsplit(url)
    address = (str(parts.hostname), parts.port or 80)
    with socket.create_connection(address, timeout=GENEROUS_S) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def send_cut(url: str, body: bytes) -> bytes:
    """Announce a whole body and send half of it."""
    parts = urlsplit(url)
    head = f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    return send_raw(url, head.encode() + body[: len(body) // 2])


def general(*discriminators: str, ids: tuple[str, ...] = (), **extra: object) -> bytes:
    """Write a General Webhook; each event has an id of its own unless `ids` says otherwise."""
    names = ids or tuple(f"{number:08x}-0000-4000-8000-000000000000" for number in range(500))
    events = [
        {"Discriminator": discriminator, "Value": {"Id": name}}
        for discriminator, name in zip(discriminators, names, strict=False)
    ]
    document = {"EnterpriseId": ENTERPRISE, "IntegrationId": INTEGRATION, "Events": events}
    return json.dumps(document | extra).encode()


def integration(action: str, **data: object) -> bytes:
    """Write an Integration Webhook; `data` comes beside its Integration."""
    whole = {**data, "Integration": {"Id": INTEGRATION, "Name": "Sample"}}
    return json.dumps({"Action": action, "Data": whole}).encode()


def created(**changes: object) -> bytes:
    """Write IntegrationCreated with `changes`; a property changed to `...` is left out."""
    data = {
        "Enterprise": {"Id": ENTERPRISE, "Name": "Sample hotel"},
        "Service": {"Id": "9745ce3a-8dbb-4cc0-a550-55f9ff67b242", "Name": "Accommodation"},
        "Requestor": {"Name": "A. Person", "Email": "person@example.com"},
        "AccessToken": "first-access-token",
        "CreatedUtc": "2019-12-13T14:42:52Z",
        "IsEnabled": True,
    } | changes
    kept = {name: value for name, value in data.items() if value is not ...}
    return integration("IntegrationCreated", **kept)


ONE = general("ServiceOrderUpdated")
