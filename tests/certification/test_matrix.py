"""The test of the harness itself: sound partners pass everything, each flaw is caught.

Waits between attempts are scaled down further than by default; the 5 s limit never is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.demo import FLAWS, VARIANTS
from pytest_mews.execution import Budget
from pytest_mews.model import Level, Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Schedule
from tests.scenario_flaws import FLAWS as CAUGHT

SCENARIOS = loader.load_scenarios()
PAIRS = [
    pytest.param(scenario, flaw, id=f"{scenario.id}-{flaw}")
    for scenario in SCENARIOS
    for flaw in CAUGHT[scenario.id]
]
# Not applicable where nothing redirects; the last one where nothing is https.
REDIRECTS = {"RED-02", "RED-03", "RED-04", "RED-05", "RED-06"}
# For other tests: the behaviour of a whole run, or of the report, not of one scenario.
NOT_OF_A_SCENARIO = {"never-answers", "every-third-503", "fails-once-in-20", "echoes-hostile"}
Build = Callable[..., Settings]
# For partners that differ from the sound one in their answers alone, not in what they fetch, a few
# scenarios of the Processing stage will do.
FETCHING = {"sound", "reads-by-interval", "slow-worker", "one-worker"}
QUICK = [
    each
    for each in SCENARIOS
    if each.stage is Stage.DELIVERY or each.id in {"PRE-02", "PROC-01", "PROC-03", "STR-23"}
]
# For those that use the WebSocket in another way, the scenarios about it.
STREAMS = [each for each in SCENARIOS if each.stage is Stage.STREAMING]
STREAMING = {"ws-cookies-without-space", "ws-trusts-events", "ws-slow-reconnect"}
INFORMS = {"PROC-30"}  # nobody has to look for what was abandoned
BY_ID = {"STR-29"}  # about fetches by an id: who reads by an interval makes none
# Documented after profile 2022-08:
LATER = {"INT-07", "REC-05", "REC-06", "RED-01", "PROC-05", "PROC-21"}
OF_HTTPS = {"TLS-01", "TLS-02", "TLS-03", "TLS-04"}
OF_PLAIN_HTTP = {"TLS-05"}


@pytest.mark.parametrize(("scenario", "flaw"), PAIRS)
def test_flaw_is_caught(scenario: Scenario, flaw: str, settings: Build) -> None:
    """The scenario meant for a flaw fails on it, or warns where it is only a SHOULD."""
    chosen = settings(f"demo:{flaw}", time_scale="0.001", examples="5", fetch_timeout="3")
    with CertificationRunner(chosen, budget=Budget(executions=15, seconds=3)) as engine:
        result = engine.certify(scenario)
    broken = [f for trial in result.evidence for f in trial.findings if not f.met]
    must = any(finding.level is Level.MUST for finding in broken)
    assert result.verdict is (Verdict.FAIL if must else Verdict.WARN), result.reason
    assert result.failing_cases >= 1
    assert "expected" in result.reason


def test_death_after_the_answer_is_a_failure(settings: Build) -> None:
    """Who thanks for a null event and then dies of it breaks a MUST, in that very scenario."""
    (scenario,) = (each for each in SCENARIOS if each.id == "ERR-05")
    with CertificationRunner(settings("demo:dies-later", time_scale="0.001")) as engine:
        result = engine.certify(scenario)
    assert result.verdict is Verdict.FAIL
    assert "expected a valid message afterwards to be accepted" in result.reason


def test_every_flaw_has_a_scenario() -> None:
    """Each flaw of the embedded partner is named by a scenario, or by a test of the whole run."""
    named = {flaw for scenario in SCENARIOS for flaw in CAUGHT[scenario.id]}
    assert set(FLAWS) - NOT_OF_A_SCENARIO == named


def certified(
    engine: CertificationRunner, scenarios: Iterable[Scenario]
) -> dict[str, ScenarioResult]:
    """Certify as `--mews-jobs 6` does, so that waits overlap."""
    chosen = list(scenarios)
    engine.probe(chosen)
    schedule = Schedule(engine.certify, jobs=6)
    schedule.start(chosen)
    return {each.id: schedule.result(each) for each in chosen}


def accused(results: Mapping[str, ScenarioResult]) -> dict[str, str]:
    """Say of each scenario that did not clear the partner what it holds against it."""
    cleared = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    return {name: each.reason for name, each in results.items() if each.verdict not in cleared}


@pytest.mark.parametrize("variant", sorted(STREAMING))
def test_sound_client_passes(variant: str, settings: Build) -> None:
    """A sound WebSocket client, however it connects and waits, passes all about the WebSocket."""
    with CertificationRunner(
        settings(f"demo:{variant}", time_scale="0.001", examples="3")
    ) as engine:
        results = certified(engine, STREAMS)
    said = {name: each.reason for name, each in results.items() if each.verdict != Verdict.PASS}
    # Nothing is fetched that both channels tell of, where an event is taken as it is.
    only = {"STR-29"} if variant == "ws-trusts-events" else set()
    assert said.keys() <= only, said


@pytest.mark.parametrize("variant", [each for each in VARIANTS if each not in STREAMING])
def test_sound_partner_passes(variant: str, settings: Build) -> None:
    """A sound partner, however it answers and fetches, gets no failure and no warning."""
    examples = "1" if variant == "slow-but-fine" else "5"
    chosen = settings(f"demo:{variant}", time_scale="0.001", examples=examples)
    with CertificationRunner(chosen) as engine:
        results = certified(engine, SCENARIOS if variant in FETCHING else QUICK)
    said = {
        name: each.verdict for name, each in results.items() if each.verdict is not Verdict.PASS
    }
    absent = OF_PLAIN_HTTP if variant == "over-tls" else OF_PLAIN_HTTP | OF_HTTPS
    absent |= {"RED-06"} if variant.startswith("redirects") else REDIRECTS
    if variant in FETCHING:
        absent |= BY_ID if variant == "reads-by-interval" else INFORMS
    assert said == dict.fromkeys(absent, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("profile", ["2022-08", "2026-04"])
def test_sound_partner_passes_under_each_profile(profile: str, settings: Build) -> None:
    """Under the older profile only what did not exist then is not applicable."""
    chosen = settings("demo", time_scale="0.001", examples="5", profile=profile)
    with CertificationRunner(chosen) as engine:
        results = certified(engine, SCENARIOS)
    others = {name for name, result in results.items() if result.verdict is not Verdict.PASS}
    later = LATER if profile == "2022-08" else set()
    assert others == REDIRECTS | OF_HTTPS | OF_PLAIN_HTTP | INFORMS | later
    assert {results[name].verdict for name in others} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("flaw", ["every-third-503", "fails-once-in-20"])
def test_flaky_partner_is_never_a_pass(flaw: str, settings: Build) -> None:
    """A partner that fails now and then is reported as flaky or failing, with its 503."""
    chosen = settings(f"demo:{flaw}", time_scale="0.001", examples="5")
    with CertificationRunner(chosen, budget=Budget(executions=15, seconds=3)) as engine:
        results = [engine.certify(each) for each in SCENARIOS if each.area == "REC"]
    verdicts = Counter(result.verdict for result in results)
    assert verdicts[Verdict.FLAKY] + verdicts[Verdict.FAIL] >= 1
    assert Verdict.ERROR not in verdicts
    first = next(result for result in results if result.verdict is not Verdict.PASS)
    assert "503" in first.reason


@pytest.mark.parametrize("override", ["attempts=1", "attempts=2", "attempts=5", "batch_limit=3"])
def test_sound_partner_passes_with_overrides(override: str, settings: Build) -> None:
    """Another number in the profile accuses nobody: what it rules out is not applicable."""
    chosen = settings("demo", time_scale="0.001", examples="2", profile_set=[override])
    with CertificationRunner(chosen) as engine:
        results = certified(engine, SCENARIOS)
    assert accused(results) == {}


def test_page_of_html_is_told_of_and_no_failure(settings: Build) -> None:
    """Success is told by the status alone; still, a page may mean that the URL is another one."""
    with CertificationRunner(settings("demo:verbose-response")) as engine:
        result = engine.certify(SCENARIOS[0])
        notes = engine.environment.notes
    assert (result.scenario.id, result.verdict) == ("PRE-01", Verdict.PASS)
    assert result.reason.endswith("a page of HTML came: is this the URL of the webhook itself?")
    assert [note for note in notes if "a page of HTML came" in note]


def test_lag_of_the_profile_is_played(settings: Build) -> None:
    """Dated events are as old as the profile's lag makes them, overridden or not."""
    with CertificationRunner(settings("demo", profile_set=["lag_s=600,900"])) as engine:
        assert engine.environment.target.lag_s == (600, 900)


@pytest.mark.parametrize("events", ["CustomerAdded", "IntegrationCreated", "MessageAdded"])
def test_sound_partner_passes_with_few_subscriptions(events: str, settings: Build) -> None:
    """Whatever is subscribed, nothing else is asked for."""
    chosen = settings("demo", time_scale="0.001", examples="2", events=events)
    with CertificationRunner(chosen) as engine:
        results = certified(engine, SCENARIOS)
    assert accused(results) == {}
