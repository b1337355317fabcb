"""Whether the partner calls the Connector API emulator at all, and whether it is answered there."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import quantity
from pytest_mews.documentation import name_page
from pytest_mews.model import ApiCall, Transcript

_NO_CALL_REMEDY = (
    "Let the service call the address of --mews-api instead of https://api.mews.com, with the "
    "tokens of --mews-tenants: a service that the harness starts finds both in MEWS_API_URL and "
    f"MEWS_TENANTS ({name_page('processing')}). If it already does, its log says why an event "
    "leads to no request: the worker does not run, or an exception has ended it; the enterprise is "
    "unknown; or the service ignores such events. Then name those that it needs with "
    "--mews-events, integration actions too."
)


@case_check(
    "api-called",
    "a request to the Connector API emulator that is answered with 200",
    about_fetches=True,
)
def api_called(transcript: Transcript) -> Observation:
    """A request that a webhook can lead to reached the emulator, and not all were refused."""
    calls = _not_about_commands(transcript.calls)
    if not calls:
        observed = f"no request reached the Connector API emulator{_after(transcript)}"
        return Observation(met=False, observed=observed, subject_count=1, remedy=_NO_CALL_REMEDY)
    refusals = describe_refusals(calls)
    observed = refusals or f"{quantity(len(calls), 'request')}, the first to {calls[0].path}"
    return Observation(met=not refusals, observed=observed, subject_count=1)


def _after(transcript: Transcript) -> str:
    """Return a phrase that names the events that were sent; empty if there are none."""
    sent = [event.discriminator for one in transcript.deliveries for event in one.message.events]
    if not sent:
        return ""
    others = f" and {quantity(len(sent) - 1, 'event')} of other types" if len(sent) > 1 else ""
    return f" after {sent[0]}{others}"


def describe_refusals(calls: Sequence[ApiCall]) -> str:
    """Return how all calls were refused; empty if one was answered with 200, or there is none.

    Calls about commands do not count, since no webhook leads to them, nor calls of operations that
    the emulator does not serve, which it answers without a result.
    """
    relevant = [call for call in _not_about_commands(calls) if call.is_served or not call.operation]
    if not relevant or any(call.answered_ok for call in relevant):
        return ""
    first = relevant[0]
    answered = first.status is not None and first.answered_ms is not None
    response = f"{first.status} {first.message}".strip(" .") if answered else "no response"
    return (
        f"none of {quantity(len(relevant), 'request')} was answered with 200; the first, "
        f"to {first.path}, with: {response}"
    )


def _not_about_commands(calls: Sequence[ApiCall]) -> list[ApiCall]:
    return [call for call in calls if not call.concerns_commands]
