"""Failed requests that are repeated unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_mews.model import ApiCall


def repeated_calls(calls: Iterable[ApiCall]) -> Iterator[tuple[ApiCall, ApiCall]]:
    """Yield each failed call that is repeated unchanged, and the next one like it.

    Args:
        calls: in order of arrival.

    """
    failed: dict[tuple[str, str | None, tuple[str, ...]], ApiCall] = {}
    for call in calls:
        key = (call.operation, call.enterprise_id, call.requested_ids)
        before = failed.pop(key, None)
        if before is not None:
            yield before, call
        if call.is_error and not call.answered_ok:
            failed[key] = call
