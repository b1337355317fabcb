"""A scenario as its TOML file says it, checked and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DOCUMENTATION = "https://docs.mews.com/connector-api/"

# The letters of the ids, in the order in which they are played and shown.
AREAS: Mapping[str, str] = {
    "PRE": "Preflight",
    "REC": "Reception",
    "RET": "Retries and duplicates",
    "RED": "Redirects",
    "AUTH": "Authentication",
    "TLS": "TLS",
    "ERR": "Errors and the unknown",
    "LAG": "Delays",
    "INT": "Integration Webhooks",
    "LOAD": "Load",
    "PROC": "Processing",
    "STR": "Streaming",
}
PREFLIGHT = "PRE"  # the area whose scenarios all others rest on


class Level(StrEnum):
    """How strongly something is asked; only a MUST fails a run."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Stage(StrEnum):
    """Delivery is seen from outside, processing through the twin, streaming on a WebSocket."""

    DELIVERY = "delivery"
    PROCESSING = "processing"
    STREAMING = "streaming"


class Requirement(StrEnum):
    """What must have been observed before a scenario can run; otherwise it is blocked.

    In the order in which they are checked. Each includes what it cannot be observed without:
    `CONNECTOR_API_ANSWERED` includes `WEBHOOK`.
    """

    TCP = "tcp"  # a connection to the endpoint, whatever TLS or HTTP said on it
    HTTP = "http"  # an HTTP response from the endpoint
    WEBHOOK = "webhook"  # a 2xx response to a valid webhook
    CONNECTOR_API = "connector-api"  # the Connector API emulator runs
    WEBSOCKET_SERVER = "websocket-server"  # the WebSocket emulator runs
    WEBSOCKET_HANDSHAKE = "websocket-handshake"  # a client sent a handshake
    WEBSOCKET_CLIENT = "websocket-client"  # a client of the first enterprise is connected
    COMMANDS_REQUESTED = "commands-requested"  # a client asked the emulator about a command
    CONNECTOR_API_CALLED = "connector-api-called"  # a webhook led to a request to the emulator
    CONNECTOR_API_ANSWERED = "connector-api-answered"  # not all such requests were refused


class Basis(StrEnum):
    """Whether the documentation says it, or we infer it from what it says."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"


@dataclass(frozen=True)
class Source:
    """Where the documentation says it: page and anchor, since which revision, in our words.

    The revision is empty where it is not known when the page first said it.
    """

    page: str
    anchor: str
    revision: str
    summary: str

    @property
    def dated(self) -> str:
        """Since when the documentation says it, in words."""
        return f"revision {self.revision}" if self.revision else "revision not known"

    @property
    def url(self) -> str:
        """The address of the paragraph on the public site."""
        return f"{DOCUMENTATION}{self.page}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True)
class MessageSpec:
    """A message that steps refer to by name; `word` says how it is generated."""

    name: str
    generator: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One thing the harness does: a verb of the player's vocabulary."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """One thing that must be true of the transcript: a word of the verdicts' vocabulary.

    `of` names the draws whose deliveries are meant; empty means all of them.
    """

    check: str
    level: Level
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One certification scenario.

    Attributes:
        applies: conditions of the endpoint without which it is not applicable.
        requires: what must have been observed before; docs/scenarios.md lists all.
        alone: whether nothing else may be delivered meanwhile (it measures time, or is hostile).
        abreast: whether its fixed cases are played at once, so that their waits overlap.
        cases: at most so many cases are played, the fixed ones first; None for no bound.

    """

    id: str
    title: str
    level: Level
    stage: Stage
    basis: Basis
    sources: tuple[Source, ...]
    why: str
    remedy: str
    message_specs: tuple[MessageSpec, ...]
    steps: tuple[Step, ...]
    expectations: tuple[Expectation, ...]
    applies: tuple[str, ...] = ()
    requires: tuple[Requirement, ...] = (Requirement.WEBHOOK,)
    exclusive: bool = False
    concurrent_cases: bool = False
    max_cases: int | None = None

    @property
    def area(self) -> str:
        """The letters of the id, such as RET."""
        return self.id.partition("-")[0]
