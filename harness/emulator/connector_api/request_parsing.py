"""Parses a request as far as possible, and reports the problems in its form."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pytest_mews.emulator.connector_api import operations
from pytest_mews.emulator.connector_api.api_http import BAD_REQUEST, ApiRequest, Refusal
from pytest_mews.emulator.connector_api.operations import Operation
from pytest_mews.model.api_call import RequestProblem

_FILTERS = {"EnterpriseIds", "ChainIds"}  # ids of what the requested entities belong to
# What every request can have. A name that could be anything but a property is no name.
_COMMON = {"ClientToken", "AccessToken", "Client", "LanguageCode", "CultureCode"}
_NO_FILTER = _COMMON | {"Extent", "Limitation"}
_NAME = re.compile("[A-Z][A-Za-z]{0,39}")
_MAX_NAMES = 30


@dataclass(frozen=True)
class ParsedRequest:
    """One parsed request.

    Attributes:
        operation: the documented operation at its path; None if there is none.
        body: the JSON object; empty if the body is not a JSON object.
        problems: the problems in its method, path, content type and JSON syntax.
        refusal: the response to a body that can't be read as JSON, used if NOT_JSON is a problem.

    """

    operation: Operation | None
    body: Mapping[str, Any]
    problems: tuple[RequestProblem, ...]
    refusal: Refusal

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
    def filters(self) -> tuple[str, ...]:
        """The names of the properties that select what is returned, in the order of the body.

        An operation that changes something returns nothing, so it has none.
        """
        if self.operation is None or not self.operation.returns_entities:
            return ()
        return _property_names(filter_names(self.body))

    @property
    def extents(self) -> tuple[str, ...]:
        """The names of the extents that the request asks for."""
        extent = self.body.get("Extent")
        items = extent.items() if isinstance(extent, Mapping) else ()
        return _property_names(name for name, value in items if value is True)

    @property
    def requested_ids(self) -> tuple[str, ...]:
        """The entity ids that it asks for, each once, even if the emulator rejects the request."""
        operation = self.operation
        if operation is None or not operation.is_served:
            names = [name for name in self.body if name.endswith("Ids")]
            values = [self.body[name] for name in names if name not in _FILTERS]
        elif operation.name == "commands/update":
            values = [[self.body.get("CommandId")]]
        else:
            values = [self.body.get(operation.ids_property or "MessageThreadIds")]
        ids = [id_ for value in values if isinstance(value, list) for id_ in value]
        return tuple(dict.fromkeys(id_ for id_ in ids if isinstance(id_, str)))


def filter_names(body: Mapping[str, Any]) -> list[str]:
    """Return the properties of a body that can select what is returned."""
    return [
        name
        for name, value in body.items()
        if value not in (None, "", [], {}) and name not in _NO_FILTER
    ]


def _property_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if _NAME.fullmatch(name))[:_MAX_NAMES]


def parse_request(request: ApiRequest) -> ParsedRequest:
    """Parse a request; never raises, whatever it contains."""
    operation = operations.find_operation(request.path)
    if request.refusal is not None:
        return ParsedRequest(operation, {}, (RequestProblem.NOT_JSON,), request.refusal)
    problems = []
    if request.method != "POST":
        problems.append(RequestProblem.NOT_POST)
    if operation is None:
        misspelled = operations.find_misspelled(request.path) is not None
        problems.append(RequestProblem.PATH_SPELLING if misspelled else RequestProblem.WRONG_PATH)
    if not _is_json(request.headers.get("content-type", "")):
        problems.append(RequestProblem.CONTENT_TYPE)
    body, refusal = None, Refusal(BAD_REQUEST, "The body is null.")
    try:
        body = _parse_body(request)
    except ValueError as error:
        refusal = Refusal(BAD_REQUEST, str(error))
    if body is None:
        problems.append(RequestProblem.NOT_JSON)
    return ParsedRequest(
        operation, body if isinstance(body, dict) else {}, tuple(problems), refusal
    )


def _parse_body(request: ApiRequest) -> Any:  # noqa: ANN401 - JSON
    """Parse the body of a request.

    Raises:
        ValueError: it is not JSON in UTF-8; the message is a sentence without its content.

    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding != "identity":
        shown = f" (Content-Encoding: {coding})" if re.fullmatch(r"[a-z-]{1,20}", coding) else ""
        raise ValueError(f"The body is compressed{shown}, which the emulator does not read.")
    if not request.body:
        raise ValueError("The body is empty.")
    if request.body.startswith(codecs.BOM_UTF8):
        raise ValueError("The body begins with a byte order mark, which JSON must not have.")
    return parse_json(request.body)


def parse_json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Parse strict JSON in UTF-8: no byte order mark, no NaN or Infinity, no lone surrogates.

    Raises:
        ValueError: the data is not JSON; the message is a sentence without its content.

    """
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_reject_constant)
        if b"\\ud" in data.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise ValueError("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise ValueError("The body has a lone surrogate, which is no character.") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"Invalid JSON: {error.msg} at character {error.pos}.") from None
    except ValueError as error:
        raise ValueError(f"Invalid JSON: {error}.") from None
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None
    return value


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
