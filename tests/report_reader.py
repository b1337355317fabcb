"""Reads the report that a run has written."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator


def validate_report(path: Path) -> dict[str, Any]:
    """Read a certification.json; it must match its schema."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    errors = [f"{error.instance_path}: {error.message}" for error in _schema().iter_errors(report)]
    assert not errors, f"{path} breaks schemas/report.schema.json: {errors[:3]}"
    return report


def read_report(folder: Path) -> dict[str, Any]:
    """Read the JSON report of the run in a folder, or of its run of selected scenarios."""
    selection = folder / "mews-report" / "selection" / "certification.json"
    whole = folder / "mews-report" / "certification.json"
    return validate_report(selection if selection.exists() else whole)


def read_verdicts(folder: Path) -> dict[str, str]:
    """Read the verdict of each scenario, by id."""
    return {result["id"]: result["verdict"] for result in read_report(folder)["scenarios"]}


@cache
def _schema() -> Draft202012Validator:
    text = (files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), validate_formats=True)
