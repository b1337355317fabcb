"""Compares the selected scenarios with the results, so that none is lost or counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.reports.event_file import NOT_SELECTED

COLLECTOR = "mews"  # node ids are `mews::RET-02`
NO_RESULT = "it was selected and returned no result; its process may have ended early"


def scenario_id_in(node_id: str) -> str | None:
    """Return the scenario's id in a pytest node id; None if it is not a scenario's.

    With --dist loadgroup pytest-xdist appends `@group` to the node id, which is removed.
    """
    collector, _, name = node_id.partition("::")
    return name.partition("@")[0] if collector == COLLECTOR and name else None


class ResultTracker:
    """Collects the results of the selected scenarios."""

    def __init__(self) -> None:
        self._selected: set[str] = set()
        self._results: dict[str, list[ScenarioResult]] = {}
        self._missing_reasons: dict[str, str] = {}

    def select(self, node_ids: Iterable[str]) -> None:
        """Add the items that will run; items that are not scenarios are ignored."""
        self._selected.update(
            scenario_id for node_id in node_ids if (scenario_id := scenario_id_in(node_id))
        )

    def record(self, result: ScenarioResult) -> None:
        """Add a result."""
        self._results.setdefault(result.scenario.id, []).append(result)

    def record_missing(self, results: Iterable[ScenarioResult]) -> None:
        """Add the results of scenarios that have none yet."""
        for result in results:
            if result.scenario.id not in self._results:
                self.record(result)

    def explain_missing(self, scenario_id: str, reason: str) -> None:
        """Note why a scenario will have no result; the first reason counts."""
        self._missing_reasons.setdefault(scenario_id, reason)

    def result(self, scenario_id: str) -> ScenarioResult | None:
        """Return the latest result of a scenario; None if there is none."""
        return self._results.get(scenario_id, [None])[-1]

    @property
    def selected(self) -> frozenset[str]:
        """The ids of the selected scenarios."""
        return frozenset(self._selected)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was selected and nothing ran, so that there is nothing to report."""
        return not self._selected and not self._results

    def finalize(
        self, scenarios: Sequence[Scenario], *, stopped: str = ""
    ) -> Mapping[str, ScenarioResult]:
        """Return one result for every scenario, by id.

        Args:
            scenarios: all scenarios.
            stopped: why the run stopped early: the reason of the scenarios that did not run.
                Empty if it did not stop early; a missing result is then an error of the harness.

        """
        return {scenario.id: self._final_result(scenario, stopped) for scenario in scenarios}

    def _final_result(self, scenario: Scenario, stopped: str) -> ScenarioResult:
        results = self._results.get(scenario.id, [])
        if len(results) == 1:
            return results[0]
        if results:
            verdicts = ", ".join(result.verdict for result in results)
            reason = f"it ran {len(results)} times instead of once: {verdicts}"
            return ScenarioResult(scenario, Verdict.ERROR, reason)
        if scenario.id in self._missing_reasons:
            return ScenarioResult(scenario, Verdict.ERROR, self._missing_reasons[scenario.id])
        if stopped and (scenario.id in self._selected or not self._selected):
            return ScenarioResult(scenario, Verdict.NOT_OBSERVED, stopped)
        if scenario.id in self._selected:
            return ScenarioResult(scenario, Verdict.ERROR, NO_RESULT)
        return ScenarioResult(scenario, Verdict.NOT_OBSERVED, NOT_SELECTED)
