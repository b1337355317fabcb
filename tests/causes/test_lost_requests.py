"""Causes of lost entities: replaced keys, unread pages, shared ids, and losses now and then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiCall,
    CauseKind,
    Delivery,
    EventReference,
    Message,
    ScenarioResult,
    TokenState,
    Validity,
    Verdict,
    WebhookKind,
)
from tests.causes.observed_results import processing_result
from tests.transcript_builders import attempt, call, delivery, delivery_of

RESOURCES = "resources/getAll"


def rotation(at_ms: float = 0.0) -> Delivery:
    """Return the delivery of a new key."""
    sent = delivery(at_ms=at_ms)
    event = EventReference("IntegrationApiKeyCreated", "integration")
    message = replace(sent.message, kind=WebhookKind.INTEGRATION, events=(event,))
    return replace(sent, message=message)


@pytest.mark.parametrize(
    ("other", "text"),
    [
        (TokenState.REPLACED, "all 4 requests after a new key, in 2 scenarios. The new one was"),
        (TokenState.CURRENT, "2 of 4 requests after a new key, in 2 scenarios."),
    ],
)
def test_a_replaced_key_that_is_used(other: TokenState, text: str) -> None:
    """Requests before the new key don't count."""
    results = []
    for number in range(2):
        calls = [
            call("before", at_ms=-50),
            call(f"{number}-a", at_ms=200, token_state=TokenState.REPLACED),
            call(f"{number}-b", at_ms=210, token_state=other),
        ]
        sent = [rotation(), delivery(f"{number}-a", f"{number}-b", at_ms=100)]
        results.append(processing_result(f"PROC-2{number}", sent, calls, check="rotated-key-used"))
    (cause,) = find_causes(results)
    assert (cause.kind, cause.explains) == (CauseKind.REPLACED_KEY_USED, ("PROC-20", "PROC-21"))
    assert text in cause.summary


def action(name: str, at_ms: float = 0.0) -> Delivery:
    """Return the delivery of an action."""
    sent = rotation(at_ms)
    return replace(sent, message=replace(sent.message, events=(EventReference(name, "an id"),)))


def test_tokens_that_several_actions_have_ended() -> None:
    """One cause has every action; entities are lost where a request had such a token at last."""
    ended = [
        processing_result(
            f"PROC-2{number}",
            [action(name), delivery("a", at_ms=100)],
            [call("a", at_ms=200, token_state=TokenState.INACTIVE, status=401, returned_ids=())],
            check="not-fetched",
        )
        for number, name in enumerate(("IntegrationDisabled", "IntegrationDeleted"))
    ]
    replaced = processing_result(
        "PROC-53",
        [delivery("b"), rotation(at_ms=100)],
        [
            call("b", at_ms=50, status=429, returned_ids=(), token_state=TokenState.CURRENT),
            call("b", at_ms=200, status=401, returned_ids=(), token_state=TokenState.REPLACED),
        ],
    )
    (cause,) = find_causes([*ended, replaced])
    assert (cause.kind, cause.explains) == (
        CauseKind.ENDED_TOKEN_USED,
        ("PROC-20", "PROC-21", "PROC-53"),
    )
    assert "1 after IntegrationDeleted and 1 after IntegrationDisabled." in cause.summary


def test_one_action_that_ends_a_token_is_no_cause() -> None:
    """Its scenario says as much."""
    sent = [action("IntegrationDisabled"), delivery("a", at_ms=100)]
    calls = [call("a", at_ms=200, token_state=TokenState.INACTIVE)]
    assert not find_causes([processing_result("PROC-22", sent, calls, check="not-fetched")])


def test_what_is_requested_with_a_replaced_key_is_lost() -> None:
    """Requests with it are refused, so the entities that they ask for are missing."""
    results = []
    for number, asked in enumerate(("waiting", "waiting", "other")):
        refused = call(asked, at_ms=200, status=401, token_state=TokenState.REPLACED)
        sent = [delivery("waiting"), rotation(100)]
        results.append(processing_result(f"PROC-5{number}", sent, [refused]))
    check = "rotated-key-used"
    calls = [call("a", at_ms=200, token_state=TokenState.REPLACED)]
    results.append(processing_result("PROC-21", [rotation(), delivery("a")], calls, check=check))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.REPLACED_KEY_USED
    assert cause.explains == ("PROC-50", "PROC-51", "PROC-21")


def page(*ids: str, returned: str, at_ms: float, cursor: str | None = None) -> ApiCall:
    """Return a request for ids that got one of them; the first has the time 100."""
    return call(
        *ids, returned_ids=(returned,), at_ms=at_ms, cursor=cursor, is_next_page=at_ms > 100
    )


