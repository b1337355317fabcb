"""The events of a run, published as they happen; the report writers only read them."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model.run import Run, ScenarioResult
from pytest_mews.model.scenario import Scenario, Stage


@dataclass(frozen=True)
class RunStarted:
    """The first scenario is about to start.

    Attributes:
        run: what is known about the run so far, without results.
        stages: the stages that the options allow.
        scenarios: all scenarios, in their order.
        selected_ids: the ids of the scenarios that will run.

    """

    run: Run
    stages: tuple[Stage, ...]
    scenarios: tuple[Scenario, ...]
    selected_ids: tuple[str, ...]


@dataclass(frozen=True)
class ScenarioStarted:
    """A scenario has started."""

    scenario_id: str


@dataclass(frozen=True)
class ScenarioEnded:
    """A scenario has its verdict; `notes` are the notes of the run so far."""

    result: ScenarioResult
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunEnded:
    """The run has ended, normally or by an interrupt that it could handle.

    Attributes:
        run: the run, without its results.
        remaining_results: results that differ from their `ScenarioEnded`, or have none.

    """

    run: Run
    remaining_results: tuple[ScenarioResult, ...] = ()


RunEvent = RunStarted | ScenarioStarted | ScenarioEnded | RunEnded
