"""What stands in front of the service: limits on the number of requests, and pages of HTML."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.observations import Observations, Observed, busiest_window, total
from pytest_mews.model import AttemptRecord, CauseKind

MIN_COUNT = 2
WINDOW_MS = 10_000.0  # in which requests are counted
# The status of pages of firewalls and logins; frameworks send others as HTML themselves.
PAGE_STATUSES = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_ACCEPTABLE}
)

PAGE_REMEDY = (
    "Let POST requests to the webhook's path pass what stands in front of the service (firewall, "
    "bot protection, login): Mews can neither log in nor solve a challenge. Its log says which "
    "rule matched."
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
        "Raise or lift the limit for this URL while you test, and read the other failures after "
        "that. Mews documents no rate of messages: keep the limit well above your busiest hour.",
        lambda item: item.record.status == HTTPStatus.TOO_MANY_REQUESTS,
        stands_alone=True,
    )


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
        PAGE_REMEDY,
        accounts_for,
    )


def describe_title(record: AttemptRecord) -> str:
    """Return the title of a page in quotes, after a blank; empty if it has none."""
    return f" ({record.page_title!r})" if record.page_title else ""
