"""What a sound WebSocket client does: it connects, reads, comes back, and catches up.

Read in this order: `client` (one connection, opened again for ever), `pauses` (how long to wait
before), `reading` (what a message says), `commands` (what to do about commands for devices),
`streaming` (who does it). `habits` names what clients do differently; `flaws` are such differences.
"""

from __future__ import annotations

from mews_harness.demo.streaming.habits import StreamHabits
from mews_harness.demo.streaming.streaming import Streaming

__all__ = ["StreamHabits", "Streaming"]
