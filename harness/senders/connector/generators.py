"""The closed vocabulary of draw words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_mews.errors import ScenarioFileError
from pytest_mews.model import MessageSpec
from pytest_mews.senders.connector import (
    general_webhooks,
    integration_lifecycle,
    integration_webhooks,
    invalid_structure,
    malformed_bodies,
    unknown_content,
    unusual_names,
    websocket_messages,
)
from pytest_mews.senders.connector.ids import Enterprise
from pytest_mews.senders.connector.plan import ForTenant, Plan, Plans, Target

GENERATORS: Mapping[str, Callable[..., Plans]] = {
    "single-event": general_webhooks.single_event,
    "one-per-event-type": general_webhooks.one_per_event_type,
    "documented-example": general_webhooks.documented_example,
    "batch": general_webhooks.batch,
    "over-limit": general_webhooks.over_limit,
    "repeated-updates": general_webhooks.repeated_updates,
    "customer-added-and-updated": general_webhooks.customer_added_and_updated,
    "message-sequence": general_webhooks.message_sequence,
    "peak-minute": general_webhooks.peak_minute,
    "growing-batches": general_webhooks.growing_batches,
    "integration-action": integration_webhooks.integration_action,
    "new-integration": integration_webhooks.new_integration,
    "integration-lifecycle": integration_lifecycle.integration_lifecycle,
    "unusual-names": unusual_names.unusual_names,
    "unknown-event": unknown_content.unknown_event,
    "null-event": unknown_content.null_event,
    "unknown-action": integration_webhooks.unknown_action,
    "unknown-property": unknown_content.unknown_property,
    "malformed-body": malformed_bodies.malformed_body,
    "invalid-structure": invalid_structure.invalid_structure,
    "missing-required": invalid_structure.missing_required,
    "websocket-event": websocket_messages.websocket_event,
    "websocket-single-events": websocket_messages.websocket_single_events,
    "same-entity-on-both-channels": websocket_messages.same_entity_on_both_channels,
    "websocket-batch": websocket_messages.websocket_batch,
    "websocket-burst": websocket_messages.websocket_burst,
    "websocket-unknown-type": websocket_messages.websocket_unknown_type,
    "websocket-unknown-property": websocket_messages.websocket_unknown_property,
    "websocket-unreadable": websocket_messages.websocket_unreadable,
    "websocket-commands": websocket_messages.websocket_commands,
}


# Its operation takes message threads, and the documented event does not name the thread.
UNFETCHABLE = frozenset({"MessageAdded"})


def plans(draw: MessageSpec, subject: Target) -> Plans:
    """Give the plans that a scenario's draw asks for.

    Beside the arguments of its own, every word takes `enterprise`: whose messages they are, as
    the number among the tenants, from 1 (the default), or "new" for one that only this play knows;
    and `fetchable`: whether only events are drawn whose entity can be fetched by the id they bear.

    Raises:
        ScenarioMistake: there is no such word, or it takes no such argument.

    """
    if draw.generator not in GENERATORS:
        raise ScenarioFileError(
            f"draw.{draw.name}", draw.generator, "is no draw word", _known(GENERATORS)
        )
    word = GENERATORS[draw.generator]
    arguments = dict(draw.arguments)
    enterprise = arguments.pop("enterprise", 1)
    if enterprise != "new" and (not isinstance(enterprise, int) or enterprise < 1):
        remedy = 'Give a number from 1, or "new"'
        raise ScenarioFileError(f"draw.{draw.name}", enterprise, "is no enterprise", remedy)
    if arguments.pop("only_fetchable", False):
        events = tuple(event for event in subject.events if event not in UNFETCHABLE)
        subject = replace(subject, events=events)
    if enterprise != 1:  # those of all tenants in turn are of this one alone
        alone = subject.tenants.enterprises[:1]
        subject = replace(subject, tenants=replace(subject.tenants, enterprises=alone))
    parameters = inspect.signature(word).parameters
    accepted = [name for name in parameters if name != "subject"]
    for name in arguments:
        if name not in accepted:
            problem = f"is no argument of {draw.generator}"
            remedy = _known([*accepted, "enterprise", "only_fetchable"])
            raise ScenarioFileError(f"draw.{draw.name}", name, problem, remedy)
    for name in accepted:
        if name not in arguments and parameters[name].default is inspect.Parameter.empty:
            problem = f"lacks the argument {name}"
            raise ScenarioFileError(f"draw.{draw.name}", draw.generator, problem, f"Add {name} = …")
    found = word(subject, **arguments)
    return found if enterprise == 1 else _for(found, enterprise)


def _for(found: Plans, enterprise: Enterprise) -> Plans:
    def own(plan: Plan) -> Plan:
        return ForTenant(plan, enterprise)

    drawn = None if found.drawn is None else found.drawn.map(own)
    return Plans(tuple(own(plan) for plan in found.fixed), drawn)


def _known(names: Iterable[str]) -> str:
    return f"Known: {', '.join(names)}"
