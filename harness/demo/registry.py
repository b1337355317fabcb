"""All demo partners by name: sound variants, and partners with one flaw each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pytest_mews.demo.body_flaws import BODY_FLAWS
from pytest_mews.demo.certificates import TLS_FLAWS, TLS_VARIANTS
from pytest_mews.demo.duplicate_flaws import DUPLICATE_FLAWS
from pytest_mews.demo.http_flaws import HTTP_FLAWS, answers_before_body, forgets_kept_connections
from pytest_mews.demo.lifecycle_flaws import LIFECYCLE_FLAWS
from pytest_mews.demo.load_flaws import LOAD_FLAWS
from pytest_mews.demo.processing import ProcessingOptions
from pytest_mews.demo.processing.lost_event_flaws import (
    LOST_EVENT_FLAWS,
    accept_null_event,
    null_event_kills_worker,
)
from pytest_mews.demo.processing.request_flaws import REQUEST_FLAWS
from pytest_mews.demo.processing.retry_flaws import RETRY_FLAWS
from pytest_mews.demo.processing.tenancy_flaws import (
    TENANCY_FLAWS,
    accept_rejected_message,
    processes_rejected_messages,
)
from pytest_mews.demo.redirect_flaws import REDIRECT_FLAWS
from pytest_mews.demo.rejection_flaws import REJECTION_FLAWS, RejectionRule
from pytest_mews.demo.service import Behaviour, Request, Response, respond
from pytest_mews.demo.sound_variants import (
    CLIENT_VARIANTS,
    PROCESSING_VARIANTS,
    RESPONSE_VARIANTS,
    keeps_connections,
)
from pytest_mews.demo.stateful_flaws import STATEFUL_FLAWS
from pytest_mews.demo.token_flaws import TOKEN_FLAWS
from pytest_mews.demo.websocket import ClientOptions
from pytest_mews.demo.websocket.client_flaws import CLIENT_FLAWS
from pytest_mews.errors import UsageError, did_you_mean

SOUND = "sound"


def behaviour(name: str) -> Behaviour:
    """Create the behaviour of a new partner.

    Args:
        name: one of `NAMES`.

    Raises:
        UsageError: there is no demo partner of that name; the remedy suggests the closest.

    """
    if name in _BEHAVIOURS:
        return _BEHAVIOURS[name]()
    problem = "is not a flaw or variant of the demo partner"
    remedy = did_you_mean(name, tuple(NAMES))
    raise UsageError("--mews-target", f"demo:{name}", problem, remedy)


def processing_options(name: str) -> ProcessingOptions:
    """Return how a partner processes accepted messages; sound unless its flaw is in processing."""
    return _PROCESSING_OPTIONS.get(name, ProcessingOptions)()


def client_options(name: str) -> ClientOptions:
    """Return how a partner uses the WebSocket; sound unless its flaw is in the client."""
    return _CLIENT_OPTIONS.get(name, ClientOptions)()


def _behaviour_with(rule: RejectionRule) -> Behaviour:
    """Return the sound behaviour, except for the messages that a rule rejects."""

    def behave(token: str, request: Request) -> Response:
        response = respond(token, request)
        rejection = None if response.accepted is None else rule(response.accepted)
        return rejection or response

    return behave


def _always(behave: Behaviour) -> Callable[[], Behaviour]:
    return lambda: behave


def _name(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", "-")


def _description(function: Callable[..., object]) -> str:
    return inspect.getdoc(function) or ""  # python -OO drops docstrings


_STATELESS_BEHAVIOURS: tuple[Behaviour, ...] = (
    *TOKEN_FLAWS,
    *HTTP_FLAWS,
    *REDIRECT_FLAWS,
    *BODY_FLAWS,
)
_STATEFUL_BEHAVIOURS: tuple[Callable[[], Behaviour], ...] = (
    *DUPLICATE_FLAWS,
    *LOAD_FLAWS,
    *LIFECYCLE_FLAWS,
    *STATEFUL_FLAWS,
)
_PROCESSING_FLAWS: tuple[Callable[[], ProcessingOptions], ...] = (
    *LOST_EVENT_FLAWS,
    *RETRY_FLAWS,
    *REQUEST_FLAWS,
    *TENANCY_FLAWS,
)
_FLAWS: tuple[Callable[..., object], ...] = (
    *_STATELESS_BEHAVIOURS,
    *REJECTION_FLAWS,
    *_STATEFUL_BEHAVIOURS,
    *TLS_FLAWS,
    *_PROCESSING_FLAWS,
    *CLIENT_FLAWS,
)
_VARIANTS: tuple[Callable[..., object], ...] = (
    *RESPONSE_VARIANTS,
    *TLS_VARIANTS,
    *PROCESSING_VARIANTS,
    *CLIENT_VARIANTS,
)

VARIANTS: tuple[str, ...] = (SOUND, *map(_name, _VARIANTS))
FLAWS: tuple[str, ...] = tuple(map(_name, _FLAWS))
PROCESSING_FLAWS: tuple[str, ...] = tuple(map(_name, _PROCESSING_FLAWS))
"""The `FLAWS` in what is fetched, not in how the endpoint responds."""
STREAMING_FLAWS: tuple[str, ...] = tuple(map(_name, CLIENT_FLAWS))
"""The `FLAWS` of the WebSocket clients."""
NAMES: Mapping[str, str] = MappingProxyType(
    {SOUND: "Answers 202 to every documented message and processes it afterwards."}
    | {_name(function): _description(function) for function in (*_VARIANTS, *_FLAWS)},
)
"""Every variant and flaw, with one sentence that describes it."""
KEEP_ALIVE: frozenset[str] = frozenset(map(_name, (keeps_connections, forgets_kept_connections)))
"""The partners whose server keeps connections alive."""
ANSWERS_EARLY: frozenset[str] = frozenset({_name(answers_before_body)})
"""The partners whose server answers before it has read the body."""

_BEHAVIOURS: Mapping[str, Callable[[], Behaviour]] = MappingProxyType(
    dict.fromkeys(NAMES, _always(respond))
    | {_name(behave): _always(behave) for behave in (*RESPONSE_VARIANTS, *_STATELESS_BEHAVIOURS)}
    | {_name(rule): _always(_behaviour_with(rule)) for rule in REJECTION_FLAWS}
    | {_name(create): create for create in _STATEFUL_BEHAVIOURS}
    | {_name(null_event_kills_worker): _always(accept_null_event)}
    | {_name(processes_rejected_messages): _always(accept_rejected_message)},
)
_PROCESSING_OPTIONS: Mapping[str, Callable[[], ProcessingOptions]] = MappingProxyType(
    {_name(create): create for create in (*PROCESSING_VARIANTS, *_PROCESSING_FLAWS)},
)
_CLIENT_OPTIONS: Mapping[str, Callable[[], ClientOptions]] = MappingProxyType(
    {_name(create): create for create in (*CLIENT_VARIANTS, *CLIENT_FLAWS)},
)
