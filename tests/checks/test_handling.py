"""Words about what clients make of events, over hand-made transcripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pytest_mews.checks import CHECKS, CaseCheck, command_handling
from pytest_mews.checks.latency import Observed
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
from tests.transcripts import HERE, RESERVATIONS, THERE, call, delivery

Word = Callable[[Transcript], Observed]
COMMAND, RESERVATION, RESOURCE = "DeviceCommand", "Reservation", "Resource"


def sent(*events: tuple[str, str, str], at_ms: float = 0.0, owner: str = HERE) -> SentMessage:
    """Script a message of events: type, id, state."""
    refs = tuple(EventReference(*each) for each in events)
    return SentMessage("draw", owner, f"{len(refs)} events", 10, refs, at_ms, at_ms)


def command(name: str, state: str = "Pending", **more: Any) -> SentMessage:  # noqa: ANN401
    """Script a message of one command."""
    return sent((COMMAND, name, state), **more)


def looked_up(*ids: str, at_ms: float = 10.0, **more: Any) -> ApiCall:  # noqa: ANN401
    """Script a request for commands by their ids."""
    return call(*ids, operation=BY_IDS, at_ms=at_ms, **more)


def done(name: str, at_ms: float = 20.0, state: str = "Processed", **more: Any) -> ApiCall:  # noqa: ANN401
    """Script a report about a command."""
    return call(name, operation=UPDATE, at_ms=at_ms, returned=(), state=state, **more)


def seen(*pieces: SentMessage | ApiCall, **more: Any) -> Transcript:  # noqa: ANN401
    """Put messages, each on the one connection of its enterprise, and requests together."""
    owners = dict.fromkeys(each.enterprise_id for each in pieces if isinstance(each, SentMessage))
    lines = [
        Connection(
            number,
            owner,
            0.0,
            sent=tuple(
                e for e in pieces if isinstance(e, SentMessage) and e.enterprise_id == owner
            ),
        )
        for number, owner in enumerate(owners or [HERE], 1)
    ]
    calls = tuple(each for each in pieces if isinstance(each, ApiCall))
    return Transcript((), calls=calls, connections=tuple(lines), api_served=True, **more)


def test_without_a_twin_no_word_says_anything() -> None:
    """What a client asks can't be seen: nothing is judged, nobody accused."""
    words = [each for each in CHECKS.values() if isinstance(each, CaseCheck)]
    own = [each for each in words if each.observe.__module__ == command_handling.__name__]
    assert len(own) == 10
    for word in own:
        found = word.observe(Transcript((), not_sent=(command("a"),)))
        assert (found.met, found.judged) == (True, 0)
        assert "--mews-api" in found.observed


@pytest.mark.parametrize("word", [command_handling.looks_up, command_handling.reports_done])
def test_without_a_client_nothing_is_met(word: Word) -> None:
    """With a client and no command there is nothing to judge."""
    nobody = Transcript((), api_served=True)
    assert not word(nobody).met
    nothing = word(seen(sent((RESERVATION, "r", "Started"))))
    assert (nothing.met, nothing.judged) == (True, 0)


def test_any_request_about_commands_is_one() -> None:
    """Others are counted, and are none."""
    assert command_handling.asks_commands(seen(call(operation=ACTIVE))).met
    found = command_handling.asks_commands(seen(call("r"), call("s")))
    assert (found.met, "2 others came" in found.observed) == (False, True)


def test_a_command_is_looked_up_by_its_id_or_among_the_active() -> None:
    """In an answer that held it, to a request since its event."""
    assert command_handling.looks_up(seen(command("a"), looked_up("a"))).met
    among = call(operation=ACTIVE, returned=("a",))
    assert command_handling.looks_up(seen(command("a"), among)).met
    early = command_handling.looks_up(seen(command("a", at_ms=50.0), looked_up("a")))
    assert (early.met, "never asked for" in early.observed) == (False, True)
    refused = looked_up("a", status=400, message="Invalid")
    not_given = command_handling.looks_up(seen(command("a"), refused))
    assert "asked for, but not given; commands/getAllByIds was answered with 400" in (
        not_given.observed
    )


