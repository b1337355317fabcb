"""A scenario: the checked content of its TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_mews.mews.facts import Basis, Fact, Source, Stage
from pytest_mews.model.step import HealthCheck, RestartService, Step

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
    "X": "Your own scenarios",  # --mews-scenarios
}


class Level(StrEnum):
    """How binding a scenario or an expectation is; only a MUST fails a run."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Concern(StrEnum):
    """What a scenario matters for.

    Mews's certification review looks at calls to the Connector API and at nothing else; no page
    says that it looks at a webhook endpoint or at a WebSocket connection.
    """

    CERTIFICATION_REVIEW = "certification-review"
    OPERATION = "operation"


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


@dataclass(frozen=True)
class MessageSpec:
    """A message of a scenario file: a name, a generator, and its arguments."""

    name: str
    generator: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expectation:
    """What a scenario expects of the transcript: a check and its level.

    `of` names the messages that it is about; empty means all of them. `remedy` is what to change if
    it is not met; empty if that is the scenario's remedy.
    """

    check: str
    level: Level
    of: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True)
class Scenario:
    """One certification scenario.

    Attributes:
        basis: whether what it expects is documented; then at least one of its facts is. A scenario
            of the user's own has no facts.
        facts: what it tests, the most important ones first.
        applies: conditions on the run; if one is not met, the scenario is not applicable.
        requires: what must have been observed before (docs/scenario-files.md).
        exclusive: whether nothing else is delivered meanwhile (it measures time, or is hostile).
        concurrent_cases: whether its fixed cases run concurrently, so that their waits overlap.
        max_cases: the maximum number of cases, the fixed ones first; None for no limit.
        precondition: whether other scenarios can't run if it fails. Its failure is neither
            waived nor known from a baseline: it would hide any other failure.

    """

    id: str
    title: str
    level: Level
    stage: Stage
    basis: Basis
    facts: tuple[Fact, ...]
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
    precondition: bool = False

    @property
    def concern(self) -> Concern:
        """Whether Mews's certification review looks at what it tests."""
        if self.basis is Basis.OWN:
            return Concern.OPERATION
        if Requirement.CONNECTOR_API in self.requires or self.stage is Stage.PROCESSING:
            return Concern.CERTIFICATION_REVIEW
        return Concern.OPERATION

    @property
    def area(self) -> str:
        """The letters of the id, such as RET."""
        return self.id.partition("-")[0]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The places in the documentation that its facts come from, each once."""
        return tuple(dict.fromkeys(fact.source for fact in self.facts))

    @property
    def checks_health(self) -> bool:
        """Whether it sends a valid message after a hostile one."""
        return any(isinstance(step, HealthCheck) for step in self.steps)

    @property
    def restarts_service(self) -> bool:
        """Whether it restarts the service, which the harness must have started."""
        return any(isinstance(step, RestartService) for step in self.steps)
