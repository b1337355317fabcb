"""What was observed in a scenario, and the findings and verdicts on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.api_call import ApiCall
from pytest_mews.model.exchange import Delivery
from pytest_mews.model.scenario import Level
from pytest_mews.model.tls_handshake import TlsHandshake
from pytest_mews.model.websocket import Connection, SentMessage, WebSocketHandshake


class Verdict(StrEnum):
    """The verdict on a scenario: a closed list."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    WARN = "warn"  # a SHOULD or MAY that was not met
    FLAKY = "flaky"  # failed once and passed when the same case ran again
    NOT_OBSERVED = "not-observed"
    NOT_APPLICABLE = "not-applicable"  # the endpoint is not subscribed, or has no token
    BLOCKED = "blocked"  # what the scenario requires was not observed
    WAIVED = "waived"
    ERROR = "error"  # the harness itself failed


FAILURES = frozenset({Verdict.FAIL, Verdict.FLAKY, Verdict.WARN})


class MissingCause(StrEnum):
    """Why a scenario has no result of its own: a closed list."""

    NOT_SELECTED = "not-selected"
    SKIPPED = "skipped"  # by another plugin or the user's conftest
    STOPPED = "stopped"  # the run stopped before it, for example with -x
    INTERRUPTED = "interrupted"  # Ctrl-C before it started
    NOT_STARTED = "not-started"  # the run's process ended before it
    CUT_OFF = "cut-off"  # the run's process ended while it was running
    NO_RESULT = "no-result"  # it was selected and returned none: an error of the harness
    REPEATED = "repeated"  # it returned several: an error of the harness


class Readiness(StrEnum):
    """The verdict on a stage or a run."""

    READY = "ready"
    WARNINGS = "ready-with-warnings"
    NOT_READY = "not-ready"
    INCOMPLETE = "incomplete"
    NOT_OBSERVED = "not-observed"


@dataclass(frozen=True)
class Limits:
    """Limits of the profile: seconds until the response, events in a message."""

    answer_timeout_s: float = 5.0
    batch_limit: int = 500


@dataclass(frozen=True)
class Transcript:
    """Everything that was observed during one execution of a scenario.

    Attributes:
        deliveries: in the order in which they were scheduled.
        tls_handshakes: TLS probes without HTTP.
        limits: the limits that applied.
        calls: the calls meanwhile that concern the execution, in order of arrival.
        websocket_handshakes: the handshakes meanwhile.
        connections: the WebSocket connections meanwhile, with the messages of this execution.
        not_sent: changes that the scenario makes without a message (`skip-send`).
        undeliverable: messages for an enterprise that had no client connected.
        api_served: whether the Connector API emulator ran, so that calls could be observed.
        omitted_deliveries: the number of deliveries that were made, but are too many to keep.
        faulted_ids: the entities that a fault of the Connector API emulator was injected for.
        unaffected_ids: those of them none of whose requests the fault affected: their fetch says
            nothing about the fault.
        fault_more_than: the fault affects requests for more than this many of them only.
        still_busy: whether the harness stopped waiting for fetches while the partner still worked
            through earlier messages: what it had not fetched then, it may fetch later.
        never_idle: whether the harness stopped waiting for idleness while the partner still did.
        commands_requested: whether commands were waited for, since a client is known to request
            something about them (the requirement `commands-requested`).
        not_restarted: whether the harness tried to restart the service, and could not.
        refused_action: the delivery of an Integration Webhook that the service did not accept, so
            that the execution ended with it.
        client_restarts: how often a client ended with its connection and was started again by the
            harness.

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
    omitted_deliveries: int = 0
    faulted_ids: frozenset[str] = frozenset()
    unaffected_ids: frozenset[str] = frozenset()
    fault_more_than: int = 0
    still_busy: bool = False
    never_idle: bool = False
    commands_requested: bool = False
    not_restarted: bool = False
    refused_action: Delivery | None = None
    client_restarts: int = 0

    @property
    def fault_had_no_effect(self) -> bool:
        """Whether a fault was injected and affected no entity that it was injected for."""
        return bool(self.faulted_ids) and self.faulted_ids == self.unaffected_ids

    @property
    def websocket_messages(self) -> tuple[SentMessage, ...]:
        """The messages on the WebSocket, whether they were sent or not."""
        sent = (message for connection in self.connections for message in connection.sent)
        return (*self.not_sent, *self.undeliverable, *sent)


@dataclass(frozen=True)
class Finding:
    """The result of evaluating one expectation on one transcript; `observed` has the figures.

    `subject_count` is the number of attempts (or calls, connections) that were evaluated; with 0 of
    them the expectation was not observed. `broken_attempts` are the attempts that broke the
    expectation, of one about single attempts: the index of the delivery in the transcript and the
    index of the attempt in the delivery, from 0. `remedy` is what to change if the observation or
    the expectation determines it; otherwise it is empty, and the scenario's remedy applies. `of`
    names the messages that the expectation is about; empty means all of them.
    `not_observed` is whether there was something to evaluate that the harness could not observe.
    `about_fetches` is whether the expectation is met only if acknowledged entities are fetched.
    """

    check: str
    level: Level
    met: bool
    expected: str
    observed: str
    subject_count: int = 1
    broken_attempts: tuple[tuple[int, int], ...] = ()
    remedy: str = ""
    of: tuple[str, ...] = ()
    not_observed: bool = False
    about_fetches: bool = False

    @property
    def delivery_index(self) -> int | None:
        """The index of the first delivery that broke the expectation; None if none did."""
        return self.broken_attempts[0][0] if self.broken_attempts else None


@dataclass(frozen=True)
class Evidence:
    """One execution that is kept for the report; `role` says why.

    Roles: `smallest-failing`, `first-failing`, `passed-on-retry` (the passing repetition of a flaky
    failure), `example` (an execution that passed), `health-check`, `preflight`.
    """

    role: str
    case: str
    findings: tuple[Finding, ...]
    transcript: Transcript

    @property
    def awaits_busy_service(self) -> bool:
        """Whether fetches are not judged, since the service was still busy with earlier ones."""
        return self.transcript.still_busy and any(finding.not_observed for finding in self.findings)
