"""The payload schemas: read, restricted to what a delivery profile documents, and validated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema_rs
from referencing import Registry, Resource

from pytest_mews.errors import HarnessError
from pytest_mews.mews.events import Channel, event_names

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

KINDS = ("general", "integration", "websocket")
SINCE, OPTIONAL_SINCE = "x-since", "x-optional-since"
ALL_REVISIONS = "9999-12"  # not a profile: stands for everything that any profile documents

JsonSchema = dict[str, Any]


def discriminators(profile: str) -> tuple[str, ...]:
    """List the discriminators of General Webhooks that a profile documents."""
    return event_names(Channel.GENERAL, revision=profile)


def actions(profile: str) -> tuple[str, ...]:
    """List the actions of Integration Webhooks that a profile documents."""
    return event_names(Channel.INTEGRATION, revision=profile)


def websocket_event_types(profile: str) -> tuple[str, ...]:
    """List the types of WebSocket events that a profile documents."""
    return event_names(Channel.WEBSOCKET, revision=profile)


def load_schema(kind: str, profile: str) -> JsonSchema:
    """Read the schema of a payload as a profile documents it, with all references resolved.

    Args:
        kind: one of `KINDS`.
        profile: the name of a delivery profile, which is its revision, such as `2026-04`.

    Raises:
        HarnessError: there is no such schema, or keywords beside a `$ref` override its target.

    """
    schema: JsonSchema = json.loads(json.dumps(_schema_of(kind, profile)))
    return schema


@cache
def validator(kind: str, profile: str) -> jsonschema_rs.Draft202012Validator:
    """Return a fast validator, which says only whether a payload is valid."""
    return jsonschema_rs.Draft202012Validator(_schema_of(kind, profile), validate_formats=True)


def validation_errors(kind: str, profile: str, instance: object) -> list[str]:
    """List what is wrong with a payload, one line for each error.

    A line has the place and the rule, but never the value, which could be an access token.
    """
    errors = _explaining_validator(kind, profile).iter_errors(instance)
    leaves = [leaf for error in errors for leaf in _leaf_errors(error)]
    return [f"{_path(leaf)}: {_rule(leaf)}" for leaf in leaves]


def registry() -> Registry[JsonSchema]:
    """Return the payload schemas, unrestricted, by their `$id`."""
    schemas = [_read(name) for name in ("common", *KINDS)]
    return Registry[JsonSchema]().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in schemas]
    )


@cache
def _schema_of(kind: str, profile: str) -> JsonSchema:
    if kind not in KINDS:
        raise HarnessError(f"no schema of kind {kind!r}; there are {', '.join(KINDS)}")
    source = _read(kind)
    resolved = _resolve_references(source, registry().resolver(source["$id"]))
    schema: JsonSchema = _restrict(resolved, profile)
    return {key: value for key, value in schema.items() if key not in {"$id", "$defs"}}


@cache
def _explaining_validator(kind: str, profile: str) -> Draft202012Validator:
    # Imported only to explain an error: the import slows down every start.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    formats = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(_schema_of(kind, profile), format_checker=formats)


def _read(name: str) -> JsonSchema:
    source = files("pytest_mews.schemas") / f"{name}.schema.json"
    schema: JsonSchema = json.loads(source.read_text("utf-8"))
    return schema


def _resolve_references(node: Any, resolver: Any) -> Any:  # noqa: ANN401 - JSON
    """Replace every `$ref` by its target, and add the keywords beside the `$ref`."""
    if isinstance(node, list):
        return [_resolve_references(item, resolver) for item in node]
    if not isinstance(node, dict):
        return node
    beside = {
        key: _resolve_references(value, resolver) for key, value in node.items() if key != "$ref"
    }
    if "$ref" not in node:
        return beside
    resolved = resolver.lookup(node["$ref"])
    target = _resolve_references(resolved.contents, resolved.resolver)
    if overridden := set(target) & set(beside) - {"$comment"}:
        raise HarnessError(f"{node['$ref']} is overridden in {', '.join(sorted(overridden))}")
    return {**target, **beside}


def _restrict(node: Any, profile: str) -> Any:  # noqa: ANN401 - JSON
    """Drop what a revision didn't document yet, and require what it still required."""
    if isinstance(node, list):
        known = [item for item in node if not _is_later(item, SINCE, profile)]
        return [_restrict(item, profile) for item in known]
    if not isinstance(node, dict):
        return node
    restricted = {key: _restrict(value, profile) for key, value in node.items()}
    if "required" in restricted:
        optional = {
            name
            for name, schema in node["properties"].items()
            if OPTIONAL_SINCE in schema and not _is_later(schema, OPTIONAL_SINCE, profile)
        }
        restricted["required"] = [name for name in restricted["required"] if name not in optional]
    return restricted


def _is_later(node: Any, annotation: str, profile: str) -> bool:  # noqa: ANN401 - JSON
    """Whether an annotation names a revision after the profile's; both are `YYYY-MM`."""
    return isinstance(node, Mapping) and str(node.get(annotation, "")) > profile


def _leaf_errors(error: ValidationError) -> list[ValidationError]:
    """Return the errors behind a failed `oneOf` or `anyOf`: those of the intended variant."""
    variants: dict[object, list[ValidationError]] = {}
    for cause in error.context or ():
        variants.setdefault(cause.schema_path[0], []).append(cause)
    # The Action or Type excludes a variant, and so does a value of another JSON type.
    intended = [causes for causes in variants.values() if not any(map(_excludes, causes))]
    if len(intended) != 1:
        return [error]
    return [leaf for cause in intended[0] for leaf in _leaf_errors(cause)]


def _excludes(error: ValidationError) -> bool:
    return error.validator == "const" or (error.validator == "type" and not error.relative_path)


def _path(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "body"


def _rule(error: ValidationError) -> str:
    if error.validator in {"required", "additionalProperties"}:
        return error.message
    if error.validator in {"oneOf", "anyOf"}:
        return "is none of the documented variants"
    return f"breaks {error.validator}: {json.dumps(error.validator_value)}"
