"""The catalogue: scenario files, checked against their schema, become frozen `Scenario`s."""

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


def load() -> tuple[Scenario, ...]:
    """Read every scenario that comes with the package, by area in the order of `AREAS`, then id.

    Raises:
        ScenarioMistake: a file is not TOML, breaks the scenario schema, names a message that it
            does not draw, or bears an id that is taken or not its file's name.

    """
    root = files("pytest_mews.scenarios")
    found = [
        (entry.name.removesuffix(".toml"), parse(entry.read_text("utf-8"), entry.name))
        for folder in root.iterdir()
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    for name, scenario in found:
        if name != scenario.id:
            raise ScenarioFileError(f"{name}.toml", scenario.id, "is not the file's name", _RENAME)
    order = list(AREAS)
    return tuple(sorted((s for _, s in found), key=lambda s: (order.index(s.area), s.id)))


_RENAME = "Give the file the name of the scenario's id"


def parse(text: str, name: str) -> Scenario:
    """Turn the text of one scenario file into a checked `Scenario`; `name` is for messages.

    Raises:
        ScenarioMistake: see `load`.

    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise ScenarioFileError(name, problem, "is not TOML", "Correct the file") from problem
    error = best_match(_validator().iter_errors(raw))
    if error is not None:
        where = "/".join(str(part) for part in error.absolute_path) or "the file"
        raise ScenarioFileError(
            name, where, f"breaks the scenario schema: {error.message}", "See docs/scenarios.md"
        )
    scenario = _build(raw)
    _check_names(scenario, name)
    return scenario


def _validator() -> Draft202012Validator:
    source: Traversable = files("pytest_mews.schemas") / "scenario.schema.json"
    return Draft202012Validator(json.loads(source.read_text("utf-8")))


def _build(raw: Mapping[str, Any]) -> Scenario:
    obligation = Level(raw["level"])
    return Scenario(
        id=raw["id"],
        title=raw["title"],
        level=obligation,
        stage=Stage(raw["stage"]),
        basis=Basis(raw["basis"]),
        sources=tuple(Source(**source) for source in raw["source"]),
        why=raw["why"],
        remedy=raw["remedy"],
        message_specs=tuple(
            MessageSpec(name, draw["generator"], _without(draw, "generator"))
            for name, draw in raw.get("message", {}).items()
        ),
        steps=tuple(Step(step["do"], _without(step, "do")) for step in raw["step"]),
        expectations=tuple(
            Expectation(
                expect["that"],
                Level(expect.get("level", obligation)),
                tuple(expect.get("of", ())),
            )
            for expect in raw["expect"]
        ),
        applies=tuple(raw.get("applies", ())),
        requires=tuple(map(Requirement, raw.get("requires", ("webhook",)))),
        exclusive=raw.get("exclusive", False),
        concurrent_cases=raw.get("concurrent_cases", False),
        max_cases=raw.get("max_cases"),
    )


def _without(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def _check_names(scenario: Scenario, name: str) -> None:
    drawn = {draw.name for draw in scenario.message_specs}
    used: Iterable[str] = [
        *(step.arguments["message"] for step in scenario.steps if "message" in step.arguments),
        *(of for step in scenario.steps for of in step.arguments.get("of", ())),
        *(of for expectation in scenario.expectations for of in expectation.of),
    ]
    for message in used:
        if message not in drawn:
            raise ScenarioFileError(name, message, "is not drawn", f"Add [message.{message}]")
    if scenario.area not in AREAS:
        raise ScenarioFileError(name, scenario.area, "is no area", f"Known: {', '.join(AREAS)}")
