"""Words about whether the partner calls the Connector API at all, and is answered there."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted
from pytest_mews.model import ApiCall, Transcript


def asked_api(transcript: Transcript) -> Observed:
    """Hold when a request came that webhooks may lead to, and not every one was refused."""
    calls = _after_webhooks(transcript.calls)
    if not calls:
        said = (
            "no request reached the harness's Connector API: the service has to call the address "
            "of --mews-api, with the tokens of --mews-tenants, instead of https://api.mews.com "
            "(docs/processing.md)"
        )
        return Observed(met=False, observed=said, judged=1)
    refused = all_refused(calls)
    said = refused or f"{counted(len(calls), 'request')}, the first to {calls[0].path}"
    return Observed(met=not refused, observed=said, judged=1)


def all_refused(calls: Sequence[ApiCall]) -> str:
    """Say how requests were refused; empty where one was answered with 200, or none came."""
    tried = _after_webhooks(calls)
    if not tried or any(call.answered_ok for call in tried):
        return ""
    first = tried[0]
    given = first.status is not None and first.answered_ms is not None
    answer = f"{first.status} {first.message}".strip(" .") if given else "no answer"
    return (
        f"none of {counted(len(tried), 'request')} was answered with 200; the first, "
        f"to {first.path}, with: {answer}"
    )


def _after_webhooks(calls: Sequence[ApiCall]) -> list[ApiCall]:
    return [call for call in calls if not call.about_commands]
