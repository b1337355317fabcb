"""Flawed demo partners are told by the true name of their flaw; a sound one has no cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget
from pytest_mews.model import CauseKind, ScenarioResult, Verdict, serialization
from pytest_mews.model.verdict import FAILURES
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Schedule

pytestmark = pytest.mark.slow

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
SENDING = "PRE-01 REC-01 REC-03 REC-04 REC-05 REC-11 RET-01 RET-08 AUTH-02 ERR-02 INT-01 INT-11"
HOSTILE = "PRE-01 REC-01 REC-03 AUTH-02 ERR-01 ERR-05 ERR-08 ERR-09 ERR-10"
BATCHES = "PRE-01 REC-03 REC-04 LOAD-03"
TENANTS = "PRE-01 PRE-02 PROC-01 PROC-03 PROC-04 PROC-20 PROC-21 PROC-25"
PAIRS = [
    ("every-third-503", SENDING, CauseKind.INTERMITTENT_STATUS),
    ("forgets-kept-connections", SENDING, CauseKind.KEPT_CONNECTION),
    ("fetches-first", BATCHES, CauseKind.TIME_PER_EVENT),
    ("dies-later", HOSTILE, CauseKind.OUTAGE),
    ("dies-on-null-event", HOSTILE, CauseKind.OUTAGE),
    ("always-200", HOSTILE, CauseKind.ACCEPTS_ANYTHING),
    ("ignores-token", "PRE-01 REC-01 AUTH-02 AUTH-03 AUTH-04 AUTH-08", CauseKind.TOKEN_NOT_CHECKED),
    ("body-limit", "PRE-01 REC-01 REC-03 REC-04 REC-06 REC-07", CauseKind.MESSAGE_SIZE),
    ("first-enterprise-only", f"{SENDING} LOAD-01 LOAD-02", CauseKind.ENTERPRISE),
    ("first-token-for-all", TENANTS, CauseKind.FIRST_TOKEN_FOR_ALL),
    ("reads-first-page-only", f"{TENANTS} PROC-17", CauseKind.PAGES_NOT_READ),
    ("first-event-only", "STR-03 STR-05 STR-07 STR-08", CauseKind.WEBSOCKET_FIRST_EVENT_ONLY),
    ("ws-first-event-only", "STR-03 STR-05 STR-07 STR-08", CauseKind.WEBSOCKET_FIRST_EVENT_ONLY),
    ("demands-signature", SENDING, CauseKind.NOT_AUTHORIZED),
    ("wrong-access-token", TENANTS, CauseKind.API_CALLS_REFUSED),
]
BuildSettings = Callable[..., Settings]
Certify = Callable[[str, str], list[ScenarioResult]]


@pytest.fixture
def certify(settings: BuildSettings) -> Certify:
    """Return a function that certifies a demo partner with some scenarios, and serializes it."""

    def run(partner: str, names: str) -> list[ScenarioResult]:
        options = settings(f"demo:{partner}", time_scale="0.001", examples="5", fetch_timeout="1")
        chosen = [SCENARIOS[name] for name in names.split()]
        with CertificationRunner(options, budget=Budget(executions=10, seconds=30)) as runner:
            runner.probe(chosen)
            schedule = Schedule(runner.certify, jobs=6)
            schedule.start(chosen)
            results = [schedule.result(scenario) for scenario in chosen]
        reader = serialization.Reader(SCENARIOS)
        return [reader.result_from_json(serialization.result_to_json(result)) for result in results]

    return run


@pytest.mark.parametrize(("partner", "names", "kind"), PAIRS)
def test_a_flaw_is_one_cause(partner: str, names: str, kind: CauseKind, certify: Certify) -> None:
    """There is one cause, of this kind, and it explains every scenario that did not pass."""
    results = certify(partner, names)
    failed = {
        result.scenario.id for result in results if result.verdict in FAILURES | {Verdict.BLOCKED}
    }
    causes = find_causes(results)
    assert [cause.kind for cause in causes] == [kind], causes
    assert set(causes[0].explains) == failed


@pytest.mark.parametrize("partner", ["sound", "keeps-connections"])
def test_a_sound_partner_has_no_cause(partner: str, certify: Certify) -> None:
    """Nothing failed, so nothing is explained."""
    assert find_causes(certify(partner, "PRE-01 REC-01 REC-04 RET-08 AUTH-02 ERR-01 INT-01")) == ()
