"""Reads the report that a run has written."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema


def read_report(folder: Path) -> dict[str, Any]:
    """Read the JSON report of a run in a folder, and validate it against its schema."""
    report: dict[str, Any] = json.loads(
        (folder / "mews-report" / "certification.json").read_text("utf-8")
    )
    schema = json.loads((files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8"))
    jsonschema.validate(report, schema)
    return report


def read_verdicts(folder: Path) -> dict[str, str]:
    """Read the verdict of each scenario, by id."""
    return {result["id"]: result["verdict"] for result in read_report(folder)["scenarios"]}
