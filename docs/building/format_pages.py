"""The pages of the file formats, from their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markdown_tables import table

SCHEMAS = Path(__file__).parents[2] / "schemas"
FORMATS = {
    "certification-json": ("report.schema.json", "certification.json"),
    "events-ndjson": ("events.schema.json", "events.ndjson"),
    "replay-file": ("replay.schema.json", "Replay files"),
}
"""The page of each format: its schema, and its title."""

Schema = Mapping[str, Any]
_REFERENCE = "#/$defs/"


def pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each format."""
    for page, (file, title) in FORMATS.items():
        schema = json.loads((SCHEMAS / file).read_text("utf-8"))
        yield f"reference/{page}.md", "\n\n".join(_blocks(file, title, schema)) + "\n"


def _blocks(file: str, title: str, schema: Schema) -> Iterator[str]:
    """Yield the blocks of a page: the format itself, then each of its parts."""
    yield f"# {title}"
    yield schema["description"]
    yield f"This page is generated from the JSON Schema of the format, `schemas/{file}`."
    if "properties" in schema:
        yield _keys(schema)
    alternatives = schema.get("oneOf", ())
    if alternatives:
        yield f"Each line is one of: {', '.join(map(_type, alternatives))}."
    for name, definition in schema.get("$defs", {}).items():
        yield f"## {name} {{ #{name} }}"
        if "description" in definition:
            yield definition["description"]
        yield _keys(definition) if "properties" in definition else f"Type: {_type(definition)}."


def _keys(schema: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"`{name}`",
            _type(value),
            "yes" if name in required else "no",
            value.get("description", ""),
        )
        for name, value in schema["properties"].items()
    ]
    return table(("Key", "Type", "Required", "Meaning"), rows)


def _type(schema: Schema) -> str:  # noqa: PLR0911 - one for each form of a schema
    """Return the type of a value in words, with links to the parts of the format."""
    match schema:
        case {"$ref": reference}:
            name = reference.removeprefix(_REFERENCE)
            return f"[{name}](#{name})" if reference.startswith(_REFERENCE) else f"`{reference}`"
        case {"const": value}:
            return f"`{json.dumps(value)}`"
        case {"enum": values}:
            return ", ".join(f"`{json.dumps(value)}`" for value in values)
        case {"oneOf": alternatives} | {"anyOf": alternatives}:
            return " or ".join(map(_type, alternatives))
        case {"allOf": [first, *_]}:
            return _type(first)
        case {"type": "array", "items": items}:
            return f"array of {_type(items)}"
        case {"type": "object", "additionalProperties": {} as values} if values:
            return f"object whose values are {_type(values)}"
        case {"type": list() as names}:
            return " or ".join(names)
        case {"type": name}:
            return str(name)
    return "any"
