"""One request from the door to its answer: refused, disturbed on purpose, or answered."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from pytest_mews.emulator.connector_api.api_http import (
    BAD_REQUEST,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    REQUEST_TIMEOUT,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    ApiResponse,
)
from pytest_mews.emulator.connector_api.api_responses import Answer, Question, answer
from pytest_mews.emulator.connector_api.apply_message import SINCE
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.injected_faults import InjectedFault
from pytest_mews.emulator.connector_api.operations import Operation
from pytest_mews.emulator.connector_api.request_parsing import Reading
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.emulator.connector_api.validation import check
from pytest_mews.model.api_call import ApiCall, ApiFault, RequestProblem, TokenState

_BROKEN = b'{"Message":"This is no JSON'
_REFUSALS = {
    ApiFault.SERVER_ERROR: (SERVER_ERROR, "An error occurred on our side."),
    ApiFault.SERVER_ERROR_MESSAGE_ONLY: (SERVER_ERROR, "An error occurred on our side."),
    ApiFault.REQUEST_TIMEOUT: (REQUEST_TIMEOUT, "The request took too long."),
    ApiFault.TOO_MANY_REQUESTS: (TOO_MANY_REQUESTS, "Too many requests."),
    ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER: (TOO_MANY_REQUESTS, "Too many requests."),
}
_UNDONE = frozenset({*_REFUSALS, ApiFault.RESET})
_WRONG_FORM = {
    RequestProblem.WRONG_PATH: "There is no such operation here.",
    RequestProblem.PATH_SPELLING: "The path must be exact: case-sensitive, without a slash at its end.",
    RequestProblem.NOT_POST: "Only POST is answered.",
}


@dataclass(frozen=True)
class ApiState:
    """What a request is judged by.

    Attributes:
        estate: what exists.
        tokens: who may ask.
        open_ids: whether whatever is asked for exists.

    """

    estate: EntityStore
    tokens: TokenRegistry
    open_ids: bool


def handle(  # noqa: PLR0913 - all that an answer depends on
    desk: ApiState,
    reading: Reading,
    now: datetime,
    *,
    minimal: bool = False,
    over_limit: bool = False,
    retry_after_s: float | None = None,
    strike: Callable[[str, Iterable[str]], InjectedFault | None] = lambda _name, _ids: None,
) -> tuple[ApiCall, ApiResponse]:
    """Answer a request and say what it was; whoever calls knows its path, number and time.

    Args:
        desk: the state; a command that is updated changes it, and open ids add to it.
        reading: the request.
        now: UTC.
        minimal: whether an empty answer is to be 204.
        over_limit: whether it exceeds the documented number of requests.
        retry_after_s: the wait it is refused with for that; None where it is not refused.
        strike: tells what is to be done to a request for an operation that is about some ids.

    """
    operation = reading.operation
    token = reading.text("AccessToken")
    enterprise = desk.tokens.enterprise_of(token)
    asked = _spelled(desk.estate, enterprise, operation, reading.asked)
    call = ApiCall(
        number=0,
        path="",
        operation=operation.name if operation else "",
        received_ms=0.0,
        answered_ms=None,
        status=OK,
        enterprise_id=enterprise,
        token=desk.tokens.state_of(token),
        client=reading.text("Client"),
        asked=asked,
        request_problems=(*reading.missteps, *_token_missteps(desk.tokens, reading)),
        continues=reading.continues,
        state=reading.text("State"),
    )
    if over_limit:
        call = replace(call, request_problems=(*call.request_problems, RequestProblem.OVER_LIMIT))
    call, refusal = _admit(call, reading, retry_after_s)
    if refusal is not None:
        struck = strike(call.operation, asked)
        return _respond(call, refusal, struck)
    assert operation is not None
    assert enterprise is not None
    _open(desk, operation, enterprise, asked, now)
    question = Question(operation, reading.body, enterprise, now, minimal)
    # What is refused is not done either.
    struck = strike(operation.name, asked) if operation.changes else None
    if struck is not None and struck.fault in _UNDONE:
        return _respond(call, Answer(OK), struck)
    given = answer(desk.estate, question)
    struck = struck or strike(operation.name, (*asked, *given.returned))
    if struck is not None and struck.fault is ApiFault.UNKNOWN_FIELDS:
        given = answer(desk.estate, replace(question, strange=True))
    return _respond(call, given, struck)


def _admit(
    call: ApiCall, reading: Reading, retry_after_s: float | None
) -> tuple[ApiCall, Answer | None]:
    """Find the reason to refuse a request, in the order in which a server comes upon them."""
    missteps = set(call.request_problems)
    for misstep, message in _WRONG_FORM.items():
        if misstep in missteps:
            return call, Answer(NOT_FOUND, message=message)
    if RequestProblem.NOT_JSON in missteps:
        return call, Answer(BAD_REQUEST, message="Invalid JSON.")
    operation = reading.operation
    assert operation is not None
    faults = check(operation, reading.body)
    found = [fault.misstep for fault in faults]
    call = replace(call, request_problems=tuple(dict.fromkeys([*call.request_problems, *found])))
    for misstep, (status, message) in _UNAUTHORIZED.items():
        if misstep in missteps:
            return call, Answer(status, message=message)
    if call.token is TokenState.INACTIVE:
        return call, Answer(UNAUTHORIZED, message="The integration is disabled.")
    if retry_after_s is not None:
        refused = Answer(TOO_MANY_REQUESTS, message=_REFUSALS[ApiFault.TOO_MANY_REQUESTS][1])
        return replace(call, retry_after_s=retry_after_s), refused
    refusals = [fault.message for fault in faults if fault.refused]
    return call, Answer(BAD_REQUEST, message=" ".join(refusals)) if refusals else None


_UNAUTHORIZED = {
    RequestProblem.NO_CLIENT_TOKEN: (BAD_REQUEST, "ClientToken is required."),
    RequestProblem.NO_ACCESS_TOKEN: (BAD_REQUEST, "AccessToken is required."),
    RequestProblem.WRONG_CLIENT_TOKEN: (UNAUTHORIZED, "Invalid ClientToken."),
    RequestProblem.WRONG_ACCESS_TOKEN: (UNAUTHORIZED, "Invalid AccessToken."),
}


def _token_missteps(tokens: TokenRegistry, reading: Reading) -> list[RequestProblem]:
    """Judge the tokens of a body that can be read."""
    if RequestProblem.NOT_JSON in reading.missteps:
        return []
    found = []
    if not reading.text("ClientToken"):
        found.append(RequestProblem.NO_CLIENT_TOKEN)
    elif reading.text("ClientToken") != tokens.client_token:
        found.append(RequestProblem.WRONG_CLIENT_TOKEN)
    if not reading.text("AccessToken"):
        found.append(RequestProblem.NO_ACCESS_TOKEN)
    elif tokens.enterprise_of(reading.text("AccessToken")) is None:
        found.append(RequestProblem.WRONG_ACCESS_TOKEN)
    return found


def _respond(
    call: ApiCall, given: Answer, struck: InjectedFault | None
) -> tuple[ApiCall, ApiResponse]:
    """Put an answer, and what is done to it on purpose, into HTTP."""
    fault = struck.fault if struck else None
    call = replace(call, fault=fault)
    request_id = str(uuid.uuid4())
    headers = {"Request-Id": request_id}
    retry_after_s = call.retry_after_s
    delay_s = struck.slow_s if struck is not None and fault is ApiFault.SLOW else 0.0
    if fault is ApiFault.RESET:
        return replace(call, status=None), ApiResponse(None)
    if fault is ApiFault.NOT_JSON:
        given = Answer(OK, _BROKEN)
    if struck is not None and fault in _REFUSALS:
        status, message = _REFUSALS[fault]
        given = Answer(status, message=message)
        told = fault is ApiFault.TOO_MANY_REQUESTS
        retry_after_s = float(math.ceil(struck.retry_after_s)) if told else None
    if retry_after_s is not None:
        headers["Retry-After"] = str(int(retry_after_s))
    body = given.body
    if given.message:
        error = {"Message": given.message}
        if fault is not ApiFault.SERVER_ERROR_MESSAGE_ONLY:
            error["RequestId"] = request_id
        body = json.dumps(error, ensure_ascii=False).encode()
    if given.status != NO_CONTENT:
        headers["Content-Type"] = "application/json; charset=utf-8"
    call = replace(
        call,
        status=given.status,
        returned=given.returned,
        cursor=given.cursor,
        message=given.message,
        retry_after_s=retry_after_s,
    )
    return call, ApiResponse(given.status, body, headers, delay_s)


def _spelled(
    estate: EntityStore, enterprise: str | None, operation: Operation | None, asked: tuple[str, ...]
) -> tuple[str, ...]:
    """Give ids as they were announced, whatever the case of letters that they are asked in."""
    if enterprise is None or operation is None:
        return asked
    known = estate.all(enterprise, operation.asked_kind or "")
    return tuple(known[key].id if (key := each.lower()) in known else each for each in asked)


def _open(
    desk: ApiState, operation: Operation, enterprise: str, asked: tuple[str, ...], now: datetime
) -> None:
    """Let exist what is asked for by its own id and was named before; with open ids whatever is."""
    if operation.ids is None or operation.kind in {None, "enterprise"}:
        return
    estate, kind, born = desk.estate, operation.kind, now - SINCE
    state = "Pending" if kind == "command" else ""
    for each in asked:
        if estate.find(enterprise, kind, each) is not None:
            continue
        if estate.is_named(enterprise, kind, each):
            estate.upsert(enterprise, kind, each, born)
        elif desk.open_ids:
            estate.upsert(enterprise, kind, each, now, created=born, state=state)
