"""The fetch table and its picture, and the requests to the API as rows."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import sample_run

from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Evidence,
    Outcome,
    RequestProblem,
    TlsProblem,
    TokenState,
    Transcript,
    evidence_selection,
)
from pytest_mews.model.api_call import API_FAULTS, REQUEST_PROBLEMS
from pytest_mews.model.exchange import HEALTH_CHECK, TLS_PROBLEMS
from pytest_mews.reports.api_requests import peak_requests, request_row, summarize_requests
from pytest_mews.reports.fetch_picture import caption, draw, is_worth_drawing
from pytest_mews.reports.fetch_table import MAX_ROWS, build_fetch_table
from pytest_mews.reports.labels import TOKEN_STATES

pytestmark = pytest.mark.pictures


def evidence_of_unfetched_entity() -> Evidence:
    """Return the case in which one entity of six was not fetched."""
    [evidence] = sample_run.unfetched_entity().evidence
    return evidence


def with_calls(evidence: Evidence, *calls: ApiCall) -> Evidence:
    """Return the same case with other calls."""
    return replace(evidence, transcript=replace(evidence.transcript, calls=calls))


def evidence_with_many_fetches(events: int) -> Evidence:
    """Return a message whose entities were fetched by one request each, except the last."""
    delivery = sample_run.delivery("m", sample_run.message(events), sample_run.exchange(0, 5))
    ids = [event.entity_id for event in delivery.message.events]
    calls = tuple(
        sample_run.call(number, 10.0 + number, entity_id)
        for number, entity_id in enumerate(ids[:-1])
    )
    return Evidence("example", "many", (), Transcript((delivery,), calls=calls))


def test_a_request_with_another_token_is_named() -> None:
    """The row says what the finding says: another enterprise's token asked for the entity."""
    evidence = evidence_of_unfetched_entity()
    entity_id = evidence.transcript.deliveries[0].message.events[-1].entity_id
    call = replace(sample_run.call(1, 900.0, entity_id), enterprise_id="another", returned_ids=())
    table = build_fetch_table(with_calls(evidence, call))
    assert table is not None
    assert "not fetched: another AccessToken" in [row.result for row in table.rows]


def test_a_request_by_interval_is_named() -> None:
    """It names no id: an entity that it could have returned was not left unrequested."""
    evidence = evidence_of_unfetched_entity()
    early, late = sample_run.call(1, 900.0), sample_run.call(2, 1100.0)
    results = {}
    for name, calls in (("before", [early]), ("after", [early, late])):
        table = build_fetch_table(with_calls(evidence, *calls))
        assert table is not None
        results[name] = [row.result for row in table.rows]
    assert results == {
        "before": ["never requested"],
        "after": ["not fetched: requested by interval, not returned"],
    }


def test_entities_with_the_same_times_are_one_row() -> None:
    """Rows are groups: three by one request, two by another, and the unfetched one."""
    table = build_fetch_table(evidence_of_unfetched_entity())
    assert table is not None
    assert [(row.label, row.result) for row in table.rows] == [
        ("ServiceOrderUpdated × 3", "fetched after 1,052 ms"),  # noqa: RUF001 - a times sign
        ("ServiceOrderUpdated × 2", "fetched after 1,082 ms"),  # noqa: RUF001 - a times sign
        ("ServiceOrderUpdated bfee2c44…", "never requested"),
    ]
    assert [(row.sent_ms, row.acknowledged_ms) for row in table.rows] == [(0, 12)] * 3
    assert [row.fetched_ms for row in table.rows] == [1064, 1094, None]
    assert table.missing_is_failure


def test_summary_names_unfetched_entities() -> None:
    """The text beside the picture has counts and times, and names the unfetched entity."""
    table = build_fetch_table(evidence_of_unfetched_entity())
    assert table is not None
    assert table.summary == (
        "6 entities in acknowledged messages: 5 fetched, half of them within 1,052 ms of the "
        "response, the last after 1,082 ms; 1 not fetched: "
        "ServiceOrderUpdated bfee2c44-1f84-4326-a862-000000000005."
    )


def test_summary_of_one_entity_has_no_median() -> None:
    """The summary of one entity has one time."""
    delivery = sample_run.delivery("m", sample_run.message(1), sample_run.exchange(0, 5))
    entity_id = delivery.message.events[0].entity_id
    calls = (sample_run.call(1, 7, entity_id),)
    table = build_fetch_table(Evidence("example", "", (), Transcript((delivery,), calls=calls)))
    assert table is not None
    assert table.summary == (
        "1 entity in acknowledged messages: 1 fetched, 6 ms after the response."
    )


def test_missing_fetch_without_expectation_is_no_failure() -> None:
    """If no expectation requires a fetch, the picture has no red."""
    evidence = replace(with_calls(evidence_of_unfetched_entity()), findings=())
    table = build_fetch_table(evidence)
    assert table is not None
    assert not table.missing_is_failure
    assert "var(--fail)" not in draw(table, ())
    failure = replace(table, missing_is_failure=True)
    assert "var(--fail)" in draw(failure, ())


