"""The Streaming stage in page and JSON: connections, messages, disconnects, handshakes."""

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
from pytest_mews.reports.websocket_picture import draw

pytestmark = pytest.mark.pictures

HOTEL = "851df8c8-90f2-4c4a-8e01-a4fc46b25178"
REJECTED = WebSocketHandshake(1, 90.0, "/ws/connector", 503, HOTEL, (HandshakeProblem.INJECTED,))


def sent_message(
    at_ms: float = 100.0, done_ms: float | None = 101.0, event_count: int = 1
) -> SentMessage:
    """Return a message with this number of events."""
    events = tuple(
        EventReference("Resource", f"r{number}", "Dirty") for number in range(event_count)
    )
    return SentMessage("event", HOTEL, f"{event_count} events <b>", 90, events, at_ms, done_ms)


def streaming_evidence(**fields: Any) -> Evidence:  # noqa: ANN401
    """Return a case with a connection closed by each side and one that stays open.

    `fields` replace those of the transcript.
    """
    connections = (
        Connection(
            1,
            HOTEL,
            10.0,
            disconnect=Disconnect.RESTART,
            disconnect_ms=120.0,
            closed_ms=121.0,
            close_code=1012,
        ),
        Connection(
            2, HOTEL, 400.0, closed_ms=450.0, sent=(sent_message(), sent_message(410.0, None))
        ),
        Connection(
            3, HOTEL, 500.0, pings=(Ping(510.0, 511.0, 1, 10.0), Ping(520.0, None, 0, 10.0))
        ),
    )
    transcript_fields = {
        "connections": connections,
        "websocket_handshakes": (
            REJECTED,
            WebSocketHandshake(2, 400.0, "/ws/connector", 101, HOTEL),
        ),
        "not_sent": (sent_message(115.0, None),),
        **fields,
    }
    finding = Finding("reconnects", Level.MUST, met=False, expected="a", observed="b")
    transcript = Transcript((), **transcript_fields)
    return Evidence("smallest-failing", "an event", (finding,), transcript)


def run_with(evidence: Evidence) -> Run:
    """Return a run of one scenario with this evidence."""
    scenario = sample_run.scenario("STR-12", "The client reconnects", stage=Stage.STREAMING)
    result = ScenarioResult(
        scenario, Verdict.FAIL, "it did not", case_count=1, evidence=(evidence,)
    )
    return replace(sample_run.run(), results=(result,))


@pytest.fixture
def schema() -> dict[str, Any]:
    """The schema of the report."""
    schema: dict[str, Any] = json.loads(
        (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    )
    return schema


def test_json_has_connections_and_handshakes(schema: dict[str, Any]) -> None:
    """Times are on the run's clock and relative to the start of the case."""
    data = json.loads(json.dumps(to_json(run_with(streaming_evidence()))))
    jsonschema.validate(data, schema)
    (evidence,) = data["scenarios"][0]["evidence"]
    by_harness, by_client, still_open = evidence["connections"]
    assert by_harness["disconnect"] == "restart"
    assert (by_harness["disconnect_ms"], by_harness["close_code"]) == (120.0, 1012)
    assert (by_harness["opened_ms"], by_harness["relative_ms"]) == (10.0, -90.0)
    assert [message["done_ms"] for message in by_client["sent"]] == [101.0, None]
    assert by_client["sent"][0]["events"] == [
        {"type": "Resource", "entity_id": "r0", "state": "Dirty"}
    ]
    assert [ping["pong_ms"] for ping in still_open["pings"]] == [511.0, None]
    handshakes = evidence["websocket_handshakes"]
    assert [handshake["problems"] for handshake in handshakes] == [["injected"], []]
    assert [message["at_ms"] for message in evidence["not_sent"]] == [115.0]


def test_json_is_bounded(schema: dict[str, Any]) -> None:
    """Many handshakes and messages are cut, and the omitted ones are counted."""
    connection = Connection(
        1, HOTEL, 0.0, sent=tuple(sent_message(event_count=50) for _ in range(1000))
    )
    handshakes = tuple(replace(REJECTED, number=number) for number in range(1, 5_001))
    evidence = streaming_evidence(connections=(connection,) * 40, websocket_handshakes=handshakes)
    data = to_json(run_with(evidence))
    jsonschema.validate(json.loads(json.dumps(data)), schema)
    (written,) = data["scenarios"][0]["evidence"]
    assert (written["connections_left_out"], written["websocket_handshakes_left_out"]) == (
        28,
        4940,
    )
    first = written["connections"][0]
    assert (len(first["sent"]), first["sent_left_out"]) == (20, 980)
    assert (len(first["sent"][0]["events"]), first["sent"][0]["events_count"]) == (10, 50)


def test_page_shows_time_line_and_log() -> None:
    """The page has a summary and a log in order; problems are marked, and markup is escaped."""
    text = to_html(run_with(streaming_evidence()))
    assert "<strong>WebSocket.</strong>" in text
    assert "3 connections, 2 messages sent, 1 closed by the harness, 1 closed by the client" in text
    assert "closed by the harness: restart" in text
    assert "ping, no pong within 10 s" in text
    assert "handshake for /ws/connector" in text
    assert "1 events &lt;b&gt;" in text
    assert "Nothing was delivered in this case" not in text


def test_case_without_client_says_so() -> None:
    """Without a connection and a handshake there is nothing to draw."""
    evidence = streaming_evidence(
        connections=(), websocket_handshakes=(), not_sent=(), undeliverable=(sent_message(),)
    )
    assert draw(evidence) is None
    text = to_html(run_with(evidence))
    assert "No client connected to the WebSocket or tried to." in text
    summary = websocket_table.summarize(evidence)
    assert "1 message undeliverable without a connection" in summary


def test_case_without_incident_has_no_picture() -> None:
    """There is a picture if a connection ended, a handshake or an expectation failed."""
    default = streaming_evidence()
    (still_open,) = (
        connection for connection in default.transcript.connections if connection.number == 3
    )
    without_incident = replace(
        streaming_evidence(connections=(still_open,), websocket_handshakes=(), not_sent=()),
        findings=(),
    )
    assert draw(without_incident) is None
    summary = "<strong>WebSocket.</strong> 1 connection, 0 messages"
    assert summary in to_html(run_with(without_incident))
    assert draw(replace(without_incident, findings=default.findings)) is not None
    rejected = streaming_evidence(
        connections=(still_open,), websocket_handshakes=(REJECTED,), not_sent=()
    )
    assert draw(replace(rejected, findings=())) is not None


def test_long_case_is_drawn_in_seconds() -> None:
    """From a few seconds on, the axis is in seconds, otherwise in milliseconds."""
    short = draw(streaming_evidence())
    long = draw(streaming_evidence(not_sent=(sent_message(9_000.0),)))
    assert short is not None
    assert long is not None
    assert "milliseconds since the start of the case" in short
    assert ">seconds since the start of the case" in long


def test_case_with_handshakes_alone_starts_with_the_first() -> None:
    """Without messages, pings and disconnects, times are relative to the first handshake."""
    evidence = streaming_evidence(connections=(), not_sent=())
    assert websocket_table.case_start_ms(evidence) == 90.0
    assert [row.at_ms for row in websocket_table.websocket_rows(evidence)] == [0.0, 310.0]
