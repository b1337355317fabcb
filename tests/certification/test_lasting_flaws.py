"""Flaws whose effect outlasts a scenario don't fail the scenarios that follow."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget
from pytest_mews.model import Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import sort_scenarios
from tests.concurrent_certification import certify_concurrently
from tests.scenario_flaws import FLAWS as CAUGHT
from tests.scenario_kinds import checks, first_of_each, steps

pytestmark = pytest.mark.slow

DELIVERY = [scenario for scenario in loader.load_scenarios() if scenario.stage is Stage.DELIVERY]
UNREADABLE = {
    "malformed-body",
    "invalid-structure",
    "null-event",
}  # generators whose messages may crash a service
SOUND = {Verdict.PASS, Verdict.NOT_APPLICABLE}
BuildSettings = Callable[..., Settings]


def certify(flaw: str, settings: BuildSettings) -> dict[str, ScenarioResult]:
    """Certify a partner with eight jobs; return what it did not pass, by id.

    The scenarios are those that catch the flaw, those that may crash the service, and the first of
    each kind.
    """
    kinds = first_of_each(checks, steps, scenarios=DELIVERY)
    chosen = [
        scenario
        for scenario in DELIVERY
        if scenario in kinds or _is_unreadable(scenario) or flaw in CAUGHT[scenario.id]
    ]
    options = settings(f"demo:{flaw}", time_scale="0.001", examples="1", jobs="8")
    with CertificationRunner(options, budget=Budget(executions=3, seconds=3)) as runner:
        assert runner.environment.preflight.accepts
        results = certify_concurrently(runner, chosen, options.jobs)
    return {name: result for name, result in results.items() if result.verdict not in SOUND}


def scenarios_for(flaw: str) -> set[str]:
    """Return the ids of the scenarios that catch a flaw."""
    return {scenario.id for scenario in DELIVERY if flaw in CAUGHT[scenario.id]}


def test_scenarios_that_may_crash_the_service_are_exclusive() -> None:
    """Otherwise a crash would fail the scenarios that run concurrently."""
    hostile = {
        scenario.id: scenario.exclusive
        for scenario in loader.load_scenarios()
        if _is_unreadable(scenario)
    }
    assert {"ERR-01", "AUTH-06", "AUTH-07", "PROC-27"} <= set(hostile)
    assert all(hostile.values()), hostile


def test_a_short_outage_fails_no_other_scenario(settings: BuildSettings) -> None:
    """An outage of five requests is over before the next scenario starts."""
    assert set(certify("fails-after-truncated-body", settings)) == scenarios_for(
        "fails-after-truncated-body"
    )


def test_a_long_outage_fails_hostile_scenarios_alone(settings: BuildSettings) -> None:
    """An outage of thirty requests meets only other hostile scenarios, which run last."""
    failures = certify("dies-on-malformed", settings)
    assert scenarios_for("dies-on-malformed") <= {
        name for name, result in failures.items() if result.verdict is Verdict.FAIL
    }
    order = sort_scenarios(DELIVERY)
    first = next(
        index
        for index, scenario in enumerate(order)
        if scenario.exclusive and _is_unreadable(scenario)
    )
    assert set(failures) <= {scenario.id for scenario in order[first:]}


def test_a_permanent_lockout_shows_in_every_reason(settings: BuildSettings) -> None:
    """A service that locks the sender out permanently fails all scenarios, each with its 503.

    The scenario that locks it fails, or is a suspect if one beside it notices the lockout first.
    """
    failures = certify("locks-out-after-retries", settings)
    locking = failures["RET-02"]
    if locking.verdict is not Verdict.FAIL:
        assert locking.death is not None
        assert "RET-02" in {locking.death.scenario_id, *locking.death.suspects}
    assert [name for name, result in failures.items() if "503" not in result.reason] == []


def _is_unreadable(scenario: Scenario) -> bool:
    return bool(UNREADABLE & {spec.generator for spec in scenario.message_specs})
