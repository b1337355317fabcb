"""The checks of what clients do with events, with scripted transcripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pytest_mews.checks import CHECKS, command_handling, request_etiquette
from pytest_mews.checks.observation import Observation
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Connection,
    EventReference,
    SentMessage,
    Transcript,
    event_traces,
)
from pytest_mews.model.command_trace import ACTIVE, BY_IDS, UPDATE
from tests.transcript_builders import ENTERPRISE, GET_RESERVATIONS, OTHER_ENTERPRISE, call, delivery

Check = Callable[[Transcript], Observation]
COMMAND, RESERVATION, RESOURCE = "DeviceCommand", "Reservation", "Resource"


def sent_message(
    *events: tuple[str, str, str], at_ms: float = 0.0, owner: str = ENTERPRISE
) -> SentMessage:
    """Script a message of events, each with type, id and state."""
    refs = tuple(EventReference(*event) for event in events)
    return SentMessage("message", owner, f"{len(refs)} events", 10, refs, at_ms, at_ms)


def command(name: str, state: str = "Pending", **fields: Any) -> SentMessage:  # noqa: ANN401
    """Script a message of one command."""
    return sent_message((COMMAND, name, state), **fields)


def fetch_of(*ids: str, at_ms: float = 10.0, **fields: Any) -> ApiCall:  # noqa: ANN401
    """Script a call for commands by their ids."""
    return call(*ids, operation=BY_IDS, at_ms=at_ms, **fields)


def report_of(name: str, at_ms: float = 20.0, state: str = "Processed", **fields: Any) -> ApiCall:  # noqa: ANN401
    """Script a call that updates a command."""
    return call(name, operation=UPDATE, at_ms=at_ms, returned_ids=(), state=state, **fields)


def transcript_of(*records: SentMessage | ApiCall, **fields: Any) -> Transcript:  # noqa: ANN401
    """Build a transcript of messages, with a connection for each enterprise, and calls."""
    owners = dict.fromkeys(
        record.enterprise_id for record in records if isinstance(record, SentMessage)
    )
    connections = [
        Connection(
            number,
            owner,
            0.0,
            sent=tuple(
                record
                for record in records
                if isinstance(record, SentMessage) and record.enterprise_id == owner
            ),
        )
        for number, owner in enumerate(owners or [ENTERPRISE], 1)
    ]
    calls = tuple(record for record in records if isinstance(record, ApiCall))
    return Transcript((), calls=calls, connections=tuple(connections), api_served=True, **fields)


def test_nothing_is_evaluated_without_the_connector_api() -> None:
    """Without the emulator, the calls of a client can't be observed."""
    command_checks = [
        check for check in CHECKS.values() if check.observe.__module__ == command_handling.__name__
    ]
    assert len(command_checks) == 9
    for check in command_checks:
        observation = check.observe(Transcript((), not_sent=(command("a"),)))
        assert (observation.met, observation.subject_count) == (True, 0)
        assert "--mews-api" in observation.observed


@pytest.mark.parametrize(
    "check", [command_handling.command_fetched, command_handling.command_reported]
)
def test_a_check_is_not_met_without_a_client(check: Check) -> None:
    """With a client but without a command, there is nothing to evaluate."""
    without_client = Transcript((), api_served=True)
    assert not check(without_client).met
    without_command = check(transcript_of(sent_message((RESERVATION, "r", "Started"))))
    assert (without_command.met, without_command.subject_count) == (True, 0)


def test_commands_requested() -> None:
    """Other calls are counted but don't meet it."""
    assert command_handling.commands_requested(transcript_of(call(operation=ACTIVE))).met
    observation = command_handling.commands_requested(transcript_of(call("r"), call("s")))
    assert (observation.met, "but 2 other requests" in observation.observed) == (False, True)


