"""Scenarios wait side by side; those that ask for it run alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_mews.model import Scenario, ScenarioResult, Step, Verdict
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Schedule, in_order

ONE = loader.load()[0]
PATIENCE_S = 10  # how long a broken schedule may hang before the test fails


def scenarios(plan: str) -> list[Scenario]:
    """Make a scenario for each letter: `a` runs alone, `-` does not."""
    return [replace(ONE, id=f"TST-{n:02}", exclusive=each == "a") for n, each in enumerate(plan, 1)]


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


def test_whoever_waits_hears_what_is_played_meanwhile() -> None:
    """Waiting for a scenario whose turn comes later names the one that is played now."""
    heard: list[tuple[list[str], int, int]] = []
    end = threading.Event()

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-02":
            assert end.wait(PATIENCE_S)
        return ScenarioResult(scenario, Verdict.PASS, "")

    def waiting(now: Sequence[str], over: int, planned: int) -> None:
        heard.append((list(now), over, planned))
        if len(now) == over == 1:
            end.set()

    chosen = scenarios("--a")
    schedule = Schedule(certify, 3)
    schedule.start(chosen)
    schedule.result(chosen[2], waiting)
    schedule.stop()
    assert (["TST-02"], 1, 3) in heard


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
    assert {seen[each.id] for each in chosen if each.exclusive} == {1}


def test_the_hostile_have_company_where_nothing_is_accepted_in_time() -> None:
    """Each waits for the other; what measures time waits for nobody, and is alone."""
    meeting = threading.Barrier(2, timeout=PATIENCE_S)
    begun: list[str] = []

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-03":
            return ScenarioResult(scenario, Verdict.PASS, f"after {len(begun)}")
        begun.append(scenario.id)
        meeting.wait()
        return ScenarioResult(scenario, Verdict.PASS, "met")

    first, second, timed = scenarios("aaa")
    life = (Step("health-check", {}),)
    chosen = [replace(first, steps=life), replace(second, steps=life), timed]
    schedule = Schedule(certify, 3, sluggish=True)
    schedule.start(chosen)
    said = [schedule.result(each).reason for each in chosen]
    schedule.stop()
    assert said[:2] == ["met", "met"]
    assert said[2] in {"after 0", "after 2"}


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


def test_the_order_of_the_shortest_run() -> None:
    """The preflight first, then the longest waits, then those who are alone, the hostile last."""
    deliver, hostile = Step("send", {"message": "m"}), Step("health-check")
    lost = Step("deliver", {"message": "m", "faults": ["drop-response"]})
    given = Step("exhaust-retries", {"message": "m"})
    made = {
        "hostile": replace(ONE, steps=(deliver, hostile), exclusive=True),
        "alone": replace(ONE, steps=(deliver,), exclusive=True),
        "quick": replace(ONE, steps=(deliver,)),
        "rests": replace(ONE, steps=(deliver, Step("wait", {"seconds": 1.5}))),
        "waits": replace(ONE, steps=(lost,)),
        "often": replace(ONE, steps=(lost,), max_cases=8),
        "abreast": replace(ONE, steps=(given,), max_cases=8, concurrent_cases=True),
        "preflight": replace(ONE, steps=(Step("show-preflight"),)),
    }
    ordered = in_order(replace(each, id=name) for name, each in made.items())
    names, last = [each.id for each in ordered], ["alone", "hostile"]
    assert names == ["preflight", "often", "abreast", "waits", "rests", "quick", *last]


def test_what_ended_is_given_after_an_interruption() -> None:
    """What had not begun is never begun; what had ended is there, what failed is not."""
    begun, go_on = threading.Event(), threading.Event()

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-02":
            raise ZeroDivisionError
        if scenario.id == "TST-03":
            begun.set()
            go_on.wait(PATIENCE_S)
        return ScenarioResult(scenario, Verdict.PASS, "")

    schedule = Schedule(certify, 1)
    schedule.start(scenarios("----"))
    assert begun.wait(PATIENCE_S)
    schedule.stop()
    assert [each.scenario.id for each in schedule.finished()] == ["TST-01"]
    go_on.set()
    schedule.wait(PATIENCE_S)
    assert [each.scenario.id for each in schedule.finished()] == ["TST-01", "TST-03"]
