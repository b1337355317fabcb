"""The chain delivered → acknowledged → fetched, and the requests to the API, in words and rows."""

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
)
from pytest_mews.model.verdict import HEALTH_CHECK
from pytest_mews.reports import evidence_selection
from pytest_mews.reports.api_requests import asked, traffic
from pytest_mews.reports.certificate_lifetime import days_left
from pytest_mews.reports.fetch_picture import explained, picture
from pytest_mews.reports.fetch_table import ROWS, busiest, chain
from pytest_mews.reports.labels import FAULTS, MISSTEPS, TLS_PROBLEMS, TOKENS


def played() -> Evidence:
    """The play in which one entity of six was forgotten."""
    [trial] = sample_run.forgotten().evidence
    return trial


def with_calls(trial: Evidence, *calls: ApiCall) -> Evidence:
    """The same play with other requests."""
    return replace(trial, transcript=replace(trial.transcript, calls=calls))


def many(events: int) -> Evidence:
    """A message of many events, each of which was fetched by a request of its own but the last."""
    sent = sample_run.delivery("m", sample_run.message(events), sample_run.answered(0, 5))
    ids = [event.entity_id for event in sent.message.events]
    calls = tuple(sample_run.call(n, 10.0 + n, id_) for n, id_ in enumerate(ids[:-1]))
    return Evidence("example", "many", (), Transcript((sent,), calls=calls))


def test_entities_that_went_the_same_way_are_one_row() -> None:
    """Rows are groups: three by one request, two by another, and the forgotten one alone."""
    found = chain(played())
    assert found is not None
    assert [(row.label, row.fate) for row in found.rows] == [
        ("ServiceOrderUpdated × 3", "fetched after 1,052 ms"),  # noqa: RUF001 - a times sign
        ("ServiceOrderUpdated × 2", "fetched after 1,082 ms"),  # noqa: RUF001 - a times sign
        ("ServiceOrderUpdated bfee2c44…", "never asked for"),
    ]
    assert [(row.sent_ms, row.acknowledged_ms) for row in found.rows] == [(0, 12)] * 3
    assert [row.fetched_ms for row in found.rows] == [1064, 1094, None]
    assert found.owed


def test_figures_name_what_is_missing() -> None:
    """The text beside the picture counts, times, and names the forgotten entity."""
    found = chain(played())
    assert found is not None
    assert found.says == (
        "6 entities in acknowledged messages: 5 fetched, half of them within 1,052 ms of the "
        "answer, the last after 1,082 ms; 1 not fetched: "
        "ServiceOrderUpdated bfee2c44-1f84-4326-a862-000000000005."
    )


def test_one_entity_is_told_without_a_median() -> None:
    """Of one entity there is one time to tell."""
    sent = sample_run.delivery("m", sample_run.message(1), sample_run.answered(0, 5))
    id_ = sent.message.events[0].entity_id
    found = chain(
        Evidence("example", "", (), Transcript((sent,), calls=(sample_run.call(1, 7, id_),)))
    )
    assert found is not None
    assert found.says == "1 entity in acknowledged messages: 1 fetched, 6 ms after the answer."


def test_what_is_not_owed_is_no_failure() -> None:
    """Where nothing was to be fetched, nothing is missing: no red in the picture."""
    trial = replace(with_calls(played()), findings=())
    found = chain(trial)
    assert found is not None
    assert not found.owed
    assert "var(--fail)" not in picture(found, ())
    owed = replace(found, owed=True)
    assert "var(--fail)" in picture(owed, ())


def test_fates() -> None:
    """Each way of not being fetched is told apart."""
    trial = played()
    id_ = trial.transcript.deliveries[0].message.events[0].entity_id
    refused = replace(sample_run.call(1, 1100, id_), status=500, returned=())
    cases = {
        "not fetched: asked for, not given": refused,
        "not fetched: still being answered": replace(refused, answered_ms=None, status=None),
        "not fetched again after it changed": sample_run.call(1, 900, id_),
        "fetched before the answer": sample_run.call(1, 1001, id_),
    }
    for fate, call in cases.items():
        found = chain(with_calls(trial, call))
        assert found is not None
        assert found.rows[0].fate == fate


