"""JSON Schema → shapes: the few forms that payloads take, each easy to draw from.

Only what the payload schemas use is understood. Anything else is a fault, since a keyword that was
passed over would let wrong payloads out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_mews.errors import HarnessError
from pytest_mews.senders.connector.ids import Placeholder
from pytest_mews.senders.connector.payload_schemas import OPTIONAL_SINCE, SINCE

ANNOTATIONS = frozenset({"$schema", "$comment", "title", "description", SINCE, OPTIONAL_SINCE})


@dataclass(frozen=True)
class Constant:
    """One of some given values; the first is the canonical one."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Text:
    """A string: `form` is `string`, `email` or `date-time`; lengths in characters."""

    form: str
    example: str
    least: int = 0
    most: int = 255


@dataclass(frozen=True)
class Property:
    """One property of an object."""

    name: str
    shape: Shape
    required: bool


@dataclass(frozen=True)
class Record:
    """An object of known properties, in the schema's order."""

    properties: tuple[Property, ...]

    def find(self, name: str) -> Property | None:
        """Look a property up."""
        return next((each for each in self.properties if each.name == name), None)

    def having(self, name: str, shape: Shape) -> Record:
        """Give this record with another shape for one property, which is then required."""
        changed = Property(name, shape, required=True)
        return replace(
            self, properties=tuple(changed if p.name == name else p for p in self.properties)
        )

    def without(self, name: str) -> Record:
        """Give this record without one property."""
        return replace(self, properties=tuple(p for p in self.properties if p.name != name))


@dataclass(frozen=True)
class Sequence:
    """An array of at least so many items."""

    items: Shape
    least: int


@dataclass(frozen=True)
class Either:
    """One of several shapes; the first is the canonical one."""

    options: tuple[Shape, ...]


Shape = Constant | Text | Record | Sequence | Either | Placeholder
NULL = Constant((None,))


def nullable(shape: Shape) -> bool:
    """Whether null is allowed for a shape."""
    return shape == NULL or (isinstance(shape, Either) and NULL in shape.options)


def parse(schema: Mapping[str, Any]) -> Shape:
    """Read a specialised schema, free of references.

    Raises:
        HarnessFault: it uses a keyword or a type that the payload schemas have no need of.

    """
    node = {key: value for key, value in schema.items() if key not in ANNOTATIONS}
    form = _form(node)
    if form not in READERS:
        raise HarnessError(f"can't draw {form}")
    understood, read = READERS[form]
    if unknown := set(node) - understood:
        raise HarnessError(f"can't draw {form} with {', '.join(sorted(unknown))}")
    try:
        return read(node)
    except KeyError as missing:
        raise HarnessError(f"can't draw {form} without {missing}") from missing


def _form(node: Mapping[str, Any]) -> str:
    """Tell what a schema is about: by the keyword that says it all, else by format or type."""
    for keyword in ("oneOf", "anyOf", "const", "enum", "x-slot"):
        if keyword in node:
            return keyword
    if node.get("type") == "string":
        return str(node.get("format", "string"))
    return str(node.get("type", "a value of no type"))


def _either(node: Mapping[str, Any]) -> Either:
    (options,) = node.values()
    return Either(tuple(parse(option) for option in options))


def _record(node: Mapping[str, Any]) -> Record:
    if node["additionalProperties"] is not False:
        raise HarnessError("can't draw an object that is open to additional properties")
    required = node["required"]
    return Record(
        tuple(
            Property(name, parse(schema), name in required)
            for name, schema in node["properties"].items()
        )
    )


def _text(node: Mapping[str, Any]) -> Text:
    lengths = node.get("minLength", 0), node.get("maxLength", 255)
    return Text(node.get("format", "string"), node["examples"][0], *lengths)


READERS: Mapping[str, tuple[frozenset[str], Callable[[Mapping[str, Any]], Shape]]] = {
    "oneOf": (frozenset({"oneOf"}), _either),
    "anyOf": (frozenset({"anyOf"}), _either),
    "const": (frozenset({"const"}), lambda node: Constant((node["const"],))),
    "enum": (frozenset({"enum"}), lambda node: Constant(tuple(node["enum"]))),
    "x-slot": (frozenset({"type", "format", "x-slot"}), lambda node: Placeholder(node["x-slot"])),
    "string": (frozenset({"type", "minLength", "maxLength", "examples"}), _text),
    "email": (frozenset({"type", "format", "examples"}), _text),
    "date-time": (frozenset({"type", "format", "pattern", "maxLength", "examples"}), _text),
    "boolean": (frozenset({"type", "examples"}), lambda _node: Constant((True, False))),
    "null": (frozenset({"type"}), lambda _node: NULL),
    "array": (
        frozenset({"type", "items", "minItems"}),
        lambda node: Sequence(parse(node["items"]), node.get("minItems", 0)),
    ),
    "object": (frozenset({"type", "properties", "required", "additionalProperties"}), _record),
}
