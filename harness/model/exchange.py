"""What happened on the wire: a delivery consists of attempts, an attempt of exchanges."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from pytest_mews.model.message import Message
from pytest_mews.model.record import record

# The labels of deliveries that are not of a message in the scenario.
PREFLIGHT = "preflight"  # shows whether the endpoint works at all
CONNECTIVITY_CHECK = "connectivity-check"  # shows whether the service calls the Connector API
CONCURRENCY_PROBE = "concurrency-probe"  # how many messages are handled at the same time
HEALTH_CHECK = "health-check"  # the valid message after a hostile one
RESERVED_LABELS = frozenset({PREFLIGHT, CONNECTIVITY_CHECK, CONCURRENCY_PROBE, HEALTH_CHECK})

MAX_LENGTH = "max_length"  # the metadata of a field that redaction cuts, after it has redacted it


class Outcome(StrEnum):
    """How an exchange or an attempt ended: a closed list."""

    DELIVERED = "delivered"  # a complete 2xx response before the deadline
    REDIRECTED = "redirected"  # of an exchange only: a 307 or 308 that was followed
    ERROR_STATUS = "error-status"
    REDIRECT_NOT_FOLLOWABLE = "redirect-not-followable"
    TOO_MANY_REDIRECTS = "too-many-redirects"
    TIMEOUT_CONNECT = "timeout-connect"
    TIMEOUT_SEND = "timeout-send"
    TIMEOUT_ANSWER = "timeout-answer"  # the request was sent, no byte of the response came
    TIMEOUT_BODY = "timeout-body"  # the response began, but did not end
    NAME_NOT_RESOLVED = "name-not-resolved"
    CONNECTION_REFUSED = "connection-refused"
    CONNECTION_RESET = "connection-reset"
    TLS_ERROR = "tls-error"
    PROTOCOL_ERROR = "protocol-error"  # the response is not HTTP
    RESPONSE_DROPPED = "response-dropped"  # injected: the harness dropped the response
    REQUEST_TRUNCATED = "request-truncated"  # injected: the request ended in the middle
    RESET_BY_HARNESS = "reset-by-harness"  # injected: the harness reset the connection


TIMEOUTS = frozenset(
    {
        Outcome.TIMEOUT_CONNECT,
        Outcome.TIMEOUT_SEND,
        Outcome.TIMEOUT_ANSWER,
        Outcome.TIMEOUT_BODY,
    },
)
ANSWERED = frozenset(
    {
        Outcome.DELIVERED,
        Outcome.ERROR_STATUS,
        Outcome.REDIRECT_NOT_FOLLOWABLE,
        Outcome.TOO_MANY_REDIRECTS,
    }
)
"""The outcomes of an attempt with a complete response within the time limit."""
INJECTED_OUTCOMES = frozenset(
    {Outcome.RESPONSE_DROPPED, Outcome.REQUEST_TRUNCATED, Outcome.RESET_BY_HARNESS}
)


class Fault(StrEnum):
    """The fault that the harness injects into one attempt."""

    NONE = "none"
    DROP_RESPONSE = (
        "drop-response"  # send the request, wait for the first bytes of the response, drop it
    )
    TRUNCATE_REQUEST = "truncate-request"  # announce the complete body, send half of it, close
    RESET = "reset"  # send the request, reset the connection, read no response


EARLY_RESPONSE_MS = 100.0  # far less than a slow body takes to send


class TransferMode(StrEnum):
    """How a valid request is transferred; the endpoint must accept all of these."""

    PLAIN = "plain"  # with Content-Length, on an open connection if there is one
    CHUNKED = "chunked"  # Transfer-Encoding: chunked, no Content-Length
    SLOW = "slow"  # in many small pieces over seconds, on a new connection
    NEW_CONNECTION = "new-connection"  # closed after the response


class RequestChange(StrEnum):
    """In what a request differs, on purpose, from one that Mews sends: a closed list."""

    WRONG_TOKEN = "wrong-token"  # noqa: S105 - no password; the URL has no or another token
    TOKEN_FORM = "token-form"  # noqa: S105 - no password; the right token in an unusual form
    CONTENT_TYPE = "content-type"
    METHOD = "method"


class TlsProblem(StrEnum):
    """Why TLS failed: a closed list."""

    UNKNOWN_ISSUER = "unknown-issuer"
    SELF_SIGNED = "self-signed"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    HOST_MISMATCH = "host-mismatch"
    PROTOCOL = "protocol"  # no version in common
    NOT_TLS = "not-tls"  # the server does not speak TLS
    CLIENT_CERTIFICATE = "client-certificate"  # the server demands one
    OTHER = "other"


TLS_PROBLEMS: Mapping[TlsProblem, str] = MappingProxyType(
    {
        TlsProblem.UNKNOWN_ISSUER: (
            "no trusted authority issued the certificate, or an intermediate one is missing"
        ),
        TlsProblem.SELF_SIGNED: "the certificate is self-signed",
        TlsProblem.EXPIRED: "the certificate or one of its issuers' has expired",
        TlsProblem.NOT_YET_VALID: "the certificate is not valid yet",
        TlsProblem.HOST_MISMATCH: "the certificate is for other hosts",
        TlsProblem.PROTOCOL: "there is no common TLS version",
        TlsProblem.NOT_TLS: "what listens there does not speak TLS",
        TlsProblem.CLIENT_CERTIFICATE: "the server demands a client certificate",
        TlsProblem.OTHER: "the certificate is not accepted",
    }
)
"""Each problem as a clause for people."""


@dataclass(frozen=True)
class Certificate:
    """The certificate of a server.

    `not_after_utc` is `YYYY-MM-DDThh:mm:ssZ`, or empty if the date could not be read. `names` are
    the host names and addresses that the certificate is valid for.
    """

    subject: str
    issuer: str
    not_after_utc: str
    names: tuple[str, ...] = ()


@record
class Exchange:
    """One HTTP request and its response.

    Times are in milliseconds on the run's monotonic clock (0 is the start of the run); None if the
    exchange did not get that far. `detail` is a sentence that adds to the outcome.
    `request_number` counts the requests on the connection, from 1. `certificate` is set in the
    exchange that made the TLS handshake, even if the certificate was rejected; None on a reused
    connection. `tls_problem` is set with the outcome `tls-error`. `shows_secret` is whether the
    response contains a secret that authenticates the sender, but for a redirect that does.
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
    # Redaction cuts it to this length; response_size counts all that came.
    response_body: bytes = field(default=b"", metadata={MAX_LENGTH: 64 * 1024})
    response_size: int = 0
    http_version: str = ""
    detail: str = ""
    request_number: int = 1
    certificate: Certificate | None = None
    tls_problem: TlsProblem | None = None
    shows_secret: bool = False

    @property
    def connection_reused(self) -> bool:
        """Whether an earlier exchange had opened the connection."""
        return self.request_number > 1

    @property
    def has_html_page(self) -> bool:
        """Whether the response is an HTML page.

        A text without markup is none, whatever its type: many frameworks declare a short answer of
        the service, such as `queued`, as HTML.
        """
        is_markup = self.response_body.removeprefix(BOM_UTF8).lstrip().startswith(b"<")
        return is_markup and any(
            name.lower() == "content-type" and "html" in value.lower()
            for name, value in self.response_headers
        )

    @property
    def early_response_ms(self) -> float:
        """By how many milliseconds the response began before the request was completely sent.

        0 if it did not, or by no more than `EARLY_RESPONSE_MS`, which is within the accuracy of the
        two times.
        """
        if self.sent_ms is None or self.first_byte_ms is None:
            return 0.0
        early_ms = self.sent_ms - self.first_byte_ms
        return early_ms if early_ms > EARLY_RESPONSE_MS else 0.0

    @property
    def answer_ms(self) -> float | None:
        """Milliseconds from the last byte of the request to that of the response, if any."""
        if self.sent_ms is None or self.first_byte_ms is None:
            return None
        return self.ended_ms - self.sent_ms


