"""Flawed demo partners are told by the true name of their flaw; a sound one has no cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget
from pytest_mews.model import CauseKind, ScenarioResult, Verdict, serialization
from pytest_mews.model.verdict import FAILURES
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.schedule import Lane, Schedule

pytestmark = pytest.mark.slow

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
EXAMPLES = [
    (text.example.partner, text.example.scenarios, kind)
    for kind, text in load_kind_texts().items()
    if text.example is not None
]
OUTAGE = load_kind_texts()[CauseKind.OUTAGE].example
FIRST_ONLY = load_kind_texts()[CauseKind.WEBSOCKET_FIRST_EVENT_ONLY].example
assert OUTAGE is not None
assert FIRST_ONLY is not None
OTHERS = [
    ("dies-on-null-event", OUTAGE.scenarios, CauseKind.OUTAGE),
    ("interval-in-local-time", ("PROC-01", "PROC-06", "PROC-12"), CauseKind.NOT_IN_INTERVAL),
    ("ws-first-event-only", FIRST_ONLY.scenarios, CauseKind.WEBSOCKET_FIRST_EVENT_ONLY),
]
BuildSettings = Callable[..., Settings]
Certify = Callable[[str, Sequence[str]], list[ScenarioResult]]


@pytest.fixture
def certify(settings: BuildSettings) -> Certify:
    """Return a function that certifies a demo partner with some scenarios, and serializes it."""

    def run(partner: str, names: Sequence[str]) -> list[ScenarioResult]:
        options = settings(f"demo:{partner}", time_scale="0.001", examples="5", fetch_timeout="1")
        chosen = [SCENARIOS[name] for name in names]
        with CertificationRunner(options, budget=Budget(executions=10, seconds=30)) as runner:
            runner.probe(chosen)
            schedule = Schedule([Lane(runner.certify, 6)])
            schedule.start(chosen)
            results = [schedule.result(scenario) for scenario in chosen]
        reader = serialization.Reader(SCENARIOS)
        return [reader.result_from_json(serialization.result_to_json(result)) for result in results]

    return run


@pytest.mark.parametrize(("partner", "names", "kind"), [*EXAMPLES, *OTHERS])
def test_a_flaw_is_one_cause(
    partner: str, names: Sequence[str], kind: CauseKind, certify: Certify
) -> None:
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
    assert (
        find_causes(
            certify(
                partner, ["PRE-01", "REC-01", "REC-04", "RET-08", "AUTH-02", "ERR-01", "INT-01"]
            )
        )
        == ()
    )
