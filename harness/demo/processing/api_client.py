"""A client of the Connector API: one request, one response, and no exceptions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from pytest_mews.demo.processing.cancellable_http import CancellableAdapter, CancellableConnections

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
        self._base, self._timeout_s, self._format_path = base.rstrip("/"), timeout_s, format_path
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
        url = self._base + self._format_path(PREFIX + operation)
        document = {**self._identity, "AccessToken": access_token, **body}
        try:
            response = self._session().post(url, json=document, timeout=self._timeout_s)
        except requests.Timeout:
            return ApiResponse(None, timed_out=True)
        except requests.RequestException:
            return ApiResponse(None)
        retry_after_s = _parse_retry_after(response.headers.get("Retry-After"))
        return ApiResponse(response.status_code, _parse_object(response.content), retry_after_s)

    def close(self) -> None:
        """Break every connection, even during a request; later calls fail."""
        self._connections.cancel()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._thread_local, "session", None)
        if session is None:
            session = self._thread_local.session = requests.Session()
            session.trust_env = False  # ignore the proxy of the environment
            for scheme in ("http://", "https://"):
                session.mount(scheme, CancellableAdapter(self._connections))
        return session


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
