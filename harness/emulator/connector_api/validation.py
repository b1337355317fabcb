"""Validates the body of a request: its schema, and what Mews's certification reviews.

Tokens are checked elsewhere, since they depend on the emulator's state. Undocumented properties are
accepted, since the documentation does not say that Mews rejects them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jsonschema_rs

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import Operation, read_documented
from pytest_mews.emulator.connector_api.request_parsing import filter_names
from pytest_mews.model.api_call import RequestProblem

_CHECKED_ELSEWHERE = frozenset({"ClientToken", "AccessToken", "Client"})
_MONTH = timedelta(days=31)  # the documentation says "3 months": the longest reading is accepted


@dataclass(frozen=True)
class Problem:
    """One problem in a body.

    Attributes:
        kind: what kind of problem it is.
        message: one sentence that names the property, but not its value, which could be a secret.

    """

    kind: RequestProblem
    message: str

    @property
    def is_rejected(self) -> bool:
        """Whether the emulator answers 400; the other problems are only recorded."""
        return self.kind in {RequestProblem.INVALID_BODY, RequestProblem.NO_CLIENT}


def validate(operation: Operation, body: Any) -> tuple[Problem, ...]:  # noqa: ANN401 - JSON
    """Return all problems of a body.

    If none of them is rejected, `documented_part` of the body can be read without further checks:
    each of its intervals has two ends that `datetime.fromisoformat` parses.

    Args:
        operation: the operation that the request was sent to. Of one that the emulator does not
            serve, only what all operations have in common is checked.
        body: parsed JSON of any type.

    """
    if not isinstance(body, dict):
        return (Problem(RequestProblem.INVALID_BODY, "The body must be a JSON object."),)
    if not operation.is_served:
        return (*_client_problems(body), *_deprecation_problems(operation, {}))
    documented = documented_part(operation, body)
    invalid = (
        tuple(_schema_problems(operation, documented))
        or tuple(_datetime_problems(operation, documented))
        or tuple(_filter_problems(operation, documented))
    )
    return (*_client_problems(body), *invalid, *_deprecation_problems(operation, documented))


def documented_part(operation: Operation, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties that an operation documents: the schema says nothing of others."""
    names = _documented_names(operation.name) if operation.is_served else frozenset[str]()
    return {name: value for name, value in body.items() if name in names}


@cache
def _documented_names(operation: str) -> frozenset[str]:
    return frozenset(api_schemas.load("requests", operation)["properties"])


def _client_problems(body: Mapping[str, Any]) -> Iterator[Problem]:
    client = body.get("Client")
    if client is None or (isinstance(client, str) and not client.strip()):
        yield Problem(
            RequestProblem.NO_CLIENT,
            "Client is required: send your application's name and version.",
        )
    elif not isinstance(client, str):
        yield Problem(RequestProblem.INVALID_BODY, "Client must be a string.")
    elif not any(letter.isdigit() for letter in client):
        yield Problem(RequestProblem.CLIENT_WITHOUT_VERSION, "Client contains no version.")


def _schema_problems(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    validator = api_schemas.validator("requests", operation.name)
    if not validator.is_valid(body):
        for error in validator.iter_errors(body):
            for leaf in _leaf_errors(error):
                if _property_path(leaf) in _CHECKED_ELSEWHERE:
                    continue
                yield Problem(RequestProblem.INVALID_BODY, _describe(leaf))
                if isinstance(leaf.kind, jsonschema_rs.ValidationErrorKind.MaxItems):
                    yield Problem(RequestProblem.TOO_MANY_ITEMS, _describe(leaf))


def _leaf_errors(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Yield the errors of the first alternative of an anyOf: the second one is always null."""
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        yield from error.kind.context[0]
    else:
        yield error


def _property_path(error: jsonschema_rs.ValidationError) -> str:
    """Return the path of the invalid property, such as `Limitation.Count` or `States[0]`."""
    steps: list[str | int] = list(error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        steps.append(error.kind.property)
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return path.removeprefix(".")


def _describe(error: jsonschema_rs.ValidationError) -> str:  # noqa: PLR0911 - one per keyword
    path, kinds = _property_path(error), jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kinds.Required():
            return f"{path} is required."
        case kinds.MaxItems(limit):
            return f"{path} may have at most {limit} items."
        case kinds.Minimum(limit):
            return f"{path} must be at least {limit}."
        case kinds.Maximum(limit):
            return f"{path} must be at most {limit}."
        case kinds.Enum(options):
            return f"{path} must be one of {', '.join(map(str, options))}."
        case kinds.Type(types):
            return f"{path} must be of type {' or '.join(types)}."
        case kinds.Format():
            return f"{path} must be a datetime in ISO 8601, such as 2026-01-31T12:00:00Z."
        case kinds.Not(schema):
            names = schema.get("required") if isinstance(schema, dict) else None
            if isinstance(names, list):
                return f"{' and '.join(map(str, names))} can't be used together."
    return f"{path or 'The body'} is not valid ({error.kind.name})."


def _datetime_problems(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what JSON Schema can't express: impossible datetimes, intervals that are too long."""
    for name, months in _interval_limits(operation.name).items():
        interval = body.get(name)
        if not isinstance(interval, Mapping):
            continue
        start, end = (_parse_datetime(interval.get(key)) for key in ("StartUtc", "EndUtc"))
        if start is None or end is None:
            yield Problem(
                RequestProblem.INVALID_BODY, f"{name} must start and end with a valid datetime."
            )
        elif end - start > months * _MONTH:
            length = f"{months} month{'s' if months > 1 else ''}"
            yield Problem(RequestProblem.INVALID_BODY, f"{name} may be at most {length} long.")
    for name in ("StartUtc", "EndUtc"):  # of the deprecated reservations
        if body.get(name) is not None and _parse_datetime(body[name]) is None:
            yield Problem(RequestProblem.INVALID_BODY, f"{name} must be a valid datetime.")


def _parse_datetime(text: object) -> datetime | None:
    """Parse a datetime with a time zone; return None for anything else."""
    try:
        parsed = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return parsed if parsed and parsed.tzinfo else None


@cache
def _interval_limits(operation: str) -> Mapping[str, int]:
    """Return the maximum length in months of each interval that has one."""
    properties = api_schemas.load("requests", operation)["properties"]
    return {
        name: schema["x-max-months"]
        for name, schema in properties.items()
        if "x-max-months" in schema
    }


def _filter_problems(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    if operation.needs_filter and not operation.selects(filter_names(body)):
        yield Problem(RequestProblem.INVALID_BODY, "At least one filter is required.")


def _deprecation_problems(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    if operation.deprecated:
        yield Problem(RequestProblem.DEPRECATED_OPERATION, f"{operation.name} is deprecated.")
    extent = body.get("Extent")
    if isinstance(extent, Mapping):
        for name in sorted(_deprecated_extents(operation.name)):
            if extent.get(name) is True:
                yield Problem(RequestProblem.DEPRECATED_EXTENT, f"Extent.{name} is deprecated.")


@cache
def _deprecated_extents(operation: str) -> frozenset[str]:
    """Return the deprecated flags of `Extent`; all of them if `Extent` itself is deprecated."""
    request = read_documented("operations")[operation]["request"]
    extents = [documented for documented in request if documented["name"] == "Extent"]
    return frozenset(
        flag["name"]
        for extent in extents
        for flag in read_documented("objects")[extent["ref"]]["properties"]
        if extent.get("deprecated") or flag.get("deprecated")
    )
