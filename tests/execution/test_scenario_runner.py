"""The scenario runner: all cases run, failures are shrunk within a budget and confirmed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution import AlikeFailures, Budget, Messages, Patience, scenario_runner
from pytest_mews.execution.cases import Case
from pytest_mews.execution.scenario_runner import ScenarioRunner, SentMessages
from pytest_mews.model import Delivery, Evidence, Finding, Outcome, Scenario, Transcript
from tests.transcript_builders import attempt, build_transcript, delivery

from .conftest import Setup

BuildSetup = Callable[..., Setup]


def events_in(request: Request) -> int:
    """Return the number of events in a General Webhook."""
    return len(json.loads(request.body)["Events"])


def event_counts(evidence: Evidence | None) -> list[int]:
    """Return the number of events in each message."""
    assert evidence is not None
    return [len(delivery.message.events) for delivery in evidence.transcript.deliveries]


def test_sound_partner(setup: BuildSetup) -> None:
    """All fixed and generated cases run, none fails, and one is kept as an example."""
    runner = setup(lambda _: 202).runner("REC-03", examples=40)
    runner.run()
    progress = runner.progress
    assert progress.finished
    assert progress.failing_cases == 0
    assert progress.case_count > 40
    assert progress.case_count <= progress.total_cases
    assert progress.example is not None
    assert progress.smallest is None


def test_failing_batch_shrinks_to_the_smallest(setup: BuildSetup) -> None:
    """For a partner that fails from 7 events on, the smallest case has exactly 7."""
    runner = setup(lambda r: 500 if events_in(r) >= 7 else 202).runner("REC-03")
    runner.run()
    assert event_counts(runner.progress.smallest) == [7]
    assert runner.progress.passed_on_retry is None
    assert 0 < runner.progress.failing_cases <= runner.progress.case_count


def test_a_failure_of_a_fixed_case_is_shrunk_too(setup: BuildSetup) -> None:
    """With a limit of 20 kB, a fixed case fails first and is then shrunk."""
    runner = setup(lambda r: 413 if len(r.body) > 20_000 else 202).runner("REC-04")
    runner.run()
    (delivery,) = runner.progress.smallest.transcript.deliveries if runner.progress.smallest else ()
    assert 20_000 < len(delivery.message.body) < 20_500
    assert runner.progress.first_failing is not runner.progress.smallest


def test_a_failure_that_does_not_repeat_is_flaky(setup: BuildSetup) -> None:
    """A case that passes when it runs again is kept with both executions."""
    numbers = count()
    runner = setup(lambda _: 503 if next(numbers) == 5 else 202).runner("REC-03")
    runner.run()
    assert runner.progress.smallest is not None
    assert runner.progress.passed_on_retry is not None
    assert runner.progress.smallest.case == runner.progress.passed_on_retry.case


@pytest.mark.parametrize("subject_count", [0, 1])
def test_a_retry_that_observes_nothing_excuses_no_failure(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, subject_count: int
) -> None:
    """It meets every expectation, and says nothing of what failed."""
    retry = ScenarioRunner._retry

    def retry_without_subject(runner: ScenarioRunner, case: Case) -> tuple[Evidence, SentMessages]:
        evidence, sent = retry(runner, case)
        findings = tuple(
            replace(finding, met=True, subject_count=subject_count) for finding in evidence.findings
        )
        return replace(evidence, findings=findings), sent

    monkeypatch.setattr(ScenarioRunner, "_retry", retry_without_subject)
    runner = setup(lambda _: 500).runner("REC-02")
    runner.run()
    assert runner.progress.smallest is not None
    assert (runner.progress.passed_on_retry is not None) == bool(subject_count)


@pytest.mark.parametrize(
    ("about_fetches", "known", "repetitions"), [(True, 3, 0), (True, 2, 1), (False, 3, 1)]
)
def test_what_other_scenarios_do_not_fetch_either_is_not_repeated(
    setup: BuildSetup,
    monkeypatch: pytest.MonkeyPatch,
    *,
    about_fetches: bool,
    known: int,
    repetitions: int,
) -> None:
    """Three others must have failed again; a failure of another kind is always repeated."""
    failures = AlikeFailures()
    runner = setup(lambda _: 500).runner("PROC-01", alike_failures=failures)
    evaluate = runner._evaluate

    def evaluate_fetches(transcript: Transcript) -> tuple[Finding, ...]:
        findings = evaluate(transcript)
        return tuple(
            replace(finding, met=False, about_fetches=about_fetches) for finding in findings
        )

    repeated: list[Case] = []
    retry = ScenarioRunner._retry

    def counted_retry(self: ScenarioRunner, case: Case) -> tuple[Evidence, SentMessages]:
        repeated.append(case)
        return retry(self, case)

    monkeypatch.setattr(ScenarioRunner, "_retry", counted_retry)
    runner._evaluate = evaluate_fetches
    checks = frozenset(finding.check for finding in evaluate(build_transcript()))
    for number in range(known):
        failures.note_repetition(f"PROC-{10 + number}", checks, failed=True)
    runner.run()
    assert len(repeated) == repetitions
    assert runner.progress.smallest is not None
    assert runner.progress.passed_on_retry is None


def test_a_failure_by_chance_hides_no_other_failure(setup: BuildSetup) -> None:
    """If the smallest failing case passes when it runs again, the next one decides."""
    numbers = count()

    def respond(request: Request) -> int:
        if b'"Discriminator":"' in request.body and b'"Id":"' in request.body:
            return 202  # the health check
        by_chance = next(numbers) == 1
        return 503 if by_chance or b'"Events":null' in request.body else 400

    runner = setup(respond).runner("ERR-05")
    runner.run()
    assert runner.progress.failing_cases == 2
    assert runner.progress.passed_on_retry is None
    assert runner.progress.smallest is not None
    assert runner.progress.smallest.case == "Events null"


def test_a_crash_after_the_response(setup: BuildSetup) -> None:
    """Further health checks follow a failure, and a crash that they find makes it more severe."""
    alive = True

    def respond(request: Request) -> int:
        nonlocal alive
        if b"[null]" not in request.body:
            return 202 if alive or partner.transport.clock.ms < 400 else 500
        alive = False
        return 202

    partner = setup(respond)
    runner = partner.runner("ERR-05")
    runner.run()
    smallest = runner.progress.smallest
    assert smallest is not None
    assert {finding.check for finding in smallest.findings if not finding.met} >= {"healthy"}


def test_a_refused_duplicate_is_not_a_crash(setup: BuildSetup) -> None:
    """Each further health check is a new message, which a service that refuses copies accepts."""
    bodies: set[bytes] = set()

    def respond(request: Request) -> int:
        if request.body in bodies:
            return 409
        bodies.add(request.body)
        return 202  # the flaw: any structure is accepted

    runner = setup(respond).runner("ERR-05")
    runner.run()
    smallest = runner.progress.smallest
    assert smallest is not None
    assert len(smallest.transcript.deliveries) == 2
    assert {finding.check for finding in smallest.findings if not finding.met} == {"refused"}


@pytest.mark.parametrize("executions", [0, 5, 20])
def test_shrinking_is_bounded_in_executions(setup: BuildSetup, executions: int) -> None:
    """After the first failure, at most the budget's executions and one confirmation follow."""
    partner = setup(lambda r: 500 if events_in(r) >= 2 else 202)
    runner = partner.runner("REC-03", budget=Budget(executions=executions))
    runner.run()
    failed_at = next(n for n, r in enumerate(partner.transport.requests, 1) if events_in(r) >= 2)
    assert len(partner.transport.requests) <= failed_at + executions + 1


