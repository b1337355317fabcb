"""Scenarios as pytest items: `mews::RET-02`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, Self

import pytest

from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.redaction import Mask
from pytest_mews.reports import one_line
from pytest_mews.run.result_tracker import COLLECTOR
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.session.junit import properties

SKIPPED = {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE, Verdict.BLOCKED}


class ItemContext(Protocol):
    """What an item needs of the run."""

    scenarios: tuple[Scenario, ...]
    named: frozenset[str]
    engine: CertificationRunner
    tolerance: ExpectedFailures

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Certify a scenario, or wait for whoever does."""
        ...

    def keep(self, result: ScenarioResult) -> None:
        """Take a result that no pytest report will carry."""


def fault_in_words(excinfo: pytest.ExceptionInfo[BaseException], mask: Mask) -> str:
    """Show the traceback of a fault of the harness, with nothing secret in it."""
    # Without local variables: pytest breaks them into lines, and no mask finds the pieces.
    fault = mask.text(str(excinfo.getrepr(style="long", showlocals=False)))
    return "\n".join(map(one_line, fault.splitlines()))


class ScenarioFailed(Exception):
    """A scenario's verdict stops the run."""


class Collected(pytest.Collector):
    """A collector in place of the root folder's own; its node id is `mews`."""

    director: Any

    @classmethod
    def of(cls, parent: pytest.Collector, director: object) -> Self:
        """Build the collector for what directs the run."""
        collector: Self = cls.from_parent(
            parent, path=parent.config.rootpath, name=COLLECTOR, nodeid=COLLECTOR
        )
        collector.director = director
        return collector


class Certification(Collected):
    """The collector of the scenarios."""

    director: ItemContext

    def collect(self) -> Iterable[pytest.Item]:
        """Give one item for each scenario, in the catalogue's order, with its markers."""
        for scenario in self.director.scenarios:
            if scenario.id not in self.director.named:
                continue
            item: ScenarioItem = ScenarioItem.from_parent(self, name=scenario.id)
            item.scenario, item.director = scenario, self.director
            for name in markers_of(scenario):
                item.add_marker(name)
            yield item


def markers_of(scenario: Scenario) -> tuple[str, ...]:
    """Name the markers of a scenario: `mews`, and by stage and obligation."""
    return "mews", f"mews_{scenario.stage}", f"mews_{scenario.level.lower()}"


class ScenarioItem(pytest.Item):
    """One scenario; it fails when its verdict alone makes the endpoint not ready."""

    scenario: Scenario
    director: ItemContext
    result: ScenarioResult | None = None

    def runtest(self) -> None:
        """Certify the scenario; a Ctrl-C keeps what was seen of it."""
        try:
            self.result = self.director.certify(self.scenario)
        except KeyboardInterrupt as stop:
            if stop.args:
                self.director.keep(stop.args[0])
            raise KeyboardInterrupt from None
        except Exception as fault:
            reason = one_line(self.director.engine.environment.mask.text(repr(fault)))
            self.result = ScenarioResult(self.scenario, Verdict.ERROR, reason)
            raise
        finally:
            if self.result is not None:
                self.user_properties += properties(self.result)
        tolerance = self.director.tolerance
        excuse = tolerance.excuse(self.result)
        if excuse:
            pytest.xfail(excuse)  # with --runxfail it does nothing
        if excuse or (self.result.verdict is not Verdict.BLOCKED and tolerance.stops(self.result)):
            raise ScenarioFailed
        if self.result.verdict in SKIPPED:
            pytest.skip(f"{self.result.verdict}: {self.result.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401, ARG002 - pytest's own signature
    ) -> Any:  # noqa: ANN401
        """Say what was expected and observed; a traceback only for a fault of the harness."""
        if not isinstance(excinfo.value, ScenarioFailed) or self.result is None:
            return fault_in_words(excinfo, self.director.engine.environment.mask)
        scenario = self.scenario
        lines = [
            f"{scenario.id} {scenario.title} ({scenario.level}, {scenario.basis})",
            f"  seen:   {self.result.reason}",
            f"  why:    {scenario.why}",
            f"  remedy: {scenario.remedy}",
            *(f"  source: {source.url} ({source.dated})" for source in scenario.sources),
        ]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Give the place of the item: there is no file, only the id."""
        return self.config.rootpath / "mews", None, self.nodeid
