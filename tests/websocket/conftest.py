"""A server on a free port, and clients that a test holds in its hands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket, in_test


@pytest.fixture
def mews() -> Iterator[MewsWebSocket]:
    """Serve a WebSocket for the built-in tenants."""
    with in_test() as door:
        yield door
