"""Handles one request: rejects it, applies an injected fault, or responds."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from pytest_mews.emulator.connector_api.api_http import (
    BAD_REQUEST,
    CONFLICT,
    CONTENT_TOO_LARGE,
    FORBIDDEN,
    NO_CONTENT,
    NOT_FOUND,
    OK,
    REQUEST_TIMEOUT,
    SERVER_ERROR,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    ApiResponse,
)
from pytest_mews.emulator.connector_api.api_responses import (
    OperationResponse,
    ValidRequest,
    respond,
)
from pytest_mews.emulator.connector_api.entities import ASSUMED_AGE
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.filters import requested_amounts, requested_changes_s
from pytest_mews.emulator.connector_api.injected_faults import Amounts, InjectedFault
from pytest_mews.emulator.connector_api.operations import Operation
from pytest_mews.emulator.connector_api.request_parsing import ParsedRequest
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.emulator.connector_api.validation import documented_part, validate
from pytest_mews.model.api_call import ApiCall, ApiFault, RequestProblem, TokenState

_INVALID_JSON = b'{"Message":"This is not JSON'
_FAULT_RESPONSES = {
    ApiFault.SERVER_ERROR: (SERVER_ERROR, "An error occurred on our side."),
    ApiFault.SERVER_ERROR_MESSAGE_ONLY: (SERVER_ERROR, "An error occurred on our side."),
    ApiFault.BAD_REQUEST: (BAD_REQUEST, "The request is invalid."),
    ApiFault.FORBIDDEN: (FORBIDDEN, "The settings of the property do not allow this."),
    ApiFault.REQUEST_TIMEOUT: (REQUEST_TIMEOUT, "The request took too long."),
    ApiFault.CONFLICT: (CONFLICT, "The data has changed."),
    ApiFault.CONTENT_TOO_LARGE: (CONTENT_TOO_LARGE, "The request is too large."),
    ApiFault.TOO_MANY_REQUESTS: (TOO_MANY_REQUESTS, "Too many requests."),
    ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER: (TOO_MANY_REQUESTS, "Too many requests."),
}
# With these faults an operation that changes the state is not executed.
_FAULTS_WITHOUT_EFFECT = frozenset({*_FAULT_RESPONSES, ApiFault.RESET})
_NOT_FOUND_MESSAGES = {
    RequestProblem.WRONG_PATH: "The documentation has no operation at this path.",
    RequestProblem.PATH_SPELLING: (
        "The path must be exact: it is case-sensitive, without double or trailing slashes."
    ),
    RequestProblem.NOT_POST: "Only POST requests are supported.",
}
_TOKEN_RESPONSES = {
    RequestProblem.NO_CLIENT_TOKEN: (BAD_REQUEST, "ClientToken is required."),
    RequestProblem.NO_ACCESS_TOKEN: (BAD_REQUEST, "AccessToken is required."),
    RequestProblem.WRONG_CLIENT_TOKEN: (UNAUTHORIZED, "Invalid ClientToken."),
    RequestProblem.WRONG_ACCESS_TOKEN: (UNAUTHORIZED, "Invalid AccessToken."),
}


class TakeFault(Protocol):
    """Returns the injected fault for a request, if there is one."""

    def __call__(
        self,
        operation: str,
        requested: Iterable[str],
        returned: Iterable[str] = (),
        amounts: Amounts = (),
        /,
    ) -> InjectedFault | None:
        """Return the fault, and count it as used."""


@dataclass(frozen=True)
class ApiState:
    """The emulated state that decides about a request.

    Attributes:
        store: the entities that exist.
        tokens: the tokens that exist.
        open_ids: whether every id exists as soon as a request asks for it.

    """

    store: EntityStore
    tokens: TokenRegistry
    open_ids: bool


def handle(  # noqa: PLR0913 - all that a response depends on
    state: ApiState,
    request: ParsedRequest,
    now: datetime,
    *,
    minimal: bool = False,
    over_limit: bool = False,
    retry_after_s: float | None = None,
    take_fault: TakeFault = lambda *_: None,
) -> tuple[ApiCall, ApiResponse]:
    """Handle a request; return its record and the response to send.

    The caller fills in the record's number, path and times.

    Args:
        state: the state; `commands/update` changes it, and requested entities may be added.
        request: the parsed request.
        now: UTC.
        minimal: whether an empty response is a 204.
        over_limit: whether the request exceeds the documented rate limit.
        retry_after_s: the Retry-After of the 429 that rejects it; None if the limit is not
            enforced.
        take_fault: returns the injected fault for an operation, the ids in its request, those in
            its response, and how much the request asks for, if there is one.

    """
    operation = request.operation
    token = request.text("AccessToken")
    enterprise = state.tokens.enterprise_of(token)
    requested_ids = _as_announced(state.store, enterprise, operation, request.requested_ids)
    call = ApiCall(
        number=0,
        path="",
        operation=operation.name if operation else "",
        received_ms=0.0,
        answered_ms=None,
        status=OK,
        enterprise_id=enterprise,
        token_state=state.tokens.state_of(token),
        client=request.text("Client"),
        requested_ids=requested_ids,
        request_problems=(*request.problems, *_token_problems(state.tokens, request)),
        is_next_page=request.is_next_page,
        state=request.text("State"),
        filters=request.filters,
        extents=request.extents,
    )
    if over_limit:
        call = replace(call, request_problems=(*call.request_problems, RequestProblem.OVER_LIMIT))
    call, rejection = _reject(
        call, request, retry_after_s, key_refusal=_key_refusal(state.tokens, token)
    )
    if rejection is not None:
        return _to_http(call, rejection, take_fault(call.operation, requested_ids))
    assert operation is not None
    assert enterprise is not None
    call = replace(call, interval_s=requested_changes_s(operation, request.body, now))
    _create_requested(state, operation, enterprise, requested_ids, now)
    valid_request = ValidRequest(
        operation, documented_part(operation, request.body), enterprise, now, minimal
    )
    fault = take_fault(operation.name, requested_ids) if operation.changes_state else None
    if fault is not None and fault.kind in _FAULTS_WITHOUT_EFFECT:
        return _to_http(call, OperationResponse(OK), fault)
    response = respond(state.store, valid_request)
    if operation.is_served:
        amounts = (len(requested_ids), *requested_amounts(operation, request.body))
        fault = fault or take_fault(operation.name, requested_ids, response.returned_ids, amounts)
    if fault is not None and fault.kind is ApiFault.UNKNOWN_FIELDS:
        response = respond(state.store, replace(valid_request, unknown_fields=True))
    return _to_http(call, response, fault)


def _reject(
    call: ApiCall, request: ParsedRequest, retry_after_s: float | None, *, key_refusal: str
) -> tuple[ApiCall, OperationResponse | None]:
    """Return the response to a request that must be rejected, in the order of a server's checks.

    Also return the call with the problems that validation finds. `key_refusal` says why its
    AccessToken is refused; empty if it is not.
    """
    problems = set(call.request_problems)
    for problem, message in _NOT_FOUND_MESSAGES.items():
        if problem in problems:
            return call, OperationResponse(NOT_FOUND, message=message)
    if RequestProblem.NOT_JSON in problems:
        return call, OperationResponse(request.refusal.status, message=request.refusal.message)
    operation = request.operation
    assert operation is not None
    body_problems = validate(operation, request.body)
    kinds = [problem.kind for problem in body_problems]
    call = replace(call, request_problems=tuple(dict.fromkeys([*call.request_problems, *kinds])))
    for problem, (status, message) in _TOKEN_RESPONSES.items():
        if problem in problems:
            return call, OperationResponse(status, message=message)
    if key_refusal:
        return call, OperationResponse(UNAUTHORIZED, message=key_refusal)
    if retry_after_s is not None:
        status, message = _FAULT_RESPONSES[ApiFault.TOO_MANY_REQUESTS]
        return replace(call, retry_after_s=retry_after_s), OperationResponse(
            status, message=message
        )
    messages = [problem.message for problem in body_problems if problem.is_rejected]
    return call, OperationResponse(BAD_REQUEST, message=" ".join(messages)) if messages else None


def _key_refusal(tokens: TokenRegistry, token: str) -> str:
    """Return why an AccessToken that belongs to an enterprise is refused; empty if it is not."""
    if tokens.state_of(token) is TokenState.INACTIVE:
        return "The integration is disabled."
    return "Another AccessToken has replaced it." if tokens.is_refused(token) else ""


def _token_problems(tokens: TokenRegistry, request: ParsedRequest) -> list[RequestProblem]:
    """Return the problems of both tokens; none if the body is not JSON."""
    if RequestProblem.NOT_JSON in request.problems:
        return []
    problems = []
    if not request.text("ClientToken"):
        problems.append(RequestProblem.NO_CLIENT_TOKEN)
    elif request.text("ClientToken") != tokens.client_token:
        problems.append(RequestProblem.WRONG_CLIENT_TOKEN)
    if not request.text("AccessToken"):
        problems.append(RequestProblem.NO_ACCESS_TOKEN)
    elif tokens.enterprise_of(request.text("AccessToken")) is None:
        problems.append(RequestProblem.WRONG_ACCESS_TOKEN)
    return problems


def _to_http(
    call: ApiCall, response: OperationResponse, injected: InjectedFault | None
) -> tuple[ApiCall, ApiResponse]:
    """Convert a response to HTTP and apply the injected fault; return it with the final call."""
    fault = injected.kind if injected else None
    call = replace(call, fault=fault)
    request_id = str(uuid.uuid4())
    headers = {"Request-Id": request_id}
    retry_after_s = call.retry_after_s
    delay_s = injected.slow_s if injected is not None and fault is ApiFault.SLOW else 0.0
    if fault is ApiFault.RESET:
        return replace(call, status=None), ApiResponse(None)
    if fault is ApiFault.NOT_JSON:
        response = OperationResponse(OK, _INVALID_JSON)
    if injected is not None and fault in _FAULT_RESPONSES:
        status, message = _FAULT_RESPONSES[fault]
        response = OperationResponse(status, message=message)
        has_retry_after = fault is ApiFault.TOO_MANY_REQUESTS
        retry_after_s = float(math.ceil(injected.retry_after_s)) if has_retry_after else None
    if retry_after_s is not None:
        headers["Retry-After"] = str(int(retry_after_s))
    body = response.body
    if response.message:
        error = {"Message": response.message}
        if fault is not ApiFault.SERVER_ERROR_MESSAGE_ONLY:
            error["RequestId"] = request_id
        body = json.dumps(error, ensure_ascii=False).encode()
    if response.status != NO_CONTENT:
        headers["Content-Type"] = "application/json; charset=utf-8"
    call = replace(
        call,
        status=response.status,
        returned_ids=response.returned_ids,
        cursor=response.cursor,
        message=response.message,
        retry_after_s=retry_after_s,
    )
    return call, ApiResponse(response.status, body, headers, delay_s)


def _as_announced(
    store: EntityStore,
    enterprise: str | None,
    operation: Operation | None,
    requested_ids: tuple[str, ...],
) -> tuple[str, ...]:
    """Spell known ids as their messages did, whatever the case in the request."""
    if enterprise is None or operation is None:
        return requested_ids
    known = store.records_by_id(enterprise, operation.requested_kind or "")
    return tuple(known[key].id if (key := id_.lower()) in known else id_ for id_ in requested_ids)


def _create_requested(
    state: ApiState,
    operation: Operation,
    enterprise: str,
    requested_ids: tuple[str, ...],
    now: datetime,
) -> None:
    """Add requested entities that a returned entity refers to; with `open_ids` add all of them."""
    if operation.ids_property is None or operation.kind in {None, "enterprise"}:
        return
    store, kind, created = state.store, operation.kind, now - ASSUMED_AGE
    command_state = "Pending" if kind == "command" else ""
    for id_ in requested_ids:
        if store.find(enterprise, kind, id_) is not None:
            continue
        if store.is_referenced(enterprise, kind, id_):
            store.upsert(enterprise, kind, id_, created)
        elif state.open_ids:
            store.upsert(enterprise, kind, id_, now, created=created, state=command_state)
