"""Causes of events that are lost because of where they stand in their message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.causes.cause_phrases import ordinal
from pytest_mews.model import ApiFault, CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import GET_RESERVATIONS, call, delivery, delivery_of

TYPES = {"ServiceOrderUpdated": GET_RESERVATIONS, "PaymentUpdated": "payments/getAll"}
Kept = Callable[[Sequence[str]], Sequence[str]]
"""Takes the ids of a message, and returns those that the service asks for."""


def result_of(number: int, size: int, kept: Kept) -> ScenarioResult:
    """Return the result of a scenario with one message: events of one type, then of another."""
    types = list(TYPES)
    events = [(types[2 * index // size], f"{number}-{index}") for index in range(size)]
    sent = delivery_of(*events)
    asked = set(kept([event.entity_id for event in sent.message.events]))
    calls = [
        call(
            *(
                event.entity_id
                for event in sent.message.events
                if event.discriminator == name and event.entity_id in asked
            ),
            operation=operation,
        )
        for name, operation in TYPES.items()
    ]
    return processing_result(f"PROC-{number:02}", [sent], calls, met=len(asked) == size)


def test_ordinals() -> None:
    """Numbers as people write them."""
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 50, 103, 111)
    assert [ordinal(number) for number in numbers] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "50th", "103rd", "111th")
    ]


@pytest.mark.parametrize(
    ("known_type", "is_rolled_back", "part", "asked", "lost"),
    [
        (
            "ServiceOrderUpdated",
            False,
            "only the events of a message that precede one sent earlier",
            "all 52",
            "0 of 35 others",
        ),
        (
            "ServiceOrderUpdated",
            True,
            "only messages without an event sent earlier",
            "all 30",
            "0 of 57 of messages with such a one",
        ),
        (
            "PaymentUpdated",
            False,
            "only the events of a message that precede one sent earlier",
            "all 55",
            "0 of 38 others",
        ),
    ],
    ids=["stops-at-it", "rolls-back", "stops-at-a-known-id"],
)
def test_one_known_event_ends_the_work_on_its_message(
    known_type: str,
    is_rolled_back: bool,  # noqa: FBT001 - a parameter
    part: str,
    asked: str,
    lost: str,
) -> None:
    """A unique constraint that the INSERT of one event violates, in a loop or in a transaction."""
    results = []
    for number, place in enumerate((None, 3, 7, 12, None)):
        start_ms = 10_000.0 * number
        known = delivery(f"{number}-known", at_ms=start_ms)
        new = [("ServiceOrderUpdated", f"{number}-{index}") for index in range(19)]
        events, kept = list(new), 19
        if place is not None:
            events.insert(place, (known_type, f"{number}-known"))
            kept = 0 if is_rolled_back else place
        batch = delivery_of(*events, at_ms=start_ms + 2_000)
        other = delivery(
            *(f"{number}-other-{index}" for index in range(10)), at_ms=start_ms + 4_000
        )
        ids = [entity_id for _, entity_id in new[:kept]]
        calls = [
            call(f"{number}-known", at_ms=start_ms + 100),
            call(*ids, number=2, at_ms=start_ms + 2_100),
            call(
                *(event.entity_id for event in other.message.events),
                number=3,
                at_ms=start_ms + 4_100,
            ),
        ]
        results.append(
            processing_result(f"PROC-{number:02}", [known, batch, other], calls, met=place is None)
        )
    cause = next(
        cause for cause in find_causes(results) if cause.kind is CauseKind.MESSAGE_PART_NOT_FETCHED
    )
    assert cause.summary == f"Requests follow {part}: {asked} were asked for, and {lost}."
    assert "unique constraint" in cause.remedy


@pytest.mark.parametrize(
    ("kept", "part", "asked", "lost"),
    [
        (
            lambda ids: ids[:20],
            "only the first 20 events of a message",
            "all 100",
            "0 of 100 that follow",
        ),
        (
            lambda ids: ids[-20:],
            "only the last 20 events of a message",
            "all 100",
            "0 of 100 that precede them",
        ),
        (
            lambda ids: ids[-1:],
            "only the last event of a message",
            "all 5",
            "0 of 195 that precede them",
        ),
        (
            lambda ids: ids[:-1],
            "all but the last event of a message",
            "all 195",
            "0 of 5 last ones",
        ),
        (
            lambda ids: [name for index, name in enumerate(ids) if index % 10 != 9],
            "all but every 10th event of a message",
            "all 180",
            "0 of 20 such ones",
        ),
        (
            lambda ids: [*ids[: len(ids) // 2][-1:], *ids[-1:]],
            "only the last event of each type in a message",
            "all 10",
            "0 of 190 that precede them",
        ),
        (
            lambda ids: ids[: len(ids) // 2],
            "only events of the type with which a message begins",
            "all 100",
            "0 of 100 of other types",
        ),
        (
            lambda ids: ids[1:],
            "all but the first event of a message",
            "all 195",
            "0 of 5 first ones",
        ),
        (
            lambda ids: [*ids[:8], *ids[len(ids) // 2 :][:8]],
            "only the first 8 events of each type in a message",
            "all 80",
            "0 of 120 that follow",
        ),
    ],
)
def test_only_a_part_of_each_message_is_fetched(
    kept: Kept, part: str, asked: str, lost: str
) -> None:
    """A slice of Events, a queue that drops what does not fit or the oldest, a loop too short."""
    sizes = (1, 30, 40, 40, 40, 50)
    results = [
        result_of(number, size, kept if number else list) for number, size in enumerate(sizes)
    ]
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.MESSAGE_PART_NOT_FETCHED
    assert cause.summary == (f"Requests follow {part}: {asked} were asked for, and {lost}.")
    assert cause.explains == tuple(f"PROC-0{number}" for number in range(1, 6))


@pytest.mark.parametrize("instances", [1, 2])
def test_a_queue_that_several_messages_fill(instances: int) -> None:
    """Where the losses begin depends on what came shortly before; a worker takes some meanwhile.

    Several instances of the service have a queue each, which only their own messages fill.
    """
    results = []
    for number in range(4):
        sent, calls, waiting = [], [], 0
        for index, size in enumerate((5 * number, 40, 30)):
            ids = [f"{number}-{index}-{place}" for place in range(size)]
            kept = [name for place, name in enumerate(ids) if waiting + place < 40 or place == 20]
            at_ms = 10_000.0 * (number // instances) + 100 * index
            waiting += size
            if ids:
                sent.append(delivery(*ids, at_ms=at_ms))
                calls.append(call(*kept, at_ms=at_ms + 50))
        result = processing_result(f"PROC-0{number}", sent, calls)
        results.append(replace(result, instance=1 + number % instances))
    (cause,) = find_causes(results)
    assert cause.summary == (
        "Requests follow only the first 40 events that come within 1 s: all 160 were asked for, "
        "and 4 of 150 that follow."
    )


def test_messages_that_are_lost_as_a_whole_fill_no_queue_of_events() -> None:
    """What comes while a request is running is ignored: the loss divides no message."""
    results = []
    for number in range(4):
        ids = [[f"{number}-{index}-{place}" for place in range(10)] for index in range(4)]
        at_ms = 10_000.0 * number
        sent = [delivery(*names, at_ms=at_ms + 100 * index) for index, names in enumerate(ids)]
        results.append(
            processing_result(f"PROC-0{number}", sent, [call(*ids[0], at_ms=at_ms + 50)])
        )
    causes = find_causes(results)
    assert CauseKind.MESSAGE_PART_NOT_FETCHED not in {cause.kind for cause in causes}


def test_what_waits_behind_a_failing_request_is_not_a_part() -> None:
    """A request that is refused until the end keeps the other types waiting."""
    results = []
    for number in range(3):
        ids = [f"{number}-{index}" for index in range(40)]
        types = ["ServiceOrderUpdated"] * 20 + ["PaymentUpdated"] * 20
        sent = delivery_of(*zip(types, ids, strict=True))
        refused = replace(call(*ids[:20], status=413), fault=ApiFault.CONTENT_TOO_LARGE)
        results.append(processing_result(f"PROC-0{number}", [sent], [refused]))
    kinds = {cause.kind for cause in find_causes(results)}
    assert CauseKind.MESSAGE_PART_NOT_FETCHED not in kinds
    assert CauseKind.SOME_NOT_FETCHED not in kinds


def test_only_the_first_bytes_of_a_message_are_read() -> None:
    """Events of different sizes: the number of bytes tells them apart, their number does not."""
    results = []
    for number, long_ids in enumerate((0, 10, 20, 5)):
        ids = [f"{number}-{index}" + "x" * 90 * (index < long_ids) for index in range(40)]
        body = b"".join(f"[{entity_id:>20}]".encode() for entity_id in ids)
        kept = [entity_id for entity_id in ids if 0 <= body.find(entity_id.encode()) < 900]
        sent = delivery_of(*(("ServiceOrderUpdated", entity_id) for entity_id in ids))
        sent = replace(sent, message=replace(sent.message, body=body))
        results.append(processing_result(f"PROC-0{number}", [sent], [call(*kept)]))
    (cause,) = find_causes(results)
    assert cause.summary.startswith("Requests follow only the events in the first ")
    assert " bytes of a message: all " in cause.summary


@pytest.mark.parametrize(
    "kept",
    [
        lambda ids: [name for name in ids if not name.endswith("7")],
        lambda ids: ids if len(ids) < 40 else (),
        lambda ids: ids[: len(ids) // 3],
    ],
)
def test_losses_anywhere_in_a_message_are_not_its_part(kept: Kept) -> None:
    """What is lost everywhere, with the whole message, or after no certain number."""
    results = [result_of(number, size, kept) for number, size in enumerate((10, 20, 40, 80))]
    kinds = {cause.kind for cause in find_causes(results)}
    assert CauseKind.MESSAGE_PART_NOT_FETCHED not in kinds
