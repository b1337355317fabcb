"""The events of a run, published as they happen, and what receives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pytest_mews.mews.facts import Stage
from pytest_mews.model.run import Run, ScenarioResult
from pytest_mews.model.scenario import Scenario


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
        run: the run with one result for every scenario. A result can differ from that of its
            `ScenarioEnded`, for example if the scenario ran twice.

    """

    run: Run


RunEvent = RunStarted | ScenarioStarted | ScenarioEnded | RunEnded


class Subscriber(Protocol):
    """Receives the events of a run: one after another, each once, in any thread.

    The events have no secrets. A subscriber handles its own errors: an exception from it ends the
    run.
    """

    def receive(self, event: RunEvent, at_s: float) -> None:
        """Handle an event that happened `at_s` seconds after the start of the run."""
