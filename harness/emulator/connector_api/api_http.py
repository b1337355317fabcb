"""What comes to the twin and what goes back, whichever door it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ApiRequest:
    """One HTTP request.

    Attributes:
        method: such as `POST`.
        path: without the query.
        headers: names in lower case.
        body: as it came.

    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class ApiResponse:
    """The answer that a front end is to give.

    Attributes:
        status: None where the connection is to be reset instead.
        body: the bytes to send.
        headers: all but what the front end adds by itself (`Date`, `Content-Length`).
        delay_s: how long to wait before the answer begins.

    """

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


OK, NO_CONTENT, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND = 200, 204, 400, 401, 404
REQUEST_TIMEOUT, TOO_MANY_REQUESTS, SERVER_ERROR = 408, 429, 500
"""The statuses that the documentation names."""
