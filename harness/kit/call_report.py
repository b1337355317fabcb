"""The calls of a test as text, each with a hint where it got nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.emulator.connector_api.api_http import OK
from pytest_mews.emulator.connector_api.api_responses import extent_names
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.model import ApiCall, RequestProblem, TokenState

MAX_SHOWN = 50  # calls; a property has hundreds, and the last ones failed
_NO_CALL = (
    "no call came\n"
    "  hint: the service has to call https://api.mews.com or https://api.mews-demo.com in the "
    "process of the test, or mews_api.url; if it calls later, wait_until_fetched waits for it; the "
    "error of a thread or task is among the warnings or in the log"
)
_ACCESS_TOKENS = "the first enterprise's is mews_api.tenants.enterprises[0].access_token"
_TOKEN_HINTS = {
    RequestProblem.NO_CLIENT_TOKEN: "the body has no ClientToken: mews_api.tenants.client_token",
    RequestProblem.WRONG_CLIENT_TOKEN: (
        "the ClientToken is wrong: the valid one is mews_api.tenants.client_token"
    ),
    RequestProblem.NO_ACCESS_TOKEN: f"the body has no AccessToken: {_ACCESS_TOKENS}",
    RequestProblem.WRONG_ACCESS_TOKEN: (
        f"the AccessToken is that of no enterprise: {_ACCESS_TOKENS}; that of a new integration is "
        "in its IntegrationCreated, once mews_webhooks has delivered it"
    ),
}
_STATE_HINTS = {
    TokenState.REPLACED: "an IntegrationApiKeyCreated announced a newer AccessToken",
    TokenState.INACTIVE: "the integration of the AccessToken is disabled, canceled or deleted",
}


def describe_calls(calls: Sequence[ApiCall]) -> str:
    """Describe the last calls, one line for each and its hints; they contain no tokens."""
    left_out = len(calls) - MAX_SHOWN
    lines = [f"{left_out:,} earlier calls left out"] if left_out > 0 else []
    lines += [line for call in calls[-MAX_SHOWN:] for line in _describe(call)]
    return "\n".join(lines) or _NO_CALL


def _describe(call: ApiCall) -> Iterator[str]:
    status = "no response" if call.status is None else call.status
    entities = f", {_count(len(call.returned_ids), 'entity', 'entities')}"
    entities = entities if call.status == OK else ""
    asked = f" for {_count(len(call.requested_ids), 'id', 'ids')}" if call.requested_ids else ""
    fault = f", injected: {call.fault.value}" if call.fault else ""
    lost = "" if call.status is None or call.answered_ms is not None else ", not answered yet"
    message = f": {call.message}" if call.message else ""
    where = call.operation or call.path
    yield f"{call.number}. {where}{asked} → {status}{entities}{fault}{lost}{message}"
    for hint in _hints(call):
        yield f"  hint: {hint}"


def _hints(call: ApiCall) -> Iterator[str]:
    for problem in call.request_problems:
        if problem in _TOKEN_HINTS:
            yield _TOKEN_HINTS[problem]
    if call.token_state in _STATE_HINTS and call.fault is None and not call.answered_ok:
        yield _STATE_HINTS[call.token_state]
    if call.status != OK or call.returned_ids or call.fault is not None:
        return
    operation = OPERATIONS.get(call.operation)
    if operation is None or operation.collection is None:
        return
    collection = operation.collection
    if collection in extent_names(call.operation) and collection not in call.extents:
        yield (
            f"the Extent does not ask for {collection}, so the response has none: send "
            f'"Extent": {{"{collection}": true}}'
        )
    elif not call.requested_ids and operation.ids is not None:
        yield (
            f"the request names no {operation.ids}: only entities that messages have announced, or "
            "that were requested by their ids, are found without"
        )


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
