"""The generators that scenario files can name, and their common arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from pytest_mews.errors import ScenarioFileError
from pytest_mews.mews.events import EVENTS
from pytest_mews.model import MessageSpec, Validity
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
from pytest_mews.senders.connector.message_plans import ForTenant, with_validity
from pytest_mews.senders.connector.subscription import general_events
from pytest_mews.senders.ids import NEW_ENTERPRISE, NEW_PROPERTIES, Enterprise
from pytest_mews.senders.plan import Plans, Target

GENERATORS: Mapping[str, Callable[..., Plans]] = {
    "single-event": general_webhooks.single_event,
    "one-per-event-type": general_webhooks.one_per_event_type,
    "documented-example": general_webhooks.documented_example,
    "batch": general_webhooks.batch,
    "over-limit": general_webhooks.over_limit,
    "repeated-updates": general_webhooks.repeated_updates,
    "customer-added-and-updated": general_webhooks.customer_added_and_updated,
    "deleted-entity": general_webhooks.deleted_entity,
    "updated-and-deleted": general_webhooks.updated_and_deleted,
    "deprecated-entities": general_webhooks.deprecated_entities,
    "distinct-entities": general_webhooks.distinct_entities,
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
    "unusable-access-token": invalid_structure.unusable_access_token,
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

MAX_NUMBER = 100_000  # far more messages, events or seconds than a scenario has
# What the messages of a generator are against the documentation; of the others, documented.
VALIDITY: Mapping[str, Validity] = {
    "deprecated-entities": Validity.UNDOCUMENTED,
    "over-limit": Validity.UNDOCUMENTED,
    "unknown-event": Validity.UNDOCUMENTED,
    "unknown-action": Validity.UNDOCUMENTED,
    "unknown-property": Validity.UNDOCUMENTED,
    "null-event": Validity.INVALID,
    "invalid-structure": Validity.INVALID,
    "missing-required": Validity.INCOMPLETE,
    "unusable-access-token": Validity.INCOMPLETE,
    "malformed-body": Validity.NOT_JSON,
}


def plans_for(spec: MessageSpec, target: Target) -> Plans:
    """Return the plans for a message spec.

    Every generator takes two arguments in addition to its own. `enterprise` is the enterprise that
    the messages are for: its number among the tenants, from 1 (the default), or "new" for one that
    only this execution knows, or "property-1" or "property-2" for a property of that one, which
    then is a chain. `only_fetchable` (default false) leaves out events whose entity can't be
    fetched by the id in the event, and deletions, after which it need not be.

    Raises:
        ScenarioFileError: there is no such generator, or an argument is unknown or missing.

    """
    key = f"message.{spec.name}"
    if spec.generator not in GENERATORS:
        raise ScenarioFileError(key, spec.generator, "is not a generator", _known(GENERATORS))
    generator = GENERATORS[spec.generator]
    arguments = dict(spec.arguments)
    enterprise = arguments.pop("enterprise", 1)
    is_new = enterprise in {NEW_ENTERPRISE, *NEW_PROPERTIES}
    if not is_new and (not isinstance(enterprise, int) or enterprise < 1):
        names = ", ".join(f'"{name}"' for name in (NEW_ENTERPRISE, *NEW_PROPERTIES))
        remedy = f"Give a number from 1, or one of {names}."
        raise ScenarioFileError(key, enterprise, "is not an enterprise", remedy)
    if arguments.pop("only_fetchable", False):
        unfetchable = {
            name
            for name in general_events(target)
            if not EVENTS[name].is_fetchable_by_id or EVENTS[name].is_deletion
        }
        events = tuple(name for name in target.events if name not in unfetchable)
        target = replace(target, events=events)
    if enterprise != 1:  # a generator that uses all tenants in turn uses this one only
        only = target.tenants.enterprises[:1]
        target = replace(target, tenants=replace(target.tenants, enterprises=only))
    _check_arguments(key, spec.generator, arguments)
    plans = generator(target, **arguments)
    if spec.generator in VALIDITY:
        plans = with_validity(plans, VALIDITY[spec.generator])
    return plans if enterprise == 1 else _for_enterprise(plans, enterprise)


def _check_arguments(key: str, generator_name: str, arguments: Mapping[str, object]) -> None:
    """Check the arguments of a generator; `key` is where they are, for messages."""
    accepted = _parameters(generator_name)
    for name in arguments:
        if name not in accepted:
            problem = f"is not an argument of {generator_name}"
            remedy = _known([*accepted, "enterprise", "only_fetchable"])
            raise ScenarioFileError(key, name, problem, remedy)
    for name, parameter in accepted.items():
        if name not in arguments and parameter.is_required:
            problem = f"lacks the argument {name}"
            raise ScenarioFileError(key, generator_name, problem, f"Add {name} = …")
    for name, value in arguments.items():
        type_ = accepted[name].type
        if not _is_a(value, type_):
            problem, remedy = f"is no value of {name}", f"Give {_describe(type_)}."
            raise ScenarioFileError(f"{key}, {name}", value, problem, remedy)


class _Parameter(NamedTuple):
    """A parameter of a generator that a scenario file may give."""

    type: Any
    is_required: bool


@cache
def _parameters(generator_name: str) -> Mapping[str, _Parameter]:
    """Return the parameters of a generator by their names."""
    generator = GENERATORS[generator_name]
    types = get_type_hints(generator)
    return {
        name: _Parameter(types[name], parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(generator).parameters.items()
        if name != "target"
    }


def _is_a(value: object, type_: Any) -> bool:  # noqa: ANN401 - a type hint
    """Return whether a value of a TOML file has the type of an argument."""
    if isinstance(type_, UnionType):
        return any(_is_a(value, option) for option in get_args(type_))
    if get_origin(type_) is Sequence:
        (item,) = get_args(type_)
        if not isinstance(value, list | tuple) or not value:
            return False
        return all(_is_a(element, item) for element in value)
    if type_ is int:
        return type(value) is int and 0 <= value <= MAX_NUMBER  # True is no number
    return type(value) is type_


def _describe(type_: Any) -> str:  # noqa: ANN401 - a type hint
    if isinstance(type_, UnionType):
        options = [option for option in get_args(type_) if option is not NoneType]
        return " or ".join(map(_describe, options))
    if get_origin(type_) is Sequence:
        return f"an array of at least one item, each {_describe(get_args(type_)[0])}"
    if type_ is int:
        return f"a whole number from 0 to {MAX_NUMBER}"
    return {bool: "true or false", str: "a text"}[type_]


def _for_enterprise(plans: Plans, enterprise: Enterprise) -> Plans:
    return plans.map(partial(ForTenant, enterprise=enterprise))


def _known(names: Iterable[str]) -> str:
    return f"Known: {', '.join(names)}."
