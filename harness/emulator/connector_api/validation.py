"""What is wrong with a request's body: against its schema, and in the habits Mews reviews.

Tokens are not judged here: whose they are is a matter of the twin's state. Properties that the
documentation does not name are let pass, since it does not say that Mews refuses them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import jsonschema_rs

from pytest_mews.emulator.connector_api import api_schemas
from pytest_mews.emulator.connector_api.operations import Operation, read
from pytest_mews.model.api_call import RequestProblem

_ELSEWHERE = frozenset({"ClientToken", "AccessToken", "Client"})
_MONTH = timedelta(days=31)  # the documentation says "3 months": nobody is refused for a day


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        misstep: which kind of mistake it is.
        message: one sentence that names the property; never its value, which could be a secret.

    """

    misstep: RequestProblem
    message: str

    @property
    def refused(self) -> bool:
        """Whether Mews answers 400; the other faults are answered as if nothing was wrong."""
        return self.misstep in {RequestProblem.INVALID_BODY, RequestProblem.NO_CLIENT}


def check(operation: Operation, body: Any) -> tuple[Problem, ...]:  # noqa: ANN401 - JSON
    """Find everything that is wrong with a request.

    A body without a fault that is `refused` can be read without care: its intervals have two
    ends, which `datetime.fromisoformat` understands.

    Args:
        operation: which operation it was sent to.
        body: parsed JSON of any type.

    """
    if not isinstance(body, dict):
        return (Problem(RequestProblem.INVALID_BODY, "The body must be a JSON object."),)
    malformed = tuple(_schema(operation, body)) or tuple(_moments(operation, body))
    return (*_client(body), *malformed, *_deprecated(operation, body))


def _client(body: Mapping[str, Any]) -> Iterator[Problem]:
    client = body.get("Client")
    if client is None or (isinstance(client, str) and not client.strip()):
        yield Problem(
            RequestProblem.NO_CLIENT, "Client is required: your application's name and version."
        )
    elif not isinstance(client, str):
        yield Problem(RequestProblem.INVALID_BODY, "Client must be a string.")
    elif not any(letter.isdigit() for letter in client):
        yield Problem(RequestProblem.CLIENT_WITHOUT_VERSION, "Client names no version.")


def _schema(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    validator = api_schemas.validator("requests", operation.name)
    if not validator.is_valid(body):
        for error in validator.iter_errors(body):
            for leaf in _leaves(error):
                if _place(leaf) not in _ELSEWHERE:
                    yield Problem(RequestProblem.INVALID_BODY, _words(leaf))


def _leaves(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Look into a choice between a type and null: the type was meant."""
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
        yield from error.kind.context[0]
    else:
        yield error


def _place(error: jsonschema_rs.ValidationError) -> str:
    """Name the property: `Limitation.Count`, `States[0]`."""
    steps: list[str | int] = list(error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        steps.append(error.kind.property)
    dotted = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in steps)
    return dotted.removeprefix(".")


def _words(error: jsonschema_rs.ValidationError) -> str:  # noqa: PLR0911 - a sentence per keyword
    place, kinds = _place(error), jsonschema_rs.ValidationErrorKind
    match error.kind:
        case kinds.Required():
            return f"{place} is required."
        case kinds.MaxItems(limit):
            return f"{place} may have at most {limit} items."
        case kinds.Minimum(limit):
            return f"{place} must be at least {limit}."
        case kinds.Maximum(limit):
            return f"{place} must be at most {limit}."
        case kinds.Enum(options):
            return f"{place} must be one of {', '.join(map(str, options))}."
        case kinds.Type(types):
            return f"{place} must be of type {' or '.join(types)}."
        case kinds.Format():
            return f"{place} must be a datetime in ISO 8601, such as 2026-01-31T12:00:00Z."
        case kinds.Not(schema):
            names = schema.get("required") if isinstance(schema, dict) else None
            if isinstance(names, list):
                return f"{' and '.join(map(str, names))} can't be used together."
    return f"{place or 'The body'} is not valid ({error.kind.name})."


def _moments(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what JSON Schema can't: that datetimes exist, and how long intervals are."""
    for name, months in _intervals(operation.name).items():
        interval = body.get(name)
        if not isinstance(interval, Mapping):
            continue
        ends = [_parse(interval.get(end)) for end in ("StartUtc", "EndUtc")]
        if None in ends:
            yield Problem(
                RequestProblem.INVALID_BODY, f"{name} must lie between two datetimes that exist."
            )
        elif ends[0] and ends[1] and ends[1] - ends[0] > months * _MONTH:
            length = f"{months} month{'s' if months > 1 else ''}"
            yield Problem(RequestProblem.INVALID_BODY, f"{name} may be at most {length} long.")
    for name in ("StartUtc", "EndUtc"):  # of the deprecated reservations
        if body.get(name) is not None and _parse(body[name]) is None:
            yield Problem(RequestProblem.INVALID_BODY, f"{name} must be a datetime that exists.")


def _parse(text: object) -> datetime | None:
    """Read a datetime with its zone; anything else is none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


@cache
def _intervals(operation: str) -> Mapping[str, int]:
    properties = api_schemas.load("requests", operation)["properties"]
    return {
        name: each["x-max-months"] for name, each in properties.items() if "x-max-months" in each
    }


def _deprecated(operation: Operation, body: Mapping[str, Any]) -> Iterator[Problem]:
    if operation.deprecated:
        yield Problem(RequestProblem.DEPRECATED_OPERATION, f"{operation.name} is deprecated.")
    extent = body.get("Extent")
    if isinstance(extent, Mapping):
        for name in sorted(_deprecated_extents(operation.name)):
            if extent.get(name) is True:
                yield Problem(RequestProblem.DEPRECATED_EXTENT, f"Extent.{name} is deprecated.")


@cache
def _deprecated_extents(operation: str) -> frozenset[str]:
    """List the parts of `Extent` that are deprecated: some, or all where `Extent` itself is."""
    found = [each for each in read("operations")[operation]["request"] if each["name"] == "Extent"]
    return frozenset(
        part["name"]
        for extent in found
        for part in read("objects")[extent["ref"]]["properties"]
        if extent.get("deprecated") or part.get("deprecated")
    )
