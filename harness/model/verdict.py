"""What was seen and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.exchange import Delivery
from pytest_mews.model.scenario import Level
from pytest_mews.model.tls_handshake import TlsHandshake
from pytest_mews.model.websocket import Connection, SentMessage, WebSocketHandshake

HEALTH_CHECK = "health-check"  # the label of the valid message that follows something hostile


class Verdict(StrEnum):
    """The closed list of verdicts on a scenario."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"  # a SHOULD or MAY that was not met
    FLAKY = "flaky"  # failed once and passed when the very same was tried again
    NOT_OBSERVED = "not-observed"
    NOT_APPLICABLE = "not-applicable"  # the endpoint is not subscribed, or has no token
    BLOCKED = "blocked"  # the preflight failed
    WAIVED = "waived"
    ERROR = "error"  # the harness's own fault


FAILURES = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.WARN})


class Readiness(StrEnum):
    """The one word about a stage or a run."""

    READY = "ready"
    WARNINGS = "ready-with-warnings"
    NOT_READY = "not-ready"
    INCOMPLETE = "incomplete"
    NOT_OBSERVED = "not-observed"


@dataclass(frozen=True)
class Limits:
    """What the profile allows: seconds for an answer, events in a message."""

    answer_s: float = 5.0
    events: int = 500


@dataclass(frozen=True)
class Transcript:
    """Everything that one play of a scenario put on the wire, in order of scheduling.

    `handshakes` are those made for their own sake; `limits` are those that it was played under;
    `calls` is what the twin saw meanwhile that concerns the play, in order of arrival. On the
    WebSocket, `openings` are the handshakes meanwhile, `connections` those that were open, with
    what the play sent on them, `missed` what happened on purpose while nobody was told of it, and
    `unsent` what could not be sent since no client of its enterprise was connected.
    `watched` is whether there was a twin to see calls with. `left_out` counts deliveries that were
    made and are not kept, since there were too many.
    """

    deliveries: tuple[Delivery, ...]
    tls_handshakes: tuple[TlsHandshake, ...] = ()
    limits: Limits = Limits()
    calls: tuple[ApiCall, ...] = ()
    websocket_handshakes: tuple[WebSocketHandshake, ...] = ()
    connections: tuple[Connection, ...] = ()
    not_sent: tuple[SentMessage, ...] = ()
    undeliverable: tuple[SentMessage, ...] = ()
    api_served: bool = False
    left_out: int = 0

    @property
    def websocket_messages(self) -> tuple[SentMessage, ...]:
        """All that was sent on the WebSocket, or would have been."""
        sent = (each for line in self.connections for each in line.sent)
        return (*self.not_sent, *self.undeliverable, *sent)


@dataclass(frozen=True)
class Finding:
    """What one expectation found in one transcript; `observed` carries the figures.

    `judged` counts the attempts that it is about; with none of them nothing can be broken.
    `delivery` is the place in the transcript of the first delivery that broke it, from 0; None
    where it was met.
    """

    check: str
    level: Level
    met: bool
    expected: str
    observed: str
    judged: int = 1
    delivery: int | None = None


@dataclass(frozen=True)
class Evidence:
    """One play that is kept as evidence; `role` is why it was kept.

    Roles: `smallest-failing`, `first-failing`, `passed-on-retry` (the flaky counterpart),
    `example` (a passing play), `health-check`, `preflight`.
    """

    role: str
    case: str
    findings: tuple[Finding, ...]
    transcript: Transcript
