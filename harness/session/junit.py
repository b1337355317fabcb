"""Properties of scenarios and of the run for pytest's --junitxml.

pytest writes the properties of a test case although the schema of its family `xunit2` has none.
"""

from __future__ import annotations

import pytest
from _pytest.junitxml import xml_key

from pytest_mews.model import Run, ScenarioResult

Properties = list[tuple[str, object]]


def properties(result: ScenarioResult) -> Properties:
    """Return the properties of a test case; requirement, source and revision once per source.

    They are part of pytest's report, so they also arrive from a worker of pytest-xdist.
    """
    scenario = result.scenario
    sources = [
        (f"mews.{name}", value)
        for source in scenario.sources
        for name, value in (
            ("requirement", source.summary),
            ("source", source.url),
            ("revision", source.revision),
        )
    ]
    return [
        ("mews.stage", scenario.stage.value),
        ("mews.level", scenario.level.value),
        ("mews.basis", scenario.basis.value),
        *sources,
        ("mews.verdict", result.verdict.value),
        ("mews.reason", result.reason),
    ]


def describe_suite(config: pytest.Config, run: Run) -> None:
    """Add the properties of the run to the test suite; does nothing without --junitxml."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    xml.add_global_property("mews.readiness", run.readiness.value)
    for stage in run.stages:
        xml.add_global_property(f"mews.readiness.{stage.stage}", stage.readiness.value)
    for name in ("target", "integration_target", "seed", "version", "started_utc"):
        xml.add_global_property(f"mews.{name}", getattr(run, name))
    xml.add_global_property("mews.profile", run.profile.name)
