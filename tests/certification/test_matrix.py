"""Certifies the demo partner: every sound variant passes, and every flaw is caught.

Waits between attempts are scaled down further than by default; the 5 s limit is never scaled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.demo import FLAWS, VARIANTS
from pytest_mews.execution import Budget
from pytest_mews.model import Level, Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.reports import one_line
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
# Not applicable without redirects; RED-06 is not applicable without https.
REDIRECTS = {"RED-02", "RED-03", "RED-04", "RED-05", "RED-06"}
# Flaws that a test of a whole run or of the report covers, instead of one scenario.
NOT_OF_A_SCENARIO = {"never-answers", "every-third-503", "fails-once-in-20", "echoes-hostile"}
BuildSettings = Callable[..., Settings]
# Variants that fetch in another way run all scenarios. For those that differ only in their
# responses, a few scenarios of the Processing stage are enough.
FETCHING = {"sound", "reads-by-interval", "slow-worker", "one-worker"}
QUICK = [
    scenario
    for scenario in SCENARIOS
    if scenario.stage is Stage.DELIVERY or scenario.id in {"PRE-02", "PROC-01", "PROC-03", "STR-23"}
]
# Variants that use the WebSocket in another way run the scenarios about it.
STREAMING_SCENARIOS = [scenario for scenario in SCENARIOS if scenario.stage is Stage.STREAMING]
STREAMING_VARIANTS = {"ws-cookies-without-space", "ws-trusts-events", "ws-slow-reconnect"}
INFORMATIONAL = {"PROC-30"}  # a service need not poll for abandoned events
BY_ID = {"STR-29"}  # about fetches by id: a service that polls makes none
# Documented after profile 2022-08:
LATER = {"INT-07", "REC-05", "REC-06", "RED-01", "PROC-05", "PROC-21"}
OF_HTTPS = {"TLS-01", "TLS-02", "TLS-03", "TLS-04"}
OF_PLAIN_HTTP = {"TLS-05"}


@pytest.mark.parametrize(("scenario", "flaw"), PAIRS)
def test_flaw_is_caught(scenario: Scenario, flaw: str, settings: BuildSettings) -> None:
    """The scenario for a flaw fails, or warns if only a SHOULD is not met."""
    options = settings(f"demo:{flaw}", time_scale="0.001", examples="5", fetch_timeout="3")
    with CertificationRunner(options, budget=Budget(executions=15, seconds=3)) as runner:
        result = runner.certify(scenario)
    unmet = [
        finding for evidence in result.evidence for finding in evidence.findings if not finding.met
    ]
    breaks_must = any(finding.level is Level.MUST for finding in unmet)
    assert result.verdict is (Verdict.FAIL if breaks_must else Verdict.WARN), result.reason
    assert result.failing_cases >= 1
    assert result.reason.startswith(tuple(one_line(finding.observed) for finding in unmet))


def test_a_crash_after_the_response_is_a_failure(settings: BuildSettings) -> None:
    """A service that accepts a null event and then crashes fails a MUST of that scenario."""
    (scenario,) = (item for item in SCENARIOS if item.id == "ERR-05")
    with CertificationRunner(settings("demo:dies-later", time_scale="0.001")) as runner:
        result = runner.certify(scenario)
    assert result.verdict is Verdict.FAIL
    assert "a valid message afterwards was not accepted" in result.reason


def test_every_flaw_has_a_scenario() -> None:
    """Each flaw of the demo partner is caught by a scenario, or by a test of a whole run."""
    named = {flaw for scenario in SCENARIOS for flaw in CAUGHT[scenario.id]}
    assert set(FLAWS) - NOT_OF_A_SCENARIO == named


def certify(
    runner: CertificationRunner, scenarios: Iterable[Scenario]
) -> dict[str, ScenarioResult]:
    """Certify as `--mews-jobs 6` does, so that waits overlap."""
    items = list(scenarios)
    runner.probe(items)
    schedule = Schedule(runner.certify, jobs=6)
    schedule.start(items)
    return {scenario.id: schedule.result(scenario) for scenario in items}


def other_reasons(
    results: Mapping[str, ScenarioResult], expected: Iterable[Verdict]
) -> dict[str, str]:
    """Return the reasons of the results that have none of the expected verdicts."""
    verdicts = set(expected)
    return {
        name: result.reason for name, result in results.items() if result.verdict not in verdicts
    }


def failures(results: Mapping[str, ScenarioResult]) -> dict[str, str]:
    """Return the reasons of the results that are neither `pass` nor `not-applicable`."""
    return other_reasons(results, [Verdict.PASS, Verdict.NOT_APPLICABLE])


@pytest.mark.parametrize("variant", sorted(STREAMING_VARIANTS))
def test_sound_client_passes(variant: str, settings: BuildSettings) -> None:
    """Every sound WebSocket client passes all scenarios about the WebSocket."""
    with CertificationRunner(
        settings(f"demo:{variant}", time_scale="0.001", examples="3")
    ) as runner:
        results = certify(runner, STREAMING_SCENARIOS)
    others = other_reasons(results, [Verdict.PASS])
    # A client that does not fetch after an event makes no fetch for STR-29 to evaluate.
    not_applicable = {"STR-29"} if variant == "ws-trusts-events" else set()
    assert others.keys() <= not_applicable, others


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name not in STREAMING_VARIANTS])
def test_sound_partner_passes(variant: str, settings: BuildSettings) -> None:
    """Every sound variant of the demo partner passes without a failure or a warning."""
    examples = "1" if variant == "slow-but-fine" else "5"
    options = settings(f"demo:{variant}", time_scale="0.001", examples=examples)
    with CertificationRunner(options) as runner:
        results = certify(runner, SCENARIOS if variant in FETCHING else QUICK)
    others = {
        name: result.verdict
        for name, result in results.items()
        if result.verdict is not Verdict.PASS
    }
    not_applicable = OF_PLAIN_HTTP if variant == "over-tls" else OF_PLAIN_HTTP | OF_HTTPS
    not_applicable |= {"RED-06"} if variant.startswith("redirects") else REDIRECTS
    if variant in FETCHING:
        not_applicable |= BY_ID if variant == "reads-by-interval" else INFORMATIONAL
    assert others == dict.fromkeys(not_applicable, Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("profile", ["2022-08", "2026-04"])
def test_sound_partner_passes_under_each_profile(profile: str, settings: BuildSettings) -> None:
    """With the older profile, only what was documented later is not applicable."""
    options = settings("demo", time_scale="0.001", examples="5", profile=profile)
    with CertificationRunner(options) as runner:
        results = certify(runner, SCENARIOS)
    others = {name for name, result in results.items() if result.verdict is not Verdict.PASS}
    later = LATER if profile == "2022-08" else set()
    assert others == REDIRECTS | OF_HTTPS | OF_PLAIN_HTTP | INFORMATIONAL | later
    assert {results[name].verdict for name in others} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("flaw", ["every-third-503", "fails-once-in-20"])
def test_flaky_partner_is_never_a_pass(flaw: str, settings: BuildSettings) -> None:
    """A partner that fails intermittently is flaky or failing, and the reason has its 503."""
    options = settings(f"demo:{flaw}", time_scale="0.001", examples="5")
    with CertificationRunner(options, budget=Budget(executions=15, seconds=3)) as runner:
        results = [runner.certify(scenario) for scenario in SCENARIOS if scenario.area == "REC"]
    verdicts = Counter(result.verdict for result in results)
    assert verdicts[Verdict.FLAKY] + verdicts[Verdict.FAIL] >= 1
    assert Verdict.ERROR not in verdicts
    first = next(result for result in results if result.verdict is not Verdict.PASS)
    assert "503" in first.reason


@pytest.mark.parametrize("override", ["attempts=1", "attempts=2", "attempts=5", "batch_limit=3"])
def test_sound_partner_passes_with_overrides(override: str, settings: BuildSettings) -> None:
    """With another number in the profile, what it rules out is not applicable."""
    options = settings("demo", time_scale="0.001", examples="2", profile_set=[override])
    with CertificationRunner(options) as runner:
        results = certify(runner, SCENARIOS)
    assert failures(results) == {}


def test_a_page_of_html_is_a_note(settings: BuildSettings) -> None:
    """Only the status decides, but a page of HTML may mean that the URL is wrong."""
    with CertificationRunner(settings("demo:verbose-response")) as runner:
        result = runner.certify(SCENARIOS[0])
        notes = runner.environment.notes
    assert (result.scenario.id, result.verdict) == ("PRE-01", Verdict.PASS)
    hint = "the response is an HTML page; is this the URL of the webhook itself?"
    assert hint in result.reason
    assert [note for note in notes if hint in note]


def test_lag_of_the_profile_is_used(settings: BuildSettings) -> None:
    """Events with a date are as old as the profile's lag, which may be overridden."""
    with CertificationRunner(settings("demo", profile_set=["lag_s=600,900"])) as runner:
        assert runner.environment.target.lag_s == (600, 900)


@pytest.mark.parametrize("events", ["CustomerAdded", "IntegrationCreated", "MessageAdded"])
def test_sound_partner_passes_with_few_subscriptions(events: str, settings: BuildSettings) -> None:
    """Only scenarios about subscribed events apply."""
    options = settings("demo", time_scale="0.001", examples="2", events=events)
    with CertificationRunner(options) as runner:
        results = certify(runner, SCENARIOS)
    assert failures(results) == {}
