"""The report's pictures: what they show of a run, and in words what can be seen in them."""

from __future__ import annotations

from mews_harness.model import Run
from mews_harness.reports.answer_times import by_size, spread
from mews_harness.reports.charts import Picture
from mews_harness.reports.quota_picture import requests
from mews_harness.reports.timeline import timeline


def pictures(run: Run) -> tuple[Picture, ...]:
    """Draw what the run has data for."""
    limit_ms = run.profile.number("timeout_s") * 1000
    samples = [sample for result in run.results for sample in result.samples]
    return (
        timeline(run, limit_ms),
        by_size(samples, limit_ms),
        spread(samples, limit_ms),
        requests(run),
    )
