"""The payload schemas: read, specialised for a delivery profile, used to validate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from pytest_mews.errors import HarnessError

KINDS = ("general", "integration", "websocket")
SINCE, OPTIONAL_SINCE = "x-since", "x-optional-since"
NEWEST = "9999-12"  # no profile: knows whatever any profile ever documents

JsonSchema = dict[str, Any]


def discriminators(profile: str) -> tuple[str, ...]:
    """List the discriminators of General Webhooks that a profile documents."""
    event = _specialised("general", profile)["properties"]["Events"]["items"]
    return tuple(event["properties"]["Discriminator"]["enum"])


def actions(profile: str) -> tuple[str, ...]:
    """List the actions of Integration Webhooks that a profile documents."""
    return tuple(
        variant["properties"]["Action"]["const"]
        for variant in _specialised("integration", profile)["oneOf"]
    )


def types(profile: str) -> tuple[str, ...]:
    """List the types of events on the WebSocket that a profile documents."""
    variants = _specialised("websocket", profile)["properties"]["Events"]["items"]["oneOf"]
    return tuple(variant["properties"]["Type"]["const"] for variant in variants)


def load(kind: str, profile: str) -> JsonSchema:
    """Read the schema of a payload as a profile documents it, references replaced by their targets.

    Args:
        kind: one of `KINDS`.
        profile: a delivery profile's name, which is its revision, as `2026-04`.

    Raises:
        HarnessFault: there is no such schema, or a reference overrides what it refers to.

    """
    specialised = _specialised(kind, profile)
    copy: JsonSchema = json.loads(json.dumps(specialised))
    return copy


@cache
def validator(kind: str, profile: str) -> jsonschema_rs.Draft202012Validator:
    """Give the fast validator, for bulk."""
    return jsonschema_rs.Draft202012Validator(_specialised(kind, profile), validate_formats=True)


def explain(kind: str, profile: str, instance: object) -> list[str]:
    """Say what is wrong with a payload, one line a mistake; an empty list when nothing is.

    A line names the place and the rule, never the value: it could be an access token.
    """
    errors = _people_validator(kind, profile).iter_errors(instance)
    leaves = [leaf for error in errors for leaf in _leaves(error)]
    return [f"{_place(leaf)}: {_rule(leaf)}" for leaf in leaves]


def registry() -> Registry[JsonSchema]:
    """Collect the payload schemas as they are on file, by their `$id`."""
    raw = [_read(name) for name in ("common", *KINDS)]
    return Registry[JsonSchema]().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in raw]
    )


@cache
def _specialised(kind: str, profile: str) -> JsonSchema:
    if kind not in KINDS:
        raise HarnessError(f"no schema of kind {kind!r}; there are {', '.join(KINDS)}")
    raw = _read(kind)
    whole: JsonSchema = _specialise(_inline(raw, registry().resolver(raw["$id"])), profile)
    return {key: value for key, value in whole.items() if key not in {"$id", "$defs"}}


@cache
def _people_validator(kind: str, profile: str) -> Draft202012Validator:
    formats = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(_specialised(kind, profile), format_checker=formats)


def _read(name: str) -> JsonSchema:
    source = files("pytest_mews.schemas") / f"{name}.schema.json"
    schema: JsonSchema = json.loads(source.read_text("utf-8"))
    return schema


def _inline(node: Any, resolver: Any) -> Any:  # noqa: ANN401 - JSON
    """Replace every `$ref` by its target, with what stands beside the reference added."""
    if isinstance(node, list):
        return [_inline(each, resolver) for each in node]
    if not isinstance(node, dict):
        return node
    beside = {key: _inline(value, resolver) for key, value in node.items() if key != "$ref"}
    if "$ref" not in node:
        return beside
    found = resolver.lookup(node["$ref"])
    target = _inline(found.contents, found.resolver)
    if overridden := set(target) & set(beside) - {"$comment"}:
        raise HarnessError(f"{node['$ref']} is overridden in {', '.join(sorted(overridden))}")
    return {**target, **beside}


def _specialise(node: Any, profile: str) -> Any:  # noqa: ANN401 - JSON
    """Drop what a revision did not know yet, and require what it still required."""
    if isinstance(node, list):
        known = [each for each in node if not _later(each, SINCE, profile)]
        return [_specialise(each, profile) for each in known]
    if not isinstance(node, dict):
        return node
    kept = {key: _specialise(value, profile) for key, value in node.items()}
    if "required" in kept:
        optional = {
            name
            for name, schema in node["properties"].items()
            if OPTIONAL_SINCE in schema and not _later(schema, OPTIONAL_SINCE, profile)
        }
        kept["required"] = [name for name in kept["required"] if name not in optional]
    return kept


def _later(node: Any, annotation: str, profile: str) -> bool:  # noqa: ANN401 - JSON
    """Whether an annotation names a revision after the profile's; both are `YYYY-MM`."""
    return isinstance(node, Mapping) and str(node.get(annotation, "")) > profile


def _leaves(error: ValidationError) -> list[ValidationError]:
    """Find the mistakes behind a failed choice: those of the variant that was meant."""
    variants: dict[object, list[ValidationError]] = {}
    for each in error.context or ():
        variants.setdefault(each.schema_path[0], []).append(each)
    # A variant is ruled out by its Action or Type, or by not being of the value's type at all.
    meant = [v for v in variants.values() if not any(_rules_out(each) for each in v)]
    if len(meant) != 1:
        return [error]
    return [leaf for each in meant[0] for leaf in _leaves(each)]


def _rules_out(error: ValidationError) -> bool:
    return error.validator == "const" or (error.validator == "type" and not error.relative_path)


def _place(error: ValidationError) -> str:
    return ".".join(str(part) for part in error.absolute_path) or "body"


def _rule(error: ValidationError) -> str:
    if error.validator in {"required", "additionalProperties"}:
        return error.message
    if error.validator in {"oneOf", "anyOf"}:
        return "is none of the documented variants"
    return f"breaks {error.validator}: {json.dumps(error.validator_value)}"
