"""The player puts a scenario on the wire: cases drawn, steps played, transcripts kept."""

from __future__ import annotations

from mews_harness.player.aftermath import watched
from mews_harness.player.bench import Bench
from mews_harness.player.explore import Budget, Exploration, Explorer, Script
from mews_harness.player.joining import Joining, heed
from mews_harness.player.peak import peak_messages
from mews_harness.player.preflight import Preflight, reach
from mews_harness.player.streaming import STREAMING
from mews_harness.player.tokens import revealing
from mews_harness.player.verbs import VERBS, Messages, play
from mews_harness.player.watching import WATCHING
from mews_harness.player.wiring import Wiring, wire

__all__ = [
    "STREAMING",
    "VERBS",
    "WATCHING",
    "Bench",
    "Budget",
    "Exploration",
    "Explorer",
    "Joining",
    "Messages",
    "Preflight",
    "Script",
    "Wiring",
    "heed",
    "peak_messages",
    "play",
    "reach",
    "revealing",
    "watched",
    "wire",
]
