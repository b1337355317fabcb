"""What a sound WebSocket client does: it connects, reads, comes back, and catches up.

Read in this order: `client` (one connection, opened again for ever), `pauses` (how long to wait
before), `reading` (what a message says), `commands` (what to do about commands for devices),
`streaming` (who does it). `habits` names what clients do differently; `flaws` are such differences.
"""

from __future__ import annotations

from pytest_mews.demo.websocket.client_options import ClientOptions
from pytest_mews.demo.websocket.client_pool import Streaming

__all__ = ["ClientOptions", "Streaming"]