def test_rows_are_capped_and_the_missing_one_is_kept() -> None:
    """Of a hundred rows the one that was not fetched is shown, and the rest counted."""
    found = chain(many(100))
    assert found is not None
    assert len(found.rows) == ROWS
    assert found.rows[-1].fate == "never asked for"
    assert found.left_out == 100 - ROWS
    assert f"{100 - ROWS} more entities are left out" in explained(found)


def test_picture_is_small_well_formed_and_shows_its_rows() -> None:
    """The picture is XML that follows the theme, bounded whatever the partner asked."""
    found = chain(many(500))
    assert found is not None
    svg = picture(found, many(500).transcript.calls)
    ET.fromstring(svg)
    assert "#000" not in svg
    assert "never asked for" in svg
    assert "milliseconds since the first delivery" in svg
    assert len(svg) < 60_000


def test_a_long_chain_is_told_in_seconds() -> None:
    """What takes two seconds or more has an axis in seconds."""
    trial = played()
    id_ = trial.transcript.deliveries[0].message.events[0].entity_id
    late = with_calls(trial, sample_run.call(1, 9_000, id_))
    found = chain(late)
    assert found is not None
    svg = picture(found, late.transcript.calls)
    assert "seconds since the first delivery" in svg
    assert "milliseconds" not in svg


def test_nothing_acknowledged_no_chain() -> None:
    """What was refused, never sent, or a sign of life has no chain."""
    message = sample_run.message(2)
    refused = sample_run.delivery("m", message, sample_run.answered(0, 5, 401))
    alive = sample_run.delivery(HEALTH_CHECK, message, sample_run.answered(9, 5))
    never = sample_run.delivery("m", message)
    unsent = replace(
        sample_run.delivery("m", message, sample_run.answered(0, 5), sample_run.answered(9, 5)),
    )
    unsent = replace(
        unsent, attempts=(replace(unsent.attempts[0], exchanges=()), unsent.attempts[1])
    )
    assert unsent.attempts[-1].outcome is Outcome.DELIVERED
    assert chain(Evidence("example", "", (), Transcript((refused, alive, never, unsent)))) is None


def test_delivery_of_the_forgotten_entity_is_the_one_to_show() -> None:
    """Of two acknowledged messages the one is shown whose entity was not fetched."""
    first = sample_run.delivery("a", sample_run.message(1), sample_run.answered(0, 5))
    other = sample_run.message(2)
    second = sample_run.delivery(
        "b", replace(other, events=other.events[1:]), *[sample_run.answered(9, 5)]
    )
    call = sample_run.call(1, 20, first.message.events[0].entity_id)
    bad = replace(sample_run.finding("all", "1 not"), check="fetched")
    trial = Evidence("example", "", (bad,), Transcript((first, second), calls=(call,)))
    assert evidence_selection.telling(trial) is second
    fine = replace(trial, findings=(replace(bad, met=True),))
    assert evidence_selection.telling(fine) is first


def test_odd_requests_win_a_place() -> None:
    """Of many requests those that got something wrong are kept, in their order."""
    fine = [sample_run.call(n, n, "x") for n in range(1, 50)]
    idle = replace(sample_run.call(0, 0), operation="resources/getAll")
    wrong = replace(sample_run.call(50, 50), request_problems=(RequestProblem.NO_CLIENT,))
    crowded = replace(sample_run.call(51, 51, "x"), request_problems=(RequestProblem.OVER_LIMIT,))
    trial = with_calls(played(), idle, *fine, wrong, crowded)
    assert [call.number for call in evidence_selection.calls(trial, 4)] == [1, 2, 3, 50]


def test_a_request_in_words() -> None:
    """Whose token, how many ids, which answer, what was done on purpose, what was wrong."""
    disturbed, _, nameless = (asked(call, 1000) for call in played().transcript.calls)
    assert disturbed.began_ms == 50
    assert disturbed.token == "851df8c8…"
    assert disturbed.ids == "5 asked, 0 given"
    assert disturbed.status == "429, Retry-After 1 s"
    assert disturbed.fault == "429 with Retry-After"
    assert disturbed.message == "Too many requests."
    assert nameless.missteps == "Client names no version"
    assert nameless.status == "200"


