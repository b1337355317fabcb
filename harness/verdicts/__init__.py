"""Pure judgement: transcript and expectation in, finding out; findings in, verdict out."""

from __future__ import annotations

from mews_harness.verdicts.diagnosis import diagnose
from mews_harness.verdicts.expectations import WORDS, Whole, judge
from mews_harness.verdicts.figures import largest_batch
from mews_harness.verdicts.readiness import breaks_must, readiness_of, stage_summaries, stops_run
from mews_harness.verdicts.wording import attempt_in_words

__all__ = [
    "WORDS",
    "Whole",
    "attempt_in_words",
    "breaks_must",
    "diagnose",
    "judge",
    "largest_batch",
    "readiness_of",
    "stage_summaries",
    "stops_run",
]
