"""What happens in a run, told as it happens: the writers of files only listen."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model.run import Run, ScenarioResult
from pytest_mews.model.scenario import Scenario, Stage


@dataclass(frozen=True)
class RunStarted:
    """Scenarios are about to be played.

    Attributes:
        run: all that is known of it before, without any result.
        asked: the stages whose means are given.
        scenarios: the whole catalogue, in its order.
        selected: the ids of those that are to be played.

    """

    run: Run
    asked: tuple[Stage, ...]
    scenarios: tuple[Scenario, ...]
    selected: tuple[str, ...]


@dataclass(frozen=True)
class ScenarioStarted:
    """A scenario is being played."""

    scenario: str


@dataclass(frozen=True)
class ScenarioEnded:
    """A scenario has its verdict; `notes` are the run's remarks so far."""

    result: ScenarioResult
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunEnded:
    """The run is over, by itself or by an interrupt that it could answer.

    Attributes:
        run: all that is known of it, without its results.
        others: results that no `ScenarioEnded` told, or told otherwise.

    """

    run: Run
    others: tuple[ScenarioResult, ...] = ()


RunEvent = RunStarted | ScenarioStarted | ScenarioEnded | RunEnded
