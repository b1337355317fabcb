"""The plan for the events that the user names, for `mews send` and `mews sample`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click
from click.shell_completion import CompletionItem

from pytest_mews.config.settings import SENDER
from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.mews.events import EVENTS, Channel, event_names
from pytest_mews.model import MessageSpec, Profile, Tenants
from pytest_mews.senders import Plan, Target
from pytest_mews.senders.ids import NEW_ENTERPRISE, Enterprise

LIFECYCLE = "lifecycle"  # instead of an event: all messages of an integration
MAX_EVENTS = 100_000  # a bound of ours: a larger number is a mistake


def complete_event(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """List the names of events, and `lifecycle`, that begin with a text in any case."""
    return [
        CompletionItem(name)
        for name in (*EVENTS, LIFECYCLE)
        if name.lower().startswith(incomplete.lower())
    ]


def target_of(profile: Profile, tenants: Tenants) -> Target:
    """Return what messages are generated for, with every event of the profile subscribed."""
    events = event_names(revision=profile.name)
    return Target(profile.name, events, int(profile.number("batch_limit")), tenants)


def event_plan(
    names: Sequence[str], count: int | None, enterprise: Enterprise | None, target: Target
) -> Plan:
    """Return the plan for the messages that the user named.

    Args:
        names: discriminators of General Webhooks, which go into one batch; or one action of
            Integration Webhooks, one type of WebSocket event, or `lifecycle`.
        count: how many events the batch has, each about its own entity; one for each name if None.
        enterprise: the enterprise that the messages are for, see `IdSource.for_enterprise`; if
            None, the first one, and a new one for a lifecycle.
        target: what to generate for.

    Raises:
        UsageError: a name is unknown, or doesn't go with another one or with `count`.

    """
    enterprise_count = len(target.tenants.enterprises)
    if isinstance(enterprise, int) and enterprise > enterprise_count:
        problem = f"is more than the {enterprise_count} enterprises there are"
        remedy = "Give another number, or a file with more enterprises as --mews-tenants."
        raise UsageError("--enterprise", enterprise, problem, remedy)
    for name in names:
        _check_name(name, target)
    channels = {EVENTS[name].channel for name in names if name != LIFECYCLE}
    if channels == {Channel.GENERAL} and LIFECYCLE not in names:
        spec = MessageSpec("events", "distinct-entities", {"events": count or len(names)})
        return _plan(spec, enterprise, replace(target, events=tuple(names)))
    name, *others = names
    if others:
        problem = "is a message of its own, which can't have other events"
        raise UsageError(
            "EVENT", next(n for n in names if not _is_general(n)), problem, "Leave the others out."
        )
    if count is not None:
        problem = f"is for General Webhooks: {name} has one event per message"
        raise UsageError("--count", count, problem, "Leave it out.")
    if name == LIFECYCLE:
        spec = MessageSpec(LIFECYCLE, "integration-lifecycle")
        return _plan(spec, NEW_ENTERPRISE if enterprise is None else enterprise, target, -1)
    if EVENTS[name].channel is Channel.INTEGRATION:
        spec = MessageSpec(name, "integration-action", {"action": name})
    else:
        spec = MessageSpec(name, "websocket-single-events", {"event": name})
    return _plan(spec, enterprise, target)


def _plan(spec: MessageSpec, enterprise: Enterprise | None, target: Target, index: int = 0) -> Plan:
    """Return a fixed plan of a message spec; of the lifecycles the last one is the longest."""
    arguments = {**spec.arguments, "enterprise": 1 if enterprise is None else enterprise}
    return SENDER.plans_for(replace(spec, arguments=arguments), target).fixed[index]


def _is_general(name: str) -> bool:
    return name in EVENTS and EVENTS[name].channel is Channel.GENERAL


def _check_name(name: str, target: Target) -> None:
    if name in target.events or name == LIFECYCLE:
        return
    if name in EVENTS:
        problem = f"is documented since {EVENTS[name].since}, later than profile {target.profile}"
        raise UsageError("EVENT", name, problem, "Choose a later --profile.")
    raise UsageError(
        "EVENT", name, "is not an event", did_you_mean(name, (*target.events, LIFECYCLE))
    )


def parse_enterprise(text: str | None) -> Enterprise | None:
    """Parse --enterprise: a number among the tenants, or `new`.

    Raises:
        UsageError: it is neither.

    """
    if text is None or text == NEW_ENTERPRISE:
        return text
    if text.isdecimal() and int(text) >= 1:
        return int(text)
    remedy = f"Give a number from 1, or {NEW_ENTERPRISE} for an enterprise that nobody knows."
    raise UsageError("--enterprise", text, "is not the number of an enterprise", remedy)
