"""What refuses messages before they are handled: limits on requests, full queues, pages of HTML."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from http import HTTPStatus
from itertools import accumulate

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.observations import Observations, Observed, busiest_window, total
from pytest_mews.model import AttemptRecord, CauseKind

MIN_COUNT = 2
WINDOW_MS = 10_000.0  # in which requests are counted
RECENT_MS = 1_000.0  # within which others were accepted, or the service may be down
MIN_SHARE = 0.8  # of refused messages among accepted ones
# The status of pages of firewalls and logins; frameworks send others as HTML themselves.
PAGE_STATUSES = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_ACCEPTABLE}
)


def find_rate_limit(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if requests were answered 429."""
    limited = [
        item for item in observations.attempts if item.record.status == HTTPStatus.TOO_MANY_REQUESTS
    ]
    if total(limited) < MIN_COUNT:
        return
    accepted = [item for item in observations.attempts if item.record.accepted]
    most, busiest = (
        busiest_window(attempts, WINDOW_MS) for attempts in (accepted, observations.attempts)
    )
    yield Explanation(
        CauseKind.RATE_LIMITED,
        f"{of(total(limited), total(observations.attempts))} requests were answered 429: at most "
        f"{most:,} were accepted within 10 s, while the certification sends up to {busiest:,}. The "
        "service, or what stands in front of it, limits the number of requests, and the "
        "certification is faster than the limit allows.",
        lambda item: item.record.status == HTTPStatus.TOO_MANY_REQUESTS,
        stands_alone=True,
    )


def find_back_pressure(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if the service asks to send messages again later, and accepts others.

    Others count that were accepted shortly before, or are answered meanwhile. A service that is
    down asks for the same, but then it accepts nothing.
    """
    refused = [item for item in observations.attempts if _asks_for_later(item.record)]
    accepted = [item for item in observations.attempts if item.record.delivered]
    accepted.sort(key=lambda item: item.record.ended_ms)
    ends = [item.record.ended_ms for item in accepted]
    # By position: the earliest start of this one and of all that ended later.
    starts = [*accumulate((item.record.started_ms for item in reversed(accepted)), min)][::-1]

    def is_among_accepted(item: Observed) -> bool:
        index = bisect_left(ends, item.record.started_ms - RECENT_MS)
        return index < len(ends) and starts[index] <= item.record.ended_ms

    recent = [item for item in refused if is_among_accepted(item)]
    if total(refused) < MIN_COUNT or total(recent) < MIN_SHARE * total(refused):
        return
    yield Explanation(
        CauseKind.BACK_PRESSURE,
        f"{of(total(refused), total(observations.attempts))} requests were answered 503 with "
        "Retry-After, while others were accepted or shortly after: the service, or what stands in "
        "front of it, refuses messages while it has no room for more. At most "
        f"{busiest_window(accepted, WINDOW_MS):,} were accepted within 10 s; the certification "
        f"sends up to {busiest_window(observations.attempts, WINDOW_MS):,}.",
        lambda item: _asks_for_later(item.record),
        stands_alone=True,
    )


def _asks_for_later(record: AttemptRecord) -> bool:
    return record.status == HTTPStatus.SERVICE_UNAVAILABLE and record.has_retry_after


def is_page(record: AttemptRecord) -> bool:
    """Return whether a response is a page that a firewall or a login sends."""
    return record.is_html and (record.accepted or record.status in PAGE_STATUSES)


def find_page(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if valid messages were answered with pages of HTML."""
    pages = [item for item in observations.usual if is_page(item.record)]
    if total(pages) < MIN_COUNT:
        return
    first = pages[0].record

    def accounts_for(item: Observed) -> bool:
        return is_page(item.record)

    yield Explanation(
        CauseKind.PAGE_IN_FRONT,
        f"{of(total(pages), total(observations.usual))} valid messages were answered "
        f"{first.status} with a page of HTML{describe_title(first)}: it comes from what stands in "
        "front of the service, or the URL is not that of the webhook.",
        accounts_for,
    )


def describe_title(record: AttemptRecord) -> str:
    """Return the title of a page in quotes, after a blank; empty if it has none."""
    return f" ({record.page_title!r})" if record.page_title else ""
