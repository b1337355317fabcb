"""Flaws in timeouts, retries and pauses: when a partner waits, and when it gives up.

Each function returns the options of a new partner, which are sound except for one flaw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.processing import backoff
from pytest_mews.demo.processing.api_client import ApiResponse
from pytest_mews.demo.processing.backoff import OK, SERVER_ERROR, TOO_MANY_REQUESTS
from pytest_mews.demo.processing.processing_flaws import gives_up
from pytest_mews.demo.processing.processing_options import ProcessingOptions

SHORT_TIMEOUT_S = 2.0
QUEUE_SIZE = 50
FIXED_PAUSE_S = 0.2
SHORT_PAUSE_S = 0.1
POLL_INTERVAL_S = 0.2


def fetches_before_answering() -> ProcessingOptions:
    """Answers a message only when it has fetched every entity in it."""
    return ProcessingOptions(fetches_before_answering=True)


def blocks_on_full_queue() -> ProcessingOptions:
    """Answers a message only when fewer than 50 changes are unfetched."""
    return ProcessingOptions(max_unfetched=QUEUE_SIZE)


def gives_up_on_500() -> ProcessingOptions:
    """Drops a fetch that is answered with 500."""
    return gives_up(lambda response: response.status == SERVER_ERROR)


def gives_up_after_two_attempts() -> ProcessingOptions:
    """Drops a fetch that has failed twice, whatever the errors."""
    return ProcessingOptions(max_attempts=2)


def gives_up_without_request_id() -> ProcessingOptions:
    """Drops a fetch that is answered with an error without a RequestId."""

    def lacks_request_id(response: ApiResponse) -> bool:
        return response.status not in {None, OK} and "RequestId" not in (response.document or {})

    return gives_up(lacks_request_id)


def gives_up_on_reset() -> ProcessingOptions:
    """Drops a fetch whose connection breaks."""
    return gives_up(lambda response: response.status is None and not response.timed_out)


def gives_up_on_invalid_json() -> ProcessingOptions:
    """Drops a fetch that is answered with 200 and no valid JSON."""
    return gives_up(lambda response: response.status == OK)


def gives_up_when_slow() -> ProcessingOptions:
    """Drops a fetch that takes longer than 2 s."""
    return replace(gives_up(lambda response: response.timed_out), timeout_s=SHORT_TIMEOUT_S)


def retries_429_immediately() -> ProcessingOptions:
    """Retries immediately after a 429."""
    return _pauses(lambda response: response.status == TOO_MANY_REQUESTS, 0.0)


def fixed_retry_interval() -> ProcessingOptions:
    """Retries every 200 ms after a 429 without a Retry-After."""

    def is_429_without_retry_after(response: ApiResponse) -> bool:
        return response.status == TOO_MANY_REQUESTS and response.retry_after_s is None

    return _pauses(is_429_without_retry_after, FIXED_PAUSE_S)


def ignores_retry_after() -> ProcessingOptions:
    """Retries after 100 ms, whatever Retry-After says."""
    return _pauses(lambda response: response.retry_after_s is not None, SHORT_PAUSE_S)


def polls_when_idle() -> ProcessingOptions:
    """Fetches recent reservations every 200 ms, without any event."""
    return ProcessingOptions(poll_interval_s=POLL_INTERVAL_S)


def repeats_too_large_requests() -> ProcessingOptions:
    """Sends the same request again after a 408 or a 413."""
    return ProcessingOptions(
        asks_for_less=lambda _: False,
        is_retryable=lambda response: (
            backoff.asks_for_less(response) or backoff.is_retryable(response)
        ),
    )


def repeats_rejected_requests() -> ProcessingOptions:
    """Repeats every request that fails, whatever the status, after a pause of 100 ms."""
    return ProcessingOptions(
        is_retryable=lambda _: True, retry_pause_s=lambda _response, _failures: SHORT_PAUSE_S
    )


def _pauses(after: Callable[[ApiResponse], bool], pause_s: float) -> ProcessingOptions:
    """Return options with a wrong pause after some responses."""
    return ProcessingOptions(
        retry_pause_s=lambda response, failures: (
            pause_s if after(response) else backoff.retry_pause_s(response, failures)
        ),
    )


RETRY_FLAWS = (
    fetches_before_answering,
    blocks_on_full_queue,
    gives_up_on_500,
    gives_up_after_two_attempts,
    gives_up_without_request_id,
    gives_up_on_reset,
    gives_up_on_invalid_json,
    gives_up_when_slow,
    retries_429_immediately,
    fixed_retry_interval,
    ignores_retry_after,
    polls_when_idle,
    repeats_too_large_requests,
    repeats_rejected_requests,
)
