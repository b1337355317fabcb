"""Checks, as pure functions: a transcript and an expectation give a finding."""

from __future__ import annotations

from pytest_mews.checks.api_reachability import describe_refusals
from pytest_mews.checks.check import CHECKS, Check
from pytest_mews.checks.cold_start import describe_cold_start
from pytest_mews.checks.expectations import evaluate
from pytest_mews.checks.latency import describe_largest_batch
from pytest_mews.checks.observation import FAULT_WITHOUT_EFFECT, Observation
from pytest_mews.checks.phrasing import (
    describe_attempt,
    join_clauses,
)
from pytest_mews.checks.preflight_diagnosis import diagnose_preflight
from pytest_mews.checks.redirect_chain import describe_redirects
from pytest_mews.checks.remedies import remedy_for
from pytest_mews.checks.websocket_connection import describe_refused_handshakes
from pytest_mews.model.readiness import (
    HOW_TO_OBSERVE,
    breaks_must,
    fails_run,
    how_to_observe,
    readiness_of,
    stage_summaries,
)

__all__ = [
    "CHECKS",
    "FAULT_WITHOUT_EFFECT",
    "HOW_TO_OBSERVE",
    "Check",
    "Observation",
    "breaks_must",
    "describe_attempt",
    "describe_cold_start",
    "describe_largest_batch",
    "describe_redirects",
    "describe_refusals",
    "describe_refused_handshakes",
    "diagnose_preflight",
    "evaluate",
    "fails_run",
    "how_to_observe",
    "join_clauses",
    "readiness_of",
    "remedy_for",
    "stage_summaries",
]
