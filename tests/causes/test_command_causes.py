"""Causes of what clients leave out with commands."""

from __future__ import annotations

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiCall,
    CauseKind,
    Connection,
    EventReference,
    Evidence,
    Finding,
    Level,
    ScenarioResult,
    SentMessage,
    Transcript,
    Verdict,
)
from pytest_mews.model.command_trace import BY_IDS, COMMAND, PENDING, PROCESSED, UPDATE
from tests.causes.observed_results import scenario
from tests.transcript_builders import ENTERPRISE, call

REPORTED, ACTIVE, RECONNECTS = "command-reported", "active-commands-requested", "reconnects"


def message(command: str) -> SentMessage:
    """Script the message of a pending command."""
    events = (EventReference(COMMAND, command, PENDING),)
    return SentMessage("command", ENTERPRISE, "a command", 10, events, 0.0, 0.0)


def result(  # noqa: PLR0913 - what tests vary
    number: int,
    check: str,
    *calls: ApiCall,
    sent: tuple[str, ...] = (),
    not_sent: tuple[str, ...] = (),
    met: bool = False,
    reconnects: bool = True,
) -> ScenarioResult:
    """Return the result of a scenario with commands, of which messages were sent or not."""
    connection = Connection(1, ENTERPRISE, 0.0, sent=tuple(map(message, sent)))
    transcript = Transcript(
        (),
        calls=calls,
        connections=(connection,),
        not_sent=tuple(map(message, not_sent)),
        api_served=True,
    )
    findings = (
        Finding(check, Level.MUST, met=met, expected="", observed=""),
        Finding(RECONNECTS, Level.MUST, met=reconnects, expected="", observed=""),
    )
    return ScenarioResult(
        scenario(f"STR-{number}", check, Level.MUST),
        Verdict.PASS if met else Verdict.FAIL,
        "",
        evidence=(Evidence("example" if met else "smallest-failing", "", findings, transcript),),
    )


def fetch(command: str) -> ApiCall:
    """Return a request that returns a command."""
    return call(command, operation=BY_IDS)


def report(command: str) -> ApiCall:
    """Return a report of a command as Processed."""
    return call(command, operation=UPDATE, state=PROCESSED, at_ms=200.0)


def test_no_command_is_reported() -> None:
    """Each is fetched; what another scenario misses beside a report is not explained."""
    results = [result(number, REPORTED, fetch("a"), sent=("a",)) for number in (23, 24, 31)]
    results.append(result(28, REPORTED, fetch("a"), sent=("a", "b")))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.COMMANDS_NOT_REPORTED
    assert cause.explains == ("STR-23", "STR-24", "STR-31")
    assert "none of 4 pending commands" in cause.summary


def test_a_client_that_reports_some_commands() -> None:
    """Then reports are not left out as such."""
    results = [result(number, REPORTED, fetch("a"), sent=("a",)) for number in (23, 24)]
    results.append(result(31, REPORTED, fetch("a"), report("a"), sent=("a",), met=True))
    assert find_causes(results) == ()


@pytest.mark.parametrize("reconnects", [True, False])
@pytest.mark.parametrize("requested_elsewhere", [True, False])
def test_missed_commands_are_not_requested(*, reconnects: bool, requested_elsewhere: bool) -> None:
    """Neither scenario has a cause if the client does not reconnect, or asks for some of them."""
    handled = (fetch("b"), report("b"))
    results = [
        result(21, ACTIVE, not_sent=("a",), reconnects=reconnects),
        result(22, REPORTED, not_sent=("b", "c"), reconnects=reconnects),
        result(23, REPORTED, *handled, sent=("b",), met=True),
    ]
    if requested_elsewhere:
        results.append(result(24, ACTIVE, *handled, not_sent=("b",), met=True))
    causes = find_causes(results)
    if not reconnects or requested_elsewhere:
        assert causes == ()
        return
    (cause,) = causes
    assert cause.kind is CauseKind.ACTIVE_COMMANDS_NOT_REQUESTED
    assert cause.explains == ("STR-21", "STR-22")
    assert "none of 3 was" in cause.summary
