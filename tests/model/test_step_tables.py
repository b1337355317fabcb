"""Steps are read from the tables of scenario files, and written as the files have them."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from math import inf
from typing import Any

import pytest

from pytest_mews.model.step import STEPS
from pytest_mews.model.step_tables import StepTableError, step_from_table, step_to_table

TABLES = [
    table
    for folder in files("pytest_mews.scenarios").iterdir()
    if folder.is_dir()
    for entry in folder.iterdir()
    if entry.name.endswith(".toml")
    for table in tomllib.loads(entry.read_text("utf-8"))["step"]
]


def test_tables_are_written_as_they_were_read() -> None:
    """No scenario file gives a default explicitly, so each table comes back as it is."""
    assert {table["do"] for table in TABLES} == set(STEPS)
    written = [step_to_table(step_from_table(table)) for table in TABLES]
    assert written == [{"do": table["do"], **table} for table in TABLES]


@pytest.mark.parametrize(
    ("table", "key", "value", "problem", "known"),
    [
        ({}, "", "do", "is missing", False),
        ({"do": "explode"}, "do", "explode", "is not a step", True),
        ({"do": ["send"]}, "do", ["send"], "is not a step", True),
        ({"do": "send"}, "", "message", "is missing", False),
        ({"do": "send", "mesage": "m"}, "", "mesage", "is not a key of send", True),
        ({"do": "send", "message": 3}, "message", 3, "is not a text", False),
        (
            {"do": "send", "message": "m", "transfer": "slwo"},
            "transfer",
            "slwo",
            "is not a possible value",
            True,
        ),
        (
            {"do": "deliver", "message": "m", "wait_each": 1},
            "wait_each",
            1,
            "is not true or false",
            False,
        ),
        (
            {"do": "deliver", "message": "m", "faults": ["reset", "set-fire"]},
            "faults",
            "set-fire",
            "is not a possible value",
            True,
        ),
        (
            {"do": "exhaust-retries", "message": "m", "fault": ["reset"]},
            "fault",
            ["reset"],
            "is not a possible value",
            True,
        ),
        (
            {"do": "inject-api-fault", "fault": "500", "of": "m"},
            "of",
            "m",
            "is not an array",
            False,
        ),
        (
            {"do": "inject-api-fault", "fault": "500", "of": [3]},
            "of",
            [3],
            "is not a text",
            False,
        ),
        (
            {"do": "inject-api-fault", "fault": "500", "of": ["m"], "times": 0},
            "times",
            0,
            "is not at least 1 and at most 1000",
            False,
        ),
        (
            {"do": "inject-api-fault", "fault": "500", "of": ["m"], "times": 1.5},
            "times",
            1.5,
            "is not a whole number",
            False,
        ),
        (
            {"do": "wait", "seconds": 0},
            "seconds",
            0,
            "is not more than 0 and at most 3600",
            False,
        ),
        (
            {"do": "wait", "seconds": inf},
            "seconds",
            inf,
            "is not more than 0 and at most 3600",
            False,
        ),
        ({"do": "wait", "seconds": True}, "seconds", True, "is not a number", False),
        (
            {"do": "reject-handshakes", "status": 500},
            "status",
            500,
            "is not a possible value",
            True,
        ),
    ],
)
def test_the_first_problem_of_a_table(
    table: dict[str, Any], key: str, value: object, problem: str, *, known: bool
) -> None:
    """The error has the key, the value, and the possible values or keys where they are a list."""
    with pytest.raises(StepTableError) as caught:
        step_from_table(table)
    assert (caught.value.key, caught.value.value) == (key, value)
    assert (caught.value.problem, bool(caught.value.known)) == (problem, known)
