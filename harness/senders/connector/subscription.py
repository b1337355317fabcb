"""The events that the integration is subscribed to: by the options, and of each kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.mews.events import EVENTS, Channel, event_names
from pytest_mews.mews.use_cases import USE_CASES
from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector.payload_schemas import (
    actions,
    discriminators,
    websocket_event_types,
)
from pytest_mews.senders.plan import Target

_CHANNELS: Mapping[WebhookKind, Channel] = {
    WebhookKind.GENERAL: Channel.GENERAL,
    WebhookKind.INTEGRATION: Channel.INTEGRATION,
}


def subscribed_events(
    names: str | None,
    use_case: str | None,
    revision: str,
    *,
    webhook_kinds: Collection[WebhookKind],
    has_websocket: bool,
) -> tuple[str, ...]:
    """List the events that the integration is subscribed to, in the order of the documentation.

    Events that Mews sends only to a partner that asked for them are included where `names` has them
    or the use case implies them. With a WebSocket, but without the name of any WebSocket event
    type, all types are included. The arguments are those of `Sender.subscribed_events`.

    Raises:
        UsageError: see `Sender.subscribed_events`.

    """
    all_events = event_names(revision=revision)
    websocket_events = set(event_names(Channel.WEBSOCKET))
    if names is not None and use_case is not None:
        raise UsageError(
            "--mews-use-case",
            use_case,
            "can't be used together with --mews-events",
            "Leave one of them out.",
        )
    if use_case is not None:
        selected = _use_case_events(use_case, revision)
    else:
        selected = (
            set(event_names(revision=revision, opt_in=False)) - websocket_events
            if names is None
            else _named_events(names, revision)
        )
    for kind, channel in _CHANNELS.items():
        if kind not in webhook_kinds:
            selected -= set(event_names(channel))
    if webhook_kinds and names is not None and not selected - websocket_events:
        remedy = "Name the events of the endpoint as well, or give --mews-target none."
        if WebhookKind.GENERAL not in webhook_kinds:
            remedy = "Name actions of Integration Webhooks, or give a URL as --mews-target."
        raise UsageError("--mews-events", names, "names no webhook event", remedy)
    if has_websocket and not selected & websocket_events:
        selected |= websocket_events
    return tuple(name for name in all_events if name in selected)


def general_events(target: Target) -> tuple[str, ...]:
    """Return the subscribed discriminators of General Webhooks, in the order of subscription."""
    known = discriminators(target.profile)
    return tuple(event for event in target.events if event in known)


def websocket_events(target: Target) -> tuple[str, ...]:
    """Return the subscribed types of WebSocket events, in the order of subscription."""
    known = websocket_event_types(target.profile)
    return tuple(event for event in target.events if event in known)


def integration_actions(target: Target) -> tuple[str, ...]:
    """Return the subscribed actions of Integration Webhooks, in the order of subscription."""
    known = actions(target.profile)
    return tuple(event for event in target.events if event in known)


def _named_events(text: str, revision: str) -> set[str]:
    selected = text.replace(",", " ").split()
    if not selected:
        remedy = f"Known: {', '.join(event_names(revision=revision))}."
        raise UsageError("--mews-events", text, "names no event", remedy)
    for name in selected:
        if name not in event_names(revision=revision):
            problem, remedy = _explain_unknown(name, revision)
            raise UsageError("--mews-events", name, problem, remedy)
    return set(selected)


def _explain_unknown(name: str, revision: str) -> tuple[str, str]:
    if name not in EVENTS:
        return "is not an event", did_you_mean(name, event_names(revision=revision))
    since = EVENTS[name].since
    problem = f"is documented since {since}, later than profile {revision}"
    return problem, "Leave it out, or choose a later --mews-profile."


def _use_case_events(name: str, revision: str) -> set[str]:
    if name not in USE_CASES:
        remedy = did_you_mean(name, tuple(USE_CASES))
        raise UsageError("--mews-use-case", name, "is not a use case", remedy)
    selected = USE_CASES[name].events.keys() & set(event_names(revision=revision))
    if not selected:
        events = ", ".join(USE_CASES[name].events)
        problem = f"needs {events}, later than profile {revision}"
        raise UsageError("--mews-use-case", name, problem, "Choose a later --mews-profile.")
    return selected | set(event_names(Channel.INTEGRATION))
