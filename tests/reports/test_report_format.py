"""Format 1 of certification.json stays compatible."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_mews.model.run import REPORT_FORMAT

FOLDER = Path(__file__).parent / "format_1"
REQUIRED: dict[str, list[str]] = json.loads((FOLDER / "required.json").read_text("ascii"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    text = (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    return json.loads(text)


def test_earliest_report_is_still_valid(schema: dict[str, Any]) -> None:
    """A report of the first version that wrote format 1 is valid against the current schema."""
    report = json.loads((FOLDER / "early.json").read_text("ascii"))
    assert report["format"] == REPORT_FORMAT == 1
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.json_path for error in validator.iter_errors(report)] == []


@pytest.mark.parametrize("definition", REQUIRED)
def test_required_properties_stay_required(schema: dict[str, Any], definition: str) -> None:
    """A property that every report of format 1 had is still required."""
    current = schema["$defs"][definition] if definition else schema
    assert set(REQUIRED[definition]) <= set(current["required"])