def test_results_of_fetches() -> None:
    """Each way of not being fetched has its own text."""
    evidence = evidence_of_unfetched_entity()
    entity_id = evidence.transcript.deliveries[0].message.events[0].entity_id
    failed = replace(sample_run.call(1, 1100, entity_id), status=500, returned_ids=())
    calls = {
        "not fetched: requested, not returned": failed,
        "not fetched: request still in progress": replace(failed, answered_ms=None, status=None),
        "not fetched again after it changed": sample_run.call(1, 900, entity_id),
        "fetched before the response": sample_run.call(1, 1001, entity_id),
    }
    for result, call in calls.items():
        table = build_fetch_table(with_calls(evidence, call))
        assert table is not None
        assert table.rows[0].result == result


def test_rows_are_limited_and_include_the_unfetched_one() -> None:
    """Of a hundred rows the unfetched one is shown, and the omitted ones are counted."""
    table = build_fetch_table(evidence_with_many_fetches(100))
    assert table is not None
    assert len(table.rows) == MAX_ROWS
    assert table.rows[-1].result == "never requested"
    assert table.left_out == 100 - MAX_ROWS
    assert f"{100 - MAX_ROWS} more entities are left out" in caption(table)


def test_picture_is_small_and_well_formed() -> None:
    """The picture is XML that follows the theme, bounded however many calls there are."""
    evidence = evidence_with_many_fetches(500)
    table = build_fetch_table(evidence)
    assert table is not None
    svg = draw(table, evidence.transcript.calls)
    ET.fromstring(svg)
    assert "#000" not in svg
    assert "never requested" in svg
    assert "milliseconds since the first delivery" in svg
    assert len(svg) < 60_000


def test_a_case_without_incident_has_no_picture() -> None:
    """A picture is drawn if an expectation failed or a fault was injected."""
    failed = evidence_of_unfetched_entity()
    calls = failed.transcript.calls
    passed = replace(failed, findings=())
    assert is_worth_drawing(with_calls(failed))
    assert is_worth_drawing(with_calls(passed, *calls))
    assert not is_worth_drawing(with_calls(passed, *(replace(call, fault=None) for call in calls)))


def test_long_picture_is_in_seconds() -> None:
    """From two seconds on, the axis is in seconds."""
    evidence = evidence_of_unfetched_entity()
    entity_id = evidence.transcript.deliveries[0].message.events[0].entity_id
    late = with_calls(evidence, sample_run.call(1, 9_000, entity_id))
    table = build_fetch_table(late)
    assert table is not None
    svg = draw(table, late.transcript.calls)
    assert "seconds since the first delivery" in svg
    assert "milliseconds" not in svg


def test_no_table_without_acknowledged_messages() -> None:
    """Rejected or unsent messages and health checks have no fetch table."""
    message = sample_run.message(2)
    rejected = sample_run.delivery("m", message, sample_run.exchange(0, 5, 401))
    health_check = sample_run.delivery(HEALTH_CHECK, message, sample_run.exchange(9, 5))
    not_attempted = sample_run.delivery("m", message)
    not_sent = sample_run.delivery(
        "m", message, sample_run.exchange(0, 5), sample_run.exchange(9, 5)
    )
    not_sent = replace(
        not_sent,
        attempts=(replace(not_sent.attempts[0], exchanges=()), not_sent.attempts[1]),
    )
    assert not_sent.attempts[-1].outcome is Outcome.DELIVERED
    transcript = Transcript((rejected, health_check, not_attempted, not_sent))
    assert build_fetch_table(Evidence("example", "", (), transcript)) is None


def test_key_delivery_is_that_of_the_unfetched_entity() -> None:
    """Of two acknowledged messages, the one whose entity was not fetched is shown."""
    first = sample_run.delivery("a", sample_run.message(1), sample_run.exchange(0, 5))
    message = sample_run.message(2)
    second = sample_run.delivery(
        "b", replace(message, events=message.events[1:]), sample_run.exchange(9, 5)
    )
    call = sample_run.call(1, 20, first.message.events[0].entity_id)
    unmet = replace(sample_run.finding("all", "1 not"), check="fetched", about_fetches=True)
    evidence = Evidence("example", "", (unmet,), Transcript((first, second), calls=(call,)))
    assert evidence_selection.key_delivery(evidence) is second
    passed = replace(evidence, findings=(replace(unmet, met=True),))
    assert evidence_selection.key_delivery(passed) is first


def test_calls_with_problems_are_selected_first() -> None:
    """Of many calls, those with a problem are selected, in their order."""
    correct = [sample_run.call(number, number, "x") for number in range(1, 50)]
    without_ids = replace(sample_run.call(0, 0), operation="resources/getAll")
    wrong = replace(sample_run.call(50, 50), request_problems=(RequestProblem.NO_CLIENT,))
    over_limit = replace(
        sample_run.call(51, 51, "x"), request_problems=(RequestProblem.OVER_LIMIT,)
    )
    evidence = with_calls(evidence_of_unfetched_entity(), without_ids, *correct, wrong, over_limit)
    assert [call.number for call in evidence_selection.select_calls(evidence, 4)] == [1, 2, 3, 50]


