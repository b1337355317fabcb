"""Causes that block other scenarios are told once, with a remedy for what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    BlockedBy,
    CauseKind,
    Death,
    Level,
    Outcome,
    RequestProblem,
    ScenarioResult,
    Validity,
    Verdict,
)
from pytest_mews.model.scenario import Requirement
from tests.causes.observed_results import Endpoint, Sent, processing_result, scenario
from tests.transcript_builders import call, delivery


def blocked(scenario_id: str, requirement: Requirement, by: str) -> ScenarioResult:
    """Return the result of a scenario that could not run."""
    return ScenarioResult(
        scenario(scenario_id, "accepted", Level.MUST),
        Verdict.BLOCKED,
        "blocked",
        blocked_by=BlockedBy(requirement, by),
    )


@pytest.mark.parametrize(("answered", "explained"), [(0, True), (1, False)])
def test_response_times_of_an_endpoint_that_is_always_late(
    answered: int, *, explained: bool
) -> None:
    """Where no message is answered in time, nothing more is known about the time of responses."""
    late = (Outcome.TIMEOUT_ANSWER, 5_000.0)
    endpoint = Endpoint(lambda sent: 202 if sent.size <= answered else late)
    endpoint.certify("PRE-01", Sent(size=2))
    endpoint.certify("REC-01", Sent(size=2))
    sent = [Sent(size=number + 1) for number in range(5)]
    measured = endpoint.certify("LOAD-02", *sent, level=Level.SHOULD)
    (evidence,) = measured.evidence
    finding = replace(
        evidence.findings[0],
        check="p99-under-half-limit",
        broken_attempts=(),  # of no attempt
    )
    endpoint.results[-1] = replace(measured, evidence=(replace(evidence, findings=(finding,)),))
    (cause,) = find_causes([*endpoint.results, blocked("PROC-03", Requirement.WEBHOOK, "PRE-01")])
    assert cause.shown_by == "PRE-01"
    assert ("LOAD-02" in cause.explains) is explained


@pytest.mark.parametrize(
    ("answer", "html", "kind"),
    [
        (401, False, CauseKind.NOT_AUTHORIZED),
        (403, True, CauseKind.PAGE_IN_FRONT),
        (500, False, CauseKind.VALID_MESSAGE_REFUSED),
        (Outcome.CONNECTION_REFUSED, False, CauseKind.ENDPOINT_UNREACHABLE),
    ],
)
def test_a_refused_preflight(answer: int | Outcome, kind: CauseKind, *, html: bool) -> None:
    """The preflight, what it blocks, and messages that fail like it are one cause."""
    endpoint = Endpoint(lambda _: answer, html=html)
    endpoint.certify("PRE-01", Sent())
    endpoint.certify("AUTH-01", *[Sent()] * 3)
    names = ("REC-01", "REC-02")
    results = [
        *endpoint.results,
        *(blocked(name, Requirement.WEBHOOK, "PRE-01") for name in names),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.shown_by) == (kind, "PRE-01")
    assert cause.explains == ("PRE-01", "AUTH-01", "REC-01", "REC-02")
    assert cause.summary.endswith("reason. 2 scenarios could not run.")


@pytest.mark.parametrize(
    ("status", "problem", "remedy"),
    [
        (401, RequestProblem.WRONG_ACCESS_TOKEN, "--mews-tenants"),
        (400, RequestProblem.INVALID_BODY, "Correct the request"),
    ],
)
def test_refused_calls(status: int, problem: RequestProblem, remedy: str) -> None:
    """The remedy is about what is wrong with the requests, and they are not accused again."""
    wrong = replace(call("a", status=status, enterprise=None), request_problems=(problem,))
    results = [
        processing_result("PRE-02", [delivery("a")], [wrong], check="api-called"),
        processing_result("PROC-18", [delivery("a")], [wrong], check="well-formed-requests"),
        blocked("PROC-01", Requirement.CONNECTOR_API_ANSWERED, "PRE-02"),
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.API_CALLS_REFUSED
    assert cause.explains == ("PRE-02", "PROC-18", "PROC-01")
    assert remedy in cause.remedy


@pytest.mark.parametrize(("check", "reconnects"), [("reconnects", True), ("still-open", False)])
def test_a_client_that_stayed_away(check: str, *, reconnects: bool) -> None:
    """The remedy is to connect again, if that is what the client did not do."""
    results = [
        processing_result("STR-11", [delivery("a")], [], check=check),
        blocked("STR-12", Requirement.WEBSOCKET_CLIENT, "STR-11"),
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.NO_WEBSOCKET_CLIENT
    assert ("Connect again whenever" in cause.remedy) == reconnects


def test_blocked_by_a_scenario_that_did_not_fail() -> None:
    """Without a failure that shows why, blocked scenarios stand by themselves."""
    assert find_causes([blocked("STR-03", Requirement.WEBSOCKET_CLIENT, "")]) == ()


def test_a_death_explains_what_it_blocks() -> None:
    """The scenario in which the service died and those that could not run are one cause."""
    death = Death("ERR-05", "a null among the events", waited_s=30.0)
    endpoint = Endpoint(lambda _: 200)
    endpoint.certify("ERR-05", Sent())
    died = replace(endpoint.results[0], verdict=Verdict.FAIL, death=death)
    rest = [
        replace(blocked(name, Requirement.WEBHOOK, ""), blocked_by=None, death=death)
        for name in ("ERR-06", "LOAD-01")
    ]
    (cause,) = find_causes([died, *rest])
    assert (cause.kind, cause.shown_by) == (CauseKind.SERVICE_DIED, "ERR-05")
    assert cause.explains == ("ERR-05", "ERR-06", "LOAD-01")
    assert cause.summary == (
        'The service died at ERR-05, of the message "a null among the events", and did not come '
        "back within 30 s: 2 scenarios could not run."
    )


def test_deaths_of_no_known_message_are_described_as_such() -> None:
    """The summary says that the service came back, and names no empty message."""
    endpoint = Endpoint(lambda _: 200)
    for name in ("STR-12", "STR-13"):
        endpoint.certify(name, Sent())
    death = Death("", "", waited_s=2.0, returned=True)
    died = [replace(result, verdict=Verdict.FAIL, death=death) for result in endpoint.results]
    (cause,) = find_causes(died)
    assert cause.summary == "The service died before this scenario, and came back after 2 s."


def test_a_restart_that_ends_the_service_blames_no_message() -> None:
    """It explains no connection that was closed in another scenario either."""
    endpoint = Endpoint(lambda sent: Outcome.CONNECTION_RESET if sent.description else 200)
    endpoint.certify("PROC-49", Sent())
    endpoint.certify("ERR-01", Sent(description="not JSON", validity=Validity.NOT_JSON))
    death = Death("PROC-49", "", waited_s=30.0, is_restart=True)
    died = replace(endpoint.results[0], verdict=Verdict.WARN, death=death)
    (cause,) = find_causes([died, endpoint.results[1]])
    assert cause.explains == ("PROC-49",)
    assert cause.summary == (
        "The service did not start again at PROC-49, when the harness restarted it, and did not "
        "come back within 30 s."
    )
    assert "SIGKILL" in cause.remedy