@record
class Attempt:
    """One attempt to deliver a message: one exchange or several.

    Each redirect adds an exchange. So does a request that is sent again on a new connection because
    the endpoint closed the reused one without a byte of a response. `has_credentials` is whether
    the sender has a secret to authenticate itself with, which the attempt may vary on purpose;
    `wrong_credentials` is whether the attempt has a wrong secret, or none where there is one.
    """

    number: int
    fault: Fault
    scheduled_ms: float
    exchanges: tuple[Exchange, ...]
    outcome: Outcome
    detail: str = ""
    transfer_mode: TransferMode = TransferMode.PLAIN
    has_credentials: bool = True
    wrong_credentials: bool = False

    @property
    def final_exchange(self) -> Exchange:
        """The last exchange, which determines the outcome."""
        return self.exchanges[-1]

    @property
    def start_delay_ms(self) -> float:
        """How late the harness started the attempt; this is never the partner's delay."""
        return self.exchanges[0].started_ms - self.scheduled_ms


@record
class Delivery:
    """A message and all attempts to deliver it.

    Attributes:
        label: the name of the message in the scenario, or one of `RESERVED_LABELS`.
        message: the message.
        attempts: at least one.
        visible_from_ms: when the Connector API emulator began to show the changes that the message
            announces, in milliseconds on the run's clock; None if not before the message was sent.

    """

    label: str
    message: Message
    attempts: tuple[Attempt, ...]
    visible_from_ms: float | None = None

    @property
    def is_preflight(self) -> bool:
        """Whether it shows whether the endpoint works at all."""
        return self.label == PREFLIGHT

    @property
    def is_health_check(self) -> bool:
        """Whether it follows a hostile message, to see if the service survived it."""
        return self.label == HEALTH_CHECK

    @property
    def started_ms(self) -> float:
        """When the first attempt started."""
        return self.attempts[0].exchanges[0].started_ms

    @property
    def relevant_from_ms(self) -> float:
        """The earliest time at which a request could return the changes of this message."""
        return self.started_ms if self.visible_from_ms is None else self.visible_from_ms

    @property
    def delivered(self) -> bool:
        """Whether Mews would count the message as received."""
        return self.attempts[-1].outcome is Outcome.DELIVERED