def paged_result(number: int, *pages: tuple[str, str | None]) -> ScenarioResult:
    """Return the result of a message with three events whose response has a page for each."""
    names = [f"{number}-{name}" for name in "abc"]
    calls = [
        page(*names, returned=f"{number}-{returned}", at_ms=100.0 * index, cursor=cursor)
        for index, (returned, cursor) in enumerate(pages, 1)
    ]
    return processing_result(f"PROC-0{number}", [delivery(*names)], calls)


@pytest.mark.parametrize(
    ("pages", "summary"),
    [
        (
            [("a", "1")],
            (
                "Only the first page of a response is read: the next one was asked for after 0 of "
                "2 responses with a Cursor."
            ),
        ),
        (
            [("a", "1"), ("b", "2")],
            (
                "Further pages are not read to the end: the next one was asked for after 2 of 4 "
                "responses with a Cursor."
            ),
        ),
        (
            [("a", "1"), ("b", "2"), ("b", "2")],
            (
                "A page is read again and again: requests for a further page have the Cursor of an "
                "earlier response, so that 2 of 6 responses with a Cursor repeat a page."
            ),
        ),
    ],
)
def test_pages_that_are_not_read(pages: list[tuple[str, str | None]], summary: str) -> None:
    """The entities of further pages were requested, and are in no response."""
    (cause,) = find_causes([paged_result(number, *pages) for number in range(2)])
    assert (cause.kind, cause.explains) == (CauseKind.PAGES_NOT_READ, ("PROC-00", "PROC-01"))
    assert cause.summary == summary


def test_pages_that_are_all_read_are_no_cause() -> None:
    """What is missing for another reason is not on a page."""
    pages = [("a", "1"), ("b", "2"), ("b", None)]
    results = [paged_result(number, *pages) for number in range(2)]
    assert CauseKind.PAGES_NOT_READ not in {cause.kind for cause in find_causes(results)}


def test_entities_with_one_id() -> None:
    """The second entity of an id is lost wherever it stands, and only that."""
    results = []
    for number in range(4):
        events = [
            ("ServiceOrderUpdated", f"{number}-a"),
            ("ServiceOrderUpdated", f"{number}-b"),
            ("ResourceUpdated", f"{number}-a"),
            ("ResourceUpdated", f"{number}-c"),
        ]
        calls = [
            call(f"{number}-a", f"{number}-b"),
            call(f"{number}-c", operation=RESOURCES),
        ]
        results.append(processing_result(f"PROC-0{number}", [delivery_of(*events)], calls))
    (cause,) = find_causes(results)
    assert (cause.kind, len(cause.explains)) == (CauseKind.SHARED_ID_NOT_FETCHED, 4)
    assert "of all 4 such ids, another entity is in no request" in cause.summary


def lossy_result(number: int, lost: str, *, at_ms: tuple[float, ...]) -> ScenarioResult:
    """Return the result of messages with three events each, of which the named ones are lost."""
    sent = [
        delivery(*(f"{number}-{index}-{name}" for name in "abc"), at_ms=10_000 * number + at)
        for index, at in enumerate(at_ms)
    ]
    calls = [
        call(event.entity_id, at_ms=each.started_ms + 50)
        for each in sent
        for event in each.message.events
        if event.entity_id[-1] not in lost
    ]
    return processing_result(f"PROC-{number:02}", sent, calls, met=not lost)


def test_events_that_are_lost_now_and_then() -> None:
    """Some events of messages that come together; nothing they have in common tells them apart."""
    results = [
        lossy_result(number, lost, at_ms=(0, 300))
        for number, lost in enumerate(("ab", "b", "c", "a", ""), 1)
    ]
    alone = [
        replace(lossy_result(number, "", at_ms=(0,)), verdict=Verdict.PASS) for number in (7, 8)
    ]
    (cause,) = find_causes([*results, *alone])
    assert (cause.kind, cause.explains) == (
        CauseKind.SOME_NOT_FETCHED,
        ("PROC-01", "PROC-02", "PROC-03", "PROC-04"),
    )
    assert cause.summary == (
        "Acknowledged events are lost now and then: 10 in 4 scenarios were never asked for, while "
        "others of the same types are. Each came within 1 s of another message; of those that came "
        "alone, all 6 were asked for."
    )


def test_what_was_fetched_late_is_not_lost() -> None:
    """What was asked for after the run had ceased to wait is told apart from what never was."""
    results = [
        lossy_result(number, lost, at_ms=(0, 300))
        for number, lost in enumerate(("ab", "b", "c", "a", ""), 1)
    ]
    late = ["1-0-a", "2-0-b", "of another run"]
    (cause,) = find_causes(results, late)
    assert cause.explains == ("PROC-01", "PROC-02", "PROC-03", "PROC-04")
    assert "lost now and then: 8 in 4 scenarios were never asked for" in cause.summary
    assert cause.summary.endswith(
        " 2 of the entities that count as not fetched were fetched after the run had ceased to "
        "wait (--mews-fetch-timeout)."
    )
    all_of_them = [
        f"{number}-{message}-{name}"
        for number in range(5)
        for message in range(2)
        for name in "abc"
    ]
    assert find_causes(results, all_of_them) == ()


