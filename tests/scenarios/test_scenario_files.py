"""Scenario files: their schema, their vocabularies, and the flaws that they detect."""

from __future__ import annotations

import inspect
import json
import re
from importlib.resources import files
from pathlib import Path

import pytest

from pytest_mews.checks import CHECKS
from pytest_mews.demo import PARTNER_KINDS
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.errors import ScenarioFileError
from pytest_mews.execution.steps import perform
from pytest_mews.model import Fault, Level, Scenario
from pytest_mews.model.scenario import AREAS, Requirement
from pytest_mews.model.step import (
    STEPS,
    CloseConnection,
    Deliver,
    HealthCheck,
    InjectApiFault,
    Send,
    SendWhileDisconnected,
    ServerDown,
    Step,
)
from pytest_mews.run.applicability import CONDITIONS
from pytest_mews.scenarios import loader
from pytest_mews.senders import RIGHT
from pytest_mews.senders.connector import CONNECTOR, GENERATORS
from pytest_mews.senders.ids import NEW_ENTERPRISE
from tests.scenario_flaws import FLAWS, REASONS_WITHOUT_FLAW

SCHEMA = json.loads((files("pytest_mews.schemas") / "scenario.schema.json").read_text("utf-8"))
SCENARIOS = loader.load_scenarios()
AUTHENTICATION = CONNECTOR.authentication({}, None, None)
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
    """The enums of the schema are the implemented names."""
    assert enum_at("$defs/message/properties/generator") == set(GENERATORS)
    assert enum_at("properties/applies/items") == {*CONDITIONS, *AUTHENTICATION.unmet_conditions}
    assert enum_at("properties/requires/items") == set(Requirement)


def test_every_name_is_implemented_and_explained() -> None:
    """A function performs each step; steps, checks and generators have docstrings."""
    assert set(STEPS.values()) <= set(perform.registry)
    assert all(inspect.getdoc(step) != inspect.getdoc(Step) for step in STEPS.values())
    assert all(generator.__doc__ for generator in GENERATORS.values())
    assert all(check.documentation for check in CHECKS.values())


def test_every_name_is_used() -> None:
    """Every generator, check and step is used by a scenario."""
    message_specs = [spec for scenario in SCENARIOS for spec in scenario.message_specs]
    expectations = [item for scenario in SCENARIOS for item in scenario.expectations]
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    assert {spec.generator for spec in message_specs} == set(GENERATORS)
    assert {expectation.check for expectation in expectations} == set(CHECKS)
    assert {step.do for step in steps} == set(STEPS)
    assert {step.token for step in steps if isinstance(step, Send)} == set(AUTHENTICATION.variants)


def test_injected_faults_name_existing_operations() -> None:
    """A fault in an unknown operation would never be injected."""
    steps = [step for scenario in SCENARIOS for step in scenario.steps]
    operations = {step.operation for step in steps if isinstance(step, InjectApiFault)}
    assert operations - {""} <= set(OPERATIONS)


def test_no_other_scenario_changes_an_enterprise_whose_requests_meet_a_fault() -> None:
    """A service that asks by interval would find what it lost with the next change of another."""
    for scenario in SCENARIOS:
        faults = [step for step in scenario.steps if isinstance(step, InjectApiFault)]
        names = {name for step in faults for name in step.of}
        specs = [spec for spec in scenario.message_specs if spec.name in names]
        has_own = all(spec.arguments.get("enterprise") == NEW_ENTERPRISE for spec in specs)
        assert scenario.exclusive or has_own, scenario.id


def test_retries_are_judged_with_one_event_per_entity() -> None:
    """With two events about an entity, the request of the second one could pass for a retry."""
    for scenario in SCENARIOS:
        faults = [
            step for step in scenario.steps if isinstance(step, InjectApiFault) and step.times
        ]
        names = {name for step in faults for name in step.of}
        generators = {spec.generator for spec in scenario.message_specs if spec.name in names}
        assert generators <= {"single-event", "distinct-entities", "websocket-commands"}, (
            scenario.id
        )


def test_every_scenario_detects_a_flaw() -> None:
    """A scenario names existing flaws of the demo partner, which test_matrix.py runs.

    A scenario without a flaw names the test that covers it instead, and that test exists.
    """
    for scenario in SCENARIOS:
        tests = re.findall(r"tests/[a-z_/]+\.py", REASONS_WITHOUT_FLAW.get(scenario.id, ""))
        assert bool(FLAWS[scenario.id]) != bool(tests), scenario.id
        assert all(scenario.id in (ROOT / path).read_text("utf-8") for path in tests), scenario.id
        assert set(FLAWS[scenario.id]) <= set(PARTNER_KINDS), scenario.id