def test_command_fetched() -> None:
    """A response to a call since its event contained it, by id or among the active commands."""
    assert command_handling.command_fetched(transcript_of(command("a"), fetch_of("a"))).met
    among = call(operation=ACTIVE, returned_ids=("a",))
    assert command_handling.command_fetched(transcript_of(command("a"), among)).met
    early = command_handling.command_fetched(transcript_of(command("a", at_ms=50.0), fetch_of("a")))
    assert (early.met, "was never requested" in early.observed) == (False, True)
    refused = fetch_of("a", status=400, message="Invalid")
    not_given = command_handling.command_fetched(transcript_of(command("a"), refused))
    assert "requested, but not returned; commands/getAllByIds was answered with 400" in (
        not_given.observed
    )


def test_command_reported() -> None:
    """An accepted update by its own enterprise is needed; another state is named."""
    assert command_handling.command_reported(transcript_of(command("a"), report_of("a"))).met
    assert command_handling.command_reported(
        transcript_of(command("a"), report_of("a", status=204))
    ).met
    assert not command_handling.command_reported(
        transcript_of(command("a"), report_of("a", status=400))
    ).met
    assert not command_handling.command_reported(
        transcript_of(command("a"), report_of("a", enterprise=OTHER_ENTERPRISE))
    ).met
    received = command_handling.command_reported(
        transcript_of(command("a"), report_of("a", state="Received"))
    )
    assert (received.met, "reported as Received" in received.observed) == (False, True)
    none = command_handling.command_reported(
        transcript_of(command("a"), command("b"), report_of("b"))
    )
    assert none.observed == (
        "command a was not reported as Processed: no commands/update arrived; 1 of 2 commands"
    )


def test_the_progress_of_a_command_that_is_not_reported() -> None:
    """The observation names the last failed update or lookup."""
    failed = {"status": 500, "fault": ApiFault.SERVER_ERROR}

    def progress(*calls: ApiCall) -> str:
        observation = command_handling.command_reported(transcript_of(command("a"), *calls))
        _, _, text = observation.observed.partition("not reported as Processed: ")
        assert text.endswith("; 1 of 1 command")
        return text.removesuffix("; 1 of 1 command")

    assert progress(fetch_of("a"), report_of("a", **failed)) == (
        "commands/update arrived once, the last was answered with 500"
    )
    received = report_of("a", state="Received")
    assert progress(received, report_of("a", 30.0, **failed)) == (
        "commands/update arrived twice, the last was answered with 500"
    )
    assert (
        progress(report_of("a", status=None)) == "commands/update arrived once, the last was reset"
    )
    assert progress(report_of("a", duration_ms=None)) == (
        "commands/update arrived once, the last was still being answered"
    )
    assert progress(fetch_of("a", **failed)) == (
        "no commands/update arrived, and commands/getAllByIds was answered with 500"
    )
    active = call(operation=ACTIVE, returned_ids=(), **failed)
    assert (
        progress(active)
        == "no commands/update arrived, and commands/getAllActive was answered with 500"
    )
    assert progress(fetch_of("a", **failed), fetch_of("a")) == "no commands/update arrived"


def test_commands_that_were_not_sent_count_too() -> None:
    """A command that no client received must still be reported."""
    assert command_handling.command_reported(
        transcript_of(report_of("a"), not_sent=(command("a"),))
    ).met
    assert not command_handling.command_reported(transcript_of(not_sent=(command("a"),))).met
    assert not command_handling.command_reported(transcript_of(undeliverable=(command("a"),))).met


def test_command_idempotent() -> None:
    """However often it was sent, it must be reported once."""
    copies = [command("a"), command("a", at_ms=30.0)]
    assert command_handling.command_idempotent(transcript_of(*copies, report_of("a"))).met
    observation = command_handling.command_idempotent(
        transcript_of(*copies, report_of("a"), report_of("a", 40.0))
    )
    assert (
        observation.met,
        "command a was sent twice and reported as Processed twice" in observation.observed,
    ) == (
        False,
        True,
    )


