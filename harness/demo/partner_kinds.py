"""Kinds of demo partners: how each responds, fetches, uses the WebSocket, and serves TLS."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

from pytest_mews.demo.certificates import CreateContext
from pytest_mews.demo.processing import ProcessingOptions
from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document
from pytest_mews.demo.websocket import ClientOptions

RejectionRule = Callable[[Document], Response | None]
"""Returns the response that rejects a valid message; None to accept the message."""


@dataclass(frozen=True)
class PartnerKind:
    """A demo partner that is sound, or has one flaw. The defaults are sound.

    Attributes:
        name: what follows `demo:`.
        description: one sentence.
        is_sound: whether the partner must pass every scenario.
        create_behaviour: creates the behaviour of a new partner.
        create_options: returns how a new partner processes accepted messages.
        create_client: returns how a new partner uses the WebSocket.
        create_context: creates the TLS context; None for a partner that serves plain http.
        keep_alive: whether its server keeps connections alive.
        answers_early: whether its server answers before it has read the body.

    """

    name: str
    description: str
    is_sound: bool = False
    create_behaviour: Callable[[], Behaviour] = lambda: respond
    create_options: Callable[[], ProcessingOptions] = ProcessingOptions
    create_client: Callable[[], ClientOptions] = ClientOptions
    create_context: CreateContext | None = None
    keep_alive: bool = True
    answers_early: bool = False


# Each of the following functions takes a function that differs from the sound partner. The name and
# the docstring of that function are those of the kind.


def responds(behave: Behaviour) -> PartnerKind:
    """Return the kind of partner that has a behaviour without memory."""
    return PartnerKind(_name(behave), _description(behave), create_behaviour=lambda: behave)


def remembers(create: Callable[[], Behaviour]) -> PartnerKind:
    """Return the kind of partner whose behaviour depends on earlier requests."""
    return PartnerKind(_name(create), _description(create), create_behaviour=create)


def rejects(rule: RejectionRule) -> PartnerKind:
    """Return the kind of partner that rejects the valid messages that a rule names."""

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        rejection = None if response.accepted is None else rule(response.accepted)
        return rejection or response

    return PartnerKind(_name(rule), _description(rule), create_behaviour=lambda: behave)


def processes(create: Callable[[], ProcessingOptions]) -> PartnerKind:
    """Return the kind of partner that processes accepted messages with these options."""
    return PartnerKind(_name(create), _description(create), create_options=create)


def streams(create: Callable[[], ClientOptions]) -> PartnerKind:
    """Return the kind of partner whose WebSocket clients have these options."""
    return PartnerKind(_name(create), _description(create), create_client=create)


def serves_tls(create: CreateContext) -> PartnerKind:
    """Return the kind of partner that serves https with this TLS context."""
    return PartnerKind(_name(create), _description(create), create_context=create)


def _name(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", "-")


def _description(function: Callable[..., object]) -> str:
    return inspect.getdoc(function) or ""  # python -OO drops docstrings
