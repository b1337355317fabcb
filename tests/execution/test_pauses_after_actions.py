"""Actions of an integration follow each other at once, unless that makes a case fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution import CaseContext
from pytest_mews.execution.scenario_runner import ACTION_PAUSES_S, PASSES_WITH_PAUSES
from pytest_mews.model import Stage

from .conftest import SCENARIOS, Setup

BuildSetup = Callable[..., Setup]


def slow_partner(setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, *, interval_s: float) -> Setup:
    """Build a partner that fails if two actions of an integration arrive within an interval.

    It stands for a service whose consumers apply such actions in another order.
    """
    received: list[tuple[float, str]] = []  # when, and which integration

    def respond(request: Request) -> int:
        body = json.loads(request.body)
        if "Action" not in body:
            return 202
        integration, now_ms = body["Data"]["Integration"]["Id"], partner.transport.clock.ms
        is_early = any(
            now_ms - at_ms < interval_s * 1000
            for at_ms, earlier in received
            if earlier == integration
        )
        received.append((now_ms, integration))
        return 500 if is_early else 202

    def wait(_: CaseContext, seconds: float) -> None:
        partner.transport.clock.sleep(seconds)

    monkeypatch.setattr(CaseContext, "wait", wait)
    partner: Setup = setup(respond)
    return partner


def use_stage(monkeypatch: pytest.MonkeyPatch, stage: Stage, *, concurrent: bool = False) -> None:
    """Let INT-02, with three actions of an integration, be of this stage."""
    changed = replace(SCENARIOS["INT-02"], stage=stage, concurrent_cases=concurrent)
    monkeypatch.setitem(SCENARIOS, "INT-02", changed)


@pytest.mark.parametrize("concurrent", [False, True])
@pytest.mark.parametrize(("interval_s", "pause_s"), [(0.4, 0.5), (1.0, 2.0)])
def test_a_case_that_passes_with_pauses_passes(
    setup: BuildSetup,
    monkeypatch: pytest.MonkeyPatch,
    *,
    concurrent: bool,
    interval_s: float,
    pause_s: float,
) -> None:
    """What the service does with actions that come minutes apart, as Mews sends them, decides."""
    use_stage(monkeypatch, Stage.PROCESSING, concurrent=concurrent)
    partner = slow_partner(setup, monkeypatch, interval_s=interval_s)
    runner = partner.runner("INT-02", examples=3)
    runner.run()
    assert runner.progress.case_count >= 3
    assert runner.progress.failing_cases == 0
    assert runner.progress.smallest is None
    assert runner.progress.action_pause_s == pause_s


def scripted_partner(setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, script: str) -> Setup:
    """Build a partner that refuses the actions of the executions that are `-` in the script.

    Each execution has an integration of its own. Those after the end of the script pass.
    """
    integrations: list[str] = []

    def respond(request: Request) -> int:
        body = json.loads(request.body)
        if "Action" not in body:
            return 202
        integration = body["Data"]["Integration"]["Id"]
        if integration not in integrations:
            integrations.append(integration)
        number = integrations.index(integration)
        return 500 if script[number : number + 1] == "-" else 202

    use_stage(monkeypatch, Stage.PROCESSING)
    monkeypatch.setattr(CaseContext, "wait", lambda _, s: partner.transport.clock.sleep(s))
    partner: Setup = setup(respond)
    return partner


def executions(partner: Setup) -> int:
    """Return how many executions sent actions."""
    bodies = [json.loads(request.body) for request in partner.transport.requests]
    return len({body["Data"]["Integration"]["Id"] for body in bodies if "Action" in body})


@pytest.mark.parametrize(
    ("failures", "pause_s"),
    [
        ("-", 0.5),
        ("--", 2.0),
        ("-++-", 2.0),  # the first pause was still too short
    ],
)
def test_a_case_has_to_pass_several_times_in_a_row(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, failures: str, pause_s: float
) -> None:
    """One pass may be luck, such as that of a service that knows half of what it was sent."""
    partner = scripted_partner(setup, monkeypatch, failures)
    runner = partner.runner("INT-02", examples=0)
    runner.run()
    assert runner.progress.failing_cases == 0
    assert runner.progress.action_pause_s == pause_s
    further = runner.progress.case_count - 1
    assert executions(partner) == len(failures) + PASSES_WITH_PAUSES + further


@pytest.mark.parametrize("script", ["--+-", "-+-++-", "-+--"])
def test_a_case_that_fails_after_it_passed_is_flaky(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    """Both were observed with pauses, so no further execution has to confirm it."""
    partner = scripted_partner(setup, monkeypatch, script)
    runner = partner.runner("INT-02", examples=0)
    runner.run()
    progress = runner.progress
    assert progress.failing_cases == 1
    assert progress.smallest is not None
    assert progress.passed_on_retry is not None
    assert progress.passed_on_retry.role == "passed-on-retry"
    assert all(finding.met for finding in progress.passed_on_retry.findings)
    assert executions(partner) == len(script) + progress.case_count - 1


def test_with_pauses_each_message_has_a_new_connection(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No connection is kept for the minutes that the pauses stand for."""
    partner = scripted_partner(setup, monkeypatch, "-")
    partner.runner("INT-02", examples=3).run()
    requests = partner.transport.requests
    first = json.loads(requests[0].body)["Data"]["Integration"]["Id"].encode()
    assert len(requests) > PASSES_WITH_PAUSES
    for request in requests:
        assert request.fresh_connection == (first not in request.body)


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_case_that_fails_with_pauses_fails(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch, *, concurrent: bool
) -> None:
    """A service that always refuses an action has a flaw; the confirmation pauses too."""
    use_stage(monkeypatch, Stage.PROCESSING, concurrent=concurrent)
    times_ms: list[float] = []

    def respond(request: Request) -> int:
        times_ms.append(partner.transport.clock.ms)
        return 500 if b"IntegrationEnabled" in request.body else 202

    monkeypatch.setattr(CaseContext, "wait", lambda _, s: partner.transport.clock.sleep(s))
    partner: Setup = setup(respond)
    runner = partner.runner("INT-02", examples=0)
    runner.run()
    assert runner.progress.smallest is not None
    assert runner.progress.passed_on_retry is None
    assert times_ms[-1] - times_ms[-2] >= ACTION_PAUSES_S[-1] * 1000


def test_the_delivery_stage_has_no_pauses(
    setup: BuildSetup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a message is accepted does not depend on when the service applies the one before."""
    use_stage(monkeypatch, Stage.DELIVERY)
    partner = slow_partner(setup, monkeypatch, interval_s=0.4)
    runner = partner.runner("INT-02", examples=0)
    runner.run()
    assert runner.progress.failing_cases > 0
    assert not runner.progress.action_pause_s


def test_a_sound_partner_gets_no_pauses(setup: BuildSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run takes no longer as long as nothing fails."""
    use_stage(monkeypatch, Stage.PROCESSING)
    partner = setup(lambda _: 202)
    monkeypatch.setattr(CaseContext, "wait", lambda _, s: partner.transport.clock.sleep(s))
    runner = partner.runner("INT-02", examples=3)
    runner.run()
    assert not runner.progress.action_pause_s
    assert not any(request.fresh_connection for request in partner.transport.requests)
    assert partner.transport.clock.ms < ACTION_PAUSES_S[0] * 1000
