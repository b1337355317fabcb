"""The checks of deleted entities: what is tolerated, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import evaluate
from pytest_mews.model import ApiCall, Delivery, Expectation, Finding, Level, entity_fetches
from tests.transcript_builders import OTHER_ENTERPRISE, build_transcript, call, delivery_of

RESOURCES, BLOCKS = "resources/getAll", "resourceBlocks/getAll"
DELETED = delivery_of(("ResourceDeleted", "a"))
LATE = delivery_of(("ResourceUpdated", "a"), at_ms=50)
BLOCK_EVENT = delivery_of(("ResourceBlockUpdated", "b"))
DELETED_BLOCK = replace(BLOCK_EVENT, message=replace(BLOCK_EVENT.message, deleted_ids=("b",)))


def evaluate_check(check: str, *records: Delivery | ApiCall) -> Finding:
    """Evaluate scripted deliveries and calls with a check."""
    return evaluate(Expectation(check, Level.MUST), build_transcript(*records))


def empty_answer(at_ms: float, operation: str = RESOURCES, entity_id: str = "a") -> ApiCall:
    """Script a successful call for an entity that the response leaves out."""
    return call(entity_id, at_ms=at_ms, operation=operation, returned_ids=())


@pytest.mark.parametrize(("answers", "met"), [(0, True), (1, True), (3, True), (4, False)])
def test_an_empty_answer_may_be_asked_for_again_a_little(answers: int, *, met: bool) -> None:
    """One request for each message and two more are sound; a service that insists is not."""
    calls = [empty_answer(100.0 * (n + 1)) for n in range(answers)]
    finding = evaluate_check("empty-answer-not-repeated", DELETED, *calls)
    assert (finding.met, finding.subject_count) == (met, 1)
    if not met:
        assert "ResourceDeleted a: requested 4 times, each time answered without it" in (
            finding.observed
        )


def test_every_message_about_it_allows_one_more_request() -> None:
    """An Updated that arrives late is a reason to ask."""
    calls = [empty_answer(100.0 * (n + 1)) for n in range(4)]
    assert evaluate_check("empty-answer-not-repeated", DELETED, LATE, *calls).met


def test_a_returned_entity_is_no_empty_answer() -> None:
    """A request with the right switch returns it, and so do several."""
    calls = [call("a", at_ms=100.0 * (n + 1), operation=RESOURCES) for n in range(9)]
    finding = evaluate_check("empty-answer-not-repeated", DELETED, *calls)
    assert (finding.met, finding.observed) == (
        True,
        "1 deleted entity: 1 requested, 1 of them returned as deleted",
    )


def test_other_tokens_and_operations_do_not_count() -> None:
    """Only successful requests of the owner for the entity itself are counted."""
    others = [
        call("a", at_ms=100.0 * (n + 1), operation=RESOURCES, returned_ids=(), **other)
        for n in range(9)
        for other in ({"enterprise": OTHER_ENTERPRISE}, {"status": 500})
    ]
    assert evaluate_check("empty-answer-not-repeated", DELETED, *others).met


def test_a_deleted_block_is_noticed_by_id_or_in_a_response() -> None:
    """A request by its id is answered with or without it; by interval it must be returned."""
    by_id = empty_answer(100, BLOCKS, "b")
    returned = call(at_ms=100, operation=BLOCKS, returned_ids=("b",))
    for answer in (by_id, returned):
        assert evaluate_check("deletion-noticed", DELETED_BLOCK, answer).met
    listing = call(at_ms=100, operation=BLOCKS, returned_ids=("c",))
    finding = evaluate_check("deletion-noticed", DELETED_BLOCK, listing)
    assert not finding.met
    assert finding.observed.startswith(
        "ResourceBlockUpdated b was left out of the response to resourceBlocks/getAll by interval"
    )
    finding = evaluate_check("deletion-noticed", DELETED_BLOCK)
    assert "was never requested" in finding.observed


def test_a_service_that_is_still_busy_may_notice_a_deletion_later() -> None:
    """It has not requested the block yet."""
    busy = replace(build_transcript(DELETED_BLOCK), still_busy=True)
    finding = evaluate(Expectation("deletion-noticed", Level.SHOULD), busy)
    assert (finding.met, finding.subject_count, finding.not_observed) == (True, 0, True)
    noticed = empty_answer(100, BLOCKS, "b")
    busy = replace(build_transcript(DELETED_BLOCK, noticed), still_busy=True)
    assert evaluate(Expectation("deletion-noticed", Level.SHOULD), busy).subject_count == 1


def test_what_is_not_deleted_is_not_evaluated() -> None:
    """Without a deletion both checks have no subject."""
    for check in ("empty-answer-not-repeated", "deletion-noticed"):
        finding = evaluate_check(check, BLOCK_EVENT, empty_answer(100, BLOCKS, "b"))
        assert (finding.met, finding.subject_count) == (True, 0)


def test_no_fetch_of_a_deleted_entity_is_expected() -> None:
    """Neither after its Deleted, nor after an Updated beside it, nor of a deleted block."""
    other = delivery_of(("ResourceUpdated", "c"), ("ResourceDeleted", "a"))
    assert entity_fetches([DELETED, LATE, DELETED_BLOCK], ()) == ()
    (fetch,) = entity_fetches([other, LATE], ())
    assert fetch.entity_id == "c"


def test_a_refused_request_is_no_missing_one() -> None:
    """The service asked, but wrongly: to say that it never did would send its author astray."""
    refused = call(
        "b", at_ms=100, operation=BLOCKS, status=400, message="Extent.Inactive is required."
    )
    finding = evaluate_check("deletion-noticed", DELETED_BLOCK, refused)
    assert not finding.met
    assert finding.observed == (
        "ResourceBlockUpdated b was requested, but not returned: 400 Extent.Inactive is required; "
        "1 of 1 deleted entity"
    )
    assert evaluate_check(
        "deletion-noticed", DELETED_BLOCK, refused, empty_answer(200, BLOCKS, "b")
    ).met
