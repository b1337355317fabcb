"""The closed vocabulary of draw words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_mews.errors import ScenarioMistake
from pytest_mews.model import Draw
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
from pytest_mews.senders.connector.plan import Owned, Plan, Plans, Subject

WORDS: Mapping[str, Callable[..., Plans]] = {
    "one": general_webhooks.one,
    "each-event": general_webhooks.each_event,
    "example": general_webhooks.example,
    "batch": general_webhooks.batch,
    "oversize": general_webhooks.oversize,
    "updates": general_webhooks.updates,
    "pair": general_webhooks.pair,
    "stream": general_webhooks.stream,
    "peak": general_webhooks.peak,
    "ramp": general_webhooks.ramp,
    "action": integration_webhooks.action,
    "connected": integration_webhooks.connected,
    "life": integration_lifecycle.life,
    "names": unusual_names.names,
    "unknown-event": unknown_content.unknown_event,
    "null-event": unknown_content.null_event,
    "unknown-action": integration_webhooks.unknown_action,
    "extra-property": unknown_content.extra_property,
    "malformed": malformed_bodies.malformed,
    "wrong-shape": invalid_structure.wrong_shape,
    "incomplete": invalid_structure.incomplete,
    "socket-event": websocket_messages.socket_event,
    "socket-alone": websocket_messages.socket_alone,
    "both-channels": websocket_messages.both_channels,
    "socket-batch": websocket_messages.socket_batch,
    "socket-burst": websocket_messages.socket_burst,
    "socket-unknown": websocket_messages.socket_unknown,
    "socket-extra": websocket_messages.socket_extra,
    "socket-garbage": websocket_messages.socket_garbage,
    "commands": websocket_messages.commands,
}


# Its operation takes message threads, and the documented event does not name the thread.
UNFETCHABLE = frozenset({"MessageAdded"})


def plans(draw: Draw, subject: Subject) -> Plans:
    """Give the plans that a scenario's draw asks for.

    Beside the arguments of its own, every word takes `enterprise`: whose messages they are, as
    the number among the tenants, from 1 (the default), or "new" for one that only this play knows;
    and `fetchable`: whether only events are drawn whose entity can be fetched by the id they bear.

    Raises:
        ScenarioMistake: there is no such word, or it takes no such argument.

    """
    if draw.word not in WORDS:
        raise ScenarioMistake(f"draw.{draw.name}", draw.word, "is no draw word", _known(WORDS))
    word = WORDS[draw.word]
    arguments = dict(draw.arguments)
    enterprise = arguments.pop("enterprise", 1)
    if enterprise != "new" and (not isinstance(enterprise, int) or enterprise < 1):
        remedy = 'Give a number from 1, or "new"'
        raise ScenarioMistake(f"draw.{draw.name}", enterprise, "is no enterprise", remedy)
    if arguments.pop("fetchable", False):
        events = tuple(event for event in subject.events if event not in UNFETCHABLE)
        subject = replace(subject, events=events)
    if enterprise != 1:  # those of all tenants in turn are of this one alone
        alone = subject.tenants.enterprises[:1]
        subject = replace(subject, tenants=replace(subject.tenants, enterprises=alone))
    parameters = inspect.signature(word).parameters
    accepted = [name for name in parameters if name != "subject"]
    for name in arguments:
        if name not in accepted:
            problem = f"is no argument of {draw.word}"
            remedy = _known([*accepted, "enterprise", "fetchable"])
            raise ScenarioMistake(f"draw.{draw.name}", name, problem, remedy)
    for name in accepted:
        if name not in arguments and parameters[name].default is inspect.Parameter.empty:
            problem = f"lacks the argument {name}"
            raise ScenarioMistake(f"draw.{draw.name}", draw.word, problem, f"Add {name} = …")
    found = word(subject, **arguments)
    return found if enterprise == 1 else _for(found, enterprise)


def _for(found: Plans, enterprise: Enterprise) -> Plans:
    def own(plan: Plan) -> Plan:
        return Owned(plan, enterprise)

    drawn = None if found.drawn is None else found.drawn.map(own)
    return Plans(tuple(own(plan) for plan in found.fixed), drawn)


def _known(names: Iterable[str]) -> str:
    return f"Known: {', '.join(names)}"
