"""Certifies variants of the demo partner: every sound one passes, and every flaw is caught.

`tests/session/test_pytest_integration.py` certifies the sound demo partner itself.

Waits between attempts are scaled down further than by default; the 5 s limit is never scaled.
Whether a flaw is caught does not depend on shrinking, so the search ends at the first failure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.demo import PARTNER_KINDS
from pytest_mews.execution import Budget, scenario_runner
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.model import Level, Scenario, ScenarioResult, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.sanitize import one_line
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently
from tests.scenario_flaws import FLAWS as CAUGHT
from tests.scenario_kinds import checks, first_of_each, generators, steps

pytestmark = pytest.mark.slow

SCENARIOS = loader.load_scenarios()
VARIANTS = [name for name, kind in PARTNER_KINDS.items() if kind.is_sound]
FLAWS = PARTNER_KINDS.keys() - set(VARIANTS)
PAIRS = [
    pytest.param(scenario, flaw, id=f"{scenario.id}-{flaw}")
    for scenario in SCENARIOS
    for flaw in CAUGHT[scenario.id]
]
# Not applicable without redirects; RED-06 is not applicable without https.
REDIRECTS = {"RED-02", "RED-03", "RED-04", "RED-05", "RED-06"}
# Flaws that a test of a whole run or of the report covers, instead of one scenario.
NOT_OF_A_SCENARIO = {"never-answers", "every-third-503", "fails-once-in-20", "echoes-hostile"}
NO_SHRINKING = Budget(executions=0)
# A flaw is caught with any pauses; those of a run are for services that are sound.
ACTION_PAUSES_S = (0.1, 0.3)
FETCH_TIMEOUT_S = 1
LONGER_TIMEOUTS_S = {
    "fetches-later-when-disabled": 5,  # the flaw is a request 2 s after the response
    "ws-slow-lookup": 3,  # the flaw is a request that comes later than after 1 s
    "misreads-payments": 3,  # the flaw is a request 1 s after the response
    # A full page takes long on a busy machine.
    "reads-first-page-of-1000": 3,
    "reads-first-page-by-interval": 3,
    # On a busy machine the retries take longer than 1 s.
    "fixed-retry-interval": 3,
    "ws-fixed-reconnect-interval": 3,
    "ws-no-jitter": 3,
}
# With a timeout of 1 s instead of 10 a busy machine can hide a flaw: then a second try decides.
TRIES = 2
# Their pauses are too regular or too short, or hold up a webhook that has to come meanwhile. That
# is hidden more often.
TRIES_FOR_PAUSES = 6
TELLING_PAUSES = {
    "fixed-retry-interval",
    "retries-429-immediately",
    "ws-fixed-reconnect-interval",
    "ws-no-jitter",
    "ws-pauses-stop-webhooks",
}
LEVELS = {  # of what a flaw breaks, where it is not the level of the scenario
    "cold-start": Level.SHOULD,
    "dies-on-malformed": Level.MUST,
    "dies-on-null-event": Level.MUST,
    "ignores-retry-after": Level.SHOULD,
    "fetches-three-times": Level.SHOULD,
    "misreads-payments": Level.SHOULD,
    "retries-empty-answers": Level.SHOULD,
    "deprecated-operation": Level.SHOULD,
    "deprecated-extents": Level.SHOULD,
}
BuildSettings = Callable[..., Settings]
# Also those that Mews sends only on request; a WebSocket has all of its types.
ALL_EVENTS = ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION))
# Not applicable without these events; PROC-01 has a flaw about them.
ON_REQUEST = {"REC-13", "PROC-35", "PROC-36", "PROC-38"}

# Variants run the scenarios that can see how they differ from the sound partner: in the way they
# fetch, or in their responses. `make soundness` runs all scenarios for each of them.
FETCHING = {"reads-by-interval", "drops-deleted", "slow-worker", "one-worker"}
FETCHING_SCENARIOS = first_of_each(
    checks,
    steps,
    generators,
    scenarios=[
        scenario
        for scenario in SCENARIOS
        if scenario.stage is Stage.PROCESSING or scenario.area == "LOAD" or scenario.id == "PRE-02"
    ],
)
RESPONDING_SCENARIOS = first_of_each(
    checks,
    steps,
    scenarios=[
        scenario
        for scenario in SCENARIOS
        if scenario.stage is Stage.DELIVERY or scenario.id in {"PRE-02", "PROC-01", "STR-23"}
    ],
)
# The others respond in the time of the sound partner.
IN_THEIR_OWN_TIME = {"slow-but-fine", "closes-connections", "over-tls"}
# Variants that use the WebSocket in another way run the scenarios about it.
STREAMING_SCENARIOS = [scenario for scenario in SCENARIOS if scenario.stage is Stage.STREAMING]
# Those that differ only in what follows a handshake or an event run one scenario of each kind.
SOME_STREAMING_SCENARIOS = first_of_each(checks, steps, scenarios=STREAMING_SCENARIOS)
WEBHOOK_SCENARIOS = [scenario for scenario in SCENARIOS if scenario.stage is not Stage.STREAMING]
# Those in which a subscription, or an old profile, can show: in what is generated, or in what is
# expected. The steps and the time of a response depend on neither.
CONFIGURED_SCENARIOS = first_of_each(
    checks, generators, scenarios=[item for item in WEBHOOK_SCENARIOS if item.area != "LOAD"]
)
STREAMING_VARIANTS = {"ws-cookies-without-space", "ws-trusts-events", "ws-slow-reconnect"}
INFORMATIONAL = {"PROC-30"}  # a service need not poll for abandoned events
BY_ID = {"STR-29"}  # about fetches by id: a service that polls makes none
# Documented after profile 2022-08:
LATER = {"INT-07", "REC-05", "REC-06", "RED-01", "PROC-05", "PROC-21", "PROC-53"}
OF_HTTPS = {"TLS-01", "TLS-02", "TLS-03", "TLS-04"}
OF_PLAIN_HTTP = {"TLS-05"}


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
    assert named == FLAWS - NOT_OF_A_SCENARIO


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
    """Every sound WebSocket client passes the scenarios about the WebSocket."""
    options = settings(f"demo:{variant}", time_scale="0.001", examples="1")
    reconnects = variant == "ws-slow-reconnect"
    scenarios = STREAMING_SCENARIOS if reconnects else SOME_STREAMING_SCENARIOS
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, scenarios)
    others = other_reasons(results, [Verdict.PASS])
    # A client that does not fetch after an event makes no fetch for STR-29 to evaluate.
    not_applicable = {"STR-29"} if variant == "ws-trusts-events" else set()
    assert others.keys() <= not_applicable, others


@pytest.mark.parametrize(
    "variant", [name for name in VARIANTS if name not in {"sound", *STREAMING_VARIANTS}]
)
def test_sound_partner_passes(variant: str, settings: BuildSettings) -> None:
    """Every sound variant of the demo partner passes without a failure or a warning."""
    options = settings(f"demo:{variant}", time_scale="0.001", examples="1", events=ALL_EVENTS)
    if variant in FETCHING:
        scenarios = FETCHING_SCENARIOS
    else:
        timed = variant in IN_THEIR_OWN_TIME
        scenarios = [item for item in RESPONDING_SCENARIOS if timed or item.area != "LOAD"]
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, scenarios)
        for scenario in scenarios:  # other tests can make responses late: three tries
            for _ in range(2):
                if scenario.area == "LOAD" and results[scenario.id].verdict is not Verdict.PASS:
                    results[scenario.id] = runner.certify(scenario)
    others = {
        name: result.verdict
        for name, result in results.items()
        if result.verdict is not Verdict.PASS
    }
    not_applicable = OF_PLAIN_HTTP | (set() if variant == "over-tls" else OF_HTTPS)
    not_applicable |= {"RED-06"} if variant.startswith("redirects") else REDIRECTS
    not_applicable |= BY_ID if variant == "reads-by-interval" else INFORMATIONAL
    assert others == dict.fromkeys(not_applicable & results.keys(), Verdict.NOT_APPLICABLE)


def test_sound_partner_passes_under_the_oldest_profile(settings: BuildSettings) -> None:
    """Only what was documented later is not applicable."""
    options = settings("demo", time_scale="0.001", examples="1", profile="2022-08")
    with CertificationRunner(options) as runner:
        unmet = {
            scenario.id: result
            for scenario in WEBHOOK_SCENARIOS
            if (result := runner.unmet_precondition(scenario)) is not None
        }
        results = unmet | certify_concurrently(runner, CONFIGURED_SCENARIOS)
    others = {name for name, result in results.items() if result.verdict is not Verdict.PASS}
    assert others == REDIRECTS | OF_HTTPS | OF_PLAIN_HTTP | INFORMATIONAL | ON_REQUEST | LATER
    assert {results[name].verdict for name in others} == {Verdict.NOT_APPLICABLE}


@pytest.mark.parametrize("flaw", ["every-third-503", "fails-once-in-20"])
def test_flaky_partner_is_never_a_pass(flaw: str, settings: BuildSettings) -> None:
    """A partner that fails intermittently is flaky or failing, and the reason has its 503."""
    options = settings(f"demo:{flaw}", time_scale="0.001", examples="5")
    with CertificationRunner(options, budget=Budget(executions=5, seconds=3)) as runner:
        results = [runner.certify(scenario) for scenario in SCENARIOS if scenario.area == "REC"]
    verdicts = Counter(result.verdict for result in results)
    assert verdicts[Verdict.FLAKY] + verdicts[Verdict.FAIL] >= 1
    assert Verdict.ERROR not in verdicts
    first = next(result for result in results if result.verdict is not Verdict.PASS)
    assert "503" in first.reason


@pytest.mark.parametrize(
    ("override", "areas"),
    [
        ("attempts=1", {"RET"}),
        ("attempts=2", {"RET"}),
        ("attempts=5", {"RET"}),
        ("batch_limit=3", {"REC", "LOAD"}),
    ],
)
def test_sound_partner_passes_with_overrides(
    override: str, areas: set[str], settings: BuildSettings
) -> None:
    """With another number in the profile, what it rules out is not applicable."""
    options = settings("demo", time_scale="0.001", examples="1", profile_set=[override])
    scenarios = [scenario for scenario in SCENARIOS if scenario.area in {"PRE", *areas}]
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, scenarios)
    assert failures(results) == {}


def test_a_cold_start_is_a_note(settings: BuildSettings) -> None:
    """The endpoint counts as fast, and the note has the figures."""
    with CertificationRunner(settings("demo:cold-start")) as runner:
        assert not runner.environment.is_slow
        (note,) = runner.environment.notes
    assert re.fullmatch(
        r"The first response took 6\.\d s, the next \d+ ms: the service was asleep .*",
        note,
    )


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
    options = settings("demo", time_scale="0.001", examples="1", events=events)
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, CONFIGURED_SCENARIOS)
    assert failures(results) == {}


@pytest.mark.parametrize(("scenario", "flaw"), PAIRS)
def test_flaw_is_caught(
    scenario: Scenario, flaw: str, settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scenario for a flaw fails, or warns if only a SHOULD is not met."""
    monkeypatch.setattr(scenario_runner, "ACTION_PAUSES_S", ACTION_PAUSES_S)
    timeout_s = LONGER_TIMEOUTS_S.get(flaw, FETCH_TIMEOUT_S)
    options = settings(
        f"demo:{flaw}",
        time_scale="0.001",
        examples="1",
        fetch_timeout=str(timeout_s),
        events=ALL_EVENTS if scenario.id in {*ON_REQUEST, "PROC-01"} else None,
    )
    for _ in range(TRIES_FOR_PAUSES if flaw in TELLING_PAUSES else TRIES):
        with CertificationRunner(options, budget=NO_SHRINKING) as runner:
            result = runner.certify(scenario)
        if result.verdict in {Verdict.FAIL, Verdict.WARN}:
            break
    unmet = [
        finding for evidence in result.evidence for finding in evidence.findings if not finding.met
    ]
    levels = {finding.level for finding in unmet}
    assert LEVELS.get(flaw, scenario.level) in levels, result.reason
    assert result.verdict is (Verdict.FAIL if Level.MUST in levels else Verdict.WARN), result.reason
    assert result.failing_cases >= 1
    assert result.reason.startswith(tuple(one_line(finding.observed) for finding in unmet))
