"""Partners that hold a grudge, certified by eight jobs: nobody else is blamed for it."""

from __future__ import annotations

from collections.abc import Callable

from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget
from pytest_mews.model import Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Schedule, sort_scenarios
from tests.scenario_flaws import FLAWS as CAUGHT

DELIVERY = [each for each in loader.load_scenarios() if each.stage is Stage.DELIVERY]
UNREADABLE = {"malformed-body", "invalid-structure", "null-event"}  # draws that may end a service
FINE = {Verdict.PASS, Verdict.NOT_APPLICABLE}
Build = Callable[..., Settings]


def certify(flaw: str, settings: Build) -> dict[str, ScenarioResult]:
    """Certify a partner by eight jobs, and give what it did not pass, by id."""
    chosen = settings(f"demo:{flaw}", time_scale="0.001", examples="2", jobs="8")
    with CertificationRunner(chosen, budget=Budget(executions=15, seconds=3)) as engine:
        assert engine.environment.preflight.accepts
        schedule = Schedule(engine.certify, chosen.jobs)
        schedule.start(DELIVERY)
        results = {each.id: schedule.result(each) for each in DELIVERY}
        schedule.stop()
    return {name: result for name, result in results.items() if result.verdict not in FINE}


def meant(flaw: str) -> set[str]:
    """Name the scenarios that are there to catch a flaw."""
    return {each.id for each in DELIVERY if flaw in CAUGHT[each.id]}


def test_who_sends_what_may_end_a_service_is_alone() -> None:
    """Nobody plays beside it: else a service that dies of it would fail at something else."""
    odd = {
        each.id: each.exclusive
        for each in loader.load_scenarios()
        if UNREADABLE & {draw.generator for draw in each.message_specs}
    }
    assert {"ERR-01", "AUTH-06", "AUTH-07", "PROC-27"} <= set(odd)
    assert all(odd.values()), odd


def test_a_cut_body_blames_nobody_else(settings: Build) -> None:
    """What breaks for five requests is over before the next scenario begins."""
    assert set(certify("fails-after-truncated-body", settings)) == meant("fails-after-truncated-body")


def test_an_outage_blames_the_hostile_alone(settings: Build) -> None:
    """What is down for thirty requests meets those that are as hostile, which come last."""
    ended = certify("dies-on-malformed", settings)
    assert meant("dies-on-malformed") <= {
        name for name, each in ended.items() if each.verdict is Verdict.FAIL
    }
    order = [each.id for each in sort_scenarios(DELIVERY)]
    first = next(n for n, each in enumerate(sort_scenarios(DELIVERY)) if each.exclusive and _odd(each))
    assert set(ended) <= set(order[first:])


def test_a_lock_out_is_told_as_what_it_is(settings: Build) -> None:
    """Who is locked out for good fails at everything, and each reason shows the 503."""
    ended = certify("locks-out-after-retries", settings)
    assert ended["RET-02"].verdict is Verdict.FAIL
    assert [name for name, each in ended.items() if "503" not in each.reason] == []


def _odd(scenario: Scenario) -> bool:
    return bool(UNREADABLE & {draw.generator for draw in scenario.message_specs})
