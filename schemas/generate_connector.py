"""Generate schemas/connector/ from the documentation as data (connector/documented/).

    .venv/bin/python schemas/generate_connector.py

The folders requests/ and responses/ have a schema for each operation, entities/ has one for each
page of the documentation with its objects. Rules that are in the text of the documentation, but not
in the data, are in `TEXT_RULES`.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "connector"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = "/schemas/connector/"
HOST = "https://pytest-mews.example"
REVISION = "Generated from the documentation of 1 October 2026 by schemas/generate_connector.py."

JsonSchema = dict[str, Any]

PRIMITIVES: Mapping[str, JsonSchema] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "object": {"type": "object"},
    "any": {},
}

# Objects whose property names the enterprise chooses.
DICTIONARIES: Mapping[str, JsonSchema] = {
    "_objects#localized-text": {"type": "object", "additionalProperties": {"type": "string"}},
    "_objects#dictionary-of-numbers": {
        "type": "object",
        "additionalProperties": {"type": "number"},
    },
}

COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}  # guidelines/pagination

# Every request can have these properties (guidelines/requests).
COMMON_PROPERTIES: Mapping[str, JsonSchema] = {
    "LanguageCode": {"type": ["string", "null"]},
    "CultureCode": {"type": ["string", "null"]},
}


def _not_both(first: str, second: str) -> JsonSchema:
    properties = {name: {"type": "object"} for name in (first, second)}
    return {"not": {"required": [first, second], "properties": properties}}


# Rules between properties, from the text of operations/reservations.
TEXT_RULES: Mapping[str, JsonSchema] = {
    "reservations/getAll/2023-06-06": {
        "allOf": [
            _not_both("ScheduledStartUtc", "ActualStartUtc"),
            _not_both("ScheduledEndUtc", "ActualEndUtc"),
        ]
    },
    "reservations/getAll": {
        "if": {
            "anyOf": [
                {"required": [name], "properties": {name: {"type": kind}}}
                for name, kind in (("TimeFilter", "string"), ("States", "array"))
            ]
        },
        "then": {
            "required": ["StartUtc", "EndUtc"],
            "properties": {name: {"type": "string"} for name in ("StartUtc", "EndUtc")},
        },
    },
}


def render() -> dict[str, str]:
    """Return the text of every schema by its path below connector/."""
    operations, objects = (
        json.loads((FOLDER / "documented" / f"{name}.json").read_text("utf-8"))
        for name in ("operations", "objects")
    )
    schemas = dict(_operations(operations, objects)) | dict(_pages(objects))
    return {
        path: json.dumps({"$schema": DIALECT, "$id": f"{HOST}{BASE}{path}", **schema}, indent=2)
        + "\n"
        for path, schema in schemas.items()
    }


def _operations(
    operations: Mapping[str, Any], objects: Mapping[str, Any]
) -> Iterator[tuple[str, JsonSchema]]:
    for name, operation in operations.items():
        for part in ("request", "response"):
            schema = _object(operation[part], objects)
            if part == "request":
                schema["properties"] |= COMMON_PROPERTIES
                schema |= TEXT_RULES.get(name, {})
            head: JsonSchema = {"title": operation["title"], "$comment": REVISION}
            if operation["deprecated"]:
                head["deprecated"] = True
            yield f"{part}s/{name}.schema.json", head | schema


def _pages(objects: Mapping[str, Any]) -> Iterator[tuple[str, JsonSchema]]:
    pages: dict[str, dict[str, JsonSchema]] = defaultdict(dict)
    for key, documented in objects.items():
        page, _, anchor = key.partition("#")
        if "enum" in documented:
            schema: JsonSchema = {"enum": documented["enum"]}
        elif "properties" in documented:
            schema = _object(documented["properties"], objects)
        else:
            schema = DICTIONARIES[key]
        pages[page][anchor] = {"title": documented["title"], **schema}
    pages["pagination"]["limitation"]["properties"]["Count"] = COUNT
    for page, definitions in pages.items():
        yield (
            f"entities/{page}.schema.json",
            {"title": f"The objects of {page}", "$comment": REVISION, "$defs": definitions},
        )


def _object(properties: list[dict[str, Any]], objects: Mapping[str, Any]) -> JsonSchema:
    """Return the schema of an object; it allows other properties, since Mews may add some."""
    return {
        "type": "object",
        "required": [documented["name"] for documented in properties if _is_required(documented)],
        "properties": {
            documented["name"]: _property(documented, objects) for documented in properties
        },
    }


def _is_required(documented: Mapping[str, Any]) -> bool:
    return str(documented["contract"]).startswith("required")


def _property(documented: Mapping[str, Any], objects: Mapping[str, Any]) -> JsonSchema:
    base = str(documented["type"]).removeprefix("array of ")
    ref = str(documented.get("ref"))
    if ref in objects:
        page, _, anchor = ref.partition("#")
        schema: JsonSchema = {"$ref": f"{BASE}entities/{page}.schema.json#/$defs/{anchor}"}
    elif "ref" in documented:
        schema = {"type": "object", "$comment": f"{base} is not in the documented data."}
    else:
        schema = dict(PRIMITIVES[base])
    if base == "string" and documented["name"].endswith("Utc"):
        schema["format"] = "date-time"
    if base != documented["type"]:
        schema = {"type": "array", "items": schema}
    schema |= _limits(documented["contract"])
    if not _is_required(documented):
        schema = _nullable(schema)
    return schema | ({"deprecated": True} if documented.get("deprecated") else {})


def _limits(contract: str) -> JsonSchema:
    match = re.search(r"max (?:length )?([0-9]+) (item|character|month)", contract)
    if not match:
        return {}
    # JSON Schema has no keyword for the length of an interval: validation.py reads x-max-months.
    keywords = {"item": "maxItems", "character": "maxLength", "month": "x-max-months"}
    return {keywords[match[2]]: int(match[1])}


def _nullable(schema: JsonSchema) -> JsonSchema:
    if "$ref" in schema:
        others = {key: value for key, value in schema.items() if key != "$ref"}
        return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **others}
    return schema | {"type": [schema["type"], "null"]} if "type" in schema else schema


if __name__ == "__main__":
    for part in ("requests", "responses", "entities"):
        shutil.rmtree(FOLDER / part, ignore_errors=True)
    for path, text in render().items():
        target = FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
