"""The client of the Connector API: one request, one reply, whatever goes wrong."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from pytest_mews.demo.processing.cancellable_http import Adapter, CancellableConnections

PREFIX = "/api/connector/v1/"
CLIENT = "pytest-mews demo/1.0"  # name and version, by which Mews finds the calls
TIMEOUT_S = 30.0  # far above what a busy Mews takes


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        status: None where no answer came.
        document: the JSON object of the body; None where there is none.
        retry_after_s: how long Mews asks to wait; None where it does not say.
        timed_out: whether the answer took too long; then there is no status.

    """

    status: int | None
    document: Mapping[str, Any] | None = None
    retry_after_s: float | None = None
    timed_out: bool = False


def exact(path: str) -> str:
    """Leave a path as it is: any other spelling is answered with 404."""
    return path


class Connector:
    """Calls operations; may be used from any thread, each of which keeps a connection.

    Args:
        base: the platform address, such as `https://api.mews.com`.
        client_token: identifies this application.
        client: its name and version.
        timeout_s: how long to wait for a connection, and for each part of an answer.
        spell: the path as it is sent.

    """

    def __init__(
        self,
        base: str,
        client_token: str,
        *,
        client: str = CLIENT,
        timeout_s: float = TIMEOUT_S,
        spell: Callable[[str], str] = exact,
    ) -> None:
        self._base, self._timeout_s, self._spell = base.rstrip("/"), timeout_s, spell
        self._identity = {"ClientToken": client_token, "Client": client}
        self._line = CancellableConnections()
        self._own = threading.local()

    def call(self, operation: str, access_token: str, body: Mapping[str, Any]) -> Reply:
        """Make one request.

        Args:
            operation: such as `customers/getAll`.
            access_token: of the enterprise.
            body: without the tokens and the client's name.

        """
        url = self._base + self._spell(PREFIX + operation)
        whole = {**self._identity, "AccessToken": access_token, **body}
        try:
            response = self._session().post(url, json=whole, timeout=self._timeout_s)
        except requests.Timeout:
            return Reply(None, timed_out=True)
        except requests.RequestException:
            return Reply(None)
        wait_s = _seconds(response.headers.get("Retry-After"))
        return Reply(response.status_code, _document(response.content), wait_s)

    def close(self) -> None:
        """Break every connection, also while an answer is awaited; calls fail from now on."""
        self._line.cancel()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = requests.Session()
            session.trust_env = False  # no proxy of the environment's: the address is meant
            for scheme in ("http://", "https://"):
                session.mount(scheme, Adapter(self._line))
        return session


def _document(content: bytes) -> Mapping[str, Any] | None:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After, which is a number of seconds or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
