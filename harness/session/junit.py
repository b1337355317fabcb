"""Properties of scenarios and of the run for pytest's --junitxml.

pytest writes the properties of a test case although the schema of its family `xunit2` has none.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from _pytest.junitxml import xml_key

from pytest_mews.errors import UsageError
from pytest_mews.model import RunEnded, RunEvent, ScenarioResult
from pytest_mews.reports import readiness_phrase

OPTION = "--junitxml"
Properties = list[tuple[str, object]]


def properties(result: ScenarioResult) -> Properties:
    """Return the properties of a test case; requirement, source and revision once per fact.

    They are part of pytest's report, so they also arrive from a worker of pytest-xdist.
    """
    scenario = result.scenario
    facts = [
        (f"mews.{name}", value)
        for fact in scenario.facts
        for name, value in (
            ("requirement", fact.text),
            ("source", fact.source.url),
            ("revision", fact.source.revision),
        )
    ]
    return [
        ("mews.stage", scenario.stage.value),
        ("mews.level", scenario.level.value),
        ("mews.basis", scenario.basis.value),
        ("mews.concern", scenario.concern.value),
        *facts,
        ("mews.verdict", result.verdict.value),
        ("mews.reason", result.reason),
    ]


def check_junit_path(config: pytest.Config) -> None:
    """Check that the file of --junitxml can be written, which pytest does after the whole run.

    Its folder is created, as pytest does; a file that exists is left as it is.

    Raises:
        UsageError: it can't be written.

    """
    text = getattr(config.option, "xmlpath", None)
    if text is None:
        return
    remedy = "Give the path of a file that you may write to, such as mews.xml."
    if not text.strip():
        raise UsageError(OPTION, text, "names no file", remedy)
    path = Path(os.path.expandvars(text)).expanduser().absolute()
    is_new = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
        if is_new:
            path.unlink()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(OPTION, text, f"can't be written: {reason}", remedy) from None


class SuiteProperties:
    """Adds the properties of the run to the test suite; does nothing without --junitxml."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def receive(self, event: RunEvent, _at_s: float) -> None:
        """Add the properties when the run ends."""
        xml = self._config.stash.get(xml_key, None)
        if xml is None or not isinstance(event, RunEnded):
            return
        run = event.run
        xml.add_global_property("mews.readiness", run.readiness.value)
        xml.add_global_property("mews.readiness_text", readiness_phrase(run))
        for number, cause in enumerate(run.causes, 1):
            name = f"mews.cause.{number}"
            xml.add_global_property(name, f"{cause.kind}: {cause.summary} Fix: {cause.remedy}")
            xml.add_global_property(f"{name}.explains", ", ".join(cause.explains))
        for stage in run.stages:
            xml.add_global_property(f"mews.readiness.{stage.stage}", stage.readiness.value)
        for name in ("target", "integration_target", "seed", "version", "started_utc"):
            xml.add_global_property(f"mews.{name}", getattr(run, name))
        xml.add_global_property("mews.profile", run.profile.name)
