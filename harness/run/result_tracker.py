"""The ledger: what was selected against what ran, so that no scenario is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.reports.event_file import NOT_SELECTED

COLLECTOR = "mews"  # node ids are `mews::RET-02`
LOST = "it was selected and gave no result: the process that was to run it may have ended early"


def scenario_in(node_id: str) -> str | None:
    """Give the scenario's id in a node id; None where it is no scenario's.

    With --dist loadgroup pytest-xdist adds `@group` to it.
    """
    collector, _, name = node_id.partition("::")
    return name.partition("@")[0] if collector == COLLECTOR and name else None


class ResultTracker:
    """Keeps what each selected scenario gave."""

    def __init__(self) -> None:
        self._selected: set[str] = set()
        self._given: dict[str, list[ScenarioResult]] = {}
        self._excuses: dict[str, str] = {}

    def select(self, node_ids: Iterable[str]) -> None:
        """Note which items are to run; whatever is no scenario is passed over."""
        self._selected.update(name for each in node_ids if (name := scenario_in(each)))

    def record(self, result: ScenarioResult) -> None:
        """Note a result."""
        self._given.setdefault(result.scenario.id, []).append(result)

    def record_missing(self, results: Iterable[ScenarioResult]) -> None:
        """Note results that no report carried, unless one did."""
        for result in results:
            if result.scenario.id not in self._given:
                self.record(result)

    def explain_missing(self, scenario: str, reason: str) -> None:
        """Note why a scenario will give no result; the first reason counts."""
        self._excuses.setdefault(scenario, reason)

    def result(self, scenario: str) -> ScenarioResult | None:
        """Give the latest result of a scenario; None where there is none."""
        return self._given.get(scenario, [None])[-1]

    @property
    def selected(self) -> frozenset[str]:
        """The ids of the scenarios that are to run."""
        return frozenset(self._selected)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to report: nothing was selected, and nothing ran."""
        return not self._selected and not self._given

    def finalize(
        self, scenarios: Sequence[Scenario], *, stopped: str = ""
    ) -> Mapping[str, ScenarioResult]:
        """Give one result for every scenario, by id.

        Args:
            scenarios: the whole catalogue.
            stopped: why the run ended before its end, as the reason of what did not run; empty
                where it did not, so that what is missing was lost, by a fault of the harness.

        """
        return {each.id: self._settle(each, stopped) for each in scenarios}

    def _settle(self, scenario: Scenario, stopped: str) -> ScenarioResult:
        given = self._given.get(scenario.id, [])
        if len(given) == 1:
            return given[0]
        if given:
            verdicts = ", ".join(result.verdict for result in given)
            reason = f"it was to run once and gave {len(given)} results: {verdicts}"
            return ScenarioResult(scenario, Verdict.ERROR, reason)
        if scenario.id in self._excuses:
            return ScenarioResult(scenario, Verdict.ERROR, self._excuses[scenario.id])
        if stopped and (scenario.id in self._selected or not self._selected):
            return ScenarioResult(scenario, Verdict.NOT_OBSERVED, stopped)
        if scenario.id in self._selected:
            return ScenarioResult(scenario, Verdict.ERROR, LOST)
        return ScenarioResult(scenario, Verdict.NOT_OBSERVED, NOT_SELECTED)
