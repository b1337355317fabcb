"""The Streaming stage in both reports: connections, messages, cuts, handshakes."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import sample_run

from pytest_mews.model import (
    Connection,
    Disconnect,
    EventReference,
    Evidence,
    Finding,
    HandshakeProblem,
    Level,
    Ping,
    Run,
    ScenarioResult,
    SentMessage,
    Stage,
    Transcript,
    Verdict,
    WebSocketHandshake,
)
from pytest_mews.reports import websocket_table
from pytest_mews.reports.html_report import to_html
from pytest_mews.reports.json_report import to_json
from pytest_mews.reports.websocket_picture import picture

HOTEL = "851df8c8-90f2-4c4a-8e01-a4fc46b25178"
REFUSED = WebSocketHandshake(1, 90.0, "/ws/connector", 503, HOTEL, (HandshakeProblem.ON_PURPOSE,))


def sent(at_ms: float = 100.0, done_ms: float | None = 101.0, number: int = 1) -> SentMessage:
    """Script a message of so many events."""
    events = tuple(EventReference("Resource", f"r{each}", "Dirty") for each in range(number))
    return SentMessage("event", HOTEL, f"{number} events <b>", 90, events, at_ms, done_ms)


def trial(**more: Any) -> Evidence:  # noqa: ANN401
    """Script a play: a connection that was cut, one that the client closed, one that is well."""
    lines = (
        Connection(
            1, HOTEL, 10.0, cut=Disconnect.RESTART, cut_ms=120.0, closed_ms=121.0, code=1012
        ),
        Connection(2, HOTEL, 400.0, closed_ms=450.0, sent=(sent(), sent(410.0, None))),
        Connection(
            3, HOTEL, 500.0, pings=(Ping(510.0, 511.0, 1, 10.0), Ping(520.0, None, 0, 10.0))
        ),
    )
    openings = (REFUSED, WebSocketHandshake(2, 400.0, "/ws/connector", 101, HOTEL))
    seen = {
        "connections": lines,
        "websocket_handshakes": openings,
        "not_sent": (sent(115.0, None),),
        **more,
    }
    finding = Finding("reconnects", Level.MUST, met=False, expected="a", observed="b")
    return Evidence("smallest-failing", "an event", (finding,), Transcript((), **seen))


def run_of(*trials: Evidence) -> Run:
    """Put plays into a run of one scenario."""
    scenario = sample_run.scenario("STR-12", "The client comes back", stage=Stage.STREAMING)
    result = ScenarioResult(scenario, Verdict.FAIL, "it did not", plays=1, evidence=trials)
    return replace(sample_run.run(), results=(result,))


@pytest.fixture
def schema() -> dict[str, Any]:
    """The schema of the report."""
    found: dict[str, Any] = json.loads(
        (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    )
    return found


def test_json_has_connections_and_handshakes(schema: dict[str, Any]) -> None:
    """Times on the run's clock and relative to the beginning of the play."""
    written = json.loads(json.dumps(to_json(run_of(trial()))))
    jsonschema.validate(written, schema)
    (evidence,) = written["scenarios"][0]["evidence"]
    cut, closed, well = evidence["connections"]
    assert (cut["cut"], cut["cut_ms"], cut["close_code"]) == ("restart", 120.0, 1012)
    assert (cut["opened_ms"], cut["relative_ms"]) == (10.0, -90.0)
    assert [each["done_ms"] for each in closed["sent"]] == [101.0, None]
    assert closed["sent"][0]["events"] == [
        {"type": "Resource", "entity_id": "r0", "state": "Dirty"}
    ]
    assert [each["ponged_ms"] for each in well["pings"]] == [511.0, None]
    assert [each["refusals"] for each in evidence["websocket_handshakes"]] == [["on-purpose"], []]
    assert [each["at_ms"] for each in evidence["not_sent"]] == [115.0]


def test_json_is_bounded(schema: dict[str, Any]) -> None:
    """A storm of handshakes and a burst of messages are cut, and say so."""
    many = Connection(1, HOTEL, 0.0, sent=tuple(sent(number=50) for _ in range(1000)))
    openings = tuple(replace(REFUSED, number=each) for each in range(1, 5_001))
    written = to_json(run_of(trial(connections=(many,) * 40, websocket_handshakes=openings)))
    jsonschema.validate(json.loads(json.dumps(written)), schema)
    (evidence,) = written["scenarios"][0]["evidence"]
    assert (evidence["connections_left_out"], evidence["websocket_handshakes_left_out"]) == (
        28,
        4940,
    )
    line = evidence["connections"][0]
    assert (len(line["sent"]), line["sent_left_out"]) == (20, 980)
    assert (len(line["sent"][0]["events"]), line["sent"][0]["events_count"]) == (10, 50)


def test_the_page_shows_a_time_line_and_its_words() -> None:
    """What happened in order, what was amiss marked, and markup in it harmless."""
    page = to_html(run_of(trial()))
    assert "On the WebSocket." in page
    assert "3 connections, 2 messages sent, 1 cut on purpose, 1 closed by the client" in page
    assert "cut on purpose: restart" in page
    assert "ping, no pong within 10 s" in page
    assert "handshake for /ws/connector" in page
    assert "1 events &lt;b&gt;" in page
    assert "Nothing was delivered in this case" not in page


def test_a_play_of_nobody_says_so() -> None:
    """Without a connection and a handshake there is nothing to draw."""
    nobody = trial(connections=(), websocket_handshakes=(), not_sent=(), undeliverable=(sent(),))
    assert picture(nobody) is None
    page = to_html(run_of(nobody))
    assert "Nobody was connected to the WebSocket, and nobody tried." in page
    assert "1 message had nobody to be sent to" in websocket_table.says(nobody)


def test_an_untroubled_play_is_told_in_words() -> None:
    """A picture is drawn where something ended, was refused, or broke an expectation."""
    (well,) = (each for each in trial().transcript.connections if each.number == 3)
    calm = replace(trial(connections=(well,), websocket_handshakes=(), not_sent=()), findings=())
    assert picture(calm) is None
    assert "<strong>On the WebSocket.</strong> 1 connection, 0 messages" in to_html(run_of(calm))
    assert picture(replace(calm, findings=trial().findings)) is not None
    refused = trial(connections=(well,), websocket_handshakes=(REFUSED,), not_sent=())
    assert picture(replace(refused, findings=())) is not None


def test_long_plays_are_drawn_in_seconds() -> None:
    """A few seconds fill the axis; less is in milliseconds."""
    quick, slow = picture(trial()), picture(trial(not_sent=(sent(9_000.0),)))
    assert quick is not None
    assert slow is not None
    assert "milliseconds since the play began" in quick
    assert ">seconds since the play began" in slow


def test_of_handshakes_alone_the_first_is_the_beginning() -> None:
    """Where nothing was sent, pinged or cut."""
    only = trial(connections=(), not_sent=())
    assert websocket_table.zero_ms(only) == 90.0
    assert [each.at_ms for each in websocket_table.happenings(only)] == [0.0, 310.0]
