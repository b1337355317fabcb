"""Results and events as plain data and back: across a process (pytest-xdist), or into a file."""

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

NAMES: Mapping[str, type[RunEvent]] = {
    "run-started": RunStarted,
    "scenario-started": ScenarioStarted,
    "scenario-ended": ScenarioEnded,
    "run-ended": RunEnded,
}


def _converter() -> JsonConverter:
    converter = make_converter()
    # 5 s stay "5": what is read is to look like what was written
    converter.register_structure_hook(float, lambda it, _: it if isinstance(it, int) else float(it))
    return converter


_WHOLE = _converter()
_BY_TYPE = {kind: name for name, kind in NAMES.items()}


def result_to_json(result: ScenarioResult) -> str:
    """Write a result as JSON."""
    return _WHOLE.dumps(result)


def result_from_json(text: str) -> ScenarioResult:
    """Read what `dumps` wrote."""
    return _WHOLE.loads(text, ScenarioResult)


def event_to_dict(event: RunEvent) -> dict[str, Any]:
    """Give an event as what `json.dumps` takes, its name under `event`.

    Scenarios stand in the first event in full; the others name them by their ids.
    """
    converter = _WHOLE if isinstance(event, RunStarted) else _BRIEF
    return {"event": _BY_TYPE[type(event)], **converter.unstructure(event)}


def event_from_dict(data: Mapping[str, Any], scenarios: Mapping[str, Scenario]) -> RunEvent:
    """Read what `plain` gave; `scenarios` are those of the first event, by id.

    Raises:
        ValueError: it is no event, or lacks something.

    """
    kind = NAMES.get(str(data.get("event")))
    if kind is None:
        raise ValueError("it is no event that this version knows")
    converter = _WHOLE if kind is RunStarted else _brief(scenarios)
    try:
        event: RunEvent = converter.structure(data, kind)
    except BaseValidationError as error:
        raise ValueError(f"it is no {data['event']} as this version writes it") from error
    return event


def _brief(scenarios: Mapping[str, Scenario]) -> JsonConverter:
    converter = _converter()
    converter.register_unstructure_hook(Scenario, lambda scenario: scenario.id)
    converter.register_structure_hook(Scenario, lambda name, _: scenarios[name])
    return converter


_BRIEF = _brief({})


def to_json_line(data: Mapping[str, Any]) -> str:
    """Write plain data as one line; ASCII keeps control characters as escapes."""
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))