def test_a_command_is_done_when_it_is_reported_as_processed() -> None:
    """By an update that was accepted, of its own enterprise; other states are told."""
    assert command_handling.reports_done(seen(command("a"), done("a"))).met
    assert command_handling.reports_done(seen(command("a"), done("a", status=204))).met
    assert not command_handling.reports_done(seen(command("a"), done("a", status=400))).met
    assert not command_handling.reports_done(seen(command("a"), done("a", enterprise=THERE))).met
    halfway = command_handling.reports_done(seen(command("a"), done("a", state="Received")))
    assert (halfway.met, "reported as Received" in halfway.observed) == (False, True)
    none = command_handling.reports_done(seen(command("a"), command("b"), done("b")))
    assert none.observed == "1 of 2 commands not reported as Processed; a: no commands/update came"


def test_of_a_command_that_is_not_done_it_is_said_how_far_it_came() -> None:
    """What was answered to its report, or to the look-up, where it ended with that."""
    failed = {"status": 500, "fault": ApiFault.SERVER_ERROR}

    def said(*calls: ApiCall) -> str:
        return command_handling.reports_done(seen(command("a"), *calls)).observed.partition("a: ")[
            2
        ]

    assert said(looked_up("a"), done("a", **failed)) == (
        "commands/update came once, the last was answered with 500"
    )
    halfway = done("a", state="Received")
    assert said(halfway, done("a", 30.0, **failed)) == (
        "commands/update came twice, the last was answered with 500"
    )
    assert said(done("a", status=None)) == "commands/update came once, the last was reset"
    assert said(done("a", took_ms=None)) == (
        "commands/update came once, the last was still being answered"
    )
    assert said(looked_up("a", **failed)) == (
        "no commands/update came; commands/getAllByIds was answered with 500"
    )
    active = call(operation=ACTIVE, returned=(), **failed)
    assert said(active) == "no commands/update came; commands/getAllActive was answered with 500"
    assert said(looked_up("a", **failed), looked_up("a")) == "no commands/update came"


def test_what_was_missed_or_could_not_be_sent_is_owed_too() -> None:
    """A command that came while nobody was connected is done all the same, or is not."""
    assert command_handling.reports_done(seen(done("a"), not_sent=(command("a"),))).met
    assert not command_handling.reports_done(seen(not_sent=(command("a"),))).met
    assert not command_handling.reports_done(seen(undeliverable=(command("a"),))).met


def test_twice_done_is_once_too_many() -> None:
    """However often it was told."""
    twice = [command("a"), command("a", at_ms=30.0)]
    assert command_handling.done_once(seen(*twice, done("a"))).met
    found = command_handling.done_once(seen(*twice, done("a"), done("a", 40.0)))
    assert (found.met, "a came 2 times and was reported as Processed 2" in found.observed) == (
        False,
        True,
    )


@pytest.mark.parametrize("state", ["Processed", "Cancelled", "Error"])
def test_what_is_over_is_left_alone(state: str) -> None:
    """No report at all; one that waits is not meant."""
    over = command("a", state)
    assert command_handling.not_carried_out(seen(over, looked_up("a"))).met
    assert not command_handling.not_carried_out(seen(over, done("a"))).met
    assert command_handling.not_carried_out(seen(command("a"), done("a"))).judged == 0


def test_what_is_handled_alone_is_handled_among_others() -> None:
    """A type that is never asked about is expected of nobody; a command always is."""
    alone = sent((RESERVATION, "r1", "Started"))
    mixed = sent((RESOURCE, "s1", "Dirty"), (RESERVATION, "r2", "Started"), at_ms=50.0)
    both = [call("r1"), call("r2", at_ms=60.0)]
    assert command_handling.as_alone(seen(alone, mixed, *both)).judged == 2
    lost = command_handling.as_alone(seen(alone, mixed, both[0]))
    assert (lost.met, "Reservation r2, though others" in lost.observed) == (False, True)
    nothing = command_handling.as_alone(seen(alone, mixed))
    assert (nothing.met, nothing.judged) == (True, 0)
    owed = command_handling.as_alone(seen(command("a")))
    assert (owed.met, "DeviceCommand a" in owed.observed) == (False, True)


