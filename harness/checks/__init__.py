"""Checks, as pure functions: a transcript and an expectation give a finding."""

from __future__ import annotations

from pytest_mews.checks.api_reachability import describe_refusals
from pytest_mews.checks.attempt_checks import AttemptCheck
from pytest_mews.checks.expectations import CHECKS, evaluate
from pytest_mews.checks.latency import describe_largest_batch, describe_throttling
from pytest_mews.checks.observation import CaseCheck, Observation
from pytest_mews.checks.phrasing import describe_attempt, join_clauses
from pytest_mews.checks.preflight_diagnosis import PREFLIGHT, diagnose_preflight
from pytest_mews.checks.redirect_chain import describe_redirects
from pytest_mews.checks.remedies import remedy_for
from pytest_mews.model.readiness import (
    HOW_TO_OBSERVE,
    breaks_must,
    fails_run,
    readiness_of,
    stage_summaries,
)

__all__ = [
    "CHECKS",
    "HOW_TO_OBSERVE",
    "PREFLIGHT",
    "AttemptCheck",
    "CaseCheck",
    "Observation",
    "breaks_must",
    "describe_attempt",
    "describe_largest_batch",
    "describe_redirects",
    "describe_refusals",
    "describe_throttling",
    "diagnose_preflight",
    "evaluate",
    "fails_run",
    "join_clauses",
    "readiness_of",
    "remedy_for",
    "stage_summaries",
]
