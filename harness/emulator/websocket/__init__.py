"""The WebSocket emulator: documented handshakes, messages, pings, and disconnects of each kind."""

from __future__ import annotations

from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.websocket_handshakes import (
    PATH,
    HandshakeRejection,
    HandshakeResult,
    validate_handshake,
)
from pytest_mews.emulator.websocket.websocket_server import WebSocketServer

__all__ = [
    "PATH",
    "ConnectionLog",
    "HandshakeRejection",
    "HandshakeResult",
    "WebSocketServer",
    "validate_handshake",
]
