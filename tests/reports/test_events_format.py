"""Format 1 of events.ndjson stays compatible: its keys are those of the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from test_event_file import run_events

from pytest_mews.model import (
    Connection,
    Disconnect,
    MissingCause,
    Ping,
    Readiness,
    Run,
    RunEvent,
    SentMessage,
    TlsHandshake,
    TlsProblem,
    Verdict,
    WebSocketHandshake,
    serialization,
)
from pytest_mews.reports import EventFile, read_run, write_report

EARLY = Path(__file__).parent / "events_format_1" / "early.ndjson"
EVENT_NAMES = ("run-started", "scenario-started", "scenario-ended", "run-ended")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    schema: dict[str, Any] = json.loads(
        (files("pytest_mews.schemas") / "events.schema.json").read_text("utf-8")
    )
    return schema


def problems(schema: dict[str, Any], path: Path) -> Iterator[str]:
    """Yield what breaks the schema in a file, by line."""
    validators = {
        name: Draft202012Validator(schema | {"oneOf": [{"$ref": f"#/$defs/{name}"}]})
        for name in EVENT_NAMES
    }
    for number, line in enumerate(path.read_text("ascii").splitlines(), 1):
        event = json.loads(line)
        for error in validators[event["event"]].iter_errors(event):
            yield f"line {number}: {[context.message for context in error.context or []]}"


def test_the_earliest_file_is_still_read(schema: dict[str, Any], tmp_path: Path) -> None:
    """A file of the first version with format 1 matches the schema, and its report is written."""
    assert list(problems(schema, EARLY)) == []
    run = read_run(EARLY)
    assert not run.interrupted
    assert run.readiness is Readiness.NOT_READY
    assert {result.scenario.id: result.verdict.value for result in run.results} == {
        **dict.fromkeys(("PRE-01", "REC-01", "REC-02", "RET-01"), "pass"),
        **dict.fromkeys(("AUTH-02", "BAT-02", "PROC-03"), "fail"),
        **dict.fromkeys(("EVT-04", "TLS-03"), "warn"),
        **dict.fromkeys(("PROC-11", "PROC-12"), "blocked"),
        "RET-03": "flaky",
        "INT-03": "waived",
        "EVT-07": "not-applicable",
        "RED-01": "error",
        "WS-01": "not-observed",
    }
    first = run.results[0]
    assert first.missing is MissingCause.SKIPPED
    (websocket,) = first.evidence[0].transcript.connections
    assert websocket.disconnect is Disconnect.RESTART
    assert [message.label for message in websocket.sent] == ["stream"]
    by_id = {result.scenario.id: result for result in run.results}
    fetches = by_id["PROC-03"].evidence[0].transcript
    assert len(fetches.calls) == 3
    assert json.loads(fetches.deliveries[0].message.body)["Events"]
    assert by_id["BAT-02"].remarks == ("3 of 20 cases failed, this is the smallest",)
    assert by_id["INT-03"].waiver is not None
    assert write_report(run, tmp_path).problems == ()


def every_part(run: Run) -> list[RunEvent]:
    """Return the events of a run whose first result has what the sample run lacks."""
    sent = SentMessage("stream", "e", "1 event", 9, (), 1.0, 2.0, 1.0)
    websocket = Connection(
        1, "e", 1.0, 2, Disconnect.RESTART, 3.0, 4.0, 1000, (sent,), (Ping(1.0, None, 1, 5.0),)
    )
    handshake = TlsHandshake(
        "https://partner.example", "2026-11-23T20:01:07Z", "TLSv1.3", None, TlsProblem.EXPIRED
    )
    first = run.results[0]
    transcript = replace(
        first.evidence[0].transcript,
        tls_handshakes=(handshake,),
        websocket_handshakes=(WebSocketHandshake(1, 1.0, "/ws", 101, "e"),),
        connections=(websocket,),
        not_sent=(sent,),
        undeliverable=(sent,),
    )
    evidence = (replace(first.evidence[0], transcript=transcript),)
    full = replace(
        first,
        evidence=evidence,
        missing=MissingCause.SKIPPED,
        reason_expected="known",
        verdict_without_waiver=Verdict.FAIL,
    )
    return run_events(replace(run, results=(full, *run.results[1:])))


def test_what_is_written_matches_the_schema(
    schema: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    """Every line of a file has the keys and types of the schema, and no others."""
    Draft202012Validator.check_schema(schema)
    file = EventFile(tmp_path / "events.ndjson")
    for event in every_part(run):
        file.receive(event, 1)
    file.close()
    assert list(problems(schema, tmp_path / "events.ndjson")) == []


@pytest.mark.parametrize("type_", serialization.KEYS, ids=lambda type_: type_.__name__)
def test_every_field_has_a_key(schema: dict[str, Any], type_: type) -> None:
    """No field is forgotten, no two fields share a key, and the schema has every key."""
    keys = serialization.keys_of(type_)
    assert set(keys) == {field.name for field in fields(type_)}
    written = [key for key in keys.values() if key != serialization.OMITTED]
    assert len(set(written)) == len(written)
    properties = [definition.get("properties", {}) for definition in schema["$defs"].values()]
    assert any(set(written) <= set(each) for each in properties)


def test_keys_are_apart_from_the_names_of_fields(run: Run) -> None:
    """A field can have another key, or none: results and steps are left out of a run."""
    started, *_, ended = map(serialization.event_to_dict, run_events(run))
    assert started["selected"] == [result.scenario.id for result in run.results]
    assert "selected_ids" not in started
    assert "results" not in ended["run"]
    assert "steps" not in started["scenarios"][0]
