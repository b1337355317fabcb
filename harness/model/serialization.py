"""Converts results and run events to JSON and back, for pytest-xdist and for events.ndjson."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cattrs import BaseValidationError
from cattrs.preconf.json import JsonConverter, make_converter

from pytest_mews.model import (
    RunEnded,
    RunEvent,
    RunStarted,
    Scenario,
    ScenarioEnded,
    ScenarioResult,
    ScenarioStarted,
)

EVENT_TYPES: Mapping[str, type[RunEvent]] = {
    "run-started": RunStarted,
    "scenario-started": ScenarioStarted,
    "scenario-ended": ScenarioEnded,
    "run-ended": RunEnded,
}


def _converter() -> JsonConverter:
    converter = make_converter()
    # An int stays an int, so that what is read equals what was written.
    converter.register_structure_hook(
        float, lambda value, _: value if isinstance(value, int) else float(value)
    )
    return converter


_CONVERTER = _converter()
_EVENT_NAMES = {event_type: name for name, event_type in EVENT_TYPES.items()}


def result_to_json(result: ScenarioResult) -> str:
    """Write a result as JSON."""
    return _CONVERTER.dumps(result)


def result_from_json(text: str) -> ScenarioResult:
    """Read a result that `result_to_json` wrote."""
    return _CONVERTER.loads(text, ScenarioResult)


def event_to_dict(event: RunEvent) -> dict[str, Any]:
    """Convert an event to a dictionary for `json.dumps`, with its name under `event`.

    The first event has the scenarios in full; the others have only their ids.
    """
    converter = _CONVERTER if isinstance(event, RunStarted) else _ID_CONVERTER
    return {"event": _EVENT_NAMES[type(event)], **converter.unstructure(event)}


def event_from_dict(data: Mapping[str, Any], scenarios: Mapping[str, Scenario]) -> RunEvent:
    """Read an event that `event_to_dict` wrote; `scenarios` are those of the first event, by id.

    Raises:
        ValueError: the data is not an event of this version.

    """
    event_type = EVENT_TYPES.get(str(data.get("event")))
    if event_type is None:
        raise ValueError("the name of the event is unknown to this version")
    converter = _CONVERTER if event_type is RunStarted else _id_converter(scenarios)
    try:
        event: RunEvent = converter.structure(data, event_type)
    except BaseValidationError as error:
        raise ValueError(f"this version can't read the {data['event']} event") from error
    return event


def _id_converter(scenarios: Mapping[str, Scenario]) -> JsonConverter:
    converter = _converter()
    converter.register_unstructure_hook(Scenario, lambda scenario: scenario.id)
    converter.register_structure_hook(Scenario, lambda name, _: scenarios[name])
    return converter


_ID_CONVERTER = _id_converter({})


def to_json_line(data: Mapping[str, Any]) -> str:
    """Write a dictionary as one line; ASCII, so that control characters stay escaped."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))
