"""Execution of scenarios: cases, steps, waits, health checks; each execution has a transcript."""

from __future__ import annotations

from pytest_mews.execution.alike_failures import AlikeFailures
from pytest_mews.execution.cases import load_generators
from pytest_mews.execution.clients import ClientTracker, probe_commands
from pytest_mews.execution.concurrency import Concurrency, probe_concurrency
from pytest_mews.execution.connectivity import (
    FIRST_CALL_FACTOR,
    Connectivity,
    describe_first_request,
    probe_connector_api,
)
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Messages
from pytest_mews.execution.health import recheck_health
from pytest_mews.execution.idleness import wait_until_idle
from pytest_mews.execution.late_fetches import LateFetches
from pytest_mews.execution.patience import Learned, Patience
from pytest_mews.execution.preflight import Preflight, send_preflight
from pytest_mews.execution.scenario_runner import Budget, Exploration, ScenarioRunner, SentMessages
from pytest_mews.execution.service_watch import ServiceWatch
from pytest_mews.execution.stall_watch import StallWatch
from pytest_mews.execution.steps import run_steps
from pytest_mews.execution.suspects import met_no_connection
from pytest_mews.execution.waits import peak_messages

__all__ = [
    "FIRST_CALL_FACTOR",
    "AlikeFailures",
    "Budget",
    "CaseContext",
    "ClientTracker",
    "Concurrency",
    "Connectivity",
    "Exploration",
    "LateFetches",
    "Learned",
    "Messages",
    "Patience",
    "Preflight",
    "ScenarioRunner",
    "SentMessages",
    "ServiceWatch",
    "StallWatch",
    "describe_first_request",
    "load_generators",
    "met_no_connection",
    "peak_messages",
    "probe_commands",
    "probe_concurrency",
    "probe_connector_api",
    "recheck_health",
    "run_steps",
    "send_preflight",
    "wait_until_idle",
]