def test_shrinking_is_bounded_in_time(setup: BuildSetup) -> None:
    """With responses of 5 s, a budget of 15 s leaves few executions after the first failure."""
    partner = setup(lambda r: 500 if events_in(r) >= 2 else 202, took_ms=5000)
    runner = partner.runner("REC-03", budget=Budget(executions=60, seconds=15))
    runner.run()
    failed_at = next(n for n, r in enumerate(partner.transport.requests, 1) if events_in(r) >= 2)
    assert len(partner.transport.requests) <= failed_at + 4


def test_a_slow_endpoint_fails_once(setup: BuildSetup) -> None:
    """If even the preflight was too slow, the first failing case ends the run."""
    partner = setup(lambda _: 500)
    runner = partner.runner("REC-03", is_slow=True)
    runner.run()
    assert len(partner.transport.requests) == 1
    assert runner.progress.failing_cases == 1


@pytest.mark.parametrize("falls_behind", [True, False])
def test_no_further_case_of_a_service_that_falls_behind(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, *, falls_behind: bool
) -> None:
    """The first one is not judged since it works on its backlog; nor would the others be."""
    busy = replace(build_transcript(delivery("a")), still_busy=True)
    monkeypatch.setattr(scenario_runner, "run_steps", lambda *_: busy)
    patience = Patience()
    if falls_behind:
        patience.extensions.note_failure()
    runner = setup(lambda _: 202).runner("PROC-01", patience=patience)
    runner.run()
    assert (runner.progress.case_count == 1) is falls_behind
    assert runner.progress.finished
    assert runner.progress.example is not None
    assert runner.progress.example.awaits_busy_service


