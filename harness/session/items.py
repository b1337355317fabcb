"""Scenarios as pytest items: `mews::RET-02`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol, Self

import pytest

from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.redaction import Redactor
from pytest_mews.reports import one_line
from pytest_mews.run.result_tracker import COLLECTOR
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.session.junit import properties

SKIPPED = {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE, Verdict.BLOCKED}


class ItemContext(Protocol):
    """What an item needs from the plugin."""

    scenarios: tuple[Scenario, ...]
    selected_ids: frozenset[str]
    runner: CertificationRunner
    expected_failures: ExpectedFailures

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Return the result of a scenario."""
        ...

    def record_unreported(self, result: ScenarioResult) -> None:
        """Record a result for which pytest makes no report."""


def format_harness_error(excinfo: pytest.ExceptionInfo[BaseException], redactor: Redactor) -> str:
    """Return the traceback of an error of the harness, with secrets redacted."""
    # No local variables: pytest wraps their lines, and would break secrets into two parts.
    traceback = redactor.redact_text(str(excinfo.getrepr(style="long", showlocals=False)))
    return "\n".join(map(one_line, traceback.splitlines()))


class ScenarioFailedError(AssertionError):
    """The verdict of a scenario fails the run; the message is its reason.

    An AssertionError, because plugins such as allure-pytest take any other exception for a defect
    of the tests.
    """


class RootCollector(pytest.Collector):
    """A collector that replaces the one of the root folder; its node id is `mews`."""

    context: Any

    @classmethod
    def build(cls, parent: pytest.Collector, context: object) -> Self:
        """Build the collector for a plugin."""
        collector: Self = cls.from_parent(
            parent, path=parent.config.rootpath, name=COLLECTOR, nodeid=COLLECTOR
        )
        collector.context = context
        return collector


class ScenarioCollector(RootCollector):
    """Collects the scenarios."""

    context: ItemContext

    def collect(self) -> Iterable[pytest.Item]:
        """Yield one item for each selected scenario, with its markers."""
        for scenario in self.context.scenarios:
            if scenario.id not in self.context.selected_ids:
                continue
            item: ScenarioItem = ScenarioItem.from_parent(self, name=scenario.id)
            item.scenario, item.context = scenario, self.context
            for name in markers_of(scenario):
                item.add_marker(name)
            yield item


def markers_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the markers of a scenario: `mews`, one for its stage, one for its level."""
    return "mews", f"mews_{scenario.stage}", f"mews_{scenario.level.lower()}"


class ScenarioItem(pytest.Item):
    """One scenario; it fails if its verdict alone fails the run."""

    scenario: Scenario
    context: ItemContext
    result: ScenarioResult | None = None

    def runtest(self) -> None:
        """Certify the scenario; after Ctrl-C its partial result is recorded."""
        try:
            self.result = self.context.certify(self.scenario)
        except KeyboardInterrupt as interrupt:
            if interrupt.args:
                self.context.record_unreported(interrupt.args[0])
            raise KeyboardInterrupt from None
        except Exception as error:
            reason = one_line(self.context.runner.environment.redactor.redact_text(repr(error)))
            self.result = ScenarioResult(self.scenario, Verdict.ERROR, reason)
            raise
        finally:
            if self.result is not None:
                self.user_properties += properties(self.result)
        reason_expected = self.context.expected_failures.reason_expected(self.result)
        if reason_expected:
            pytest.xfail(reason_expected)  # with --runxfail it does nothing
        fails_run = self.context.expected_failures.fails_run(self.result)
        if reason_expected or (fails_run and self.result.verdict is not Verdict.BLOCKED):
            raise ScenarioFailedError(self.result.reason)
        if self.result.verdict in SKIPPED:
            pytest.skip(f"{self.result.verdict}: {self.result.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401, ARG002 - pytest's own signature
    ) -> Any:  # noqa: ANN401
        """Return the explanation of a failure; a traceback only for an error of the harness."""
        if isinstance(excinfo.value, pytest.fail.Exception):  # from another plugin, a timeout
            return self.context.runner.environment.redactor.redact_text(str(excinfo.value))
        if not isinstance(excinfo.value, ScenarioFailedError) or self.result is None:
            return format_harness_error(excinfo, self.context.runner.environment.redactor)
        scenario = self.scenario
        lines = [
            f"{scenario.id} {scenario.title} ({scenario.level}, {scenario.basis})",
            f"  observed: {self.result.reason}",
            f"  why:      {scenario.why}",
            f"  fix:      {self.result.remedy}",
            *(f"  source:   {source.url} ({source.revision_text})" for source in scenario.sources),
        ]
        return "\n".join(lines)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the location of the item: it has no file, only a node id.

        The line is a number, because pytest requires one of an item that a mark skips.
        """
        return self.config.rootpath / "mews", 0, self.nodeid
