"""The WebSocket server: handshakes as Mews documents them, messages, pings, every kind of cut."""

from __future__ import annotations

from pytest_mews.emulator.websocket.admission import PATH, Admission, admit
from pytest_mews.emulator.websocket.connection_log import ConnectionLog
from pytest_mews.emulator.websocket.handshake_rejection import HandshakeRejection
from pytest_mews.emulator.websocket.websocket_server import WebSocketServer

__all__ = ["PATH", "Admission", "ConnectionLog", "HandshakeRejection", "WebSocketServer", "admit"]
