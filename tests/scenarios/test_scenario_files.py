"""Scenario files: their schema, their vocabularies, and the flaws that they detect."""

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
from pytest_mews.senders.connector import GENERATORS
from tests.scenario_flaws import FLAWS, REASONS_WITHOUT_FLAW

SCHEMA = json.loads((files("pytest_mews.schemas") / "scenario.schema.json").read_text("utf-8"))
SCENARIOS = loader.load_scenarios()
ROOT = Path(__file__).parents[2]
RET_01 = (files("pytest_mews.scenarios") / "retries" / "RET-01.toml").read_text("utf-8")


def enum_at(path: str) -> set[str]:
    """Return the values of an enum in the scenario schema."""
    node = SCHEMA
    for key in path.split("/"):
        node = node[int(key)] if isinstance(node, list) else node[key]
    return set(node["enum"])


def scenario_file(scenario: Scenario) -> str:
    """Find a scenario's file below the package of scenarios."""
    [path] = Path(str(files("pytest_mews.scenarios"))).glob(f"*/{scenario.id}.toml")
    return f"{path.parent.name}/{path.name}"


def test_every_scenario_loads_once() -> None:
    """Every file is loaded, with unique ids, grouped by area."""
    ids = [scenario.id for scenario in SCENARIOS]
    file_names = [
        entry.name.removesuffix(".toml")
        for folder in files("pytest_mews.scenarios").iterdir()
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    ]
    assert sorted(ids) == sorted(file_names)
    assert len(set(ids)) == len(ids)
    areas = list(dict.fromkeys(scenario.area for scenario in SCENARIOS))
    assert areas == [area for area in AREAS if area in areas]


def test_vocabularies_are_closed() -> None:
    """The enums of the schema are the implemented names, and each function has a docstring."""
    assert enum_at("$defs/expectation/properties/that") == set(CHECKS)
    assert enum_at("$defs/message/properties/generator") == set(GENERATORS)
    assert enum_at("properties/applies/items") == set(CONDITIONS)
    step_names = enum_at("$defs/step/oneOf/0/properties/do")
    steps = SCHEMA["$defs"]["step"]["oneOf"]
    step_names |= {step["properties"]["do"]["const"] for step in steps[1:]}
    assert step_names == {*DELIVERY_STEPS, *CONNECTOR_STEPS, *WEBSOCKET_STEPS}
    assert len(step_names) == len(DELIVERY_STEPS) + len(CONNECTOR_STEPS) + len(WEBSOCKET_STEPS)
    assert enum_at("properties/requires/items") == set(Requirement)
    (close,) = (
        step for step in steps[1:] if step["properties"]["do"]["const"] == "close-connection"
    )
    assert set(close["properties"]["how"]["enum"]) == set(Disconnect)
    send = "$defs/step/oneOf/1/properties"
    assert enum_at(f"{send}/token") == {RIGHT, *VARIANTS}
    assert enum_at(f"{send}/transfer") == set(TransferMode)
    assert enum_at("$defs/step/oneOf/2/properties/faults/items") == set(Fault)
    documented: list[Callable[..., object]] = [
        *DELIVERY_STEPS.values(),
        *CONNECTOR_STEPS.values(),
        *WEBSOCKET_STEPS.values(),
        *GENERATORS.values(),
    ]
    documented += [
        word.observe if isinstance(word, CaseCheck) else word.holds for word in CHECKS.values()
    ]
    assert all(function.__doc__ for function in documented)


def test_every_name_is_used() -> None:
    """Every generator, check and step is used by a scenario."""
    message_specs = [spec for scenario in SCENARIOS for spec in scenario.message_specs]
    expectations = [item for scenario in SCENARIOS for item in scenario.expectations]
    assert {spec.generator for spec in message_specs} == set(GENERATORS)
    assert {expectation.check for expectation in expectations} == set(CHECKS)
    assert {step.name for scenario in SCENARIOS for step in scenario.steps} == {
        *DELIVERY_STEPS,
        *CONNECTOR_STEPS,
        *WEBSOCKET_STEPS,
    }


def test_injected_faults_name_existing_operations() -> None:
    """A fault in an unknown operation would never be injected."""
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    operations = {step.arguments.get("operation") for step in steps}
    assert operations - {None} <= set(OPERATIONS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_every_scenario_detects_a_flaw(scenario: Scenario) -> None:
    """A scenario names existing flaws of the demo partner, which test_matrix.py runs.

    A scenario without a flaw names the test that covers it instead, and that test exists.
    """
    tests = re.findall(r"tests/[a-z_/]+\.py", REASONS_WITHOUT_FLAW.get(scenario.id, ""))
    assert bool(FLAWS[scenario.id]) != bool(tests)
    assert all(scenario.id in (ROOT / path).read_text("utf-8") for path in tests)
    assert set(FLAWS[scenario.id]) <= set(NAMES)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_hostile_scenarios_have_a_health_check(scenario: Scenario) -> None:
    """A scenario with hostile messages checks that the service is still healthy, with a MUST."""
    is_hostile = any(
        spec.generator in {"malformed-body", "invalid-structure"} for spec in scenario.message_specs
    )
    is_hostile |= scenario.area == "ERR" or any(
        {"truncate-request", "reset"} & set(step.arguments.get("faults", ()))
        or step.arguments.get("token", RIGHT) not in {RIGHT, "percent-encoded"}
        for step in scenario.steps
    )
    healthy = [item for item in scenario.expectations if item.check == "healthy"]
    assert bool(healthy) == is_hostile
    assert all(expectation.level is Level.MUST for expectation in healthy)
    assert (scenario.steps[-1].name == "health-check") == is_hostile


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenarios_that_disconnect_clients_expect_a_reconnect(scenario: Scenario) -> None:
    """A scenario that loses the client fails; otherwise later ones would only be blocked."""
    disconnects = any(step.name in {"close-connection", "server-down"} for step in scenario.steps)
    reconnects = [item for item in scenario.expectations if item.check == "reconnects"]
    assert bool(reconnects) == disconnects


@pytest.mark.parametrize(
    ("old", "new", "shown"),
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
def test_an_invalid_file_is_rejected(old: str, new: str, shown: str) -> None:
    """The message has the file and the problem."""
    assert old in RET_01
    with pytest.raises(ScenarioFileError) as caught:
        loader.parse_scenario(RET_01.replace(old, new), "RET-01.toml")
    assert "RET-01.toml" in str(caught.value)
    assert shown in str(caught.value)


def test_a_fault_refers_to_a_message_of_the_file() -> None:
    """A step that refers to an unknown message is rejected too."""
    text = (files("pytest_mews.scenarios") / "processing" / "PROC-06.toml").read_text("utf-8")
    with pytest.raises(ScenarioFileError, match="'other' is not a message of the file"):
        loader.parse_scenario(text.replace('of = ["batch"]', 'of = ["other"]'), "PROC-06.toml")
