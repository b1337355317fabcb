"""What happened on the wire: a delivery is made of attempts, an attempt of exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.message import Message


class Outcome(StrEnum):
    """How an exchange or an attempt ended: a closed list."""

    DELIVERED = "delivered"  # a 2xx answer, received whole before the deadline
    REDIRECTED = "redirected"  # an exchange only: a followed 307 or 308
    ERROR_STATUS = "error-status"
    REDIRECT_NOT_FOLLOWABLE = "redirect-not-followable"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    TIMEOUT_CONNECT = "timeout-connect"
    TIMEOUT_SEND = "timeout-send"
    TIMEOUT_ANSWER = "timeout-answer"  # sent whole, no byte of the answer came
    TIMEOUT_BODY = "timeout-body"  # the answer began and did not end
    NAME_NOT_RESOLVED = "name-not-resolved"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_RESET = "connection-reset"
    TLS_ERROR = "tls-error"
    PROTOCOL_ERROR = "protocol-error"  # the answer is not HTTP
    ANSWER_LOST = "answer-lost"  # our fault, on purpose: the answer was thrown away
    BODY_CUT = "body-cut"  # our fault, on purpose: the request ended in the middle
    CONNECTION_DROPPED = "connection-dropped"  # our fault, on purpose: we reset the connection


TIMEOUTS = frozenset(
    {
        Outcome.TIMEOUT_CONNECT,
        Outcome.TIMEOUT_SEND,
        Outcome.TIMEOUT_ANSWER,
        Outcome.TIMEOUT_BODY,
    },
)
INJECTED = frozenset({Outcome.ANSWER_LOST, Outcome.BODY_CUT, Outcome.CONNECTION_DROPPED})


class Fault(StrEnum):
    """What the harness does to one attempt on the wire, on purpose."""

    NONE = "none"
    DROP_RESPONSE = "drop-response"  # send whole, wait for the answer's first bytes, drop it
    TRUNCATE_REQUEST = "truncate-request"  # announce the whole body, send half of it, close
    RESET = "reset"  # send whole, reset the connection before the answer is read


EARLY_RESPONSE_MS = 100.0  # far less than a body that is sent slowly takes


class TransferMode(StrEnum):
    """How a sound request is put on the wire; each must be taken alike."""

    PLAIN = "plain"  # with Content-Length, on a kept connection where there is one
    CHUNKED = "chunked"  # Transfer-Encoding: chunked, no Content-Length
    SLOW = "slow"  # many small pieces over seconds, on a new connection
    NEW_CONNECTION = "new-connection"  # no kept connection, closed afterwards


class TlsProblem(StrEnum):
    """What is wrong where TLS failed: a closed list."""

    UNKNOWN_ISSUER = "unknown-issuer"
    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    HOST_MISMATCH = "host-mismatch"
    PROTOCOL = "protocol"  # no version in common
    NOT_TLS = "not-tls"  # something listens that does not speak TLS
    OTHER = "other"


@dataclass(frozen=True)
class TlsSession:
    """What the server's certificate says of itself.

    `not_after_utc` is `YYYY-MM-DDThh:mm:ssZ`, empty where it could not be read. `names` are the
    host names and addresses that it is valid for.
    """

    subject: str
    issuer: str
    not_after_utc: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exchange:
    """One HTTP request and what came back.

    Times are milliseconds on the run's monotonic clock (0 = start of the run), None where that
    point was never reached. `detail` says in words what an outcome alone does not. `kept` is
    whether the connection was kept from an earlier exchange. `tls` is told by the exchange that
    made the TLS handshake, even where it failed for the certificate; None on a kept connection.
    `tls_problem` goes with a TLS error.
    """

    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_size: int
    outcome: Outcome
    started_ms: float
    ended_ms: float
    connected_ms: float | None = None
    sent_ms: float | None = None
    first_byte_ms: float | None = None
    status: int | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    response_body: bytes = b""  # capped; response_size counts all that came
    response_size: int = 0
    http_version: str = ""
    detail: str = ""
    kept: bool = False
    tls: TlsSession | None = None
    tls_problem: TlsProblem | None = None

    @property
    def early_response_ms(self) -> float:
        """How long before the request's last byte was sent an answer began.

        0 where it did not, or by less than may be due to when either was noted.
        """
        if self.sent_ms is None or self.first_byte_ms is None:
            return 0.0
        ahead_ms = self.sent_ms - self.first_byte_ms
        return ahead_ms if ahead_ms > EARLY_RESPONSE_MS else 0.0

    @property
    def answer_ms(self) -> float | None:
        """From the request's last byte sent to the answer's last byte; None without an answer."""
        if self.sent_ms is None or self.first_byte_ms is None:
            return None
        return self.ended_ms - self.sent_ms


@dataclass(frozen=True)
class Attempt:
    """One try at delivering a message: one exchange, or several.

    A followed redirect is one more; so is a request that had to be sent on a new connection
    because the kept one was closed without a byte of an answer.
    """

    number: int
    fault: Fault
    scheduled_ms: float
    exchanges: tuple[Exchange, ...]
    outcome: Outcome
    detail: str = ""
    transfer: TransferMode = TransferMode.PLAIN

    @property
    def last(self) -> Exchange:
        """The exchange that decided the attempt."""
        return self.exchanges[-1]

    @property
    def late_ms(self) -> float:
        """How late the harness itself started; never the partner's."""
        return self.exchanges[0].started_ms - self.scheduled_ms


@dataclass(frozen=True)
class Delivery:
    """A message and all attempts at delivering it.

    Attributes:
        label: the step that asked for it.
        message: what was sent.
        attempts: one at least.
        known_ms: from when on the Connector API knew what it says, in milliseconds on the run's
            clock; None for not before it was sent.

    """

    label: str
    message: Message
    attempts: tuple[Attempt, ...]
    visible_from_ms: float | None = None

    @property
    def began_ms(self) -> float:
        """When its first attempt began."""
        return self.attempts[0].exchanges[0].started_ms

    @property
    def relevant_from_ms(self) -> float:
        """From when on a request can have been told what it says."""
        return self.began_ms if self.visible_from_ms is None else self.visible_from_ms

    @property
    def delivered(self) -> bool:
        """Whether Mews would count the message as received."""
        return self.attempts[-1].outcome is Outcome.DELIVERED
