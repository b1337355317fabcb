"""A client of the Mews Connector API: requests, pagination, and retries.

Mews documents (https://docs.mews.com/connector-api/guidelines/requests): 200 requests per access
token within 30 seconds; after a 429 wait as `Retry-After` says; without it, back off exponentially.
"""

from __future__ import annotations

import os
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

URL = os.environ.get("MEWS_API_URL", "https://api.mews.com").rstrip("/")
CLIENT_TOKEN = os.environ["MEWS_CLIENT_TOKEN"]  # identifies your application; Mews gives it to you
CLIENT = "FastAPI Partner 1.0"  # your application's name and version; Mews identifies calls by it
TIMEOUT_S = 30.0  # far longer than a busy Mews takes
PAGE_SIZE = 1000  # the maximum number of ids in a request, and of entities on a page
FIRST_PAUSE_S, MAX_PAUSE_S = 0.5, 60.0
OK, UNAUTHORISED, REQUEST_TIMEOUT, CONTENT_TOO_LARGE = 200, 401, 408, 413
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500

Document = dict[str, Any]
Call = Callable[[str, Document], Awaitable[Document]]  # operation, body without the tokens


class ApiError(Exception):
    """A request failed.

    Attributes:
        status: of the response; 200 if it is unreadable, None if no response arrived.
        retry_after_s: the seconds that Mews asks to wait; None without a valid Retry-After.

    """

    def __init__(self, status: int | None, retry_after: str | None = None) -> None:
        super().__init__(f"status {status}")
        self.status, self.retry_after_s = status, parse_retry_after(retry_after)

    @property
    def is_retryable(self) -> bool:
        """Whether the same request can succeed later: every failure except our own errors."""
        # 401: the webhook with a new key, or the one that disables us, may be on its way.
        retryable = {None, OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY_REQUESTS}
        return self.status in retryable or (self.status or 0) >= SERVER_ERROR

    @property
    def asks_for_less(self) -> bool:
        """Whether a smaller request can succeed: this one took too long, or was too large."""
        return self.status in {REQUEST_TIMEOUT, CONTENT_TOO_LARGE}

    def pause_s(self, failures: int) -> float:
        """Return the seconds to wait before a retry, after a number of earlier failures."""
        if self.retry_after_s is not None:
            return self.retry_after_s + random.uniform(0, 0.2)  # noqa: S311 - not a secret
        pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 10))
        return pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - so that retries don't coincide


class ApiClient:
    """Calls Mews; use it as an async context manager."""

    def __init__(self) -> None:
        self._http = httpx.AsyncClient(base_url=URL, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call(self, operation: str, access_token: str, body: Document) -> Document:
        """Call an operation, such as `customers/getAll`, and return its JSON object.

        Raises:
            ApiError: the request failed, or its response is not a JSON object.

        """
        document = {
            "ClientToken": CLIENT_TOKEN,
            "AccessToken": access_token,
            "Client": CLIENT,
            **body,
        }
        try:
            response = await self._http.post(f"/api/connector/v1/{operation}", json=document)
        except httpx.RequestError:  # no connection, a broken one, or a timeout
            raise ApiError(None) from None
        if response.status_code != OK:
            raise ApiError(response.status_code, response.headers.get("Retry-After"))
        try:
            result = response.json()
        except ValueError:  # for example an error page of a proxy
            raise ApiError(OK) from None
        if not isinstance(result, dict):
            raise ApiError(OK)
        return result


async def read(call: Call, operation: str, collection: str, filters: Document) -> list[Document]:
    """Return the entities on all pages of an operation."""
    found: list[Document] = []
    limitation: Document = {"Count": PAGE_SIZE}
    while True:
        page = await call(operation, {**filters, "Limitation": limitation})
        entities = page.get(collection)
        if not isinstance(entities, list):  # a missing list is not an empty one
            raise ApiError(OK)
        found += entities
        if len(entities) < PAGE_SIZE or not page.get("Cursor"):
            return found
        limitation = {"Count": PAGE_SIZE, "Cursor": page["Cursor"]}


def parse_retry_after(value: str | None) -> float | None:
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