def test_whoever_comes_back_asks_for_the_active() -> None:
    """After the new connection, with its own AccessToken."""
    lines = (
        Connection(1, HERE, 0.0, cut_ms=10.0, closed_ms=11.0),
        Connection(2, HERE, 100.0),
        Connection(3, THERE, 0.0),
    )

    def judged(*calls: ApiCall) -> Observed:
        return command_handling.asks_active(
            Transcript((), calls=calls, connections=lines, api_served=True)
        )

    assert judged(call(operation=ACTIVE, at_ms=100.0)).met
    assert not judged(call(operation=ACTIVE, at_ms=99.0)).met
    assert not judged(call(operation=ACTIVE, at_ms=110.0, enterprise=THERE)).met
    nobody = command_handling.asks_active(Transcript((), connections=lines[:1], api_served=True))
    assert (nobody.met, nobody.observed) == (False, "no client came back")


def test_commands_belong_to_their_enterprise() -> None:
    """With one enterprise there is nothing to mix up."""
    two = [command("a"), command("b", owner=THERE)]
    assert command_handling.own_commands(
        seen(*two, looked_up("a"), looked_up("b", enterprise=THERE))
    ).met
    found = command_handling.own_commands(seen(*two, looked_up("a"), looked_up("b")))
    assert (found.met, "1 of 2 requests with the AccessToken of another" in found.observed) == (
        False,
        True,
    )
    assert command_handling.own_commands(seen(two[0], looked_up("a"))).judged == 0


def test_two_channels_allow_two_fetches() -> None:
    """A third is one too many."""
    event = sent((RESERVATION, "r", "Started"))
    told = {"deliveries": (delivery("r"),)}

    def judged(fetches: int) -> Observed:
        calls = [call("r", at_ms=100.0 + each) for each in range(fetches)]
        whole = seen(event, *calls)
        return command_handling.told_twice(
            Transcript(
                told["deliveries"],
                calls=whole.calls,
                connections=whole.connections,
                api_served=True,
            )
        )

    assert judged(2).met
    assert judged(0).judged == 0
    assert "r 3 times after 2 messages" in judged(3).observed


def test_real_time_is_within_five_seconds() -> None:
    """From the event to the first request about it; p50 and p99 are told."""
    quick = command_handling.real_time(seen(command("a"), looked_up("a")))
    assert (quick.met, "p50 10 ms, p99 10 ms, 1 event" in quick.observed) == (True, True)
    late = command_handling.real_time(seen(command("a"), looked_up("a", at_ms=5_001.0)))
    assert not late.met
    assert command_handling.real_time(seen(command("a"))).judged == 0


def test_who_learns_of_a_command_before_its_event_has_looked_it_up() -> None:
    """Between the moment from which it is active, and its event, a client may ask what is."""
    early = replace(command("a", at_ms=30.0), visible_from_ms=5.0)
    active = call(operation=ACTIVE, at_ms=10.0, returned=("a",))
    reported = seen(early, active, done("a", at_ms=20.0))
    assert command_handling.looks_up(reported).met
    assert command_handling.reports_done(reported).observed.endswith("the last after 0 ms")
    assert command_handling.real_time(reported).met
    assert not command_handling.looks_up(seen(command("a", at_ms=30.0), active)).met


def test_a_trace_follows_what_came_since_the_last_event() -> None:
    """Of another enterprise's requests nothing is taken, of prices nothing is known."""
    events = [
        sent((RESERVATION, "r", "Confirmed"), ("PriceUpdate", "p", "")),
        sent((RESERVATION, "r", "Started"), at_ms=50.0),
    ]
    calls = [call("r", at_ms=10.0), call("r", at_ms=60.0), call("r", at_ms=70.0, enterprise=THERE)]
    (found,) = event_traces(events, calls)
    assert (found.type, found.state, found.copies, found.fetches) == (RESERVATION, "Started", 2, 2)
    assert (found.asked_ms, found.fetched_ms, found.sent_ms) == (60.0, 65.0, 50.0)
    assert (found.handled, found.owed, found.tracked) == (True, False, True)
    assert RESERVATIONS in calls[0].path
