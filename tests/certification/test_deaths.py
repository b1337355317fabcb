"""Services whose process ends during a run: one finding, and the rest runs or is blocked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.config.settings import Settings
from pytest_mews.execution.service_watch import Absence, ServiceWatch
from pytest_mews.model import Scenario, ScenarioResult, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently
from tests.partner_processes import ROOT, run_service

pytestmark = pytest.mark.slow

SERVICE = ROOT / "tests" / "mortal_service.py"
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
NULL_EVENT, DOCUMENTED = "[null]", "IntegrationEnabled"
HOSTILE = ("PRE-01", "REC-02", "ERR-05", "ERR-10", "INT-01", "LOAD-01")
CONCURRENT = ("REC-02", "REC-05", "INT-01", "INT-02", "INT-03", "INT-04")
BuildSettings = Callable[..., Settings]


@contextmanager
def mortal_service(
    folder: Path, dies_of: str, *, strict: bool = True, restarts: bool = False
) -> Iterator[str]:
    """Run a service that ends when it accepts certain messages; its URL has the token."""
    environment = {"MEWS_TOKEN": "its-own-secret", "DIES_OF": dies_of}
    environment |= {"STRICT": "yes"} if strict else {}
    environment |= {"RESTARTS": "yes"} if restarts else {}
    command, output = f"{sys.executable} {SERVICE}", folder / "service.log"
    with run_service(command, folder, output, environment) as service:
        yield f"{service.url}?Token={service.token}"


def certify(settings: Settings, ids: Sequence[str], jobs: int = 1) -> dict[str, ScenarioResult]:
    """Run scenarios, one after another or concurrently, and return their results by id."""
    scenarios: list[Scenario] = [SCENARIOS[name] for name in ids]
    with CertificationRunner(settings) as runner:
        if jobs > 1:
            return certify_concurrently(runner, scenarios, jobs)
        return {scenario.id: runner.certify(scenario) for scenario in scenarios}


@pytest.mark.parametrize("strict", [True, False])
def test_the_rest_is_blocked_if_the_service_stays_away(
    tmp_path: Path, settings: BuildSettings, *, strict: bool
) -> None:
    """ERR-05 fails with the message that ended the service; all that comes later is blocked."""
    with mortal_service(tmp_path, NULL_EVENT, strict=strict) as url:
        results = certify(settings(url, restart_timeout="1", examples="2"), HOSTILE)
    verdicts = {name: result.verdict for name, result in results.items()}
    failed, *later = HOSTILE[2:]
    assert {verdicts[name] for name in HOSTILE[:2]} == {Verdict.PASS}
    assert verdicts[failed] is Verdict.FAIL
    assert {verdicts[name] for name in later} == {Verdict.BLOCKED}
    reason = (
        'the service died at ERR-05, of the message "a null event", and did not come back within'
    )
    assert {results[name].reason.startswith(reason) for name in later} == {True}
    death = results[failed].death
    assert death is not None
    assert results[later[0]].death == death
    replay = results[failed].replay
    assert replay is not None
    assert "[null]" in replay.text


@pytest.mark.parametrize("jobs", [1, 4])
def test_the_rest_runs_if_the_service_is_restarted(
    tmp_path: Path, settings: BuildSettings, jobs: int
) -> None:
    """ERR-05 alone fails."""
    with mortal_service(tmp_path, NULL_EVENT, restarts=True) as url:
        results = certify(settings(url, examples="2"), HOSTILE, jobs)
    failures = {name for name, result in results.items() if result.verdict is Verdict.FAIL}
    assert failures == {"ERR-05"}
    assert not [result for result in results.values() if result.verdict is Verdict.BLOCKED]
    death = results["ERR-05"].death
    assert death is not None
    assert (death.message, death.returned) == ("a null event", True)


def test_concurrent_scenarios_run_again_alone(tmp_path: Path, settings: BuildSettings) -> None:
    """Only scenarios that end the service fail, not those that ran at the same time."""
    with mortal_service(tmp_path, DOCUMENTED, restarts=True) as url:
        results = certify(settings(url, examples="2"), CONCURRENT, jobs=6)
    failures = {name for name, result in results.items() if result.verdict is not Verdict.PASS}
    assert failures == {"INT-02"}
    death = results["INT-02"].death
    assert death is not None
    assert death.scenario_id == "INT-02"


def test_concurrent_scenarios_are_suspects(tmp_path: Path, settings: BuildSettings) -> None:
    """If the service stays away, those are named whose messages may have ended it."""
    with mortal_service(tmp_path, DOCUMENTED) as url:
        options = settings(url, restart_timeout="1", examples="2")
        results = certify(options, CONCURRENT, jobs=6)
    blocked = [result for result in results.values() if result.verdict is Verdict.BLOCKED]
    assert "INT-02" in {result.scenario.id for result in blocked}
    assert not [result for result in results.values() if result.verdict is Verdict.FAIL]
    assert len({result.reason for result in blocked}) == 1
    death = blocked[0].death
    assert death is not None
    assert "INT-02" in (death.scenario_id, *death.suspects)
    (cause,) = find_causes(list(results.values()))
    assert set(cause.explains) == {result.scenario.id for result in blocked}


def test_a_service_that_dies_after_a_scenario_passed(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scenario fails by the message that ended the service; the next one names it."""
    with CertificationRunner(settings("demo", examples="2")) as runner:
        monkeypatch.setattr(ServiceWatch, "refuses_connections", lambda _: True)
        monkeypatch.setattr(
            ServiceWatch, "wait_for_return", lambda *_: Absence(1.0, returned=False)
        )
        passed, blocked = (runner.certify(SCENARIOS[name]) for name in ("REC-02", "REC-03"))
    assert passed.verdict is Verdict.FAIL
    assert "the service refused connections afterwards" in passed.reason
    assert blocked.verdict is Verdict.BLOCKED
    assert blocked.death == passed.death
    assert blocked.reason.startswith("the service died at REC-02, of the message ")
