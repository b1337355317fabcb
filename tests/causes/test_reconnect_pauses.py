"""The cause of a client whose pause before it reconnects no connection sets back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    BlockedBy,
    CauseKind,
    Connection,
    Disconnect,
    Evidence,
    Finding,
    Level,
    ScenarioResult,
    Transcript,
    Verdict,
    WebSocketHandshake,
)
from pytest_mews.model.scenario import Requirement
from tests.causes.observed_results import scenario
from tests.transcript_builders import ENTERPRISE


@dataclass(frozen=True)
class End:
    """A connection that a scenario ends: when, how, and how long the client needs then.

    `pause_s` is None if that is longer than the scenario waits.
    """

    at_s: float
    pause_s: float | None
    how: Disconnect = Disconnect.ABNORMAL
    lasted_s: float = 15.0
    other: str = ""
    restarts: int = 0


QUICK, NEXT = End(100.0, 1.0), End(200.0, 4.0)
LATE, LATER, LAST = End(300.0, None), End(400.0, None, Disconnect.RESTART), End(500.0, None)


def result(number: int, end: End) -> ScenarioResult:
    """Return the result of a scenario that ends a connection and waits for the next one."""
    ended_ms = 1000 * end.at_s
    connections = [
        Connection(
            1,
            ENTERPRISE,
            ended_ms - 1000 * end.lasted_s,
            disconnect=end.how,
            disconnect_ms=ended_ms,
        )
    ]
    handshakes = []
    if end.pause_s is not None:
        opened_ms = ended_ms + 1000 * end.pause_s
        handshakes.append(WebSocketHandshake(1, opened_ms, "/", 101, ENTERPRISE))
        connections.append(Connection(2, ENTERPRISE, opened_ms))
    met = end.pause_s is not None
    findings = [Finding("reconnects", Level.MUST, met=met, expected="", observed="")]
    if end.other:
        findings.append(Finding(end.other, Level.MUST, met=False, expected="", observed=""))
    transcript = Transcript(
        (),
        connections=tuple(connections),
        websocket_handshakes=tuple(handshakes),
        client_restarts=end.restarts,
    )
    role = "example" if met else "smallest-failing"
    return ScenarioResult(
        scenario(f"STR-{number}", "reconnects", Level.MUST),
        Verdict.PASS if met else Verdict.FAIL,
        "",
        evidence=(Evidence(role, "", tuple(findings), transcript),),
    )


def results(*ends: End) -> list[ScenarioResult]:
    """Return one result for each end of a connection, and one that the last of them blocks."""
    found = [result(10 + index, end) for index, end in enumerate(ends)]
    blocked = ScenarioResult(
        scenario("STR-30", "reconnects", Level.MUST),
        Verdict.BLOCKED,
        "",
        blocked_by=BlockedBy(Requirement.WEBSOCKET_CLIENT, found[-1].scenario.id, ""),
    )
    return [*found, blocked]


def test_pauses_that_grow_over_the_run() -> None:
    """Scenarios that the absent client blocks have the same cause."""
    (cause,) = find_causes(results(QUICK, NEXT, LATE, LATER, LAST))
    assert cause.kind is CauseKind.RECONNECT_PAUSE_NOT_RESET
    assert cause.explains == ("STR-12", "STR-13", "STR-14", "STR-30")
    assert cause.summary == (
        "The client's pauses before it reconnects grow over the run: its first handshake came "
        "within 4.0 s after 2 ends of connections, and later, after 2 connections that had lasted "
        "15 s or more, only when no scenario waited for it any more. 1 scenario could not run."
    )


@pytest.mark.parametrize(
    "ends",
    [
        (LATE, LATER, LAST),  # always slow
        (QUICK, NEXT, LATE, LATER, replace(QUICK, at_s=500.0)),  # slow for a while
        (QUICK, NEXT, LATE),  # it never came back
        tuple(  # only after one kind of end
            replace(end, how=Disconnect.RESTART if end.pause_s is None else Disconnect.GOING_AWAY)
            for end in (QUICK, NEXT, LATE, LATER, LAST)
        ),
        tuple(replace(end, lasted_s=1.0) for end in (QUICK, NEXT, LATE, LATER, LAST)),  # unstable
        tuple(replace(end, restarts=1) for end in (QUICK, NEXT, LATE, LATER, LAST)),  # it ended
    ],
)
def test_other_absent_clients(ends: tuple[End, ...]) -> None:
    """They are slow for another reason, or gone."""
    kinds = {cause.kind for cause in find_causes(results(*ends))}
    assert CauseKind.RECONNECT_PAUSE_NOT_RESET not in kinds


def test_how_a_client_answers_a_close_is_another_matter() -> None:
    """That is left to its own remedy."""
    other = replace(LAST, other="answers-close-frame")
    (cause, *_) = find_causes(results(QUICK, NEXT, LATE, LATER, replace(LAST, at_s=450.0), other))
    assert cause.kind is CauseKind.RECONNECT_PAUSE_NOT_RESET
    assert cause.explains == ("STR-12", "STR-13", "STR-14")
