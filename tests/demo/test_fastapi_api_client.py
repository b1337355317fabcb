"""How the FastAPI example calls Mews: what the certification has no need to show."""

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
def connector(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of the example, with pages of two."""
    monkeypatch.setenv("MEWS_CLIENT_TOKEN", "a-client-token")
    spec = importlib.util.spec_from_file_location(
        "fastapi_connector", FASTAPI_PARTNER / "connector.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "MOST", 2)
    return module


def read(connector: ModuleType, *answers: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Read the pages of some answers; gives the ids, and the cursors that were asked with."""
    asked: list[Any] = []

    async def ask(_: str, body: dict[str, Any]) -> dict[str, Any]:
        asked.append(body["Limitation"].get("Cursor"))
        return answers[len(asked) - 1]

    async def ids() -> list[str]:
        found = connector.pages(ask, "customers/getAll", "Customers", {"CustomerIds": ["a"]})
        return [entity["Id"] async for entity in found]

    return asyncio.run(ids()), asked


def page(*ids: str) -> dict[str, Any]:
    """Write an answer whose cursor is its last id."""
    return {"Customers": [{"Id": each} for each in ids], "Cursor": ids[-1] if ids else None}


def test_full_pages_are_followed_to_the_end(connector: ModuleType) -> None:
    """Each next page is asked for with the cursor of the one before."""
    answers = (page("a", "b"), page("c", "d"), page("e"))
    assert read(connector, *answers) == (["a", "b", "c", "d", "e"], [None, "b", "d"])
    assert read(connector, page("a", "b"), page()) == (["a", "b"], [None, "b"])


@pytest.mark.parametrize("answer", [{}, {"Customers": None}, {"Customers": {}}])
def test_a_missing_list_is_no_empty_one(connector: ModuleType, answer: dict[str, Any]) -> None:
    """It is a failure that is tried again."""
    with pytest.raises(connector.Failed) as raised:
        read(connector, answer)
    assert raised.value.passes


def test_only_what_can_pass_is_tried_again(connector: ModuleType) -> None:
    """A request that was wrong stays wrong."""
    statuses = (None, 200, 401, 408, 429, 500, 503, 400, 403, 404)
    again = [status for status in statuses if connector.Failed(status).passes]
    assert again == [None, 200, 401, 408, 429, 500, 503]


def test_pauses_grow_to_a_minute(connector: ModuleType) -> None:
    """Each is longer than the one before, whatever the jitter, and none much above a minute."""
    pauses = [connector.Failed(500).pause_s(failures) for failures in (0, 1, 2, 3, 4, 5, 6, 90)]
    assert pauses[:7] == sorted(pauses[:7])
    assert 0.4 <= pauses[0] <= 0.6
    assert 48 <= pauses[-1] <= 72


def test_retry_after_is_kept(connector: ModuleType) -> None:
    """It may be seconds or a date; what can't be read is none."""
    assert connector.Failed(429, "7").pause_s(3) >= 7
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert 3500 < connector.Failed(429, date).pause_s(0) < 3601
    assert connector.Failed(429, "soon").retry_after_s is None
