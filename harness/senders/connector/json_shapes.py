"""JSON Schema → shapes: the few kinds of values that payloads contain, easy to generate from.

Only the keywords that the payload schemas use are supported. Any other keyword is a HarnessError,
since ignoring it could generate invalid payloads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_mews.errors import HarnessError
from pytest_mews.senders.connector.payload_schemas import OPTIONAL_SINCE, SINCE
from pytest_mews.senders.ids import Placeholder

ANNOTATIONS = frozenset({"$schema", "$comment", "title", "description", SINCE, OPTIONAL_SINCE})
PLACEHOLDER = "x-placeholder"


@dataclass(frozen=True)
class Literal:
    """One of the given values; the first is the canonical one."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Text:
    """A string; `format` is `string`, `email` or `date-time`. Lengths are in characters."""

    format: str
    example: str
    min_length: int = 0
    max_length: int = 255


@dataclass(frozen=True)
class Property:
    """A property of an object."""

    name: str
    shape: Shape
    required: bool


@dataclass(frozen=True)
class Record:
    """An object without additional properties; its properties are in the schema's order."""

    properties: tuple[Property, ...]

    def find(self, name: str) -> Property | None:
        """Return the property with this name; None if there is none."""
        return next((member for member in self.properties if member.name == name), None)

    def with_property(self, name: str, shape: Shape) -> Record:
        """Return a copy in which one property has another shape and is required."""
        changed = Property(name, shape, required=True)
        return replace(
            self,
            properties=tuple(
                changed if member.name == name else member for member in self.properties
            ),
        )

    def without_property(self, name: str) -> Record:
        """Return a copy without one property."""
        return replace(
            self, properties=tuple(member for member in self.properties if member.name != name)
        )


@dataclass(frozen=True)
class Array:
    """An array with at least `min_items` items."""

    items: Shape
    min_items: int


@dataclass(frozen=True)
class Either:
    """One of several shapes; the first is the canonical one."""

    options: tuple[Shape, ...]


Shape = Literal | Text | Record | Array | Either | Placeholder
NULL = Literal((None,))


def is_nullable(shape: Shape) -> bool:
    """Whether the shape allows null."""
    return shape == NULL or (isinstance(shape, Either) and NULL in shape.options)


def parse_schema(schema: Mapping[str, Any]) -> Shape:
    """Parse a schema without references, as `payload_schemas.load_schema` returns it.

    Raises:
        HarnessError: the schema uses an unsupported keyword or type.

    """
    node = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    kind = _kind(node)
    if kind not in PARSERS:
        raise HarnessError(f"can't generate {kind}")
    supported, parse = PARSERS[kind]
    if unsupported := set(node) - supported:
        raise HarnessError(f"can't generate {kind} with {', '.join(sorted(unsupported))}")
    try:
        return parse(node)
    except KeyError as missing:
        raise HarnessError(f"can't generate {kind} without {missing}") from missing


def _kind(node: Mapping[str, Any]) -> str:
    """Return the keyword that determines the shape; without one, the format or type."""
    for keyword in ("oneOf", "anyOf", "const", "enum", PLACEHOLDER):
        if keyword in node:
            return keyword
    if node.get("type") == "string":
        return str(node.get("format", "string"))
    return str(node.get("type", "a value without type"))


def _parse_either(node: Mapping[str, Any]) -> Either:
    (options,) = node.values()
    return Either(tuple(parse_schema(option) for option in options))


def _parse_record(node: Mapping[str, Any]) -> Record:
    if node["additionalProperties"] is not False:
        raise HarnessError("can't generate an object with additionalProperties")
    required = node["required"]
    return Record(
        tuple(
            Property(name, parse_schema(schema), name in required)
            for name, schema in node["properties"].items()
        )
    )


def _parse_text(node: Mapping[str, Any]) -> Text:
    lengths = node.get("minLength", 0), node.get("maxLength", 255)
    return Text(node.get("format", "string"), node["examples"][0], *lengths)


# By the keyword, format or type: the supported keywords, and the parser.
PARSERS: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], Shape]]] = {
    "oneOf": (frozenset({"oneOf"}), _parse_either),
    "anyOf": (frozenset({"anyOf"}), _parse_either),
    "const": (frozenset({"const"}), lambda node: Literal((node["const"],))),
    "enum": (frozenset({"enum"}), lambda node: Literal(tuple(node["enum"]))),
    PLACEHOLDER: (
        frozenset({"type", "format", PLACEHOLDER}),
        lambda node: Placeholder(node[PLACEHOLDER]),
    ),
    "string": (frozenset({"type", "minLength", "maxLength", "examples"}), _parse_text),
    "email": (frozenset({"type", "format", "examples"}), _parse_text),
    "date-time": (frozenset({"type", "format", "pattern", "maxLength", "examples"}), _parse_text),
    "boolean": (frozenset({"type", "examples"}), lambda _node: Literal((True, False))),
    "null": (frozenset({"type"}), lambda _node: NULL),
    "array": (
        frozenset({"type", "items", "minItems"}),
        lambda node: Array(parse_schema(node["items"]), node.get("minItems", 0)),
    ),
    "object": (
        frozenset({"type", "properties", "required", "additionalProperties"}),
        _parse_record,
    ),
}
