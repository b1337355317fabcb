"""Compares files with the schemas of this package: jsonschema-rs checks, jsonschema explains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema_rs

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def find_violation(name: str, data: object) -> ValidationError | None:
    """Return the error that best explains why data doesn't match a schema; None if it does.

    Args:
        name: the name of the schema, such as `scenario` for `scenario.schema.json`.
        data: what a JSON or TOML parser returns.

    """
    try:
        if _fast_validator(name).is_valid(data):
            return None
    except ValueError:  # a value that JSON does not have, such as a date in TOML
        pass
    # Imported only for a wrong file: the import and its validators slow down every start.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import best_match  # noqa: PLC0415

    errors: Iterator[ValidationError] = Draft202012Validator(_read(name)).iter_errors(data)
    violation: ValidationError | None = best_match(errors)
    return violation


@cache
def _fast_validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_read(name))


def _read(name: str) -> dict[str, Any]:
    source = files("pytest_mews.schemas") / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return schema
