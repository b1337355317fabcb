"""Loads scenario files: validates them against their schema and returns frozen `Scenario`s."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pytest_mews.documentation import name_page
from pytest_mews.errors import ScenarioFileError, did_you_mean
from pytest_mews.mews.facts import load_facts
from pytest_mews.model import Basis, Expectation, Fact, Level, MessageSpec, Scenario, Stage
from pytest_mews.model.exchange import RESERVED_LABELS
from pytest_mews.model.scenario import AREAS, Requirement
from pytest_mews.model.step import Emulator, Step
from pytest_mews.model.step_tables import StepTableError, step_from_table
from pytest_mews.scenarios.toml_lines import Key, line_of
from pytest_mews.schemas.violations import find_violation

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

VOCABULARY = name_page("scenario-files")
OWN_ID = re.compile(r"X(?:-[A-Z0-9]+)+")
"""The ids of scenarios of the user's own: no other scenario has such an id, now or later."""
API_REQUIREMENTS = frozenset(
    {
        Requirement.CONNECTOR_API,
        Requirement.CONNECTOR_API_CALLED,
        Requirement.CONNECTOR_API_ANSWERED,
    }
)
WEBSOCKET_REQUIREMENTS = frozenset(
    {
        Requirement.WEBSOCKET_SERVER,
        Requirement.WEBSOCKET_HANDSHAKE,
        Requirement.WEBSOCKET_CLIENT,
        Requirement.COMMANDS_REQUESTED,
    }
)


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


def parse_scenario(text: str, name: str, *, own: bool = False) -> Scenario:
    """Parse and validate the text of one scenario file.

    Args:
        text: the text.
        name: the name of the file for messages.
        own: whether it is a file of the user's own.

    Raises:
        ScenarioFileError: see `load_scenarios`; the message has the line.

    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, remedy = f"is not TOML: {error}", "Correct it at that place."
        raise ScenarioFileError(name, "the file", problem, remedy) from error
    file = ScenarioFile(name, text)
    steps = _read_steps(raw.get("step"), file)  # its messages are better than the schema's
    _check_owner(raw, file, own=own)
    violation = find_violation("scenario", raw)
    if violation is not None:
        raise _schema_error(violation, file)
    scenario = _build(raw, _find_facts(raw.get("facts", ()), file), steps)
    _check_names(scenario, file)
    _check_emulators(scenario, file)
    return scenario


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario file, whose errors have their line and the keys that lead there."""

    name: str
    text: str

    def error(
        self,
        path: Sequence[Key],
        value: object,
        problem: str,
        remedy: str,
        line_path: Sequence[Key] | None = None,
    ) -> ScenarioFileError:
        """Return an error about a value.

        Args:
            path: the keys that lead to the table or the value, which the message names.
            value: what is wrong.
            problem: what is wrong with it: a predicate.
            remedy: what the user can do: a sentence.
            line_path: the keys that lead to the line; `path` if omitted.

        """
        line = line_of(self.text, path if line_path is None else line_path)
        place = self.name if line is None else f"{self.name}, line {line}"
        keys = _join_keys(path)
        return ScenarioFileError(f"{place}: {keys}" if keys else place, value, problem, remedy)


def _join_keys(path: Sequence[Key]) -> str:
    """Return keys as a phrase; arrays count from 1: `step 2, faults`."""
    text = ""
    for key in path:
        text += f" {key + 1}" if isinstance(key, int) else f"{', ' if text else ''}{key}"
    return text


def _read_steps(tables: object, file: ScenarioFile) -> tuple[Step, ...]:
    """Read the steps of a file; anything but an array of tables is left to the schema."""
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        return ()
    steps = []
    for index, table in enumerate(tables):
        try:
            steps.append(step_from_table(table))
        except StepTableError as error:
            path: list[Key] = ["step", index, *([error.key] if error.key else [])]
            value = error.value
            is_unknown = not error.key and isinstance(value, str) and value in table
            line_path = [*path, str(value)] if is_unknown else path
            remedy = _remedy(value, error.known)
            raise file.error(path, value, error.problem, remedy, line_path) from error
    return tuple(steps)


def _schema_error(violation: ValidationError, file: ScenarioFile) -> ScenarioFileError:
    """Return the error for a violation of the schema."""
    path = list(violation.absolute_path)
    allowed: Any = violation.validator_value
    instance: Any = violation.instance
    schema: Any = violation.schema
    if violation.validator == "enum":
        return file.error(path, instance, "is not a possible value", _remedy(instance, allowed))
    if violation.validator == "additionalProperties":
        known = list(schema["properties"])
        unknown = next(name for name in instance if name not in known)
        remedy = _remedy(unknown, known)
        return file.error(path, unknown, "is not a key", remedy, [*path, unknown])
    if violation.validator == "required":
        missing = next(name for name in allowed if name not in instance)
        return file.error(path, missing, "is missing", f"Add {missing} = …")
    problem = f"breaks the scenario schema: {violation.message}"
    value = instance if isinstance(instance, str | int | float) else "the value"
    return file.error(path, value, problem, f"See {VOCABULARY}.")


