"""Scenario files are checked before anything is played."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from pytest_mews.checks import CHECKS, CaseCheck
from pytest_mews.demo import NAMES
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.errors import ScenarioFileError
from pytest_mews.execution import CONNECTOR_STEPS, DELIVERY_STEPS, WEBSOCKET_STEPS
from pytest_mews.execution.token_variants import RIGHT, VARIANTS
from pytest_mews.model import Disconnect, Fault, Level, Scenario, TransferMode
from pytest_mews.model.scenario import AREAS, Requirement
from pytest_mews.run.applicability import CONDITIONS
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import GENERATORS as DRAW_WORDS
from tests.scenario_flaws import FLAWS, WITHOUT_FLAW

SCHEMA = json.loads((files("pytest_mews.schemas") / "scenario.schema.json").read_text("utf-8"))
SCENARIOS = loader.load()
ROOT = Path(__file__).parents[2]
RET_01 = (files("pytest_mews.scenarios") / "retries" / "RET-01.toml").read_text("utf-8")


def words(path: str) -> set[str]:
    """Read the closed list of words at a place in the scenario schema."""
    place = SCHEMA
    for key in path.split("/"):
        place = place[int(key)] if isinstance(place, list) else place[key]
    return set(place["enum"])


def scenario_file(scenario: Scenario) -> str:
    """Find a scenario's file below the package of scenarios."""
    [path] = Path(str(files("pytest_mews.scenarios"))).glob(f"*/{scenario.id}.toml")
    return f"{path.parent.name}/{path.name}"


