"""Says during a run that the API refuses most requests: the report would say so only at its end."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_mews.model import ApiCall
from pytest_mews.sanitize import one_line

RECENT_CALLS = 50
MIN_CALLS = 10
MIN_SHARE = 0.5


def describe_refused_requests(calls: Sequence[ApiCall]) -> str:
    """Return a clause if most of the latest requests got an error that no fault caused, or nothing.

    Args:
        calls: of the run, in order of arrival.

    """
    recent = calls[-RECENT_CALLS:]
    refused = [call for call in recent if call.is_error and call.fault is None]
    if len(refused) < max(MIN_CALLS, MIN_SHARE * len(recent)):
        return ""
    last = refused[-1]
    example = one_line(f"{last.operation or last.path}: {last.status} {last.message}").rstrip(".")
    return f"{len(refused)} of the last {len(recent)} API requests refused, such as {example}"
