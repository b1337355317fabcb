"""Flaws in how a partner waits: for the answer to a request, after one that failed, at all.

Each function gives the habits of a new partner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_mews.demo.processing import backoff
from pytest_mews.demo.processing.api_client import Reply
from pytest_mews.demo.processing.backoff import OK, SERVER_ERROR, TOO_MANY
from pytest_mews.demo.processing.processing_options import ProcessingOptions

PATIENCE_S = 2.0
ROOM = 50
FIXED_S = 0.2
HURRIED_S = 0.1


def fetches_before_answering() -> ProcessingOptions:
    """Answers a message when everything in it is fetched."""
    return ProcessingOptions(fetches_first=True)


def answers_when_there_is_room() -> ProcessingOptions:
    """Answers a message when fewer than 50 changes wait to be fetched."""
    return ProcessingOptions(room=ROOM)


def gives_up_on_429() -> ProcessingOptions:
    """Drops what it was to fetch when the answer is 429."""
    return _giving_up(lambda reply: reply.status == TOO_MANY)


def gives_up_on_500() -> ProcessingOptions:
    """Drops what it was to fetch when the answer is 500."""
    return _giving_up(lambda reply: reply.status == SERVER_ERROR)


def gives_up_on_terse_error() -> ProcessingOptions:
    """Drops what it was to fetch when the answer is an error without a RequestId."""

    def is_terse(reply: Reply) -> bool:
        return reply.status not in {None, OK} and "RequestId" not in (reply.document or {})

    return _giving_up(is_terse)


def gives_up_on_reset() -> ProcessingOptions:
    """Drops what it was to fetch when the connection breaks."""
    return _giving_up(lambda reply: reply.status is None and not reply.timed_out)


def gives_up_on_unreadable() -> ProcessingOptions:
    """Drops what it was to fetch when the answer is 200 and no JSON."""
    return _giving_up(lambda reply: reply.status == OK)


def gives_up_when_slow() -> ProcessingOptions:
    """Drops what it was to fetch when the answer takes longer than 2 s."""
    return replace(_giving_up(lambda reply: reply.timed_out), timeout_s=PATIENCE_S)


def hammers_on_429() -> ProcessingOptions:
    """Asks again at once, and again, when the answer is 429."""
    return _pausing(lambda reply: reply.status == TOO_MANY, 0.0)


def fixed_pause() -> ProcessingOptions:
    """Asks again every 200 ms when the answer is 429 without a Retry-After."""
    return _pausing(lambda r: r.status == TOO_MANY and r.retry_after_s is None, FIXED_S)


def ignores_retry_after() -> ProcessingOptions:
    """Asks again after 100 ms, whatever Retry-After says."""
    return _pausing(lambda reply: reply.retry_after_s is not None, HURRIED_S)


def polls_when_idle() -> ProcessingOptions:
    """Reads the reservations of the last while every 200 ms, told of a change or not."""
    return ProcessingOptions(polls_s=0.2)


def _giving_up(when: Callable[[Reply], bool]) -> ProcessingOptions:
    return ProcessingOptions(passes=lambda reply: backoff.passes(reply) and not when(reply))


def _pausing(when: Callable[[Reply], bool], seconds: float) -> ProcessingOptions:
    return ProcessingOptions(
        pause_s=lambda reply, failures: (
            seconds if when(reply) else backoff.pause_s(reply, failures)
        ),
    )


HASTE = (
    fetches_before_answering,
    answers_when_there_is_room,
    gives_up_on_429,
    gives_up_on_500,
    gives_up_on_terse_error,
    gives_up_on_reset,
    gives_up_on_unreadable,
    gives_up_when_slow,
    hammers_on_429,
    fixed_pause,
    ignores_retry_after,
    polls_when_idle,
)
