"""The closed vocabulary of draw words."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from mews_harness.errors import ScenarioMistake
from mews_harness.model import Draw
from mews_harness.payloads import (
    general,
    hostile,
    integration,
    life,
    malformed,
    misshapen,
    names,
    streamed,
)
from mews_harness.payloads.mint import Enterprise
from mews_harness.payloads.plan import Owned, Plan, Plans, Subject

WORDS: Mapping[str, Callable[..., Plans]] = {
    "one": general.one,
    "each-event": general.each_event,
    "example": general.example,
    "batch": general.batch,
    "oversize": general.oversize,
    "updates": general.updates,
    "pair": general.pair,
    "stream": general.stream,
    "peak": general.peak,
    "ramp": general.ramp,
    "action": integration.action,
    "connected": integration.connected,
    "life": life.life,
    "names": names.names,
    "unknown-event": hostile.unknown_event,
    "null-event": hostile.null_event,
    "unknown-action": integration.unknown_action,
    "extra-property": hostile.extra_property,
    "malformed": malformed.malformed,
    "wrong-shape": misshapen.wrong_shape,
    "incomplete": misshapen.incomplete,
    "socket-event": streamed.socket_event,
    "socket-alone": streamed.socket_alone,
    "both-channels": streamed.both_channels,
    "socket-batch": streamed.socket_batch,
    "socket-burst": streamed.socket_burst,
    "socket-unknown": streamed.socket_unknown,
    "socket-extra": streamed.socket_extra,
    "socket-garbage": streamed.socket_garbage,
    "commands": streamed.commands,
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
