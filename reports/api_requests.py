"""The partner's requests to the API in words: whose token, which answer, what was wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.model import ApiCall, RequestProblem, TokenState
from pytest_mews.reports.fetch_table import busiest
from pytest_mews.reports.labels import FAULTS, MISSTEPS, TOKENS

QUOTA = 200  # requests per AccessToken within 30 s (guidelines/requests)
BUSIEST = 4


@dataclass(frozen=True)
class Asked:
    """One request as a row of a table; `began_ms` is relative to the first delivery.

    `ids` counts those of the case alone: others that were asked for along with them are not its
    business. `took_ms` is None while it was being answered. `fault` was done to it on purpose.
    """

    began_ms: float
    operation: str
    token: str
    ids: str
    status: str
    took_ms: float | None
    fault: str
    missteps: str
    message: str


def asked(call: ApiCall, zero: float) -> Asked:
    """Put one request into words; `zero` is the first delivery's beginning, in ms."""
    return Asked(
        call.received_ms - zero,
        call.operation or call.path,
        _token(call),
        _ids(call),
        _status(call),
        None if call.answered_ms is None else call.answered_ms - call.received_ms,
        "" if call.fault is None else FAULTS[call.fault],
        "; ".join(
            MISSTEPS[each]
            for each in call.request_problems
            if each is not RequestProblem.OVER_LIMIT
        ),
        call.message,
    )


def traffic(calls: Sequence[ApiCall]) -> str:
    """Say how many requests came, and how near that is to the limit; empty where none did.

    What all scenarios together ask is told once, not with every request: scaled waits crowd it.
    """
    if not calls:
        return ""
    said = "1 request" if len(calls) == 1 else f"{len(calls):,} requests"
    crowds = sorted(busiest(calls).items(), key=lambda pair: -pair[1])
    if not crowds:
        return f"{said}, none with the AccessToken of an enterprise."
    most = crowds[0][1]
    said += f", at most {most:,} within 30 s with one AccessToken"
    if len(crowds) > 1:
        shown = ", ".join(f"{crowd:,} of {short(name)}" for name, crowd in crowds[:BUSIEST])
        more = f", {len(crowds) - BUSIEST} more enterprises" if len(crowds) > BUSIEST else ""
        said += f" ({shown}{more})"
    return f"{said}; Mews allows {QUOTA}. {_crowded(calls)}".rstrip()


def _crowded(calls: Sequence[ApiCall]) -> str:
    over = sum(RequestProblem.OVER_LIMIT in call.request_problems for call in calls)
    if not over:
        return ""
    which = "All" if over == len(calls) else f"{over:,}"
    return (
        f"{which} of them came when all scenarios together were over that: scaled waits crowd "
        "them, so it is not held against you."
    )


def _token(call: ApiCall) -> str:
    if call.token is TokenState.NONE or call.enterprise_id is None:
        return TOKENS[TokenState.NONE]
    state = TOKENS[call.token]
    return short(call.enterprise_id) + (f", {state}" if state else "")


def _ids(call: ApiCall) -> str:
    page = ", a further page" if call.continues else ""
    if not call.asked and not call.returned:
        return f"none{page}"
    return f"{len(call.asked):,} asked, {len(call.returned):,} given{page}"


def _status(call: ApiCall) -> str:
    if call.status is None:
        return "none" if call.answered_ms is not None else "not yet"
    if call.retry_after_s is None:
        return str(call.status)
    return f"{call.status}, Retry-After {call.retry_after_s:g} s"


def short(identifier: str) -> str:
    """Give the beginning of an id, as much as tells it from others."""
    return identifier if len(identifier) <= 8 else f"{identifier[:8]}…"  # noqa: PLR2004 - of a UUID
