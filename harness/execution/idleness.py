"""Waits until the partner has nothing left to do, or has come to what was sent last.

What it still has to do for one execution delays what it does for the next: a worker that handles
one message after another and waits for its retries makes no request for minutes. The next execution
would then see no request that must not come, and no late one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.patience import Patience
from pytest_mews.execution.waits import (
    BUSY_FACTOR,
    FIRST_RETRY_FACTOR,
    MAX_BUSY_FACTOR,
    QUIET_S,
    longest_next_pause_ms,
)
from pytest_mews.model import ApiCall


def wait_until_idle(
    connector_api: ConnectorApi,
    patience: Patience,
    fetch_timeout_s: float,
    now_ms: Callable[[], float],
    report: Callable[[str], None] = lambda _: None,
) -> bool:
    """Wait until the partner makes no request, owes no retry, and has no backlog.

    Without retries and a backlog the wait ends at the fetch timeout: a partner may poll without
    end. With them it ends after `MAX_BUSY_FACTOR` times the fetch timeout. Requests that are
    rejected do not count, since a partner may repeat them without end.

    Args:
        connector_api: where the partner calls.
        patience: what the waits of the run have shown.
        fetch_timeout_s: the fetch timeout of the run.
        now_ms: the run's clock.
        report: is called again and again with what is waited for, for people.

    Returns:
        Whether the partner is idle.

    """
    began_ms = now_ms()
    polling_until_ms = began_ms + fetch_timeout_s * 1000
    end_ms = began_ms + MAX_BUSY_FACTOR * fetch_timeout_s * 1000
    quiet_ms = max(QUIET_S, patience.likely_delay_s(fetch_timeout_s)) * 1000
    first_retry_s = fetch_timeout_s
    if patience.first_retries.are_left:
        first_retry_s *= FIRST_RETRY_FACTOR
    was_behind = False
    while True:
        at_ms = now_ms()
        calls = [call for call in connector_api.calls() if not call.is_rejected]
        is_behind = connector_api.is_working_on_backlog(began_ms)
        was_behind = was_behind or is_behind
        until_ms = retry_expected_until_ms(calls, first_retry_s)
        if is_behind:
            until_ms = max(until_ms, at_ms + QUIET_S * 1000)
        if at_ms < polling_until_ms:
            until_ms = max(until_ms, _last_active_ms(connector_api, calls, at_ms) + quiet_ms)
        if until_ms <= at_ms or connector_api.closed:
            break
        if at_ms >= end_ms:
            return False
        limit_s = (end_ms - at_ms) / 1000
        report(f"waiting until the service is done with earlier messages, up to {limit_s:,.0f} s")
        last = connector_api.calls()[-1:]
        wait_s = min(QUIET_S, (until_ms - at_ms) / 1000)
        connector_api.wait_until(bool, last[0].number if last else 0, wait_s)
    if was_behind:
        connector_api.note_final_silence()
    return True


def comes_to(
    connector_api: ConnectorApi,
    patience: Patience,
    sent_ms: float,
    fetch_timeout_s: float,
    now_ms: Callable[[], float],
) -> bool:
    """Wait until the partner has come to what was sent, after a wait for no request about it.

    It has not while it works on what was sent before, or while a worker may wait for the retry of
    its last request. Then a request about it may still come. The wait ends after `BUSY_FACTOR`
    times the fetch timeout; at once if a backlog has outlasted such a wait before.

    Args:
        connector_api: where the partner calls.
        patience: what the waits of the run have shown.
        sent_ms: when the message was sent, on the run's clock.
        fetch_timeout_s: the fetch timeout of the run.
        now_ms: the run's clock.

    Returns:
        Whether it has come to it.

    """
    began_ms, is_extended = now_ms(), False
    while not connector_api.closed:
        at_ms, calls = now_ms(), connector_api.calls()
        is_blocked = blocked_until_ms(calls, fetch_timeout_s) > at_ms
        if not is_blocked and not connector_api.is_behind(sent_ms):
            break
        is_outlasted = at_ms - began_ms >= BUSY_FACTOR * fetch_timeout_s * 1000
        if is_outlasted or not patience.extensions.are_left:
            return False
        is_extended = True
        connector_api.wait_until(bool, calls[-1].number if calls else 0, QUIET_S)
    if is_extended:  # it has come to it just now
        connector_api.wait_until(lambda _: False, 0, QUIET_S)
    return True


def blocked_until_ms(calls: Sequence[ApiCall], first_retry_s: float) -> float:
    """Return until when a worker may wait for the retry of its last request; 0 if it does not.

    A different request after the first failure shows that the failure blocks nothing.

    Args:
        calls: all calls, in order of arrival.
        first_retry_s: after how long the first retry may come.

    """
    times_ms: list[float] = []  # of its failures
    is_interrupted = False
    for call in reversed(calls):
        if not _is_same_request(call, calls[-1]):
            is_interrupted = True
        elif call.answered_ms is None or call.answered_ok:
            break
        elif is_interrupted:
            return 0.0
        else:
            times_ms.insert(0, call.received_ms)
    if not times_ms:
        return 0.0
    return _retry_until_ms(times_ms, first_retry_s)


def _is_same_request(call: ApiCall, other: ApiCall) -> bool:
    return (call.operation, call.enterprise_id, call.requested_ids) == (
        other.operation,
        other.enterprise_id,
        other.requested_ids,
    )


def _last_active_ms(connector_api: ConnectorApi, calls: Sequence[ApiCall], at_ms: float) -> float:
    """Return when a message was sent, or a request was in progress, for the last time."""
    ended_ms = [at_ms if call.answered_ms is None else call.answered_ms for call in calls]
    return max((*ended_ms, *connector_api.messages_ms), default=float("-inf"))


def retry_expected_until_ms(calls: Sequence[ApiCall], first_retry_s: float) -> float:
    """Return until when the partner may repeat a request that failed; 0 if none is left to repeat.

    Each failed request counts until a later one has succeeded for its entities; one without ids
    until a later one of the same operation and enterprise has. The pauses between its failures show
    how long the next one may be.

    Args:
        calls: all calls, in order of arrival.
        first_retry_s: after how long the first retry may come.

    """
    failures: dict[tuple[str, str | None, str], list[float]] = {}
    for call in calls:
        if call.answered_ms is None:
            continue
        for entity_id in call.requested_ids or ("",):
            key = call.operation, call.enterprise_id, entity_id
            if call.answered_ok:
                failures.pop(key, None)
            else:
                failures.setdefault(key, []).append(call.received_ms)
    return max(
        (_retry_until_ms(times_ms, first_retry_s) for times_ms in failures.values()), default=0.0
    )


def _retry_until_ms(times_ms: Sequence[float], first_retry_s: float) -> float:
    """Return until when a request may be repeated that failed at these times."""
    pauses_ms = [later - earlier for earlier, later in pairwise(times_ms)]
    return times_ms[-1] + (longest_next_pause_ms(pauses_ms) if pauses_ms else 1000 * first_retry_s)
