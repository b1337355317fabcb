"""Flawed demo partners are told by the true name of their flaw; a sound one has no cause.

Some are certified with all scenarios of a stage, where what one of them shows can hide the cause of
the others, or seem to be another cause; the rest with the scenarios of an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget, scenario_runner
from pytest_mews.model import Cause, CauseKind, ScenarioResult, Stage, Verdict, serialization
from pytest_mews.model.verdict import FAILURES
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently

pytestmark = pytest.mark.slow

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
EXAMPLES = {
    kind: text.example for kind, text in load_kind_texts().items() if text.example is not None
}
FIRST_ONLY = EXAMPLES[CauseKind.WEBSOCKET_FIRST_EVENT_ONLY].scenarios


@dataclass(frozen=True)
class WholeStage:
    """A demo partner and the stage whose scenarios certify it all together.

    Attributes:
        partner: the demo partner.
        stage: the stage.
        kinds: the causes, in their order.
        others: scenarios of other stages that certify it too.

    """

    partner: str
    stage: Stage
    kinds: tuple[CauseKind, ...]
    others: tuple[str, ...] = ()


WHOLE_STAGES = [
    WholeStage(
        "first-event-only",
        Stage.PROCESSING,
        (CauseKind.FIRST_EVENT_ONLY, CauseKind.WEBSOCKET_FIRST_EVENT_ONLY),
        FIRST_ONLY,
    ),
    WholeStage("forgets-one-event-in-50", Stage.PROCESSING, (CauseKind.MESSAGE_PART_NOT_FETCHED,)),
    WholeStage("first-token-for-all", Stage.PROCESSING, (CauseKind.FIRST_TOKEN_FOR_ALL,)),
    WholeStage("reads-first-page-only", Stage.PROCESSING, (CauseKind.PAGES_NOT_READ,)),
    WholeStage("deduplicates-by-id", Stage.PROCESSING, (CauseKind.SHARED_ID_NOT_FETCHED,)),
    WholeStage("every-third-503", Stage.DELIVERY, (CauseKind.INTERMITTENT_STATUS,)),
    WholeStage("forgets-kept-connections", Stage.DELIVERY, (CauseKind.KEPT_CONNECTION,)),
    WholeStage("first-enterprise-only", Stage.DELIVERY, (CauseKind.ENTERPRISE,)),
]
# With the short timeout of these runs even a sound partner is too slow for the first two; the slow
# response of the third delays what it requests together with others.
NEED_LONGER_WAITS = {"PROC-05", "PROC-39", "PROC-32"}
# What the waits of a busy machine hide, or make fail, decides a second run.
TRIES = 2
WITH_FEW = [
    (example.partner, example.scenarios, kind)
    for kind, example in EXAMPLES.items()
    if example.partner not in {whole.partner for whole in WHOLE_STAGES}
]
OTHERS = [
    ("dies-on-null-event", EXAMPLES[CauseKind.OUTAGE].scenarios, CauseKind.OUTAGE),
    ("remembers-first-token", ("PROC-21", "PROC-24", "PROC-53"), CauseKind.ENDED_TOKEN_USED),
    ("fetches-when-disabled", ("PROC-22", "PROC-23", "PROC-24"), CauseKind.ENDED_TOKEN_USED),
    ("keeps-old-key", ("PROC-21", "PROC-53"), CauseKind.REPLACED_KEY_USED),
    (
        "drops-queue-at-new-key",
        ("PROC-20", "PROC-21", "PROC-25", "PROC-31", "PROC-53"),
        CauseKind.LOST_AT_NEW_KEY,
    ),
    ("interval-in-local-time", ("PROC-01", "PROC-06", "PROC-12"), CauseKind.NOT_IN_INTERVAL),
    ("ws-first-event-only", FIRST_ONLY, CauseKind.WEBSOCKET_FIRST_EVENT_ONLY),
    ("ws-drops-mixed-batch", FIRST_ONLY, CauseKind.WEBSOCKET_BATCH_NOT_HANDLED),
    ("ws-never-reports", ("STR-23", "STR-24"), CauseKind.COMMANDS_NOT_REPORTED),
    ("ws-no-catch-up", ("STR-21", "STR-22"), CauseKind.ACTIVE_COMMANDS_NOT_REQUESTED),
    ("gives-up-after-two-attempts", ("PROC-06", "PROC-08", "PROC-09"), CauseKind.LIMITED_RETRIES),
    (
        "loses-one-id-of-20",
        ("PROC-01", "PROC-03", "PROC-17", "PROC-57"),
        CauseKind.MESSAGE_PART_NOT_FETCHED,
    ),
    ("refuses-third-copy", ("RET-04", "RET-05", "RET-09"), CauseKind.REPEATED_MESSAGE),
]
BuildSettings = Callable[..., Settings]
Certify = Callable[[str, Sequence[str]], list[ScenarioResult]]


def as_read(results: Iterable[ScenarioResult]) -> list[ScenarioResult]:
    """Return results as another process reads them."""
    reader = serialization.Reader(SCENARIOS)
    return [reader.result_from_json(serialization.result_to_json(result)) for result in results]


def failed_ids(results: Iterable[ScenarioResult]) -> set[str]:
    """Return the ids of the scenarios for whose failure there may be a cause."""
    verdicts = FAILURES | {Verdict.BLOCKED}
    return {result.scenario.id for result in results if result.verdict in verdicts}


@pytest.fixture
def certify(settings: BuildSettings) -> Certify:
    """Return a function that certifies a demo partner with some scenarios, and serializes it."""

    def run(partner: str, names: Sequence[str]) -> list[ScenarioResult]:
        options = settings(f"demo:{partner}", time_scale="0.001", examples="5", fetch_timeout="1")
        chosen = [SCENARIOS[name] for name in names]
        with CertificationRunner(options, budget=Budget(executions=4, seconds=30)) as runner:
            results = certify_concurrently(runner, chosen).values()
        return as_read(results)

    return run


@pytest.mark.parametrize(("partner", "names", "kind"), [*WITH_FEW, *OTHERS])
def test_a_flaw_is_one_cause(
    partner: str, names: Sequence[str], kind: CauseKind, certify: Certify
) -> None:
    """There is one cause, of this kind, and it explains every scenario that did not pass."""
    results = certify(partner, names)
    causes = find_causes(results)
    assert [cause.kind for cause in causes] == [kind], causes
    assert set(causes[0].explains) == failed_ids(results)


def certify_stage(
    whole: WholeStage, options: Settings
) -> tuple[list[ScenarioResult], tuple[Cause, ...]]:
    """Certify a partner with all scenarios of a stage; return the results and their causes."""
    chosen = [
        scenario
        for name, scenario in SCENARIOS.items()
        if (scenario.stage is whole.stage and name not in NEED_LONGER_WAITS) or name in whole.others
    ]
    with CertificationRunner(options, budget=Budget(executions=0)) as runner:
        results = as_read(certify_concurrently(runner, chosen, jobs=8).values())
        environment = runner.environment
        causes = find_causes(
            results,
            environment.late_ids,
            {environment.instance: environment.last_calls},
            waits_for_messages=environment.waits_for_messages,
        )
    return results, causes


@pytest.mark.parametrize("whole", WHOLE_STAGES, ids=lambda whole: whole.partner)
def test_causes_of_a_whole_stage(
    whole: WholeStage, settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The causes are these, in this order, and explain every scenario that did not pass.

    The scenarios of an example, which `mews explain` names, show its cause alone.
    """
    monkeypatch.setattr(scenario_runner, "ACTION_PAUSES_S", (0.1, 0.3))
    options = settings(f"demo:{whole.partner}", time_scale="0.001", examples="1", fetch_timeout="1")
    for _ in range(TRIES):
        results, causes = certify_stage(whole, options)
        kinds = tuple(cause.kind for cause in causes)
        unexplained = failed_ids(results) - {name for cause in causes for name in cause.explains}
        if kinds == whole.kinds and not unexplained:
            break
    assert kinds == whole.kinds, causes
    assert not unexplained
    for kind in kinds:
        example = EXAMPLES.get(kind)
        if example is not None and example.partner == whole.partner:
            of_example = [item for item in results if item.scenario.id in example.scenarios]
            (cause,) = find_causes(of_example)
            assert (cause.kind, set(cause.explains)) == (kind, failed_ids(of_example))


@pytest.mark.parametrize("partner", ["sound", "closes-connections"])
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