def test_every_scenario_loads_once() -> None:
    """The catalogue has every file, each id once, grouped by area."""
    ids = [scenario.id for scenario in SCENARIOS]
    on_disk = [
        entry.name.removesuffix(".toml")
        for folder in files("pytest_mews.scenarios").iterdir()
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    assert sorted(ids) == sorted(on_disk)
    assert len(set(ids)) == len(ids)
    areas = list(dict.fromkeys(scenario.area for scenario in SCENARIOS))
    assert areas == [area for area in AREAS if area in areas]


def test_vocabularies_are_closed() -> None:
    """The words of the schema are those that are implemented, and each says what it means."""
    assert words("$defs/expectation/properties/that") == set(CHECKS)
    assert words("$defs/message/properties/generator") == set(DRAW_WORDS)
    assert words("properties/applies/items") == set(CONDITIONS)
    verbs = words("$defs/step/oneOf/0/properties/do")
    steps = SCHEMA["$defs"]["step"]["oneOf"]
    verbs |= {step["properties"]["do"]["const"] for step in steps[1:]}
    assert verbs == {*DELIVERY_STEPS, *CONNECTOR_STEPS, *WEBSOCKET_STEPS}
    assert len(verbs) == len(DELIVERY_STEPS) + len(CONNECTOR_STEPS) + len(WEBSOCKET_STEPS)
    assert words("properties/requires/items") == set(Requirement)
    (cut,) = (each for each in steps[1:] if each["properties"]["do"]["const"] == "close-connection")
    assert set(cut["properties"]["how"]["enum"]) == set(Disconnect)
    send = "$defs/step/oneOf/1/properties"
    assert words(f"{send}/token") == {RIGHT, *VARIANTS}
    assert words(f"{send}/transfer") == set(TransferMode)
    assert words("$defs/step/oneOf/2/properties/faults/items") == set(Fault)
    documented: list[Callable[..., object]] = [
        *DELIVERY_STEPS.values(),
        *CONNECTOR_STEPS.values(),
        *WEBSOCKET_STEPS.values(),
        *DRAW_WORDS.values(),
    ]
    documented += [
        word.observe if isinstance(word, CaseCheck) else word.holds for word in CHECKS.values()
    ]
    assert all(function.__doc__ for function in documented)


def test_every_word_is_used() -> None:
    """No word is kept that no scenario says."""
    used = {draw.generator for scenario in SCENARIOS for draw in scenario.message_specs}
    assert used == set(DRAW_WORDS)
    assert {each.check for s in SCENARIOS for each in s.expectations} == set(CHECKS)
    assert {step.name for s in SCENARIOS for step in s.steps} == {
        *DELIVERY_STEPS,
        *CONNECTOR_STEPS,
        *WEBSOCKET_STEPS,
    }


def test_faults_of_one_operation_name_one_that_there_is() -> None:
    """A fault of one that nobody can ask for would never be done."""
    named = {step.arguments.get("operation") for each in SCENARIOS for step in each.steps}
    assert named - {None} <= set(OPERATIONS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_every_scenario_catches_a_flaw(scenario: Scenario) -> None:
    """A scenario names flaws of the embedded partner that exist; the matrix test plays them.

    One without any says which test plays it instead, and that test is there.
    """
    named = re.findall(r"tests/[a-z_/]+\.py", WITHOUT_FLAW.get(scenario.id, ""))
    assert bool(FLAWS[scenario.id]) != bool(named)
    assert all(scenario.id in (ROOT / path).read_text("utf-8") for path in named)
    assert set(FLAWS[scenario.id]) <= set(NAMES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_hostile_scenarios_ask_for_a_sign_of_life(scenario: Scenario) -> None:
    """Whoever sends something hostile looks whether the service lives on, and that is a MUST."""
    hostile = any(
        draw.generator in {"malformed-body", "invalid-structure"} for draw in scenario.message_specs
    )
    hostile |= scenario.area == "ERR" or any(
        {"truncate-request", "reset"} & set(step.arguments.get("faults", ()))
        or step.arguments.get("token", RIGHT) not in {RIGHT, "percent-encoded"}
        for step in scenario.steps
    )
    alive = [each for each in scenario.expectations if each.check == "healthy"]
    assert bool(alive) == hostile
    assert all(each.level is Level.MUST for each in alive)
    assert (scenario.steps[-1].name == "health-check") == hostile


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_who_cuts_clients_off_looks_whether_they_come_back(scenario: Scenario) -> None:
    """Whichever scenario is the first to do so, it fails where a client stays away.

    Else that shows only as scenarios that are blocked: nobody is there to play them with.
    """
    cuts = any(step.name in {"close-connection", "server-down"} for step in scenario.steps)
    said = [each for each in scenario.expectations if each.check == "reconnects"]
    assert bool(said) == cuts


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('id = "RET-01"', 'id = "RET1"', "RET1"),
        ('level = "MUST"', 'level = "WILL"', "WILL"),
        ('do = "deliver"', 'do = "explode"', "step/0"),
        ('that = "accepted"', 'that = "adored"', "adored"),
        ('generator = "batch"', 'generator = "bunch"', "bunch"),
        ('message = "batch"', 'message = "other"', "[message.other]"),
        ("max_cases = 3", "max_cases = 0", "max_cases"),
        ("max_cases = 3", "colour = 3", "colour"),
        ('faults = ["drop-response"]', 'faults = ["set-fire"]', "step/0"),
        ("[[expect]]", "[[expect", "not TOML"),
        ('id = "RET-01"', 'id = "XYZ-01"', "XYZ"),
    ],
)
def test_a_wrong_file_is_refused(old: str, new: str, named: str) -> None:
    """The message names the file and what is wrong in it."""
    assert old in RET_01
    with pytest.raises(ScenarioFileError) as caught:
        loader.parse(RET_01.replace(old, new), "RET-01.toml")
    assert "RET-01.toml" in str(caught.value)
    assert named in str(caught.value)


def test_a_fault_is_about_what_is_drawn() -> None:
    """A step that names other draws than there are is refused too."""
    text = (files("pytest_mews.scenarios") / "processing" / "PROC-06.toml").read_text("utf-8")
    with pytest.raises(ScenarioFileError, match="'other' is not drawn"):
        loader.parse(text.replace('of = ["batch"]', 'of = ["other"]'), "PROC-06.toml")
