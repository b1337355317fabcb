"""The player puts a scenario on the wire: cases drawn, steps played, transcripts kept."""

from __future__ import annotations

from pytest_mews.execution.clients import Joining, heed
from pytest_mews.execution.connectivity import Wiring, wire
from pytest_mews.execution.connector_steps import WATCHING
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.health import watched
from pytest_mews.execution.peak_load import peak_messages
from pytest_mews.execution.preflight import Preflight, reach
from pytest_mews.execution.scenario_runner import Budget, Exploration, Explorer, Script
from pytest_mews.execution.steps import VERBS, Messages, play
from pytest_mews.execution.token_variants import revealing
from pytest_mews.execution.websocket_steps import STREAMING

__all__ = [
    "STREAMING",
    "VERBS",
    "WATCHING",
    "CaseContext",
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
