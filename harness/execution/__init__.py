"""Execution of scenarios: cases, steps, waits, health checks; each execution has a transcript."""

from __future__ import annotations

from pytest_mews.execution.clients import ClientTracker, probe_commands
from pytest_mews.execution.connectivity import Connectivity, probe_connector_api
from pytest_mews.execution.connector_steps import CONNECTOR_STEPS
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.health import recheck_health
from pytest_mews.execution.preflight import Preflight, send_preflight
from pytest_mews.execution.scenario_runner import Budget, Exploration, ScenarioRunner, SentMessages
from pytest_mews.execution.steps import DELIVERY_STEPS, Messages, run_steps
from pytest_mews.execution.token_variants import secret_variants
from pytest_mews.execution.waits import peak_messages
from pytest_mews.execution.websocket_steps import WEBSOCKET_STEPS

__all__ = [
    "CONNECTOR_STEPS",
    "DELIVERY_STEPS",
    "WEBSOCKET_STEPS",
    "Budget",
    "CaseContext",
    "ClientTracker",
    "Connectivity",
    "Exploration",
    "Messages",
    "Preflight",
    "ScenarioRunner",
    "SentMessages",
    "peak_messages",
    "probe_commands",
    "probe_connector_api",
    "recheck_health",
    "run_steps",
    "secret_variants",
    "send_preflight",
]
