"""A WebSocket server on a free port for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_mews.kit.mews_websocket import MewsWebSocket, serve_websocket


@pytest.fixture
def websocket() -> Iterator[MewsWebSocket]:
    """Serve a WebSocket for the built-in tenants."""
    with serve_websocket() as websocket_server:
        yield websocket_server
