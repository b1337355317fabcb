"""Runs the steps of a scenario; importing this module registers what performs each step."""

from __future__ import annotations

from pytest_mews.execution import (  # noqa: F401 - each registers its functions with `perform`
    connector_steps,
    delivery_steps,
    websocket_steps,
)
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Execution, Messages, perform
from pytest_mews.model import Scenario, Transcript


def run_steps(scenario: Scenario, messages: Messages, context: CaseContext) -> Transcript:
    """Run all steps of a scenario in order, and return everything that was observed.

    The steps after one that ends it early (`Execution.ends_early`) are not run.
    """
    with Execution(context, messages, scenario.stage) as execution:
        for step in scenario.steps:
            perform(step, execution)
            if execution.ends_early:
                break
        return execution.transcript(scenario)
