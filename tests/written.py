"""What a whole run has written, read back."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema


def report(folder: Path) -> dict[str, Any]:
    """Read the JSON report of a run that was started in a folder, checked against its schema."""
    read: dict[str, Any] = json.loads(
        (folder / "mews-report" / "certification.json").read_text("utf-8")
    )
    schema = json.loads((files("pytest_mews.schemas") / "report.schema.json").read_text("utf-8"))
    jsonschema.validate(read, schema)
    return read


def verdicts(folder: Path) -> dict[str, str]:
    """Read the verdicts from the JSON report."""
    return {each["id"]: each["verdict"] for each in report(folder)["scenarios"]}
