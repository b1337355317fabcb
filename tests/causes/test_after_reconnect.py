"""The cause of a client that handles nothing on the connections that follow its first one."""

from __future__ import annotations

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiFault,
    CauseKind,
    Connection,
    Disconnect,
    EventReference,
    Evidence,
    Finding,
    Level,
    ScenarioResult,
    SentMessage,
    Transcript,
    Verdict,
)
from tests.causes.observed_results import scenario
from tests.transcript_builders import ENTERPRISE, call, delivery

CHECK = "command-reported"
ENDED_MS, OPENED_AGAIN_MS, SENT_MS = 500.0, 600.0, 1_000.0


def result(  # noqa: PLR0913 - what tests vary
    number: int,
    commands: str,
    *,
    connection: int,
    is_requested: bool = False,
    fault: ApiFault | None = None,
    by_webhook: bool = False,
    is_ended: bool = False,
    instance: int = 1,
) -> ScenarioResult:
    """Return the result of a scenario with commands on the first or second connection of a client.

    Args:
        number: of the scenario.
        commands: a "+" for each that the client reports as Processed, a "-" for each other one.
        connection: 1 or 2; the emulator has ended the first one before the second one was opened.
        is_requested: whether the client looks up those that it does not execute.
        fault: which fault meets its requests.
        by_webhook: whether webhooks are about the commands, too.
        is_ended: whether the emulator ends the connection, so that a request after the next
            reconnect may return the commands.
        instance: of the service.

    """
    ids = [f"{number}-{index}" for index in range(len(commands))]
    sent = tuple(
        SentMessage(
            "command",
            ENTERPRISE,
            "a command",
            10,
            (EventReference("DeviceCommand", entity_id, "Pending"),),
            SENT_MS,
        )
        for entity_id in ids
    )
    first = Connection(1, ENTERPRISE, 0.0, disconnect=Disconnect.RESTART, disconnect_ms=ENDED_MS)
    connections = (
        (
            first,
            Connection(
                2,
                ENTERPRISE,
                OPENED_AGAIN_MS,
                sent=sent,
                disconnect=Disconnect.ABNORMAL if is_ended else None,
                disconnect_ms=SENT_MS if is_ended else None,
            ),
        )
        if connection > 1
        else (Connection(1, ENTERPRISE, 0.0, sent=sent),)
    )
    calls = [
        call(
            entity_id,
            at_ms=SENT_MS + 1 + index,
            operation="commands/update" if sign == "+" else "commands/getAllByIds",
            state="Processed" if sign == "+" else "",
            fault=fault,
        )
        for index, (entity_id, sign) in enumerate(zip(ids, commands, strict=True))
        if sign == "+" or is_requested
    ]
    transcript = Transcript(
        tuple(delivery(*ids) for _ in range(by_webhook)),
        calls=tuple(calls),
        connections=connections,
        api_served=True,
    )
    met = "-" not in commands
    finding = Finding(CHECK, Level.MUST, met=met, expected="", observed="")
    return ScenarioResult(
        scenario(f"STR-{number}", CHECK, Level.MUST),
        Verdict.PASS if met else Verdict.FAIL,
        "",
        evidence=(Evidence("example" if met else "smallest-failing", "", (finding,), transcript),),
        instance=instance,
    )


EXECUTED = result(23, "+++++", connection=1)
LOST = [result(28, "-", connection=2), result(31, "--", connection=2)]


def test_a_client_that_executes_commands_on_its_first_connection_only() -> None:
    """The cause explains all that was sent after the reconnect, also to another instance."""
    other = [
        result(24, "+", connection=1, instance=2),
        result(35, "-", connection=2, instance=2),
    ]
    (cause,) = find_causes([EXECUTED, *LOST, *other])
    assert cause.kind is CauseKind.NOT_HANDLED_AFTER_RECONNECT
    assert cause.explains == ("STR-28", "STR-31", "STR-35")
    assert cause.summary == (
        "The client reconnects, but handles no event on its new connection: all 6 events on first "
        "connections were handled, and none of 4 on later ones."
    )


@pytest.mark.parametrize(
    "other",
    [
        result(24, "+-", connection=1),
        result(24, "+", connection=2),
        result(24, "-", connection=2, is_requested=True),
    ],
    ids=["lost-on-first-connection", "executed-after-reconnect", "requested-after-reconnect"],
)
def test_other_flaws_of_clients(other: ScenarioResult) -> None:
    """A client that handles some event after a reconnect, or misses one before, has another flaw.

    Its handler may have ended at a message, and its requests may fail.
    """
    causes = find_causes([EXECUTED, *LOST, other])
    assert CauseKind.NOT_HANDLED_AFTER_RECONNECT not in {cause.kind for cause in causes}


@pytest.mark.parametrize(
    "also", [{"fault": ApiFault.SERVER_ERROR}, {"by_webhook": True}, {"is_ended": True}]
)
def test_commands_that_say_nothing_about_the_connection(also: dict[str, object]) -> None:
    """A failing request, a webhook or the connection's end explains what became of a command."""
    untelling = result(24, "+", connection=2, **also)  # type: ignore[arg-type]
    (cause,) = find_causes([EXECUTED, *LOST, untelling])
    assert cause.kind is CauseKind.NOT_HANDLED_AFTER_RECONNECT
    assert "none of 3 on later ones" in cause.summary
