"""What pytest's own --junitxml carries of a certification: properties of scenarios and of the run.

pytest writes the properties of an item also where the schema of its family `xunit2` has none.
"""

from __future__ import annotations

import pytest
from _pytest.junitxml import xml_key

from pytest_mews.model import Run, ScenarioResult

Properties = list[tuple[str, object]]


def properties(result: ScenarioResult) -> Properties:
    """List what a scenario's test case carries; requirement, source and revision once per source.

    They ride on pytest's report, so that they arrive from a worker of pytest-xdist, too.
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
        ("mews.obligation", scenario.level.value),
        ("mews.basis", scenario.basis.value),
        *sources,
        ("mews.verdict", result.verdict.value),
        ("mews.reason", result.reason),
    ]


def describe_suite(config: pytest.Config, run: Run) -> None:
    """Put what holds for the whole run on the test suite, if --junitxml asks for a file."""
    xml = config.stash.get(xml_key, None)
    if xml is None:
        return
    xml.add_global_property("mews.readiness", run.readiness.value)
    for stage in run.stages:
        xml.add_global_property(f"mews.readiness.{stage.stage}", stage.readiness.value)
    for name in ("target", "integration_target", "seed", "version", "started_utc"):
        xml.add_global_property(f"mews.{name}", getattr(run, name))
    xml.add_global_property("mews.profile", run.profile.name)
