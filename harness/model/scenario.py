"""A scenario: the checked content of its TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DOCUMENTATION = "https://docs.mews.com/connector-api/"

# The letters of the ids, in the order in which scenarios run and are shown.
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
PREFLIGHT = "PRE"  # the area whose scenarios are preconditions of all others


class Level(StrEnum):
    """How binding a scenario or an expectation is; only a MUST fails a run."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Stage(StrEnum):
    """What is observed: the endpoint, calls to the Connector API, or WebSocket clients."""

    DELIVERY = "delivery"
    PROCESSING = "processing"
    STREAMING = "streaming"


class Requirement(StrEnum):
    """What must have been observed before a scenario can run; otherwise it is blocked.

    In the order in which they are checked. Each includes what it cannot be observed without:
    `CONNECTOR_API_ANSWERED` includes `WEBHOOK`.
    """

    TCP = "tcp"  # a TCP connection to the endpoint, even if TLS or HTTP then failed
    HTTP = "http"  # an HTTP response from the endpoint
    WEBHOOK = "webhook"  # a 2xx response to a valid webhook
    CONNECTOR_API = "connector-api"  # the Connector API emulator runs
    WEBSOCKET_SERVER = "websocket-server"  # the WebSocket emulator runs
    WEBSOCKET_HANDSHAKE = "websocket-handshake"  # a client sent a handshake
    WEBSOCKET_CLIENT = "websocket-client"  # a client of the first enterprise is connected
    COMMANDS_REQUESTED = "commands-requested"  # a client asked the emulator about a command
    CONNECTOR_API_CALLED = "connector-api-called"  # a webhook led to a request to the emulator
    CONNECTOR_API_ANSWERED = "connector-api-answered"  # at least one such request succeeded


class Basis(StrEnum):
    """Whether the documentation states it, or we infer it from the documentation."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"


@dataclass(frozen=True)
class Source:
    """A place in the documentation: page, anchor, revision, and a summary in our words.

    `revision` is the first revision that states it; empty if that is not known.
    """

    page: str
    anchor: str
    revision: str
    summary: str

    @property
    def revision_text(self) -> str:
        """The revision as a phrase for people."""
        return f"revision {self.revision}" if self.revision else "revision not known"

    @property
    def url(self) -> str:
        """The URL of the paragraph on the public site."""
        return f"{DOCUMENTATION}{self.page}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True)
class MessageSpec:
    """A message of a scenario file: a name, a generator, and its arguments."""

    name: str
    generator: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One action of the harness in a scenario; docs/scenarios.md lists them."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """What a scenario expects of the transcript: a check and its level.

    `of` names the messages that it is about; empty means all of them.
    """

    check: str
    level: Level
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scenario:
    """One certification scenario.

    Attributes:
        applies: conditions on the run; if one is not met, the scenario is not applicable.
        requires: what must have been observed before; docs/scenarios.md lists the requirements.
        exclusive: whether nothing else is delivered meanwhile (it measures time, or is hostile).
        concurrent_cases: whether its fixed cases run concurrently, so that their waits overlap.
        max_cases: the maximum number of cases, the fixed ones first; None for no limit.

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
