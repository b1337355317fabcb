"""The report's pictures: what they show of a run, and in words what can be seen in them."""

from __future__ import annotations

from pytest_mews.model import Run
from pytest_mews.reports.charts import Picture
from pytest_mews.reports.delivery_timeline import timeline
from pytest_mews.reports.latency_picture import by_size, spread
from pytest_mews.reports.rate_limit_picture import requests


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
