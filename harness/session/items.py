"""Scenarios as pytest items: `mews::RET-02`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self

import pytest

import pytest_mews.scenarios as scenarios_package
from pytest_mews.config.settings import Settings
from pytest_mews.model import Basis, Fault, Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.model.readiness import is_unexpected_failure
from pytest_mews.run.certification import Certification
from pytest_mews.sanitize import one_line
from pytest_mews.session.command_line import COLLECTOR, program_of
from pytest_mews.session.junit import properties
from pytest_mews.session.plugin_conflicts import exempting_markers

MAX_LOG_LINES = 15  # of the service's log; the report has more
SERVER_ERROR = 500
Sections = list[tuple[str, str]]
Redact = Callable[[str], str]
SKIPPED = {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE, Verdict.BLOCKED}


class ItemContext(Protocol):
    """What an item needs from the plugin."""

    scenarios: tuple[Scenario, ...]
    selected_ids: frozenset[str]
    settings: Settings
    certification: Certification

    def certify(self, scenario: Scenario) -> ScenarioResult:
        """Return the result of a scenario."""
        ...


def format_harness_error(excinfo: pytest.ExceptionInfo[BaseException], redact: Redact) -> str:
    """Return the traceback of an error of the harness, with secrets redacted."""
    # No local variables: pytest wraps their lines, and would break secrets into two parts.
    traceback = redact(str(excinfo.getrepr(style="long", showlocals=False)))
    return "\n".join(map(one_line, traceback.splitlines()))


def redact_captured(sections: Sequence[tuple[str, str]], redact: Redact) -> Sections:
    """Return what pytest captured meanwhile, of --mews-app for example, with secrets redacted.

    Log records are left out: they are in the service's log.
    """
    return [
        (title, "\n".join(map(one_line, redact(text).splitlines())))
        for title, text in sections
        if not title.startswith("Captured log")
    ]


def _answered_on_purpose(result: ScenarioResult) -> bool:
    """Return whether the service answered each message of a failure, and no answer was a 5xx.

    Its log then has little but the requests of scenarios that ran meanwhile; the report has it.
    """
    if result.scenario.stage is not Stage.DELIVERY or result.death is not None:
        return False
    statuses = [
        attempt.final_exchange.status
        for delivery in result.evidence[0].transcript.deliveries
        for attempt in delivery.attempts
        if attempt.fault is Fault.NONE
    ]
    return bool(statuses) and all(status and status < SERVER_ERROR for status in statuses)


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
            for name in (*markers_of(scenario), *exempting_markers(self.config)):
                item.add_marker(name)
            yield item


def markers_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the markers of a scenario: `mews`, one for its stage, one for its level."""
    return "mews", f"mews_{scenario.stage}", f"mews_{scenario.level.lower()}"


class ScenarioItem(pytest.Item):
    """One scenario; it fails if its verdict alone fails the run.

    Hooks in users' conftest.py files expect test functions. So an item has the public attributes of
    a test function without parameters, outside a class: `fixturenames`, `funcargs`, `function`,
    `obj`, `originalname`, `module`, `cls` and `instance`. A scenario has no fixtures; a fixture
    that a hook adds to `fixturenames` is not set up.
    """

    scenario: Scenario
    context: ItemContext
    result: ScenarioResult | None = None
    module = scenarios_package
    cls = None
    instance = None

    def __init__(self, **from_parent: Any) -> None:  # noqa: ANN401 - pytest's own arguments
        super().__init__(**from_parent)
        self.originalname = self.name
        self.fixturenames: list[str] = []
        self.funcargs: dict[str, object] = {}

    @cached_property
    def function(self) -> Callable[[], None]:
        """A function with the name and the title of the scenario, which runs it."""

        def run_scenario() -> None:
            self.runtest()

        run_scenario.__name__ = run_scenario.__qualname__ = self.scenario.id
        run_scenario.__doc__ = self.scenario.title
        run_scenario.__module__ = self.module.__name__
        return run_scenario

    @property
    def obj(self) -> Callable[[], None]:
        """The same function."""
        return self.function

    if not TYPE_CHECKING:  # otherwise mypy takes every attribute for one that exists

        def __getattr__(self, name: str) -> NoReturn:
            """Say what a hook can do that asks for an attribute, such as `callspec`."""
            raise AttributeError(
                f"a scenario has no attribute {name!r}, as a test function without parameters has "
                "none. Let the hook skip items that are not pytest.Function.",
                name=name,
                obj=self,
            )

    def runtest(self) -> None:
        """Certify the scenario, and raise what its verdict means for pytest."""
        try:
            self.result = self.context.certify(self.scenario)
        except Exception as error:
            self.result = self.context.certification.record_error(self.scenario, error)
            raise
        finally:
            if self.result is not None:
                self.user_properties += properties(self.result)
        if self.result.reason_expected:
            pytest.xfail(self.result.reason_expected)  # with --runxfail it does nothing
        fails_run = is_unexpected_failure(self.result, strict=self.context.settings.strict)
        is_blocked = self.result.verdict is Verdict.BLOCKED
        if self.result.reason_expected or (fails_run and not is_blocked):
            raise ScenarioFailedError(self.result.reason)
        if self.result.verdict in SKIPPED:
            pytest.skip(f"{self.result.verdict}: {self.result.reason}")

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,  # noqa: ANN401, ARG002 - pytest's own signature
    ) -> Any:  # noqa: ANN401
        """Return the explanation of a failure; a traceback only for an error of the harness."""
        redact = self.context.certification.instances.redact
        if isinstance(excinfo.value, pytest.fail.Exception):  # from another plugin, a timeout
            return redact(str(excinfo.value))
        if not isinstance(excinfo.value, ScenarioFailedError) or self.result is None:
            return format_harness_error(excinfo, redact)
        scenario = self.scenario
        lines = [
            f"{scenario.id} {scenario.title} ({scenario.level}, {scenario.basis})",
            f"  observed: {self.result.reason}",
            f"  fix:      {self.result.remedy}",
        ]
        if scenario.basis is not Basis.OWN:
            lines.append(f"  more:     mews explain {scenario.id}")
        if self.result.service_log and not _answered_on_purpose(self.result):
            lines += [f"  log of the service while {self.result.evidence[0].case} ran:"]
            lines += [f"    {line}" for line in self.result.service_log[-MAX_LOG_LINES:]]
        return program_of(self.config).respell("\n".join(lines))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the location of the item: it has no file, only a node id.

        The line is a number, because pytest requires one of an item that a mark skips.
        """
        return self.config.rootpath / "mews", 0, self.nodeid
