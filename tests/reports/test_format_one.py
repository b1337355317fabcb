"""Whoever reads format 1 of certification.json can go on doing so."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pytest_mews.reports.json_report import FORMAT

FOLDER = Path(__file__).parent / "format_1"
REQUIRED: dict[str, list[str]] = json.loads((FOLDER / "required.json").read_text("ascii"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The published schema."""
    text = (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    return json.loads(text)


def test_the_earliest_report_is_still_valid(schema: dict[str, Any]) -> None:
    """A report of the first version that wrote format 1 is what today's schema describes."""
    early = json.loads((FOLDER / "early.json").read_text("ascii"))
    assert early["format"] == FORMAT == 1
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert [error.json_path for error in validator.iter_errors(early)] == []


@pytest.mark.parametrize("place", REQUIRED)
def test_what_was_always_there_stays(schema: dict[str, Any], place: str) -> None:
    """A property that every report of format 1 had is still required of every report."""
    today = schema["$defs"][place] if place else schema
    assert set(REQUIRED[place]) <= set(today["required"])