@pytest.mark.parametrize("state", ["Processed", "Cancelled", "Error"])
def test_command_not_executed(state: str) -> None:
    """There must be no update; a pending command doesn't count."""
    completed = command("a", state)
    assert command_handling.command_not_executed(transcript_of(completed, fetch_of("a"))).met
    assert not command_handling.command_not_executed(transcript_of(completed, report_of("a"))).met
    assert (
        command_handling.command_not_executed(
            transcript_of(command("a"), report_of("a"))
        ).subject_count
        == 0
    )


def test_handled_in_mixed_batch() -> None:
    """Nothing is expected for a type that is not handled when it comes alone, commands included."""
    single = sent_message((RESERVATION, "r1", "Started"))
    mixed = sent_message((RESOURCE, "s1", "Dirty"), (RESERVATION, "r2", "Started"), at_ms=50.0)
    both = [call("r1"), call("r2", at_ms=60.0)]
    assert (
        command_handling.handled_in_mixed_batch(transcript_of(single, mixed, *both)).subject_count
        == 2
    )
    missing = command_handling.handled_in_mixed_batch(transcript_of(single, mixed, both[0]))
    assert (missing.met, "Reservation r2 led to nothing, though others" in missing.observed) == (
        False,
        True,
    )
    without_command = command_handling.handled_in_mixed_batch(transcript_of(single, mixed))
    assert (without_command.met, without_command.subject_count) == (True, 0)
    command_ = command_handling.handled_in_mixed_batch(transcript_of(command("a")))
    assert (command_.met, command_.subject_count) == (True, 0)


def test_a_pending_command_leads_to_a_request_if_others_do() -> None:
    """A client that requests commands in the run, and nothing about this one, has lost it.

    One that looks it up and reports nothing fails another check.
    """
    sent = (command("a"), command("b"))
    known = replace(transcript_of(*sent), commands_requested=True)
    lost = command_handling.handled_in_mixed_batch(known)
    assert (lost.met, lost.observed) == (
        False,
        (
            "DeviceCommand a led to nothing, though the client requests other commands; "
            "2 of 2 events"
        ),
    )
    looked_up = replace(transcript_of(*sent, fetch_of("a"), fetch_of("b")), commands_requested=True)
    found = command_handling.handled_in_mixed_batch(looked_up)
    assert (found.met, found.observed) == (True, "2 commands requested")
    handled = replace(
        transcript_of(*sent, fetch_of("a"), report_of("a"), fetch_of("b")), commands_requested=True
    )
    assert not command_handling.handled_in_mixed_batch(handled).met


def test_active_commands_requested() -> None:
    """Each client needs a call after its new connection, with its own AccessToken."""
    connections = (
        Connection(1, ENTERPRISE, 0.0, disconnect_ms=10.0, closed_ms=11.0),
        Connection(2, ENTERPRISE, 100.0),
        Connection(3, OTHER_ENTERPRISE, 0.0),
    )

    def observe(*calls: ApiCall) -> Observation:
        return command_handling.active_commands_requested(
            Transcript((), calls=calls, connections=connections, api_served=True)
        )

    assert observe(call(operation=ACTIVE, at_ms=100.0)).met
    assert not observe(call(operation=ACTIVE, at_ms=99.0)).met
    assert not observe(call(operation=ACTIVE, at_ms=110.0, enterprise=OTHER_ENTERPRISE)).met
    without_client = command_handling.active_commands_requested(
        Transcript((), connections=connections[:1], api_served=True)
    )
    assert (without_client.met, without_client.observed) == (False, "no client reconnected")


def test_own_access_token_for_commands() -> None:
    """Commands of one enterprise only are not evaluated."""
    two = [command("a"), command("b", owner=OTHER_ENTERPRISE)]
    assert request_etiquette.own_access_token(
        transcript_of(*two, fetch_of("a"), fetch_of("b", enterprise=OTHER_ENTERPRISE))
    ).met
    observation = request_etiquette.own_access_token(
        transcript_of(*two, fetch_of("a"), fetch_of("b"))
    )
    assert (
        observation.met,
        "1 of 2 requests for another enterprise's entities" in observation.observed,
    ) == (
        False,
        True,
    )
    assert (
        request_etiquette.own_access_token(transcript_of(two[0], fetch_of("a"))).subject_count == 0
    )


