"""Causes of changes that lead to no request, though the entity or the integration is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    CauseKind,
    Delivery,
    EventReference,
    Message,
    ScenarioResult,
    WebhookKind,
)
from tests.causes.observed_results import processing_result
from tests.transcript_builders import attempt, call, delivery


def action(name: str, number: int, at_ms: float) -> Delivery:
    """Script the delivery of an action; only a creation names the enterprise."""
    enterprise = f"enterprise-{number}" if name == "IntegrationCreated" else None
    message = Message(
        WebhookKind.INTEGRATION,
        b"{}",
        (EventReference(name, f"integration-{number}"),),
        name,
        enterprise_id=enterprise,
    )
    return Delivery("action", message, (attempt(at_ms, 5.0),))


def resumed_result(number: int, *actions: str, requested: bool) -> ScenarioResult:
    """Return the result of a new integration, some actions, and an event."""
    enterprise, entity_id = f"enterprise-{number}", f"{number}-a"
    steps = [
        action(name, number, 10.0 * step)
        for step, name in enumerate(("IntegrationCreated", *actions))
    ]
    event = delivery(entity_id, enterprise=enterprise, at_ms=100.0)
    calls = [call(entity_id, enterprise=enterprise, at_ms=200.0)] if requested else []
    return processing_result(f"PROC-{number}", [*steps, event], calls, met=requested)


DISABLED = ("IntegrationDisabled", "IntegrationEnabled")
CANCELED = ("IntegrationCanceled", "IntegrationReinstated")


def test_an_integration_that_is_resumed_gets_no_request() -> None:
    """Other new integrations get them, so that it is not the enterprise."""
    results = [
        resumed_result(20, requested=True),
        resumed_result(25, *CANCELED, requested=False),
        resumed_result(31, *DISABLED, "IntegrationApiKeyCreated", requested=False),
        resumed_result(34, *DISABLED, requested=False),
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.RESUMED_NOT_FETCHED
    assert cause.explains == ("PROC-25", "PROC-31", "PROC-34")
    assert cause.summary == (
        "Nothing is requested for an integration after IntegrationEnabled and "
        "IntegrationReinstated: none of 3 acknowledged events was asked for, while those of other "
        "new integrations are."
    )


def test_a_repeated_creation_leaves_the_state_open() -> None:
    """A service that takes it for a new start needs no action to resume."""
    repeated = ("IntegrationDisabled", "IntegrationCreated", "IntegrationEnabled")
    results = [
        resumed_result(20, requested=True),
        resumed_result(25, *CANCELED, requested=False),
        resumed_result(31, *repeated, requested=True),
        resumed_result(34, *DISABLED, requested=False),
    ]
    (cause,) = find_causes(results)
    assert cause.explains == ("PROC-25", "PROC-34")


def interval_result(number: int, *ids: str, missed: str = "") -> ScenarioResult:
    """Return the result of a message whose entities are asked for by interval."""
    found = [name for name in ids if name != missed]
    by_interval = call(returned_ids=tuple(found))
    return processing_result(f"PROC-0{number}", [delivery(*ids)], [by_interval], met=not missed)


def test_requests_by_interval_that_miss_events() -> None:
    """Nobody says of such events that no request followed."""
    results = [
        interval_result(1, "a", "b"),
        interval_result(2, "c", "d", missed="d"),
        interval_result(3, "e", missed="e"),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.NOT_IN_INTERVAL, ("PROC-02", "PROC-03"))
    assert cause.summary == (
        "Requests by interval miss acknowledged events: 2 of 5 ServiceOrderUpdated were in no "
        "response."
    )


@pytest.mark.parametrize(
    ("intervals", "displacement"),
    [
        ([(3_300.0, 3_600.0), (3_480.0, None)], " Each interval begins at least 55 minutes after"),
        ([(-9_000.0, -7_200.0), (None, -90.0)], " Each interval ends at least 90 s before"),
        ([(3_300.0, 3_600.0), (-60.0, 1.0)], ""),
        ([(-400.0, -30.0), (-90.0, -30.0)], " Each interval ends at least 30 s before"),
        ([(-400.0, 0.0), (-90.0, -30.0)], ""),
        ([(None, None), (None, None)], ""),
        ([None, None], ""),
    ],
)
def test_how_far_intervals_are_off(
    intervals: list[tuple[float | None, float | None] | None], displacement: str
) -> None:
    """The cause says it if all are off in one direction: local time in place of UTC, mostly."""
    results = [
        processing_result(
            f"PROC-0{number}",
            [delivery(f"{number}-a")],
            [call(returned_ids=(), interval_s=interval)],
        )
        for number, interval in enumerate(intervals)
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.NOT_IN_INTERVAL
    sentence = f"{displacement} the request itself." if displacement else ""
    assert cause.summary.endswith(f"were in no response.{sentence}")


def test_intervals_of_creation_are_named() -> None:
    """A request for what was created lately has no entity that was created before and changed."""
    results = [
        processing_result(
            f"PROC-0{number}",
            [delivery(f"{number}")],
            [call(returned_ids=(), interval_s=(-3_600.0, 60.0), filters=("CreatedUtc",))],
            met=False,
        )
        for number in range(3)
    ]
    (cause,) = find_causes(results)
    assert cause.summary.endswith(
        " Each is an interval of `CreatedUtc`, which has nothing that was created before it."
    )


@pytest.mark.parametrize(
    ("interval", "filters", "explained"),
    [
        ((3_590.0, 3_605.0), ("UpdatedUtc",), True),
        ((-60.0, 5.0), ("CreatedUtc",), True),
        ((-60.0, 5.0), ("UpdatedUtc",), False),  # it asks for too few states
        (None, ("ReservationIds",), False),
    ],
)
def test_a_deletion_outside_the_interval(
    interval: tuple[float, float] | None, filters: tuple[str, ...], *, explained: bool
) -> None:
    """No request noticed it, as none noticed any other change: it has no other reason."""
    listing = call(returned_ids=(), interval_s=interval, filters=filters)
    deletion = processing_result("PROC-58", [delivery("x")], [listing], check="deletion-noticed")
    results = [interval_result(number, name, missed=name) for number, name in enumerate("abc")]
    (cause,) = find_causes([*results, deletion])
    assert cause.kind is CauseKind.NOT_IN_INTERVAL
    assert ("PROC-58" in cause.explains) is explained


def test_an_interval_whose_requests_all_fail_is_not_blamed() -> None:
    """Whether it has the events is unknown: the requests have to be smaller, or repeated."""
    refused = call(status=408, fault=ApiFault.REQUEST_TIMEOUT)
    interrupted = call(status=None, duration_ms=None, fault=ApiFault.SLOW)
    results = [
        interval_result(1, "a", "b"),
        processing_result("PROC-40", [delivery("c", "d")], [refused], met=False),
        processing_result("PROC-49", [delivery("e")], [interrupted], met=False),
    ]
    assert find_causes(results) == ()


def test_events_on_an_unread_page_are_not_outside_the_interval() -> None:
    """What a request by interval returns has a further page, and nobody asks for it."""
    full = [call(returned_ids=(), cursor="1"), call(returned_ids=(), at_ms=200.0, cursor="2")]
    results = [
        processing_result(f"PROC-0{number}", [delivery(f"{number}-a")], full) for number in (1, 2)
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.PAGES_NOT_READ, ("PROC-01", "PROC-02"))


def test_events_on_no_page_are_outside_the_interval() -> None:
    """The pages were read to the last one."""
    pages = [
        call(returned_ids=(), cursor="1"),
        call(returned_ids=(), at_ms=200.0, is_next_page=True),
    ]
    results = [
        processing_result(f"PROC-0{number}", [delivery(f"{number}-a")], pages) for number in (1, 2)
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.NOT_IN_INTERVAL


@pytest.mark.parametrize(("new_requested", "one_requested"), [(False, False), (True, True)])
def test_resuming_is_no_cause(*, new_requested: bool, one_requested: bool) -> None:
    """No new integration gets requests, or one that was resumed does."""
    results = [
        resumed_result(20, requested=new_requested),
        resumed_result(25, *CANCELED, requested=False),
        resumed_result(31, *CANCELED, requested=False),
        resumed_result(34, *CANCELED, requested=one_requested),
    ]
    kinds = [cause.kind for cause in find_causes(results)]
    assert CauseKind.RESUMED_NOT_FETCHED not in kinds


def repeated_result(
    number: int, *, again: bool, fetched: bool = True, second_body: bytes = b"{}"
) -> ScenarioResult:
    """Return the result of two messages about one entity, with the same bytes by default."""
    entity_id = f"{number}-a"
    first = delivery(entity_id)
    second = delivery(entity_id, at_ms=500.0)
    second = replace(second, message=replace(second.message, body=second_body))
    calls: list[ApiCall] = [call(entity_id, at_ms=100.0)] if fetched else []
    if again:
        calls.append(call(entity_id, at_ms=600.0))
    return processing_result(f"PROC-{number}", [first, second], calls, met=again)


def test_a_message_that_is_known_is_ignored() -> None:
    """Its entity was fetched once, and is not asked for again after the second message."""
    results = [repeated_result(16, again=False), repeated_result(32, again=False)]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.REPEATED_NOT_FETCHED,
        ("PROC-16", "PROC-32"),
    )
    assert cause.summary == (
        "An entity that was fetched is not asked for again after another message about it: "
        "0 of 2 were."
    )


def test_only_a_message_with_the_same_bytes_is_ignored() -> None:
    """A service that remembers what it received takes the second change for a copy."""
    in_flight = call("32-a", at_ms=100.0, duration_ms=2000.0, fault=ApiFault.SLOW)
    same_bytes = [delivery("32-a"), delivery("32-a", at_ms=500.0)]
    results = [
        repeated_result(16, again=False),
        processing_result("PROC-32", same_bytes, [in_flight], met=False),
        repeated_result(54, again=True, second_body=b"{ }"),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.REPEATED_NOT_FETCHED,
        ("PROC-16", "PROC-32"),
    )
    assert cause.summary == (
        "An entity that was fetched is not asked for again after a message with the same bytes as "
        "an earlier one: 0 of 2 were, after other messages 1 of 1."
    )


def test_only_an_entity_whose_fetch_has_ended_is_ignored() -> None:
    """A service that fetches only what its database does not have yet."""
    same_bytes = [delivery("32-a"), delivery("32-a", at_ms=500.0)]
    in_flight = call("32-a", at_ms=100.0, duration_ms=2000.0, fault=ApiFault.SLOW)
    results = [
        repeated_result(16, again=False),
        processing_result("PROC-32", same_bytes, [in_flight, call("32-a", at_ms=600.0)]),
        repeated_result(54, again=False, second_body=b"{ }"),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.REPEATED_NOT_FETCHED,
        ("PROC-16", "PROC-54"),
    )
    assert cause.summary == (
        "An entity is not asked for again after another message about it, once its fetch has "
        "ended: 0 of 2 were, while it was being fetched 1 of 1."
    )


def test_repetitions_that_are_ignored_now_and_then_are_no_cause() -> None:
    """They share neither their bytes nor the end of a fetch."""
    results = [
        repeated_result(16, again=False),
        repeated_result(17, again=True),
        repeated_result(54, again=False, second_body=b"{ }"),
        repeated_result(55, again=True, second_body=b"{ }"),
    ]
    assert CauseKind.REPEATED_NOT_FETCHED not in [cause.kind for cause in find_causes(results)]


def test_a_slow_response_is_no_error_that_could_explain_the_loss() -> None:
    """PROC-32 sends the second message while the API takes its time over the first."""
    first, second = delivery("a"), delivery("a", at_ms=500.0)
    slow = call("a", at_ms=100.0, duration_ms=2000.0, fault=ApiFault.SLOW)
    results = [
        repeated_result(16, again=False),
        processing_result("PROC-32", [first, second], [slow], met=False),
    ]
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (
        CauseKind.REPEATED_NOT_FETCHED,
        ("PROC-16", "PROC-32"),
    )


def test_a_repetition_that_is_lost_only_sometimes_is_no_cause() -> None:
    """Then the message is not ignored because it is known; nor is one that was never fetched."""
    some = [repeated_result(16, again=True), *(repeated_result(n, again=False) for n in (31, 32))]
    assert find_causes(some) == ()
    never = [repeated_result(number, again=False, fetched=False) for number in (16, 32)]
    assert find_causes(never) == ()


def test_scenarios_that_wait_for_no_fetch_show_nothing() -> None:
    """They end before a sound service asks again."""
    failing = repeated_result(32, again=False)
    ended = [repeated_result(number, again=False) for number in range(40, 80)]
    waiting = [repeated_result(number, again=True) for number in (16, 31)]
    others = [
        replace(
            result,
            evidence=tuple(
                replace(each, findings=tuple(replace(f, check="accepted") for f in each.findings))
                for each in result.evidence
            ),
        )
        for result in ended
    ]
    assert find_causes([failing, *waiting, *others]) == ()
