"""Loads scenario files: validates them against their schema and returns frozen `Scenario`s."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import Basis, Expectation, Level, MessageSpec, Scenario, Source, Stage, Step
from pytest_mews.model.scenario import AREAS, Requirement


def load_scenarios() -> tuple[Scenario, ...]:
    """Load all scenarios of the package, sorted by area (in the order of `AREAS`) and id.

    Raises:
        ScenarioFileError: a file is not TOML, breaks the scenario schema, refers to a message that
            it does not define, or has an id of an unknown area or other than its file name.

    """
    root = files("pytest_mews.scenarios")
    scenarios = [
        (entry.name.removesuffix(".toml"), parse_scenario(entry.read_text("utf-8"), entry.name))
        for folder in root.iterdir()
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    for name, scenario in scenarios:
        if name != scenario.id:
            remedy = f"Rename the file to {scenario.id}.toml."
            raise ScenarioFileError(f"{name}.toml", scenario.id, "is not the file's name", remedy)
    areas = list(AREAS)
    return tuple(
        sorted(
            (scenario for _, scenario in scenarios),
            key=lambda scenario: (areas.index(scenario.area), scenario.id),
        )
    )


def parse_scenario(text: str, name: str) -> Scenario:
    """Parse and validate the text of one scenario file; `name` is the file name for messages.

    Raises:
        ScenarioFileError: see `load_scenarios`.

    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioFileError(name, error, "is not TOML", "Correct the file.") from error
    violation = best_match(_validator().iter_errors(raw))
    if violation is not None:
        path = "/".join(str(part) for part in violation.absolute_path) or "the file"
        problem = f"breaks the scenario schema: {violation.message}"
        raise ScenarioFileError(name, path, problem, "See docs/scenarios.md.")
    scenario = _build(raw)
    _check_names(scenario, name)
    return scenario


def _validator() -> Draft202012Validator:
    schema: Traversable = files("pytest_mews.schemas") / "scenario.schema.json"
    return Draft202012Validator(json.loads(schema.read_text("utf-8")))


def _build(raw: Mapping[str, Any]) -> Scenario:
    level = Level(raw["level"])
    return Scenario(
        id=raw["id"],
        title=raw["title"],
        level=level,
        stage=Stage(raw["stage"]),
        basis=Basis(raw["basis"]),
        sources=tuple(Source(**source) for source in raw["source"]),
        why=raw["why"],
        remedy=raw["remedy"],
        message_specs=tuple(
            MessageSpec(name, message["generator"], _without(message, "generator"))
            for name, message in raw.get("message", {}).items()
        ),
        steps=tuple(Step(step["do"], _without(step, "do")) for step in raw["step"]),
        expectations=tuple(
            Expectation(
                expectation["that"],
                Level(expectation.get("level", level)),
                tuple(expectation.get("of", ())),
            )
            for expectation in raw["expect"]
        ),
        applies=tuple(raw.get("applies", ())),
        requires=tuple(map(Requirement, raw.get("requires", ("webhook",)))),
        exclusive=raw.get("exclusive", False),
        concurrent_cases=raw.get("concurrent_cases", False),
        max_cases=raw.get("max_cases"),
    )


def _without(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def _check_names(scenario: Scenario, file_name: str) -> None:
    defined = {message_spec.name for message_spec in scenario.message_specs}
    references: Iterable[str] = [
        *(step.arguments["message"] for step in scenario.steps if "message" in step.arguments),
        *(name for step in scenario.steps for name in step.arguments.get("of", ())),
        *(name for expectation in scenario.expectations for name in expectation.of),
    ]
    for message_name in references:
        if message_name not in defined:
            remedy = f"Add a table [message.{message_name}]."
            raise ScenarioFileError(file_name, message_name, "is not a message of the file", remedy)
    if scenario.area not in AREAS:
        remedy = f"Known: {', '.join(AREAS)}."
        raise ScenarioFileError(file_name, scenario.area, "is not an area", remedy)