def test_no_double_fetch() -> None:
    """A message on both channels allows two fetches; a third is too many."""
    event = sent_message((RESERVATION, "r", "Started"))
    webhooks = {"deliveries": (delivery("r"),)}

    def observe(fetches: int) -> Observation:
        calls = [call("r", at_ms=100.0 + number) for number in range(fetches)]
        whole = transcript_of(event, *calls)
        return command_handling.no_double_fetch(
            Transcript(
                webhooks["deliveries"],
                calls=whole.calls,
                connections=whole.connections,
                api_served=True,
            )
        )

    assert observe(2).met
    assert observe(0).subject_count == 0
    assert "r was fetched 3 times after 2 messages" in observe(3).observed


def test_p99_lookup_under_5s() -> None:
    """The delay is from the event to the first call; the observation has p50 and p99."""
    prompt = command_handling.p99_lookup_under_5s(transcript_of(command("a"), fetch_of("a")))
    assert (prompt.met, "p50 10 ms, p99 10 ms, 1 event" in prompt.observed) == (True, True)
    late = command_handling.p99_lookup_under_5s(
        transcript_of(command("a"), fetch_of("a", at_ms=5_001.0))
    )
    assert not late.met
    assert command_handling.p99_lookup_under_5s(transcript_of(command("a"))).subject_count == 0


@pytest.mark.parametrize(
    ("first_ms", "execution_ms", "met"),
    [
        (10.0, 2_000.0, True),  # one command after another
        (6_000.0, 10.0, False),  # all of them too late, and then in a moment
    ],
)
def test_the_execution_of_other_commands_does_not_count(
    *, first_ms: float, execution_ms: float, met: bool
) -> None:
    """Each is looked up when the one before is done."""
    names = [f"command {number}" for number in range(10)]
    calls = []
    for number, name in enumerate(names):
        at_ms = first_ms + number * execution_ms
        calls += [
            fetch_of(name, at_ms=at_ms),
            report_of(name, at_ms=at_ms + execution_ms - 1),
        ]
    observation = command_handling.p99_lookup_under_5s(transcript_of(*map(command, names), *calls))
    assert observation.met is met
    assert ("one command after another" in observation.observed) is met


def test_a_command_fetched_before_its_event() -> None:
    """A client may find an active command before it receives the event."""
    early = replace(command("a", at_ms=30.0), visible_from_ms=5.0)
    active = call(operation=ACTIVE, at_ms=10.0, returned_ids=("a",))
    reported = transcript_of(early, active, report_of("a", at_ms=20.0))
    assert command_handling.command_fetched(reported).met
    assert command_handling.command_reported(reported).observed.endswith("the last after 0 ms")
    assert command_handling.p99_lookup_under_5s(reported).met
    assert not command_handling.command_fetched(transcript_of(command("a", at_ms=30.0), active)).met


def test_event_traces() -> None:
    """Calls of another enterprise don't count, and prices have no trace."""
    events = [
        sent_message((RESERVATION, "r", "Confirmed"), ("PriceUpdate", "p", "")),
        sent_message((RESERVATION, "r", "Started"), at_ms=50.0),
    ]
    calls = [
        call("r", at_ms=10.0),
        call("r", at_ms=60.0),
        call("r", at_ms=70.0, enterprise=OTHER_ENTERPRISE),
    ]
    (observation,) = event_traces(events, calls)
    assert (
        observation.event_type,
        observation.state,
        observation.message_count,
        observation.fetch_count,
    ) == (
        RESERVATION,
        "Started",
        2,
        2,
    )
    assert (observation.requested_ms, observation.fetched_ms, observation.sent_ms) == (
        60.0,
        65.0,
        50.0,
    )
    assert (observation.handled, observation.is_pending_command, observation.needs_handling) == (
        True,
        False,
        True,
    )
    assert GET_RESERVATIONS in calls[0].path