def test_request_row() -> None:
    """A row has token, ids, status, injected fault and request problems."""
    faulty, _, without_version = (
        request_row(call, 1000) for call in evidence_of_unfetched_entity().transcript.calls
    )
    assert faulty.received_ms == 50
    assert faulty.token == "851df8c8…"
    assert faulty.ids == "5 requested, 0 returned"
    assert faulty.status == "429, Retry-After 1 s"
    assert faulty.fault == "429 with Retry-After"
    assert faulty.message == "Too many requests."
    assert without_version.problems == "Client names no version"
    assert without_version.status == "200"


@pytest.mark.parametrize(
    ("change", "name", "shown"),
    [
        ({"token_state": TokenState.REPLACED}, "token", "851df8c8…, replaced by a newer key"),
        ({"token_state": TokenState.NONE, "enterprise_id": None}, "token", "of no enterprise"),
        ({"enterprise_id": "hotel"}, "token", "hotel"),
        ({"operation": "", "path": "/reservation"}, "operation", "/reservation"),
        ({"status": None}, "status", "none"),
        ({"status": None, "answered_ms": None}, "status", "not yet"),
        ({"answered_ms": None}, "took_ms", None),
        ({"requested_ids": (), "returned_ids": ()}, "ids", "none"),
        ({"is_next_page": True}, "ids", "1 requested, 1 returned, a further page"),
        ({"request_problems": (RequestProblem.OVER_LIMIT,)}, "problems", ""),
    ],
)
def test_request_rows_of_every_kind(change: dict[str, object], name: str, shown: object) -> None:
    """A row says what a request lacks instead of leaving it blank."""
    assert getattr(request_row(replace(sample_run.call(1, 0, "x"), **change), 0), name) == shown


def test_peak_requests_of_each_enterprise() -> None:
    """The peak is counted within any 30 s, for each enterprise, and compared to the limit."""
    moments = [0, 1_000, 29_999, 30_000, 31_500]
    calls = [sample_run.call(number, at_ms) for number, at_ms in enumerate(moments)]
    other = replace(calls[0], enterprise_id="another-enterprise")
    without_token = replace(calls[0], enterprise_id=None)
    assert peak_requests([*calls, other, without_token]) == {
        sample_run.ENTERPRISE: 3,
        "another-enterprise": 1,
    }
    assert summarize_requests(calls) == (
        "5 requests, at most 3 within 30 s with one AccessToken; Mews allows 200."
    )
    assert "(3 of 851df8c8…, 1 of another-…)" in summarize_requests([*calls, other])
    assert summarize_requests([without_token]) == (
        "1 request, none with the AccessToken of an enterprise."
    )
    assert summarize_requests([]) == ""
    hotels = [replace(calls[0], enterprise_id=f"hotel {number}") for number in range(7)]
    assert "3 more enterprises" in summarize_requests(hotels)


def test_requests_over_the_limit_are_mentioned_once() -> None:
    """A note below the table mentions the limit, not each row."""
    over = replace(sample_run.call(1, 0), request_problems=(RequestProblem.OVER_LIMIT,))
    note = "All of them arrived while all scenarios together exceeded the limit"
    assert note in summarize_requests([over])
    assert "1 of them arrived" in summarize_requests([over, sample_run.call(2, 1)])


def test_every_member_has_a_label() -> None:
    """No request problem, token state, API fault or TLS problem is shown by its code name."""
    assert set(REQUEST_PROBLEMS) == set(RequestProblem)
    assert set(TOKEN_STATES) == set(TokenState)
    assert set(API_FAULTS) == set(ApiFault)
    assert set(TLS_PROBLEMS) == set(TlsProblem)


def test_certificate_days_left() -> None:
    """Days from the handshake to the certificate's expiry; None if they are unknown."""
    handshake = sample_run.tls_handshake()
    days = handshake.certificate_days_left
    assert days is not None
    assert 11 <= days < 12
    assert replace(handshake, certificate=None).certificate_days_left is None
    assert handshake.certificate is not None
    undated = replace(handshake.certificate, not_after_utc="")
    assert replace(handshake, certificate=undated).certificate_days_left is None


def test_picture_without_a_fetch_has_a_long_dashed_line() -> None:
    """If nothing was fetched at all, the dashed line continues after the response."""
    delivery = sample_run.delivery("m", sample_run.message(1), sample_run.exchange(0, 2))
    unmet = replace(sample_run.finding("a request", "none"), check="api-called", about_fetches=True)
    evidence = Evidence("smallest-failing", "", (unmet,), Transcript((delivery,)))
    table = build_fetch_table(evidence)
    assert table is not None
    assert table.missing_is_failure
    svg = draw(table, ())
    assert "100" in "".join(ET.fromstring(svg).itertext())
    assert "var(--fail)" in svg
