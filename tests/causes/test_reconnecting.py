"""Causes of clients that reconnect after some ends of a connection only."""

from __future__ import annotations

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    CauseKind,
    Connection,
    Disconnect,
    Evidence,
    Finding,
    Level,
    ScenarioResult,
    Transcript,
    Verdict,
)
from tests.causes.observed_results import scenario
from tests.transcript_builders import ENTERPRISE, OTHER_ENTERPRISE

OWNERS = (ENTERPRISE, OTHER_ENTERPRISE)


def result(
    number: int, disconnect: Disconnect, *, reconnects: bool, other: str = ""
) -> ScenarioResult:
    """Return the result of a scenario that ends both clients' connections; another unmet check."""
    ended = [
        Connection(1, owner, 0.0, disconnect=disconnect, disconnect_ms=100.0) for owner in OWNERS
    ]
    again = [Connection(2, owner, 200.0) for owner in OWNERS if reconnects]
    transcript = Transcript((), connections=(*ended, *again))
    findings = [Finding("reconnects", Level.MUST, met=reconnects, expected="", observed="")]
    if other:
        findings.append(Finding(other, Level.MUST, met=False, expected="", observed=""))
    role = "example" if reconnects else "smallest-failing"
    return ScenarioResult(
        scenario(f"STR-{number}", "reconnects", Level.MUST),
        Verdict.PASS if reconnects else Verdict.FAIL,
        "",
        evidence=(Evidence(role, "", tuple(findings), transcript),),
    )


@pytest.mark.parametrize(
    ("disconnect", "name"),
    [
        (Disconnect.RESTART, "a close with 1012"),
        (Disconnect.ABNORMAL, "an end without a close frame"),
    ],
)
def test_a_client_that_gives_up_after_one_kind_of_end(disconnect: Disconnect, name: str) -> None:
    """What it misses then is due to that, but not how it answers a close frame."""
    results = [
        result(12, Disconnect.GOING_AWAY, reconnects=True),
        result(14, disconnect, reconnects=False, other="still-connected"),
        result(20, disconnect, reconnects=False),
        result(11, disconnect, reconnects=False, other="answers-close-frame"),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.NOT_RECONNECTED, ("STR-14", "STR-20"))
    assert cause.summary == (
        f"The client does not reconnect after {name}: none of 6 connections was opened again, "
        "while others were that had ended in another way."
    )


def test_a_client_that_sometimes_reconnects() -> None:
    """Then it is not the kind of end."""
    results = [
        result(12, Disconnect.GOING_AWAY, reconnects=True),
        result(14, Disconnect.RESTART, reconnects=False),
        result(20, Disconnect.RESTART, reconnects=False),
        result(15, Disconnect.RESTART, reconnects=True),
    ]
    assert find_causes(results) == ()
