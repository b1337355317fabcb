"""Scenarios wait side by side; those that ask for it run alone."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from mews_harness import catalogue
from mews_harness.certification.schedule import Schedule
from mews_harness.model import Scenario, ScenarioResult, Verdict

ONE = catalogue.load()[0]
PATIENCE_S = 10  # how long a broken schedule may hang before the test fails


def scenarios(plan: str) -> list[Scenario]:
    """Make a scenario for each letter: `a` runs alone, `-` does not."""
    return [replace(ONE, id=f"TST-{n:02}", alone=each == "a") for n, each in enumerate(plan, 1)]


def test_scenarios_overlap() -> None:
    """Three jobs certify three scenarios at the same time: each waits for the other two."""
    meeting = threading.Barrier(3, timeout=PATIENCE_S)

    def certify(scenario: Scenario) -> ScenarioResult:
        meeting.wait()
        return ScenarioResult(scenario, Verdict.PASS, "met")

    chosen = scenarios("---")
    schedule = Schedule(certify, 3)
    schedule.start(chosen)
    assert [schedule.result(each).reason for each in chosen] == ["met"] * 3
    schedule.stop()


def test_alone_means_alone() -> None:
    """While a scenario that runs alone is certified, no other is."""
    inside: list[str] = []
    seen: dict[str, int] = {}
    guard = threading.Lock()

    def certify(scenario: Scenario) -> ScenarioResult:
        with guard:
            inside.append(scenario.id)
            seen[scenario.id] = len(inside)
        for _ in range(1000):
            with guard:
                seen[scenario.id] = max(seen[scenario.id], len(inside))
        with guard:
            inside.remove(scenario.id)
        return ScenarioResult(scenario, Verdict.PASS, "")

    chosen = scenarios("-a--a-aa")
    schedule = Schedule(certify, 8)
    schedule.start(chosen)
    for each in chosen:
        schedule.result(each)
    schedule.stop()
    assert {seen[each.id] for each in chosen if each.alone} == {1}


def test_a_failure_reaches_whoever_asks() -> None:
    """What a certification raises is raised where its result is asked for, and nowhere else."""

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-01":
            raise ZeroDivisionError
        return ScenarioResult(scenario, Verdict.PASS, "")

    first, second = scenarios("a-")
    schedule = Schedule(certify, 2)
    schedule.start([first, second])
    with pytest.raises(ZeroDivisionError):
        schedule.result(first)
    assert schedule.result(second).verdict is Verdict.PASS
    schedule.stop()
