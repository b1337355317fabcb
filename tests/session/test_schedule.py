"""`Schedule` runs scenarios concurrently, and exclusive ones alone."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest

from pytest_mews.model import (
    ApiFault,
    Expectation,
    Fault,
    Level,
    Scenario,
    ScenarioResult,
    Stage,
    Verdict,
)
from pytest_mews.model.step import (
    Deliver,
    ExhaustRetries,
    HealthCheck,
    InjectApiFault,
    RestartService,
    Send,
    SendConcurrently,
    ShowPreflight,
    Wait,
    WaitForReconnect,
    WaitUntilFetched,
)
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Lane, Schedule, sort_scenarios

ONE = loader.load_scenarios()[0]
CROWD = (SendConcurrently(message="message", copies=10),)
LANES = (("first", 2), ("other", 1))  # with the jobs of each instance
TIMEOUT_S = 10  # a schedule that hangs fails the test after this time


def scenarios(plan: str) -> list[Scenario]:
    """Build a scenario for each letter: `x` is exclusive, `-` is not."""
    return [
        replace(ONE, id=f"TST-{number:02}", exclusive=letter == "x")
        for number, letter in enumerate(plan, 1)
    ]


def test_scenarios_overlap() -> None:
    """Three jobs run three scenarios at the same time: each waits for the other two."""
    meeting = threading.Barrier(3, timeout=TIMEOUT_S)

    def certify(scenario: Scenario) -> ScenarioResult:
        meeting.wait()
        return ScenarioResult(scenario, Verdict.PASS, "met")

    items = [replace(scenario, steps=CROWD) for scenario in scenarios("---")]
    schedule = Schedule([Lane(certify, 3)])
    schedule.start(items)
    assert [schedule.result(scenario).reason for scenario in items] == ["met"] * 3
    schedule.stop()


def test_a_wait_reports_the_running_scenarios() -> None:
    """During a wait `show_wait` is called with the running scenarios, and how long each has run."""
    calls: list[tuple[dict[str, float], int, int]] = []
    end = threading.Event()
    now_s = 100.0

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-02":
            assert end.wait(TIMEOUT_S)
        return ScenarioResult(scenario, Verdict.PASS, "")

    def show_wait(running: Mapping[str, float], done: int, total: int) -> None:
        nonlocal now_s
        calls.append((dict(running), done, total))
        if len(running) == done == 1:
            now_s = 107.0
            if running == {"TST-02": 7.0}:
                end.set()

    items = scenarios("--x")
    schedule = Schedule([Lane(certify, 3)], now_s=lambda: now_s)
    schedule.start(items)
    schedule.result(items[2], show_wait)
    schedule.stop()
    assert ({"TST-02": 7.0}, 1, 3) in calls


def test_an_exclusive_scenario_runs_alone() -> None:
    """While an exclusive scenario runs, no other scenario does.

    Where the service handles few messages at once, the same goes for one that sends several.
    """
    running: list[str] = []
    most: dict[str, int] = {}
    guard = threading.Lock()

    def certify(scenario: Scenario) -> ScenarioResult:
        with guard:
            running.append(scenario.id)
            most[scenario.id] = len(running)
        for _ in range(1000):
            with guard:
                most[scenario.id] = max(most[scenario.id], len(running))
        with guard:
            running.remove(scenario.id)
        return ScenarioResult(scenario, Verdict.PASS, "")

    items = scenarios("-x--x-xx")
    items[2] = replace(items[2], steps=CROWD)
    schedule = Schedule([Lane(certify, 8)], few_at_once=True)
    schedule.start(items)
    for scenario in items:
        schedule.result(scenario)
    schedule.stop()
    assert {most[item.id] for item in items if item.exclusive or item.steps == CROWD} == {1}


def test_with_a_slow_endpoint_hostile_scenarios_run_concurrently() -> None:
    """Two hostile scenarios wait for each other; an exclusive one that measures time runs alone."""
    meeting = threading.Barrier(2, timeout=TIMEOUT_S)
    started: list[str] = []

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-03":
            return ScenarioResult(scenario, Verdict.PASS, f"after {len(started)}")
        started.append(scenario.id)
        meeting.wait()
        return ScenarioResult(scenario, Verdict.PASS, "met")

    first, second, timed = scenarios("xxx")
    health_check = (HealthCheck(),)
    items = [replace(first, steps=health_check), replace(second, steps=health_check), timed]
    schedule = Schedule([Lane(certify, 3)], slow_endpoint=True)
    schedule.start(items)
    reasons = [schedule.result(scenario).reason for scenario in items]
    schedule.stop()
    assert reasons[:2] == ["met", "met"]
    assert reasons[2] in {"after 0", "after 2"}


def test_with_a_slow_endpoint_scenarios_that_end_connections_run_alone() -> None:
    """A second one would end connections that the first one looks at."""
    meeting = threading.Barrier(2, timeout=0.2)

    def certify(scenario: Scenario) -> ScenarioResult:
        with suppress(threading.BrokenBarrierError):
            meeting.wait()
            return ScenarioResult(scenario, Verdict.FAIL, "")
        return ScenarioResult(scenario, Verdict.PASS, "")

    items = [
        replace(item, steps=(WaitForReconnect(),), stage=Stage.STREAMING)
        for item in scenarios("xx")
    ]
    schedule = Schedule([Lane(certify, 2)], slow_endpoint=True)
    schedule.start(items)
    assert {schedule.result(item).verdict for item in items} == {Verdict.PASS}
    schedule.stop()


def test_an_exception_is_raised_by_result() -> None:
    """The exception of a scenario is raised when its result is requested, and only there."""

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-01":
            raise ZeroDivisionError
        return ScenarioResult(scenario, Verdict.PASS, "")

    first, second = scenarios("x-")
    schedule = Schedule([Lane(certify, 2)])
    schedule.start([first, second])
    with pytest.raises(ZeroDivisionError):
        schedule.result(first)
    assert schedule.result(second).verdict is Verdict.PASS
    schedule.stop()


def test_the_order_of_scenarios() -> None:
    """Preflight, the longest waits, exclusive scenarios: at last hostile ones, then restarts."""
    deliver, hostile = Send("m"), HealthCheck()
    retried = Deliver("m", faults=(Fault.DROP_RESPONSE,))
    abandoned = ExhaustRetries("m")
    batched = Expectation("batched-requests", Level.SHOULD)
    other = replace(ONE, exclusive=True, precondition=False)
    by_id = {
        "restart": replace(other, steps=(deliver, RestartService())),
        "hostile": replace(other, steps=(deliver, hostile)),
        "exclusive": replace(other, steps=(deliver, WaitUntilFetched())),
        "batched": replace(other, steps=(deliver,), expectations=(batched,)),
        "quick": replace(ONE, steps=(deliver,)),
        "idle": replace(ONE, steps=(deliver, Wait(seconds=1.5))),
        "may-time-out": replace(ONE, steps=(deliver, WaitUntilFetched())),
        "retried": replace(ONE, steps=(retried,)),
        "cases": replace(ONE, steps=(retried,), max_cases=8),
        "concurrent-cases": replace(ONE, steps=(abandoned,), max_cases=8, concurrent_cases=True),
        "preflight": replace(ONE, steps=(ShowPreflight(),)),
    }
    ordered = sort_scenarios(replace(scenario, id=name) for name, scenario in by_id.items())
    assert [scenario.id for scenario in ordered] == [
        "preflight",
        "cases",
        "concurrent-cases",
        "may-time-out",
        "retried",
        "idle",
        "quick",
        "batched",
        "exclusive",
        "hostile",
        "restart",
    ]


def test_the_order_of_exclusive_scenarios_of_several_instances() -> None:
    """What needs a retry comes first: a service that makes none is waited for longest."""
    deliver = Send("m")
    other = replace(ONE, exclusive=True, precondition=False)
    by_id = {
        "slow": (InjectApiFault(ApiFault.SLOW, ("m",)), deliver, WaitUntilFetched()),
        "long": (deliver, Wait(seconds=60)),
        "retried": (InjectApiFault(ApiFault.SERVER_ERROR, ("m",)), deliver, WaitUntilFetched()),
    }
    scenarios = [replace(other, id=name, steps=steps) for name, steps in by_id.items()]
    ordered = sort_scenarios(scenarios, instances=2)
    assert [scenario.id for scenario in ordered] == ["retried", "long", "slow"]


def test_no_scenario_starts_after_a_stop() -> None:
    """The running scenario finishes and can be waited for; no other one starts."""
    started, go_on = threading.Event(), threading.Event()
    finished: list[str] = []

    def certify(scenario: Scenario) -> ScenarioResult:
        if scenario.id == "TST-02":
            raise ZeroDivisionError
        if scenario.id == "TST-03":
            started.set()
            go_on.wait(TIMEOUT_S)
        finished.append(scenario.id)
        return ScenarioResult(scenario, Verdict.PASS, "")

    schedule = Schedule([Lane(certify, 1)])
    schedule.start(scenarios("----"))
    assert started.wait(TIMEOUT_S)
    schedule.stop()
    assert finished == ["TST-01"]
    go_on.set()
    schedule.wait_until_finished(TIMEOUT_S)
    assert finished == ["TST-01", "TST-03"]


def test_exclusive_scenarios_run_at_several_instances() -> None:
    """Three instances run three exclusive scenarios at the same time, each only one."""
    meeting = threading.Barrier(3, timeout=TIMEOUT_S)
    at_instance: dict[str, list[str]] = {name: [] for name in "abc"}

    def certify_at(name: str, scenario: Scenario) -> ScenarioResult:
        at_instance[name].append(scenario.id)
        assert len(at_instance[name]) <= 2
        meeting.wait()
        return ScenarioResult(scenario, Verdict.PASS, name)

    items = scenarios("xxxxxx")
    lanes = [Lane(partial(certify_at, name), 2) for name in at_instance]
    schedule = Schedule(lanes)
    schedule.start(items)
    names = [schedule.result(scenario).reason for scenario in items]
    schedule.stop()
    assert sorted(names) == ["a", "a", "b", "b", "c", "c"]


def test_the_first_instance_begins_with_what_runs_concurrently() -> None:
    """The others begin with exclusive scenarios, and each takes of the rest in the end."""
    has_begun, may_end = threading.Barrier(3, timeout=TIMEOUT_S), threading.Event()

    def certify_at(name: str, scenario: Scenario) -> ScenarioResult:
        if scenario.id in {"TST-01", "TST-02", "TST-03"}:
            has_begun.wait()
            if name == "first":
                assert may_end.wait(TIMEOUT_S)
        elif scenario.id == "TST-05":
            may_end.set()
        return ScenarioResult(scenario, Verdict.PASS, name)

    items = scenarios("x----")
    schedule = Schedule([Lane(partial(certify_at, name), jobs) for name, jobs in LANES])
    schedule.start(items)
    names = {scenario.id: schedule.result(scenario).reason for scenario in items}
    schedule.stop()
    assert names == {
        "TST-01": "other",
        "TST-02": "first",
        "TST-03": "first",
        "TST-04": "other",
        "TST-05": "other",
    }


def test_an_instance_that_died_takes_no_more_scenarios() -> None:
    """The others run the rest; if all have died, the last one has the blocked results."""
    dead: set[str] = set()
    may_end = threading.Event()

    def certify_at(name: str, scenario: Scenario) -> ScenarioResult:
        if name in dead:
            return ScenarioResult(scenario, Verdict.BLOCKED, name)
        if name == "first":
            assert may_end.wait(TIMEOUT_S)
        elif scenario.id != "TST-02":
            dead.add(name)
            may_end.set()
        if scenario.id == "TST-04":
            dead.add(name)
        return ScenarioResult(scenario, Verdict.PASS, name)

    items = scenarios("xxxxx")
    schedule = Schedule(
        [
            Lane(partial(certify_at, name), 1, partial(dead.__contains__, name))
            for name in ("first", "other")
        ]
    )
    schedule.start(items)
    results = [schedule.result(scenario) for scenario in items]
    schedule.stop()
    assert [result.verdict for result in results] == [Verdict.PASS] * 4 + [Verdict.BLOCKED]
    assert {result.reason for result in results[2:4]} & {"first"}
