"""The JSON schemas of the Connector API's requests and responses, with compiled validators."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal

import jsonschema_rs

Part = Literal["requests", "responses"]


def load(part: Part, operation: str) -> dict[str, Any]:
    """Read the schema of an operation's requests or responses.

    Args:
        part: which of the two.
        operation: the operation's name, such as `customers/getAll`.

    """
    schema: dict[str, Any] = json.loads(_file(part, operation).read_text("utf-8"))
    return schema


@cache
def validator(part: Part, operation: str) -> jsonschema_rs.Draft202012Validator:
    """Return the compiled validator of a schema; it is thread-safe."""
    return jsonschema_rs.Draft202012Validator(
        load(part, operation), registry=_registry(), validate_formats=True, offline=True
    )


@cache
def _registry() -> jsonschema_rs.Registry:
    pages = [json.loads(page.read_text("utf-8")) for page in (_folder() / "entities").iterdir()]
    return jsonschema_rs.Registry([(page["$id"], page) for page in pages])


def _file(part: Part, operation: str) -> Traversable:
    return _folder().joinpath(part, *f"{operation}.schema.json".split("/"))


def _folder() -> Traversable:
    return files("pytest_mews.schemas") / "connector"
