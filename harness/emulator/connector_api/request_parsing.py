"""Parses a request as far as possible, and reports the problems in its form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pytest_mews.emulator.connector_api import operations
from pytest_mews.emulator.connector_api.api_http import ApiRequest
from pytest_mews.emulator.connector_api.operations import Operation
from pytest_mews.model.api_call import RequestProblem

_FILTERS = {"EnterpriseIds", "ChainIds"}  # ids of what the requested entities belong to


@dataclass(frozen=True)
class ParsedRequest:
    """One parsed request.

    Attributes:
        operation: the operation at its path; None if there is none.
        body: the JSON object; empty if the body is not a JSON object.
        problems: the problems in its method, path, content type and JSON syntax.

    """

    operation: Operation | None
    body: Mapping[str, Any]
    problems: tuple[RequestProblem, ...]

    def text(self, name: str) -> str:
        """Return a string property of the body; empty if it is missing or not a string."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def is_next_page(self) -> bool:
        """Whether the request has a cursor."""
        limitation = self.body.get("Limitation")
        return isinstance(limitation, Mapping) and bool(limitation.get("Cursor"))

    @property
    def requested_ids(self) -> tuple[str, ...]:
        """The entity ids that it asks for, each once, even if the emulator rejects the request."""
        operation = self.operation
        if operation is None:
            names = [name for name in self.body if name.endswith("Ids")]
            values = [self.body[name] for name in names if name not in _FILTERS]
        elif operation.name == "commands/update":
            values = [[self.body.get("CommandId")]]
        else:
            values = [self.body.get(operation.ids_property or "MessageThreadIds")]
        ids = [id_ for value in values if isinstance(value, list) for id_ in value]
        return tuple(dict.fromkeys(id_ for id_ in ids if isinstance(id_, str)))


def parse_request(request: ApiRequest) -> ParsedRequest:
    """Parse a request; never raises, whatever it contains."""
    problems = []
    operation = operations.find_operation(request.path)
    if request.method != "POST":
        problems.append(RequestProblem.NOT_POST)
    if operation is None:
        misspelled = operations.find_misspelled(request.path) is not None
        problems.append(RequestProblem.PATH_SPELLING if misspelled else RequestProblem.WRONG_PATH)
    if not _is_json(request.headers.get("content-type", "")):
        problems.append(RequestProblem.CONTENT_TYPE)
    try:
        body = parse_json(request.body)
    except (ValueError, RecursionError):
        body = None
    if body is None:
        problems.append(RequestProblem.NOT_JSON)
    return ParsedRequest(operation, body if isinstance(body, dict) else {}, tuple(problems))


def parse_json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse strict JSON in UTF-8: no byte order mark, no NaN or Infinity.

    Raises:
        ValueError: the data is not JSON.
        RecursionError: it is nested too deeply.

    """
    return json.loads(data.decode("utf-8"), parse_constant=_reject_constant)


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
