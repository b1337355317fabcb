"""What a request says, as far as it can be read, and how it strays from the documented form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pytest_mews.emulator.connector_api import operations
from pytest_mews.emulator.connector_api.api_http import ApiRequest
from pytest_mews.emulator.connector_api.operations import Operation
from pytest_mews.model.api_call import RequestProblem

_NOT_ENTITIES = {"EnterpriseIds", "ChainIds"}  # they narrow a request, and are not asked for


@dataclass(frozen=True)
class Reading:
    """One request, read.

    Attributes:
        operation: what it was sent to; None where the path is none.
        body: the JSON object; empty where there is none to read.
        missteps: in its method, path, content type and syntax.

    """

    operation: Operation | None
    body: Mapping[str, Any]
    missteps: tuple[RequestProblem, ...]

    def text(self, name: str) -> str:
        """Give a property that should be a string; empty where it is not."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""

    @property
    def continues(self) -> bool:
        """Whether it asks for a further page."""
        limitation = self.body.get("Limitation")
        return isinstance(limitation, Mapping) and bool(limitation.get("Cursor"))

    @property
    def asked(self) -> tuple[str, ...]:
        """The ids that it asks for, even where it will be refused; each once."""
        operation = self.operation
        if operation is None:
            names = [name for name in self.body if name.endswith("Ids")]
            found = [self.body[name] for name in names if name not in _NOT_ENTITIES]
        elif operation.name == "commands/update":
            found = [[self.body.get("CommandId")]]
        else:
            found = [self.body.get(operation.ids or "MessageThreadIds")]
        listed = [each for ids in found if isinstance(ids, list) for each in ids]
        return tuple(dict.fromkeys(each for each in listed if isinstance(each, str)))


def read(request: ApiRequest) -> Reading:
    """Read a request; nothing in it can make this fail."""
    missteps = []
    operation = operations.find(request.path)
    if request.method != "POST":
        missteps.append(RequestProblem.NOT_POST)
    if operation is None:
        spelled = operations.nearly(request.path) is not None
        missteps.append(RequestProblem.PATH_SPELLING if spelled else RequestProblem.WRONG_PATH)
    if not _is_json(request.headers.get("content-type", "")):
        missteps.append(RequestProblem.CONTENT_TYPE)
    try:
        body = parse(request.body)
    except (ValueError, RecursionError):
        body = None
    if body is None:
        missteps.append(RequestProblem.NOT_JSON)
    return Reading(operation, body if isinstance(body, dict) else {}, tuple(missteps))


def parse(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Read strict JSON in UTF-8.

    Raises:
        ValueError: it is none.
        RecursionError: it is nested too deep.

    """
    return json.loads(data.decode("utf-8"), parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
