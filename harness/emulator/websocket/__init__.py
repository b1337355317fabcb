"""The WebSocket server: handshakes as Mews documents them, messages, pings, every kind of cut."""

from __future__ import annotations

from pytest_mews.emulator.websocket.admission import PATH, Admission, admit
from pytest_mews.emulator.websocket.connection_log import Journal
from pytest_mews.emulator.websocket.handshake_rejection import Refusing
from pytest_mews.emulator.websocket.websocket_server import StreamServer

__all__ = ["PATH", "Admission", "Journal", "Refusing", "StreamServer", "admit"]
