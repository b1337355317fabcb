"""The WebSocket server: handshakes as Mews documents them, messages, pings, every kind of cut."""

from __future__ import annotations

from mews_harness.streaming.admission import PATH, Admission, admit
from mews_harness.streaming.journal import Journal
from mews_harness.streaming.refusing import Refusing
from mews_harness.streaming.server import StreamServer

__all__ = ["PATH", "Admission", "Journal", "Refusing", "StreamServer", "admit"]
