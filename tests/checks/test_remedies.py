"""The remedy fits what was observed; without one, the scenario's remedy applies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import evaluate, remedy_for
from pytest_mews.checks.remedies import FAULT_NOT_MET
from pytest_mews.model import (
    ApiFault,
    Attempt,
    Delivery,
    Evidence,
    Exchange,
    Expectation,
    Fault,
    Finding,
    Level,
    Message,
    Outcome,
    ScenarioResult,
    Transcript,
    TransferMode,
    Verdict,
    WebhookKind,
)
from pytest_mews.model.exchange import PREFLIGHT
from pytest_mews.scenarios import loader
from tests.transcript_builders import build_transcript, call, delivery

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
SCENARIO = SCENARIOS["REC-04"]
MESSAGE = Message(WebhookKind.GENERAL, b"{}", (), "1 event")


def attempt(outcome: Outcome, status: int | None = None) -> Attempt:
    """Script an attempt that ended after 5 ms."""
    exchange = Exchange("POST", "https://x.example/", (), 2, outcome, 0.0, 5.0, status=status)
    return Attempt(1, Fault.NONE, 0.0, (exchange,), outcome)


def error(status: int) -> Attempt:
    """Script an attempt with an error status."""
    return attempt(Outcome.ERROR_STATUS, status)


def evaluate_attempt(
    failed: Attempt, *, label: str = "message", check: str = "accepted"
) -> Finding:
    """Evaluate one attempt with a check."""
    transcript = Transcript((Delivery(label, MESSAGE, (failed,)),))
    return evaluate(Expectation(check, Level.MUST), transcript)


@pytest.mark.parametrize(
    ("failed", "remedy"),
    [
        (error(413), "Raise the limit for request bodies"),
        (error(429), "Raise the limit on requests"),
        (error(405), "Let the route accept POST"),
        (error(502), "Look at the proxy or load balancer"),
        (error(503), "Look at the proxy or load balancer"),
        (error(504), "Look at the proxy or load balancer"),
        (attempt(Outcome.TIMEOUT_ANSWER), "Store the message, answer, and process it afterwards"),
        (attempt(Outcome.TIMEOUT_BODY, 200), "Send the whole response at once"),
        (attempt(Outcome.TIMEOUT_SEND), "Read the request to its end at once"),
        (attempt(Outcome.TIMEOUT_CONNECT), "Make sure that the service runs"),
        (attempt(Outcome.CONNECTION_REFUSED), "Make sure that the service runs"),
        (attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 302), "Answer at the registered URL itself"),
        (attempt(Outcome.TOO_MANY_REDIRECTS, 308), "Answer at the registered URL itself"),
        (attempt(Outcome.NAME_NOT_RESOLVED), "Correct the host name"),
        (attempt(Outcome.TLS_ERROR), "Serve a certificate of a public authority"),
        (attempt(Outcome.PROTOCOL_ERROR), "Correct the scheme and the port"),
    ],
)
def test_outcomes_that_determine_the_remedy(failed: Attempt, remedy: str) -> None:
    """These have the same remedy for every message."""
    for preflight in (False, True):
        found = remedy_for(failed, preflight=preflight)
        assert found is not None
        assert found.startswith(remedy)
    assert evaluate_attempt(failed).remedy == remedy_for(failed)


@pytest.mark.parametrize(
    ("failed", "remedy"),
    [
        (error(401), "Let a request through that has the right secret"),
        (error(403), "Let a request through that has the right secret"),
        (error(404), "Serve POST at the path of the target URL"),
        (error(410), "Serve POST at the path of the target URL"),
        (error(415), "Read the raw body"),
        (error(500), "Find the error in the service's log"),
        (error(501), "Find the error in the service's log"),
        (attempt(Outcome.CONNECTION_RESET), "Find out who closed the connection"),
    ],
)
def test_outcomes_that_depend_on_the_message(failed: Attempt, remedy: str) -> None:
    """For the preflight they concern the set-up; for another message its scenario knows better."""
    found = remedy_for(failed, preflight=True)
    assert found is not None
    assert found.startswith(remedy)
    assert remedy_for(failed) is None
    assert evaluate_attempt(failed, label=PREFLIGHT).remedy == found
    assert evaluate_attempt(failed).remedy == ""


@pytest.mark.parametrize("status", [304, 400, 409, 422])
def test_outcomes_without_a_remedy_of_their_own(status: int) -> None:
    """What to change after a refusal of the content depends on the content."""
    assert remedy_for(error(status), preflight=True) is None
    assert remedy_for(error(status)) is None


@pytest.mark.parametrize(
    ("transfer", "is_determined"),
    [
        (TransferMode.PLAIN, True),
        (TransferMode.NEW_CONNECTION, True),
        (TransferMode.CHUNKED, False),
        (TransferMode.SLOW, False),
    ],
)
def test_timeouts_of_unusual_transfers(transfer: TransferMode, *, is_determined: bool) -> None:
    """The service may wait for a body that comes in chunks or slowly."""
    late = replace(attempt(Outcome.TIMEOUT_SEND), transfer_mode=transfer)
    assert (remedy_for(late) is not None) is is_determined


def test_a_late_response_to_a_slow_body() -> None:
    """A service that takes seconds for every message was not waiting for the body."""
    late = replace(attempt(Outcome.TIMEOUT_ANSWER), transfer_mode=TransferMode.SLOW)
    found = remedy_for(late)
    assert found is not None
    assert "store the message, and process it afterwards" in found
    assert "answers other messages at once" in found


def test_attempts_that_need_no_remedy() -> None:
    """A success has none, nor has a check of messages that need not be accepted."""
    assert remedy_for(attempt(Outcome.DELIVERED, 202), preflight=True) is None
    assert evaluate_attempt(attempt(Outcome.DELIVERED, 202)).remedy == ""
    assert evaluate_attempt(error(413), check="unauthorised").remedy == ""
    assert evaluate_attempt(error(503), check="no-server-error").remedy == ""


def test_the_remedy_of_a_missing_call() -> None:
    """Without any call, the service has to be pointed at the emulator."""
    finding = evaluate(Expectation("api-called", Level.MUST), Transcript(()))
    assert finding.remedy.startswith("Let the service call the address of --mews-api")


@pytest.mark.parametrize("scenario_id", ["PROC-04", "PROC-05", "PROC-12", "PROC-17"])
def test_a_scenario_about_something_else_that_loses_events(scenario_id: str) -> None:
    """Its own remedy is about the usual flaw; lost events have another."""
    scenario = SCENARIOS[scenario_id]
    lost = build_transcript(delivery("a", "b"), call("a"))
    findings = [evaluate(expectation, lost) for expectation in scenario.expectations]
    (unmet,) = (finding for finding in findings if not finding.met)
    assert unmet.check == "fetched"
    shown = Evidence("smallest-failing", "a case", tuple(findings), lost)
    result = ScenarioResult(scenario, Verdict.FAIL, "a reason", evidence=(shown,))
    assert result.remedy == unmet.remedy != scenario.remedy


def test_lost_events_have_one_remedy() -> None:
    """Scenarios about something else say what the check says of events that no fault lost."""
    remedies = {
        expectation.remedy
        for name in ("PROC-04", "PROC-12", "PROC-17")
        for expectation in SCENARIOS[name].expectations
        if expectation.check == "fetched"
    }
    (remedy,) = remedies
    assert FAULT_NOT_MET.startswith(remedy)


@pytest.mark.parametrize("scenario_id", ["PROC-08", "PROC-33"])
def test_events_that_are_lost_without_the_injected_fault(scenario_id: str) -> None:
    """Retries do not help if no request failed; what a failed request lost, they do help."""
    (expectation,) = SCENARIOS[scenario_id].expectations
    lost = build_transcript(delivery("a", "b"), call("a"))
    faulted = replace(lost, faulted_ids=frozenset("ab"))
    unmet = evaluate(expectation, replace(faulted, unaffected_ids=frozenset("b")))
    assert (unmet.met, unmet.remedy) == (False, FAULT_NOT_MET)
    assert evaluate(expectation, faulted).remedy == ""
    cut_off = call(at_ms=200.0, status=None, duration_ms=None, fault=ApiFault.SLOW)
    by_interval = build_transcript(delivery("b"), cut_off)
    assert evaluate(expectation, replace(by_interval, unaffected_ids=frozenset("b"))).remedy == ""


def test_the_remedy_of_a_result() -> None:
    """It is that of the most severe unmet finding of the shown evidence, else the scenario's."""

    def result(*findings: Finding) -> ScenarioResult:
        shown = Evidence("smallest-failing", "a case", findings, Transcript(()))
        other = Evidence("first-failing", "a case", (too_large,), Transcript(()))
        return ScenarioResult(SCENARIO, Verdict.FAIL, "a reason", evidence=(shown, other))

    too_large = evaluate_attempt(error(413))
    invalid = evaluate_attempt(error(400))
    accepted = replace(too_large, met=True)
    minor = replace(too_large, level=Level.SHOULD)
    assert result(too_large).remedy == too_large.remedy
    assert result(accepted, invalid).remedy == SCENARIO.remedy
    assert result(minor, invalid).remedy == SCENARIO.remedy
    assert result(minor).remedy == minor.remedy
    assert result(accepted).remedy == SCENARIO.remedy
    assert ScenarioResult(SCENARIO, Verdict.BLOCKED, "a reason").remedy == SCENARIO.remedy
