"""A fixture for all tests of the kit."""

from __future__ import annotations

from importlib import import_module

import pytest

IMPORTED_BY_EXAMPLES = (
    "aiohttp",
    "django.test",
    "fastapi.testclient",
    "flask",
    "httpcore",
    "httpcore2",
    "websockets.asyncio.client",
    "websockets.sync.client",
    "pytest_mews.kit.integration_machine",
    "pytest_mews.kit.mews_api",
    "pytest_mews.kit.mews_websocket",
    "pytest_mews.kit.strategies",
    "pytest_mews.kit.webhooks",
)


@pytest.fixture(autouse=True, scope="session")
def _imported() -> None:
    """Import what the examples import, since pytester forgets the modules that a run imports.

    Each page would import them again, and httpx, which imports httpcore with the first request,
    would get another one than before.
    """
    for name in IMPORTED_BY_EXAMPLES:
        import_module(name)
