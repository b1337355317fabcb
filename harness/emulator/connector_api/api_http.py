"""HTTP requests and responses of the Connector API emulator, whatever transports them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Refusal:
    """The response to a body that can't be read: a status and one sentence."""

    status: int
    message: str


@dataclass(frozen=True)
class ApiRequest:
    """One HTTP request.

    Attributes:
        method: such as `POST`.
        path: without the query.
        headers: by name in lower case.
        body: the bytes as received; empty if they can't be read.
        query: the query of its target, without the question mark.
        refusal: why the body can't be read; None if it can.
        address: where the request came from; empty in process, where no stranger is.

    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""
    refusal: Refusal | None = None
    address: str = ""


@dataclass(frozen=True)
class ApiResponse:
    """The response that the front end (socket or in process) has to send.

    Attributes:
        status: the HTTP status; None to reset the connection instead.
        body: the bytes to send.
        headers: all headers except those that the front end adds (`Date`, `Content-Length`).
        delay_s: the seconds to wait before sending the response.

    """

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0


OK, NO_CONTENT, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 204, 400, 401, 403, 404
REQUEST_TIMEOUT, CONFLICT, CONTENT_TOO_LARGE, TOO_MANY_REQUESTS = 408, 409, 413, 429
SERVER_ERROR = 500
"""The statuses that the documentation names."""
