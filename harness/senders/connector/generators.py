"""The generators that scenario files can name, and their common arguments."""

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


# Its operation takes message threads, and the documented event doesn't name the thread.
UNFETCHABLE = frozenset({"MessageAdded"})


def plans_for(spec: MessageSpec, target: Target) -> Plans:
    """Return the plans for a message spec.

    Every generator takes two arguments in addition to its own. `enterprise` is the enterprise that
    the messages are for: its number among the tenants, from 1 (the default), or "new" for one that
    only this execution knows. `only_fetchable` (default false) leaves out events whose entity can't
    be fetched by the id in the event.

    Raises:
        ScenarioFileError: there is no such generator, or an argument is unknown or missing.

    """
    key = f"message.{spec.name}"
    if spec.generator not in GENERATORS:
        raise ScenarioFileError(key, spec.generator, "is not a generator", _known(GENERATORS))
    generator = GENERATORS[spec.generator]
    arguments = dict(spec.arguments)
    enterprise = arguments.pop("enterprise", 1)
    if enterprise != "new" and (not isinstance(enterprise, int) or enterprise < 1):
        remedy = 'Give a number from 1, or "new".'
        raise ScenarioFileError(key, enterprise, "is not an enterprise", remedy)
    if arguments.pop("only_fetchable", False):
        events = tuple(event for event in target.events if event not in UNFETCHABLE)
        target = replace(target, events=events)
    if enterprise != 1:  # a generator that uses all tenants in turn uses this one only
        only = target.tenants.enterprises[:1]
        target = replace(target, tenants=replace(target.tenants, enterprises=only))
    parameters = inspect.signature(generator).parameters
    accepted = [name for name in parameters if name != "target"]
    for name in arguments:
        if name not in accepted:
            problem = f"is not an argument of {spec.generator}"
            remedy = _known([*accepted, "enterprise", "only_fetchable"])
            raise ScenarioFileError(key, name, problem, remedy)
    for name in accepted:
        if name not in arguments and parameters[name].default is inspect.Parameter.empty:
            problem = f"lacks the argument {name}"
            raise ScenarioFileError(key, spec.generator, problem, f"Add {name} = …")
    plans = generator(target, **arguments)
    return plans if enterprise == 1 else _for_enterprise(plans, enterprise)


def _for_enterprise(plans: Plans, enterprise: Enterprise) -> Plans:
    def for_tenant(plan: Plan) -> Plan:
        return ForTenant(plan, enterprise)

    strategy = None if plans.strategy is None else plans.strategy.map(for_tenant)
    return Plans(tuple(for_tenant(plan) for plan in plans.fixed), strategy)


def _known(names: Iterable[str]) -> str:
    return f"Known: {', '.join(names)}."