def _remedy(value: object, known: Sequence[object]) -> str:
    names = [str(name) for name in known]
    return did_you_mean(str(value), names) if names else f"See {VOCABULARY}."


def _check_owner(raw: Mapping[str, Any], file: ScenarioFile, *, own: bool) -> None:
    """Check that a file of the user's own, and no other, has its basis and an id of its own."""
    scenario_id, basis = raw.get("id"), raw.get("basis")
    if not own:
        if basis == Basis.OWN:
            remedy = "Give documented or inferred."
            raise file.error(["basis"], basis, "is for files of --mews-scenarios", remedy)
        return
    if basis != Basis.OWN:
        remedy = 'Write basis = "own": no report may show it as documented by Mews.'
        if basis is None:
            raise file.error([], "basis", "is missing", remedy)
        raise file.error(["basis"], basis, "is not the basis of a scenario of your own", remedy)
    for key in ("facts", "precondition"):
        if key in raw:
            problem, remedy = "is for the scenarios of pytest-mews", "Remove it."
            raise file.error([], key, problem, remedy, [key])
    if isinstance(scenario_id, str) and not OWN_ID.fullmatch(scenario_id):
        remedy = "Begin it with X-, then capital letters, digits and hyphens, such as X-BATCH-300."
        raise file.error(["id"], scenario_id, "is not the id of a scenario of your own", remedy)


def _find_facts(ids: Iterable[str], file: ScenarioFile) -> tuple[Fact, ...]:
    facts = load_facts()
    for fact_id in ids:
        if fact_id not in facts:
            closest = get_close_matches(fact_id, facts, n=1, cutoff=0)
            remedy = f"Did you mean {closest[0]}? {name_page('requirements')} lists the facts."
            raise file.error(["facts"], fact_id, "is not a fact", remedy)
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
                expectation.get("remedy", ""),
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


def _check_names(scenario: Scenario, file: ScenarioFile) -> None:
    defined = {message_spec.name for message_spec in scenario.message_specs}
    for message_name in sorted(defined & RESERVED_LABELS):
        remedy = f"Rename it; the harness uses {', '.join(sorted(RESERVED_LABELS))} itself."
        line_path = ["message", message_name]
        raise file.error([], message_name, "is no name for a message", remedy, line_path)
    references: list[tuple[list[Key], str]] = []
    for index, step in enumerate(scenario.steps):
        references += ((["step", index], name) for name in step.message_names)
    for index, expectation in enumerate(scenario.expectations):
        references += ((["expect", index], name) for name in expectation.of)
    for path, message_name in references:
        if message_name not in defined:
            remedy = f"Add a table [message.{message_name}]."
            raise file.error(path, message_name, "is not a message of the file", remedy)
    if scenario.basis is Basis.OWN:
        return
    if scenario.basis not in {fact.basis for fact in scenario.facts}:
        remedy = f"Add a fact that is {scenario.basis}, or change the basis."
        problem = "is not the basis of any of its facts"
        raise file.error(["basis"], scenario.basis, problem, remedy)
    if scenario.area not in AREAS:
        remedy = f"Known: {', '.join(AREAS)}."
        raise file.error(["id"], scenario.area, "is not an area", remedy)


def _check_emulators(scenario: Scenario, file: ScenarioFile) -> None:
    """Check that the emulators run that the steps and the requirements are about."""
    for index, step in enumerate(scenario.steps):
        if step.emulator is Emulator.WEBSOCKET and scenario.stage is not Stage.STREAMING:
            remedy = 'Write stage = "streaming", so that it runs with --mews-websocket only.'
            problem = f"uses {step.emulator}, which need not run in this stage"
            raise file.error(["step", index], step.do, problem, remedy)
        has_api = scenario.stage is Stage.PROCESSING or API_REQUIREMENTS & {*scenario.requires}
        if step.emulator is Emulator.CONNECTOR_API and not has_api:
            remedy = 'Write stage = "processing", or add "connector-api" to requires.'
            problem = f"uses {step.emulator}, which need not run"
            raise file.error(["step", index], step.do, problem, remedy)
    for requirement in scenario.requires:
        if requirement in WEBSOCKET_REQUIREMENTS and scenario.stage is not Stage.STREAMING:
            remedy = 'Write stage = "streaming", or remove it.'
            raise file.error(["requires"], requirement, "is for the Streaming stage", remedy)