@pytest.mark.parametrize(("at_standstill", "executions"), [(True, 1), (False, 4)])
def test_a_failure_of_a_service_that_does_nothing_is_decided_at_once(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, *, at_standstill: bool, executions: int
) -> None:
    """Neither longer pauses nor a confirmation change it; otherwise there are both."""
    executed = 0

    def fail(scenario: Scenario, messages: Messages, _: object) -> Transcript:
        nonlocal executed
        executed += 1
        created = Delivery("created", messages["created"][0], (attempt(0.0, 1.0),))
        return replace(build_transcript(created, delivery("a")), api_served=True)

    monkeypatch.setattr(scenario_runner, "run_steps", fail)
    patience = Patience()
    if at_standstill:
        patience.standstill.note_timeout(0.0)
    connector_api = SimpleNamespace(calls=lambda _=0: ())
    runner = setup(lambda _: 202).runner(
        "PROC-34", patience=patience, connector_api=connector_api, budget=Budget(executions=0)
    )
    runner.run()
    assert executed == executions


def test_every_execution_has_ids_of_its_own(setup: BuildSetup) -> None:
    """No id is sent twice in a run, so a partner's memory can't hide a failure."""
    partner = setup(lambda r: 500 if events_in(r) >= 7 else 202)
    partner.runner("REC-03").run()
    ids = [
        {event["Value"]["Id"] for event in json.loads(request.body)["Events"]}
        for request in partner.transport.requests
    ]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_same_seed_same_bytes(setup: BuildSetup) -> None:
    """Two runs with the same seed send the same bodies; another seed sends others."""
    bodies = []
    for seed in (1, 1, 2):
        partner = setup(lambda _: 202)
        partner.runner("REC-03", seed=seed).run()
        bodies.append([request.body for request in partner.transport.requests])
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_an_interruption_keeps_the_progress(setup: BuildSetup) -> None:
    """A Ctrl-C in the middle keeps the cases so far, and the run is not finished."""
    numbers = count()

    def respond(_: Request) -> int:
        if next(numbers) == 4:
            raise KeyboardInterrupt
        return 202

    runner = setup(respond).runner("REC-03")
    with pytest.raises(KeyboardInterrupt):
        runner.run()
    assert runner.progress.case_count == 3
    assert not runner.progress.finished


def test_a_message_is_delivered_again_after_a_dropped_response(setup: BuildSetup) -> None:
    """The first attempt of `deliver` has the fault that the scenario names."""
    partner = setup(lambda _: 202)
    partner.runner("RET-01", examples=1).run()
    first, *_ = partner.transport.requests
    assert str(first.fault) == "drop-response"


def test_wrong_and_missing_token(setup: BuildSetup) -> None:
    """A hostile URL has another token or none; the health check has the right one."""
    partner = setup(lambda r: 202 if "open-sesame" in r.url else 401)
    for scenario in ("AUTH-02", "AUTH-03"):
        runner = partner.runner(scenario)
        runner.run()
        assert runner.progress.failing_cases == 0
        hostile, health_check = partner.transport.requests
        assert "open-sesame" not in hostile.url
        assert ("Token=" in hostile.url) == (scenario == "AUTH-02")
        assert "Token=open-sesame" in health_check.url


def test_send_at_rate(setup: BuildSetup) -> None:
    """Messages start 200 ms apart at 5 per second, each once, even if they are refused."""
    runner = setup(lambda _: 500).runner("LOAD-02")
    runner.run()
    assert runner.progress.smallest is not None
    deliveries = runner.progress.smallest.transcript.deliveries
    first = deliveries[0].attempts[0].scheduled_ms
    moments = [round(delivery.attempts[0].scheduled_ms - first) for delivery in deliveries]
    assert moments == [200 * n for n in range(15)]
    assert {len(delivery.attempts) for delivery in deliveries} == {1}


def test_send_increasing_ends_after_a_timeout(setup: BuildSetup) -> None:
    """A size that timed out is not sent again, nor is a larger one."""
    late = Outcome.TIMEOUT_ANSWER
    partner = setup(lambda r: late if events_in(r) >= 250 else 202)
    runner = partner.runner("LOAD-03")
    runner.run()
    assert [events_in(r) for r in partner.transport.requests[:10]] == [
        1,
        2,
        50,
        250,
        *[1, 2, 50] * 2,
    ]