def is_hostile_step(step: Step) -> bool:
    """Return whether a step breaks a request, or has a token that is not the right one."""
    if isinstance(step, Deliver):
        return not {Fault.TRUNCATE_REQUEST, Fault.RESET}.isdisjoint(step.faults)
    right = {RIGHT, "percent-encoded"}
    return isinstance(step, Send) and step.token not in right


def test_hostile_scenarios_have_a_health_check() -> None:
    """A scenario with hostile messages checks that the service is still healthy, with a MUST."""
    for scenario in SCENARIOS:
        is_hostile = any(
            spec.generator in {"malformed-body", "invalid-structure", "missing-required"}
            for spec in scenario.message_specs
        )
        is_hostile |= scenario.area == "ERR" or any(map(is_hostile_step, scenario.steps))
        healthy = [item for item in scenario.expectations if item.check == "healthy"]
        assert bool(healthy) == is_hostile, scenario.id
        assert all(expectation.level is Level.MUST for expectation in healthy), scenario.id
        assert isinstance(scenario.steps[-1], HealthCheck) == is_hostile, scenario.id


def test_scenarios_that_disconnect_clients_expect_a_reconnect() -> None:
    """A scenario that loses the client fails; otherwise later ones would only be blocked.

    STR-33 passes by what is fetched afterwards, and not by a reconnect alone.
    """
    for scenario in SCENARIOS:
        disconnects = scenario.id != "STR-33" and any(
            isinstance(step, (CloseConnection, SendWhileDisconnected, ServerDown))
            for step in scenario.steps
        )
        reconnects = [item for item in scenario.expectations if item.check == "reconnects"]
        assert bool(reconnects) == disconnects, scenario.id


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ('id = "RET-01"', 'id = "RET1"', "RET1"),
        ('level = "MUST"', 'level = "WILL"', "WILL"),
        ('do = "deliver"', 'do = "explode"', "step 1, do: 'explode' is not a step"),
        ('do = "deliver"', 'do = "delivre"', "Did you mean deliver?"),
        ('do = "deliver"', "", "step 1: 'do' is missing"),
        ('do = "deliver"', "do = 3", "step 1, do: '3' is not a step"),
        ('that = "accepted"', 'that = "adored"', "adored"),
        ('generator = "batch"', 'generator = "bunch"', "bunch"),
        ('message = "batch"', 'message = "other"', "[message.other]"),
        ("max_cases = 3", "max_cases = 0", "max_cases"),
        ("max_cases = 3", "colour = 3", "colour"),
        (
            'faults = ["drop-response"]',
            'faults = ["set-fire"]',
            "step 1, faults: 'set-fire' is not",
        ),
        ('faults = ["drop-response"]', 'faults = ["drop-answer"]', "Did you mean drop-response?"),
        (
            'faults = ["drop-response"]',
            'faults = "reset"',
            "step 1, faults: 'reset' is not an array",
        ),
        (
            'faults = ["drop-response"]',
            'fault = ["reset"]',
            "step 1: 'fault' is not a key of deliver",
        ),
        ('faults = ["drop-response"]', 'fault = ["reset"]', "Did you mean faults?"),
        ('message = "batch"', "", "step 1: 'message' is missing"),
        ('message = "batch"', "message = 3", "step 1, message: '3' is not a text"),
        ('that = "accepted"', 'that = "acepted"', "expect 1, that: 'acepted'"),
        ('that = "accepted"', 'that = "acepted"', "Did you mean accepted?"),
        ("max_cases = 3", "max_case = 3", "Did you mean max_cases?"),
        ("[message.batch]", "[message.health-check]", "'health-check' is no name for a message"),
        ("[[expect]]", "[[expect", "not TOML"),
        ('id = "RET-01"', 'id = "XYZ-01"', "XYZ"),
        ('"T-29"', '"T-92"', "'T-92' is not a fact. Did you mean T-"),
        ('"T-29"', '"first"', "facts 1"),
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


def test_a_file_names_a_fact_of_its_basis() -> None:
    """A scenario is documented only if one of its facts is."""
    text = re.sub(r"facts = \[.*\]", 'facts = ["T-38"]', RET_01)  # an inferred one
    with pytest.raises(ScenarioFileError, match="line 5: basis: 'documented' is not the"):
        loader.parse_scenario(text, "RET-01.toml")
