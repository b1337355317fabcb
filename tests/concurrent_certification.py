"""Certifies scenarios as `--mews-jobs` does, so that their waits overlap."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_mews.execution import load_generators
from pytest_mews.model import Scenario, ScenarioResult
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.session.schedule import Lane, Schedule


def certify_concurrently(
    runner: CertificationRunner, scenarios: Iterable[Scenario], jobs: int = 6
) -> dict[str, ScenarioResult]:
    """Return the results of the scenarios by their ids."""
    items = list(scenarios)
    load_generators()
    runner.probe(items)
    schedule = Schedule([Lane(runner.certify, jobs)])
    try:
        schedule.start(items)
        return {scenario.id: schedule.result(scenario) for scenario in items}
    finally:
        schedule.stop()
