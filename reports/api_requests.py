"""The service's requests to the Connector API emulator as rows of a table and in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import ApiCall, RequestProblem, TokenState
from pytest_mews.model.api_call import API_FAULTS, REQUEST_PROBLEMS
from pytest_mews.reports.labels import TOKEN_STATES

MAX_ENTERPRISES = 4


@dataclass(frozen=True)
class RequestRow:
    """One request as a row of a table; `received_ms` is relative to the first delivery.

    `ids` counts only ids of the case: a request may ask for others as well. `took_ms` is None if
    the request had no response yet. `fault` is the fault that the harness injected.
    """

    received_ms: float
    operation: str
    token: str
    ids: str
    status: str
    took_ms: float | None
    fault: str
    problems: str
    message: str


def request_row(call: ApiCall, start_ms: float) -> RequestRow:
    """Return the row of a call; `start_ms` is when the first delivery started."""
    return RequestRow(
        call.received_ms - start_ms,
        call.operation or call.path,
        _token(call),
        _ids(call),
        _status(call),
        None if call.answered_ms is None else call.answered_ms - call.received_ms,
        "" if call.fault is None else API_FAULTS[call.fault],
        "; ".join(
            REQUEST_PROBLEMS[problem]
            for problem in call.request_problems
            if problem is not RequestProblem.OVER_LIMIT
        ),
        call.message,
    )


def summarize_requests(calls: Sequence[ApiCall]) -> str:
    """Say how many requests arrived and how close they came to the rate limit; empty if none.

    Requests over the limit are mentioned once here and not per row: with scaled waits, all
    scenarios together send them.
    """
    if not calls:
        return ""
    text = "1 request" if len(calls) == 1 else f"{len(calls):,} requests"
    peaks = sorted(peak_requests(calls).items(), key=lambda pair: -pair[1])
    if not peaks:
        return f"{text}, none with the AccessToken of an enterprise."
    highest = peaks[0][1]
    text += f", at most {highest:,} within {REQUEST_WINDOW_S} s with one AccessToken"
    if len(peaks) > 1:
        shown = ", ".join(
            f"{count:,} of {shorten_id(enterprise_id)}"
            for enterprise_id, count in peaks[:MAX_ENTERPRISES]
        )
        rest = len(peaks) - MAX_ENTERPRISES
        text += f" ({shown}{f', {rest} more enterprises' if rest > 0 else ''})"
    return f"{text}; Mews allows {REQUESTS_PER_TOKEN}. {_over_limit_note(calls)}".rstrip()


def peak_requests(calls: Sequence[ApiCall]) -> dict[str, int]:
    """Return the highest number of requests within the window of the limit by enterprise."""
    moments: dict[str, list[float]] = {}
    for call in calls:
        if call.enterprise_id is not None:
            moments.setdefault(call.enterprise_id, []).append(call.received_ms)
    return {enterprise_id: _peak(sorted(times)) for enterprise_id, times in moments.items()}


def _peak(times_ms: list[float]) -> int:
    first, highest = 0, 0
    for last, time_ms in enumerate(times_ms):
        while time_ms - times_ms[first] >= REQUEST_WINDOW_S * 1000:
            first += 1
        highest = max(highest, last - first + 1)
    return highest


def _over_limit_note(calls: Sequence[ApiCall]) -> str:
    over = sum(RequestProblem.OVER_LIMIT in call.request_problems for call in calls)
    if not over:
        return ""
    which = "All" if over == len(calls) else f"{over:,}"
    return (
        f"{which} of them arrived while all scenarios together exceeded the limit. Scaled waits "
        "bring requests closer together, so this does not count against the service."
    )


def _token(call: ApiCall) -> str:
    if call.token_state is TokenState.NONE or call.enterprise_id is None:
        return TOKEN_STATES[TokenState.NONE]
    state = TOKEN_STATES[call.token_state]
    return shorten_id(call.enterprise_id) + (f", {state}" if state else "")


def _ids(call: ApiCall) -> str:
    page = ", a further page" if call.is_next_page else ""
    if not call.requested_ids and not call.returned_ids:
        return f"none{page}"
    return f"{len(call.requested_ids):,} requested, {len(call.returned_ids):,} returned{page}"


def _status(call: ApiCall) -> str:
    if call.status is None:
        return "none" if call.answered_ms is not None else "not yet"
    if call.retry_after_s is None:
        return str(call.status)
    return f"{call.status}, Retry-After {call.retry_after_s:g} s"


def shorten_id(identifier: str) -> str:
    """Return the first 8 characters of an id, enough to tell it from others."""
    return identifier if len(identifier) <= 8 else f"{identifier[:8]}…"  # noqa: PLR2004 - of a UUID
