"""Loads scenario files: validates them against their schema and returns frozen `Scenario`s."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pytest_mews.documentation import page_url
from pytest_mews.errors import ScenarioFileError, did_you_mean
from pytest_mews.mews.facts import load_facts
from pytest_mews.model import Basis, Expectation, Fact, Level, MessageSpec, Scenario, Stage
from pytest_mews.model.exchange import RESERVED_LABELS
from pytest_mews.model.scenario import AREAS, Requirement
from pytest_mews.model.step import Step
from pytest_mews.model.step_tables import StepTableError, step_from_table
from pytest_mews.schemas.violations import find_violation

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


@cache
def load_scenarios() -> tuple[Scenario, ...]:
    """Load all scenarios of the package, sorted by area (in the order of `AREAS`) and id.

    Raises:
        ScenarioFileError: a file is not TOML, breaks the scenario schema, refers to a message that
            it does not define or to an unknown fact, names no fact of its basis, or has an id of an
            unknown area or other than its file name.

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
    steps = _read_steps(raw.get("step"), name)  # its messages are better than the schema's
    violation = find_violation("scenario", raw)
    if violation is not None:
        raise _schema_error(violation, name)
    scenario = _build(raw, _find_facts(raw["facts"], name), steps)
    _check_names(scenario, name)
    return scenario


def _read_steps(tables: object, file_name: str) -> tuple[Step, ...]:
    """Read the steps of a file; anything but an array of tables is left to the schema."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return ()
    steps = []
    for number, table in enumerate(tables, 1):
        try:
            steps.append(step_from_table(table))
        except StepTableError as error:
            key = f"{file_name}: step {number}{f', {error.key}' if error.key else ''}"
            raise _file_error(key, error.value, error.problem, error.known) from error
    return tuple(steps)


def _schema_error(violation: ValidationError, file_name: str) -> ScenarioFileError:
    """Return the error for a violation of the schema; arrays count from 1, as steps do."""
    parts = [part + 1 if isinstance(part, int) else part for part in violation.absolute_path]
    key = f"{file_name}: {', '.join(map(str, parts))}" if parts else file_name
    allowed: Any = violation.validator_value
    schema: Any = violation.schema
    if violation.validator == "enum":
        return _file_error(key, violation.instance, "is not a possible value", allowed)
    if violation.validator == "additionalProperties":
        known = list(schema["properties"])
        instance: Any = violation.instance
        unknown = next(name for name in instance if name not in known)
        return _file_error(key, unknown, "is not a key", known)
    problem = f"breaks the scenario schema: {violation.message}"
    return _file_error(file_name, ", ".join(map(str, parts)) or "the file", problem)


def _file_error(
    key: str, value: object, problem: str, known: Sequence[str] = ()
) -> ScenarioFileError:
    remedy = did_you_mean(str(value), known) if known else f"See {page_url('scenarios')}."
    return ScenarioFileError(key, value, problem, remedy)


def _find_facts(ids: Iterable[str], file_name: str) -> tuple[Fact, ...]:
    facts = load_facts()
    for fact_id in ids:
        if fact_id not in facts:
            closest = get_close_matches(fact_id, facts, n=1, cutoff=0)
            remedy = f"Did you mean {closest[0]}? {page_url('requirements')} lists the facts."
            raise ScenarioFileError(file_name, fact_id, "is not a fact", remedy)
    return tuple(facts[fact_id] for fact_id in ids)


def _build(raw: Mapping[str, Any], facts: tuple[Fact, ...], steps: tuple[Step, ...]) -> Scenario:
    level = Level(raw["level"])
    return Scenario(
        id=raw["id"],
        title=raw["title"],
        level=level,
        stage=Stage(raw["stage"]),
        basis=Basis(raw["basis"]),
        facts=facts,
        why=raw["why"],
        remedy=raw["remedy"],
        message_specs=tuple(
            MessageSpec(name, message["generator"], _without(message, "generator"))
            for name, message in raw.get("message", {}).items()
        ),
        steps=steps,
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
        precondition=raw.get("precondition", False),
    )


def _without(table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def _check_names(scenario: Scenario, file_name: str) -> None:
    defined = {message_spec.name for message_spec in scenario.message_specs}
    for message_name in sorted(defined & RESERVED_LABELS):
        remedy = f"Rename it; the harness uses {', '.join(sorted(RESERVED_LABELS))} itself."
        raise ScenarioFileError(file_name, message_name, "is no name for a message", remedy)
    references: Iterable[str] = [
        *(name for step in scenario.steps for name in step.message_names),
        *(name for expectation in scenario.expectations for name in expectation.of),
    ]
    for message_name in references:
        if message_name not in defined:
            remedy = f"Add a table [message.{message_name}]."
            raise ScenarioFileError(file_name, message_name, "is not a message of the file", remedy)
    if scenario.basis not in {fact.basis for fact in scenario.facts}:
        remedy = f"Add a fact that is {scenario.basis}, or change the basis."
        problem = "is not the basis of any of its facts"
        raise ScenarioFileError(file_name, scenario.basis, problem, remedy)
    if scenario.area not in AREAS:
        remedy = f"Known: {', '.join(AREAS)}."
        raise ScenarioFileError(file_name, scenario.area, "is not an area", remedy)
