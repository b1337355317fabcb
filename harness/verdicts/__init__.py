"""Pure judgement: transcript and expectation in, finding out; findings in, verdict out."""

from __future__ import annotations

from mews_harness.readiness import (
    HOW_TO_OBSERVE,
    breaks_must,
    readiness_of,
    stage_summaries,
    stops_run,
)
from mews_harness.verdicts.calling import all_refused
from mews_harness.verdicts.diagnosis import diagnose
from mews_harness.verdicts.expectations import WORDS, Whole, judge
from mews_harness.verdicts.figures import largest_batch, throttling
from mews_harness.verdicts.redirects import hops_in_words
from mews_harness.verdicts.wording import attempt_in_words

__all__ = [
    "HOW_TO_OBSERVE",
    "WORDS",
    "Whole",
    "all_refused",
    "attempt_in_words",
    "breaks_must",
    "diagnose",
    "hops_in_words",
    "judge",
    "largest_batch",
    "readiness_of",
    "stage_summaries",
    "stops_run",
    "throttling",
]
