"""The Connector API of Mews: one request, its pages, and what to do when it fails.

Mews documents (https://docs.mews.com/connector-api/guidelines/requests): 200 requests per access
token within 30 seconds; after a 429 wait as `Retry-After` says, without it back off exponentially.
"""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx

URL = os.environ.get("MEWS_API_URL", "https://api.mews.com").rstrip("/")
CLIENT_TOKEN = os.environ["MEWS_CLIENT_TOKEN"]  # of your application; Mews gives it to you
CLIENT = "FastAPI Partner 1.0"  # your application and its version: Mews finds your calls by it
TIMEOUT_S = 30.0  # far above what a busy Mews takes
MOST = 1000  # ids in a request, and entities on a page
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR = 200, 401, 408, 429, 500

Document = dict[str, Any]
Ask = Callable[[str, Document], Awaitable[Document]]  # operation, body without the tokens


class Failed(Exception):
    """A request failed.

    Attributes:
        status: the answer's; 200 for one that can't be read, None where none came.
        retry_after_s: how long Mews asks to wait; None where it does not say.

    """

    def __init__(self, status: int | None, retry_after: str | None = None) -> None:
        super().__init__(f"status {status}")
        self.status, self.retry_after_s = status, seconds(retry_after)

    @property
    def passes(self) -> bool:
        """Whether to try again: all but those that are our own mistake."""
        # 401: the webhook that brings a new key, or switches us off, may be on its way.
        again = {None, OK, UNAUTHORISED, REQUEST_TIMEOUT, TOO_MANY}
        return self.status in again or (self.status or 0) >= SERVER_ERROR

    def pause_s(self, failures: int) -> float:
        """Say how long to wait, after so many failures before this one."""
        if self.retry_after_s is not None:
            return self.retry_after_s + random.uniform(0, 0.2)  # noqa: S311 - no secret
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 10))
        return pause_s * random.uniform(0.8, 1.2)  # noqa: S311 - clients shall not come together


class Connector:
    """Calls Mews; use it as an async context manager."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(base_url=URL, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, operation: str, access_token: str, body: Document) -> Document:
        """Make one request, such as `customers/getAll`; raise Failed unless it gave an object."""
        whole = {"ClientToken": CLIENT_TOKEN, "AccessToken": access_token, "Client": CLIENT, **body}
        try:
            response = await self._client.post(f"/api/connector/v1/{operation}", json=whole)
        except httpx.RequestError:  # no connection, broken off, or too late
            raise Failed(None) from None
        if response.status_code != OK:
            raise Failed(response.status_code, response.headers.get("Retry-After"))
        try:
            answer = response.json()
        except ValueError:  # a page of some proxy's
            raise Failed(OK) from None
        if not isinstance(answer, dict):
            raise Failed(OK)
        return answer


async def pages(
    ask: Ask, operation: str, collection: str, filters: Document
) -> AsyncIterator[Document]:
    """Give every entity of an answer, page after page."""
    limitation: Document = {"Count": MOST}
    while True:
        answer = await ask(operation, {**filters, "Limitation": limitation})
        found = answer.get(collection)
        if not isinstance(found, list):  # not to be taken for an empty one
            raise Failed(OK)
        for entity in found:
            yield entity
        if len(found) < MOST or not answer.get("Cursor"):
            return
        limitation = {"Count": MOST, "Cursor": answer["Cursor"]}


def seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After: a number of seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
