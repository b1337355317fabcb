"""Pure judgement: transcript and expectation in, finding out; findings in, verdict out."""

from __future__ import annotations

from pytest_mews.checks.api_reachability import all_refused
from pytest_mews.checks.expectations import CHECKS, CaseCheck, judge
from pytest_mews.checks.latency import largest_batch, throttling
from pytest_mews.checks.phrasing import attempt_in_words
from pytest_mews.checks.preflight_diagnosis import diagnose
from pytest_mews.checks.redirect_chain import hops_in_words
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
    "CaseCheck",
    "all_refused",
    "attempt_in_words",
    "breaks_must",
    "diagnose",
    "fails_run",
    "hops_in_words",
    "judge",
    "largest_batch",
    "readiness_of",
    "stage_summaries",
    "throttling",
]
