"""All partners by name: those that must pass everything, and those with one flaw each."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType

from pytest_mews.demo.body_flaws import SHAPE_FLAWS
from pytest_mews.demo.certificates import TLS_FLAWS, TLS_VARIANTS
from pytest_mews.demo.duplicate_flaws import REPEAT_FLAWS
from pytest_mews.demo.http_flaws import STATELESS, answers_before_body, forgets_kept_connections
from pytest_mews.demo.lifecycle_flaws import LIFE_FLAWS
from pytest_mews.demo.load_and_tenancy_flaws import CROWD_FLAWS
from pytest_mews.demo.name_flaws import NAME_REFUSALS
from pytest_mews.demo.processing import ProcessingOptions
from pytest_mews.demo.processing.lost_event_flaws import (
    LOSSES,
    null_event_kills_worker,
    welcoming_null,
)
from pytest_mews.demo.processing.request_flaws import REQUESTING
from pytest_mews.demo.processing.retry_flaws import HASTE
from pytest_mews.demo.processing.sound_workers import PROCESSING_VARIANTS
from pytest_mews.demo.processing.tenancy_flaws import TENANCY, working_on_refused, works_on_refused
from pytest_mews.demo.redirect_flaws import REDIRECT_FLAWS
from pytest_mews.demo.rejection_flaws import REFUSALS, Refusal
from pytest_mews.demo.service import Answer, Behaviour, Request, answer
from pytest_mews.demo.sound_variants import SOUND_VARIANTS, keeps_connections
from pytest_mews.demo.stateful_flaws import STATEFUL
from pytest_mews.demo.token_flaws import TOKEN_FLAWS
from pytest_mews.demo.websocket import ClientOptions
from pytest_mews.demo.websocket.client_flaws import STREAM_FLAWS
from pytest_mews.demo.websocket.sound_clients import STREAM_VARIANTS
from pytest_mews.errors import UsageError

SOUND = "sound"


def behaviour(name: str) -> Behaviour:
    """Make a partner that has seen nothing yet.

    Args:
        name: one of `NAMES`.

    Raises:
        UsageMistake: there is none of that name; it names the closest.

    """
    if name in _MAKERS:
        return _MAKERS[name]()
    close = difflib.get_close_matches(name, NAMES, n=1)
    guess = f"Did you mean demo:{close[0]}? " if close else ""
    problem = "names no variant and no flaw of the embedded partner"
    remedy = f"{guess}Known: {', '.join(NAMES)}"
    raise UsageError("--mews-target", f"demo:{name}", problem, remedy)


def habits(name: str) -> ProcessingOptions:
    """Give how a partner works on what it has accepted; soundly, but for the names about that."""
    return _HABITS.get(name, ProcessingOptions)()


def stream_habits(name: str) -> ClientOptions:
    """Give how a partner uses the WebSocket; soundly, but for the names about that."""
    return _STREAM_HABITS.get(name, ClientOptions)()


def _refusing(refuse: Refusal) -> Behaviour:
    def behave(token: str, request: Request) -> Answer:
        given = answer(token, request)
        refusal = None if given.accepted is None else refuse(given.accepted)
        return refusal or given

    return behave


def _ready(behave: Behaviour) -> Callable[[], Behaviour]:
    return lambda: behave


def _name(function: Callable[..., object]) -> str:
    return function.__name__.replace("_", "-")


def _says(function: Callable[..., object]) -> str:
    return inspect.getdoc(function) or ""  # python -OO drops docstrings


_PLAIN: tuple[Behaviour, ...] = (
    *SOUND_VARIANTS,
    *TOKEN_FLAWS,
    *STATELESS,
    *REDIRECT_FLAWS,
    *SHAPE_FLAWS,
)
_REFUSING: tuple[Refusal, ...] = (*REFUSALS, *NAME_REFUSALS)
_REMEMBERING: tuple[Callable[[], Behaviour], ...] = (
    *REPEAT_FLAWS,
    *CROWD_FLAWS,
    *LIFE_FLAWS,
    *STATEFUL,
)
_MISHANDLING: tuple[Callable[[], ProcessingOptions], ...] = (*LOSSES, *HASTE, *REQUESTING, *TENANCY)
_FLAWED: tuple[Callable[..., object], ...] = (
    *TOKEN_FLAWS,
    *STATELESS,
    *REDIRECT_FLAWS,
    *SHAPE_FLAWS,
    *_REFUSING,
    *_REMEMBERING,
    *TLS_FLAWS,
    *_MISHANDLING,
    *STREAM_FLAWS,
)
_SOUND: tuple[Callable[..., object], ...] = (
    *SOUND_VARIANTS,
    *TLS_VARIANTS,
    *PROCESSING_VARIANTS,
    *STREAM_VARIANTS,
)

VARIANTS: tuple[str, ...] = (SOUND, *map(_name, _SOUND))
FLAWS: tuple[str, ...] = tuple(map(_name, _FLAWED))
PROCESSING_FLAWS: tuple[str, ...] = tuple(map(_name, _MISHANDLING))
"""Those of `FLAWS` that show in what is fetched, not in how messages are answered."""
STREAMING_FLAWS: tuple[str, ...] = tuple(map(_name, STREAM_FLAWS))
"""Those of `FLAWS` that show on the WebSocket alone."""
NAMES: Mapping[str, str] = MappingProxyType(
    {SOUND: "Answers 202 to every documented message and works on it afterwards."}
    | {_name(each): _says(each) for each in (*_SOUND, *_FLAWED)},
)
"""Every variant and flaw with one sentence on what it does."""
KEEPING: frozenset[str] = frozenset(map(_name, (keeps_connections, forgets_kept_connections)))
"""Those that need a server which keeps connections."""
HASTY: frozenset[str] = frozenset({_name(answers_before_body)})
"""Those that need a server which answers before it has read the body."""

_MAKERS: Mapping[str, Callable[[], Behaviour]] = MappingProxyType(
    {SOUND: _ready(answer)}
    | {_name(each): _ready(each) for each in _PLAIN}
    | {_name(each): _ready(_refusing(each)) for each in _REFUSING}
    | {_name(each): each for each in _REMEMBERING}
    | {_name(each): _ready(answer) for each in (*TLS_VARIANTS, *TLS_FLAWS)}
    | {_name(each): _ready(answer) for each in (*PROCESSING_VARIANTS, *_MISHANDLING)}
    | {_name(each): _ready(answer) for each in (*STREAM_VARIANTS, *STREAM_FLAWS)}
    | {_name(null_event_kills_worker): _ready(welcoming_null)}
    | {_name(works_on_refused): _ready(working_on_refused)},
)
_HABITS: Mapping[str, Callable[[], ProcessingOptions]] = MappingProxyType(
    {_name(each): each for each in (*PROCESSING_VARIANTS, *_MISHANDLING)},
)
_STREAM_HABITS: Mapping[str, Callable[[], ClientOptions]] = MappingProxyType(
    {_name(each): each for each in (*STREAM_VARIANTS, *STREAM_FLAWS)},
)