@pytest.mark.parametrize(
    ("change", "name", "shown"),
    [
        ({"token": TokenState.REPLACED}, "token", "851df8c8…, replaced by a newer key"),
        ({"token": TokenState.NONE, "enterprise_id": None}, "token", "of nobody"),
        ({"enterprise_id": "hotel"}, "token", "hotel"),
        ({"operation": "", "path": "/reservation"}, "operation", "/reservation"),
        ({"status": None}, "status", "none"),
        ({"status": None, "answered_ms": None}, "status", "not yet"),
        ({"answered_ms": None}, "took_ms", None),
        ({"asked": (), "returned": ()}, "ids", "none"),
        ({"continues": True}, "ids", "1 asked, 1 given, a further page"),
        ({"request_problems": (RequestProblem.OVER_LIMIT,)}, "missteps", ""),
    ],
)
def test_requests_of_every_kind(change: dict[str, object], name: str, shown: object) -> None:
    """What a request lacks is said instead of left blank."""
    assert getattr(asked(replace(sample_run.call(1, 0, "x"), **change), 0), name) == shown


def test_busiest_half_minute_of_each_enterprise() -> None:
    """Requests are counted within any 30 s, for each enterprise, and against the limit."""
    moments = [0, 1_000, 29_999, 30_000, 31_500]
    calls = [sample_run.call(n, at) for n, at in enumerate(moments)]
    other = replace(calls[0], enterprise_id="another-enterprise")
    nobody = replace(calls[0], enterprise_id=None)
    assert busiest([*calls, other, nobody]) == {
        sample_run.ENTERPRISE: 3,
        "another-enterprise": 1,
    }
    assert traffic(calls) == (
        "5 requests, at most 3 within 30 s with one AccessToken; Mews allows 200."
    )
    assert "(3 of 851df8c8…, 1 of another-…)" in traffic([*calls, other])
    assert traffic([nobody]) == "1 request, none with the AccessToken of an enterprise."
    assert traffic([]) == ""
    hotels = [replace(calls[0], enterprise_id=f"hotel {n}") for n in range(7)]
    assert "3 more enterprises" in traffic(hotels)


def test_crowding_by_all_scenarios_is_told_once_and_excused() -> None:
    """Being over the limit together is said below the table, not with each request."""
    over = replace(sample_run.call(1, 0), request_problems=(RequestProblem.OVER_LIMIT,))
    assert "All of them came when all scenarios together were over that" in traffic([over])
    assert "1 of them came" in traffic([over, sample_run.call(2, 1)])


def test_every_name_has_its_words() -> None:
    """No misstep, token state, fault or TLS problem is shown by its code name."""
    assert set(MISSTEPS) == set(RequestProblem)
    assert set(TOKENS) == set(TokenState)
    assert set(FAULTS) == set(ApiFault)
    assert set(TLS_PROBLEMS) == set(TlsProblem)


def test_days_left() -> None:
    """Whole days from the look to the certificate's end; unknown where there is none."""
    seen = sample_run.handshake()
    assert days_left(seen) == 11
    assert days_left(replace(seen, certificate=None)) is None
    assert seen.certificate is not None
    undated = replace(seen.certificate, not_after_utc="")
    assert days_left(replace(seen, certificate=undated)) is None


def test_waiting_in_vain_is_drawn_as_long() -> None:
    """Where nothing was fetched at all, the line of waiting goes on after the answer."""
    sent = sample_run.delivery("m", sample_run.message(1), sample_run.answered(0, 2))
    bad = replace(sample_run.finding("a request", "none"), check="api-called")
    found = chain(Evidence("smallest-failing", "", (bad,), Transcript((sent,))))
    assert found is not None
    assert found.owed
    svg = picture(found, ())
    assert "100" in "".join(ET.fromstring(svg).itertext())
    assert "var(--fail)" in svg