def test_what_came_alone_and_was_lost_is_counted() -> None:
    """That messages come together is told only if those that come alone are asked for."""
    results = [
        lossy_result(number, lost, at_ms=(0, 300))
        for number, lost in enumerate(("ab", "b", "c", "a"), 1)
    ]
    # What a scenario that passed did not fetch is no loss that counts, but it came alone.
    alone = [replace(lossy_result(7, "bc", at_ms=(0,)), verdict=Verdict.PASS)]
    more = [lossy_result(number, "", at_ms=(0,)) for number in (8, 9)]
    (cause,) = find_causes([*results, *alone, *more])
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert "alone" not in cause.summary


def test_the_size_of_requests_is_a_hint() -> None:
    """A list of ids that is divided into requests of one size may leave something over."""
    results = []
    for number in range(4):
        ids = [f"{number}-{index:02}" for index in range(26)]
        calls = [call(*ids[1:13]), call(*ids[14:26], at_ms=150)]
        results.append(processing_result(f"PROC-0{number}", [delivery(*ids)], calls))
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert cause.summary.endswith("Requests are for at most 12 ids: 8 of them are for as many.")


def test_single_events_that_are_fetched_when_the_case_runs_again() -> None:
    """Few losses are enough if the same cases passed a second time."""
    results = [lossy_result(number, "a", at_ms=(0,)) for number in range(3)]
    assert find_causes(results) == ()
    (cause,) = find_causes([replace(result, verdict=Verdict.FLAKY) for result in results])
    assert cause.kind is CauseKind.SOME_NOT_FETCHED


def test_losses_in_two_scenarios_stand_by_themselves() -> None:
    """Two scenarios may fail for two reasons."""
    results = [
        lossy_result(number, lost, at_ms=(0, 300))
        for number, lost in enumerate(("ab", "c", "", ""))
    ]
    assert find_causes(results) == ()


def undocumented(result: ScenarioResult) -> ScenarioResult:
    """Return the result as if each of its messages had an unknown event."""
    (evidence,) = result.evidence
    deliveries = tuple(
        replace(one, message=replace(one.message, validity=Validity.UNDOCUMENTED))
        for one in evidence.transcript.deliveries
    )
    transcript = replace(evidence.transcript, deliveries=deliveries)
    return replace(result, evidence=(replace(evidence, transcript=transcript),))


@pytest.mark.parametrize(("lost", "is_explained"), [("a", True), ("ab", False)])
def test_losses_in_messages_with_unknown_events(lost: str, *, is_explained: bool) -> None:
    """They are lost now and then, too, if most of what stands beside unknown events is fetched."""
    results = [
        lossy_result(number, letters, at_ms=(0, 300))
        for number, letters in enumerate(("ab", "b", "c", "a"), 1)
    ]
    unknown = undocumented(lossy_result(26, lost, at_ms=(0,)))
    (cause,) = find_causes([*results, unknown])
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert ("PROC-26" in cause.explains) is is_explained


def created_result(number: int, *, fetched: bool) -> ScenarioResult:
    """Return the result of a new integration and an event."""
    enterprise, entity_id = f"enterprise-{number}", f"{number}-a"
    created = Message(
        WebhookKind.INTEGRATION,
        b"{}",
        (EventReference("IntegrationCreated", f"integration-{number}"),),
        "IntegrationCreated",
        enterprise_id=enterprise,
    )
    deliveries = [
        Delivery("created", created, (attempt(0.0, 5.0),)),
        delivery(entity_id, enterprise=enterprise, at_ms=50.0),
    ]
    calls = [call(entity_id, enterprise=enterprise)] if fetched else []
    return processing_result(f"PROC-{number}", deliveries, calls, met=fetched)


@pytest.mark.parametrize("others_fetched", [True, False])
def test_losses_after_an_action(*, others_fetched: bool) -> None:
    """Where most of what follows the action is fetched, the action is not the reason."""
    results = [
        lossy_result(number, letters, at_ms=(0, 300))
        for number, letters in enumerate(("ab", "b", "c", "a"), 1)
    ]
    new = [created_result(20, fetched=False)]
    new += [created_result(number, fetched=others_fetched) for number in (25, 31)]
    (cause,) = find_causes([*results, *new])
    assert cause.kind is CauseKind.SOME_NOT_FETCHED
    assert ("PROC-20" in cause.explains) is others_fetched
