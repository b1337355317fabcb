"""The API client of the FastAPI example: details that a certification does not show."""

from __future__ import annotations

import asyncio
import importlib.util
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import ModuleType
from typing import Any

import pytest

from tests.partner_processes import FASTAPI_PARTNER


@pytest.fixture
def api_client(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the example, with pages of two entities."""
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", "a-client-token")
    spec = importlib.util.spec_from_file_location(
        "fastapi_api_client", FASTAPI_PARTNER / "api_client.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAGE_SIZE", 2)
    return module


def read_pages(
    api_client: ModuleType, *responses: dict[str, Any]
) -> tuple[list[str], list[str | None]]:
    """Read the pages in some responses; return the ids, and the cursors of the requests."""
    cursors: list[str | None] = []

    async def call(_: str, body: dict[str, Any]) -> dict[str, Any]:
        cursors.append(body["Limitation"].get("Cursor"))
        return responses[len(cursors) - 1]

    filters = {"CustomerIds": ["a"]}
    entities = asyncio.run(api_client.read(call, "customers/getAll", "Customers", filters))
    return [entity["Id"] for entity in entities], cursors


def page(*ids: str) -> dict[str, Any]:
    """Return a response whose cursor is its last id."""
    customers = [{"Id": entity_id} for entity_id in ids]
    return {"Customers": customers, "Cursor": ids[-1] if ids else None}


def test_all_pages_are_read(api_client: ModuleType) -> None:
    """Each request has the cursor of the previous page."""
    responses = (page("a", "b"), page("c", "d"), page("e"))
    assert read_pages(api_client, *responses) == (["a", "b", "c", "d", "e"], [None, "b", "d"])
    assert read_pages(api_client, page("a", "b"), page()) == (["a", "b"], [None, "b"])


@pytest.mark.parametrize("response", [{}, {"Customers": None}, {"Customers": {}}])
def test_a_missing_list_is_an_error(api_client: ModuleType, response: dict[str, Any]) -> None:
    """A missing list is a failure that is retried, not an empty list."""
    with pytest.raises(api_client.ApiError) as raised:
        read_pages(api_client, response)
    assert raised.value.is_retryable


def test_only_failures_that_can_pass_are_retryable(api_client: ModuleType) -> None:
    """A malformed or forbidden request would fail again."""
    statuses = (None, 200, 401, 408, 429, 500, 503, 400, 403, 404)
    retryable = [status for status in statuses if api_client.ApiError(status).is_retryable]
    assert retryable == [None, 200, 401, 408, 429, 500, 503]


def test_pauses_grow_to_a_minute(api_client: ModuleType) -> None:
    """Each pause is longer than the previous one, despite the jitter; none is much above 60 s."""
    pauses = [api_client.ApiError(500).pause_s(failures) for failures in (0, 1, 2, 3, 4, 5, 6, 90)]
    assert pauses[:7] == sorted(pauses[:7])
    assert 0.4 <= pauses[0] <= 0.6
    assert 48 <= pauses[-1] <= 72


def test_retry_after_is_honoured(api_client: ModuleType) -> None:
    """Retry-After can be seconds or a date; an invalid value is ignored."""
    assert api_client.ApiError(429, "7").pause_s(3) >= 7
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < api_client.ApiError(429, date).pause_s(0) < 3601
    assert api_client.ApiError(429, "soon").retry_after_s is None
