"""A client of the Connector API: one request, one response, and no exceptions."""

from __future__ import annotations

import json
import select
import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from pytest_mews.demo.processing.cancellable_connections import CancellableConnections

PREFIX = "/api/connector/v1/"
CLIENT_NAME = "pytest-mews demo/1.0"  # name and version; Mews identifies the calls by them
TIMEOUT_S = 30.0  # far longer than a busy Mews takes


@dataclass(frozen=True)
class ApiResponse:
    """The response to one request.

    Attributes:
        status: the HTTP status; None if no response arrived.
        document: the JSON object of the body; None if there is none.
        retry_after_s: the seconds that Mews asks to wait; None without a valid Retry-After.
        timed_out: whether the request timed out; there is no status then.

    """

    status: int | None
    document: Mapping[str, Any] | None = None
    retry_after_s: float | None = None
    timed_out: bool = False


def unchanged(path: str) -> str:
    """Return the path as it is; Mews answers any other spelling with 404."""
    return path


class ApiClient:
    """Calls operations; thread-safe, with one connection per thread.

    Args:
        base: the platform address, for example `https://api.mews.com`.
        client_token: identifies the application.
        client_name: its name and version.
        timeout_s: limit for the connection, and for each pause within a response.
        format_path: returns the path to send for an operation's path.

    """

    def __init__(
        self,
        base: str,
        client_token: str,
        *,
        client_name: str = CLIENT_NAME,
        timeout_s: float = TIMEOUT_S,
        format_path: Callable[[str], str] = unchanged,
    ) -> None:
        address = urlsplit(base.rstrip("/"))
        self._open = HTTPSConnection if address.scheme == "https" else HTTPConnection
        self._host, self._path = address.netloc, address.path
        self._timeout_s, self._format_path = timeout_s, format_path
        self._identity = {"ClientToken": client_token, "Client": client_name}
        self._connections = CancellableConnections()
        self._thread_local = threading.local()

    def call(self, operation: str, access_token: str, body: Mapping[str, Any]) -> ApiResponse:
        """Make one request.

        Args:
            operation: for example `customers/getAll`.
            access_token: of the enterprise.
            body: without the tokens and the name of the client.

        """
        path = self._path + self._format_path(PREFIX + operation)
        document = {**self._identity, "AccessToken": access_token, **body}
        try:
            connection = self._connection()
            request_body = json.dumps(document).encode()
            connection.request("POST", path, request_body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
        except TimeoutError:
            self._disconnect()
            return ApiResponse(None, timed_out=True)
        except (OSError, HTTPException):
            self._disconnect()
            return ApiResponse(None)
        retry_after_s = _parse_retry_after(response.headers.get("Retry-After"))
        return ApiResponse(response.status, _parse_object(content), retry_after_s)

    def close(self) -> None:
        """Break every connection, even during a request; later calls fail."""
        self._connections.cancel()

    def _connection(self) -> HTTPConnection:
        """Return the connection of this thread; a new one if there is none, or it has ended."""
        connection: HTTPConnection | None = getattr(self._thread_local, "connection", None)
        if connection is None or connection.sock is None or _has_ended(connection.sock):
            self._disconnect()
            connection = self._open(self._host, timeout=self._timeout_s)
            connection.connect()
            self._connections.add(connection.sock)
            weakref.finalize(connection, connection.sock.close)  # when the thread has ended
            self._thread_local.connection = connection
        return connection

    def _disconnect(self) -> None:
        connection: HTTPConnection | None = getattr(self._thread_local, "connection", None)
        if connection is not None:
            connection.close()


def _has_ended(idle: socket.socket) -> bool:
    """Return whether an idle connection has ended, or has bytes that nobody asked for."""
    poll = select.poll()
    poll.register(idle, select.POLLIN)
    return bool(poll.poll(0))


def _parse_object(content: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _parse_retry_after(value: str | None) -> float | None:
    """Return the seconds to wait; Retry-After is a number of seconds or a date."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
