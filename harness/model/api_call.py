"""What the partner asks the twin of the Connector API, one request at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# ruff: noqa: S105 - names of missteps, not passwords


class RequestProblem(StrEnum):
    """What a request got wrong, whether or not it was answered all the same: a closed list."""

    NOT_POST = "not-post"
    WRONG_PATH = "wrong-path"  # no operation that the twin serves; Mews answers 404
    PATH_SPELLING = "path-spelling"  # an operation but for upper and lower case or a last slash
    CONTENT_TYPE = "content-type"  # not application/json
    NOT_JSON = "not-json"
    NO_CLIENT_TOKEN = "no-client-token"
    WRONG_CLIENT_TOKEN = "wrong-client-token"
    NO_ACCESS_TOKEN = "no-access-token"
    WRONG_ACCESS_TOKEN = "wrong-access-token"  # of no enterprise that the twin knows
    NO_CLIENT = "no-client"  # Client is missing or blank
    CLIENT_WITHOUT_VERSION = "client-without-version"
    INVALID_BODY = "invalid-body"  # against the operation's request schema
    DEPRECATED_OPERATION = "deprecated-operation"
    DEPRECATED_EXTENT = "deprecated-extent"  # asks for a deprecated part of the answer
    OVER_LIMIT = "over-limit"  # more than 200 requests with this AccessToken within 30 s


class TokenState(StrEnum):
    """What the twin knows of the AccessToken that a request bore."""

    NONE = "none"  # the request bore none, or one of nobody
    CURRENT = "current"
    REPLACED = "replaced"  # an IntegrationApiKeyCreated gave a newer one
    INACTIVE = "inactive"  # its integration is disabled, canceled or deleted


class ApiFault(StrEnum):
    """What the twin does to a request on purpose: a closed list."""

    SLOW = "slow"  # a right answer after 8 s
    TOO_MANY_REQUESTS = "429-with-retry-after"  # 429 with Retry-After
    TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER = "429-without-retry-after"  # 429 without Retry-After
    SERVER_ERROR = "500"  # 500
    SERVER_ERROR_MESSAGE_ONLY = "500-message-only"  # 500 with nothing but a Message
    REQUEST_TIMEOUT = "408"  # 408
    RESET = "reset"  # the connection is reset, no answer
    NOT_JSON = "not-json"  # 200 with a body that is no JSON
    UNKNOWN_FIELDS = (
        "unknown-fields"  # a right answer with unknown properties and enumeration values
    )


@dataclass(frozen=True)
class ApiCall:
    """One request that the partner sent to the twin, and its answer.

    Attributes:
        number: from 1, in the order of arrival.
        path: as it was requested, without the query.
        operation: such as `customers/getAll`; empty where the path is none.
        received_ms: when it had arrived whole, on the run's clock; what it is answered with is
            the state of that moment.
        answered_ms: when the answer had been handed over; None while it is being answered.
        status: the answer's; None where the connection was reset on purpose.
        enterprise_id: whose AccessToken it bore; None where that is nobody's.
        token: what is known of that token.
        client: the `Client` property.
        asked: the ids of entities that it asked for.
        returned: the ids of entities in the answer.
        missteps: what it got wrong.
        message: the answer's `Message`, where it is an error.
        fault: what was done to it on purpose.
        retry_after_s: what the answer's Retry-After said.
        cursor: the answer's cursor; None where there was none, or nothing more to come.
        continues: whether it asked for a further page (it bore a cursor).
        state: the State that it gave a command (`commands/update`); empty elsewhere.

    """

    number: int
    path: str
    operation: str
    received_ms: float
    answered_ms: float | None
    status: int | None
    enterprise_id: str | None = None
    token: TokenState = TokenState.NONE
    client: str = ""
    asked: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    request_problems: tuple[RequestProblem, ...] = ()
    message: str = ""
    fault: ApiFault | None = None
    retry_after_s: float | None = None
    cursor: str | None = None
    continues: bool = False
    state: str = ""

    @property
    def refused(self) -> bool:
        """Whether it was answered with an error, of whichever side."""
        return self.status is not None and self.status >= 400  # noqa: PLR2004 - HTTP's own bound

    @property
    def acknowledged(self) -> bool:
        """Whether the partner was told that what it asked to be done is done."""
        return self.status in {200, 204} and self.answered_ms is not None

    @property
    def about_commands(self) -> bool:
        """Whether it is what a WebSocket client asks: no webhook leads to a command."""
        return self.operation.startswith("commands/")

    @property
    def answered_ok(self) -> bool:
        """Whether the partner was given what it asked for, in an answer it can read."""
        return (
            self.status == 200  # noqa: PLR2004 - the one success that is documented
            and self.answered_ms is not None
            and self.fault is not ApiFault.NOT_JSON
        )
