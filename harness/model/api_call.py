"""A request of the partner to the Connector API emulator, and the response."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN, RESPONSE_TIMEOUT_S

# ruff: noqa: S105 - names of problems, not passwords


BAD_REQUEST = 400  # the status
REJECTIONS = frozenset({BAD_REQUEST, 401, 403, 404})  # statuses


class RequestProblem(StrEnum):
    """What a request does wrong against the documentation, whatever the status: a closed list."""

    NOT_POST = "not-post"
    WRONG_PATH = "wrong-path"  # no documented operation; Mews responds with 404
    PATH_SPELLING = "path-spelling"  # an operation, except for letter case or a trailing slash
    CONTENT_TYPE = "content-type"  # not application/json
    NOT_JSON = "not-json"
    NO_CLIENT_TOKEN = "no-client-token"
    WRONG_CLIENT_TOKEN = "wrong-client-token"
    NO_ACCESS_TOKEN = "no-access-token"
    WRONG_ACCESS_TOKEN = "wrong-access-token"  # of no enterprise of the run
    NO_CLIENT = "no-client"  # Client is missing or blank
    CLIENT_WITHOUT_VERSION = "client-without-version"
    INVALID_BODY = "invalid-body"  # against the operation's request schema
    TOO_MANY_ITEMS = "too-many-items"  # an invalid body with a list that is too long
    DEPRECATED_OPERATION = "deprecated-operation"
    DEPRECATED_EXTENT = "deprecated-extent"  # requests a deprecated part of the response
    OVER_LIMIT = "over-limit"  # more than 200 requests with this AccessToken within 30 s


class TokenState(StrEnum):
    """What the emulator knows about the AccessToken of a request."""

    NONE = "none"  # no token, or the token of no enterprise
    CURRENT = "current"
    REPLACED = "replaced"  # an IntegrationApiKeyCreated message announced a newer one
    INACTIVE = "inactive"  # its integration is disabled, canceled or deleted


SLOW_S = RESPONSE_TIMEOUT_S + 3.0  # a webhook whose response waits for it is too late


class ApiFault(StrEnum):
    """A fault that the emulator injects into a request: a closed list."""

    SLOW = "slow"  # a correct response after `SLOW_S`, or what the step says
    TOO_MANY_REQUESTS = "429-with-retry-after"
    TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER = "429-without-retry-after"
    SERVER_ERROR = "500"
    SERVER_ERROR_MESSAGE_ONLY = "500-message-only"  # the body has a Message and nothing else
    BAD_REQUEST = "400"
    FORBIDDEN = "403"
    REQUEST_TIMEOUT = "408"
    CONFLICT = "409"
    CONTENT_TOO_LARGE = "413"
    RESET = "reset"  # the emulator resets the connection instead of responding
    NOT_JSON = "not-json"  # 200 with a body that is not JSON
    UNKNOWN_FIELDS = "unknown-fields"  # correct, plus undocumented properties and enum values


# What a request does wrong, in words.
REQUEST_PROBLEMS: Mapping[RequestProblem, str] = {
    RequestProblem.NOT_POST: "the method is not POST",
    RequestProblem.WRONG_PATH: "no operation has this path",
    RequestProblem.PATH_SPELLING: "the path is misspelled: upper or lower case, or a final slash",
    RequestProblem.CONTENT_TYPE: "the content type is not application/json",
    RequestProblem.NOT_JSON: "the body is not JSON",
    RequestProblem.NO_CLIENT_TOKEN: "no ClientToken",
    RequestProblem.WRONG_CLIENT_TOKEN: "a ClientToken that is not yours",
    RequestProblem.NO_ACCESS_TOKEN: "no AccessToken",
    RequestProblem.WRONG_ACCESS_TOKEN: "an AccessToken of no enterprise",
    RequestProblem.NO_CLIENT: "Client is missing or blank",
    RequestProblem.CLIENT_WITHOUT_VERSION: "Client names no version",
    RequestProblem.INVALID_BODY: "the body does not match the operation's schema",
    RequestProblem.TOO_MANY_ITEMS: "a list has more items than the operation allows",
    RequestProblem.DEPRECATED_OPERATION: "a deprecated operation",
    RequestProblem.DEPRECATED_EXTENT: "requests a deprecated part of the response",
    RequestProblem.OVER_LIMIT: (
        f"over {REQUESTS_PER_TOKEN} requests with this AccessToken within {REQUEST_WINDOW_S} s"
    ),
}

# What a request with a fault meets, as a noun.
API_FAULTS: Mapping[ApiFault, str] = {
    ApiFault.SLOW: f"response after {SLOW_S:g} s",
    ApiFault.TOO_MANY_REQUESTS: "429 with Retry-After",
    ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER: "429 without Retry-After",
    ApiFault.SERVER_ERROR: "500",
    ApiFault.SERVER_ERROR_MESSAGE_ONLY: "500 with only a Message",
    ApiFault.BAD_REQUEST: "400",
    ApiFault.FORBIDDEN: "403",
    ApiFault.REQUEST_TIMEOUT: "408",
    ApiFault.CONFLICT: "409",
    ApiFault.CONTENT_TOO_LARGE: "413",
    ApiFault.RESET: "connection reset",
    ApiFault.NOT_JSON: "a body that is not JSON",
    ApiFault.UNKNOWN_FIELDS: "unknown properties and values in the response",
}

PERMANENT_FAULTS = frozenset({ApiFault.BAD_REQUEST, ApiFault.FORBIDDEN})  # not to be repeated


@dataclass(frozen=True)
class ApiCall:
    """One request to the Connector API emulator, and its response.

    Attributes:
        number: from 1, in order of arrival.
        path: the path of the request, without the query.
        operation: such as `customers/getAll`; empty if the path is that of no documented operation.
        received_ms: when the complete request had arrived, in milliseconds on the run's clock; the
            response shows the entities as they are at this moment.
        answered_ms: when the response had been sent; None until then.
        status: of the response; None if the emulator reset the connection.
        enterprise_id: the owner of the request's AccessToken; None for an unknown token.
        token_state: the state of that token.
        client: the `Client` property of the request.
        requested_ids: the entity ids in the request.
        returned_ids: the entity ids in the response.
        request_problems: what the request does wrong.
        message: the `Message` of an error response.
        fault: the injected fault, if any.
        retry_after_s: the Retry-After of the response.
        cursor: the cursor of the response; None if there is no further page.
        is_next_page: whether the request has a cursor, and so asks for a further page.
        state: the State that a `commands/update` sets; empty for other operations.
        filters: the names of the properties that select what is returned, such as `UpdatedUtc`.
        extents: the names of the extents that the request asks for.
        interval_s: the start and end of the interval of changes that a valid request asks for, in
            seconds after its arrival, each None if it is open; None if it asks for no interval.

    """

    number: int
    path: str
    operation: str
    received_ms: float
    answered_ms: float | None
    status: int | None
    enterprise_id: str | None = None
    token_state: TokenState = TokenState.NONE
    client: str = ""
    requested_ids: tuple[str, ...] = ()
    returned_ids: tuple[str, ...] = ()
    request_problems: tuple[RequestProblem, ...] = ()
    message: str = ""
    fault: ApiFault | None = None
    retry_after_s: float | None = None
    cursor: str | None = None
    is_next_page: bool = False
    state: str = ""
    filters: tuple[str, ...] = ()
    extents: tuple[str, ...] = ()
    interval_s: tuple[float | None, float | None] | None = None

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return self.status is not None and self.status >= 400  # noqa: PLR2004 - HTTP's bound

    @property
    def is_refused_for_its_body(self) -> bool:
        """Whether the response is a 400 for the body, which the same body would get again."""
        return self.status == BAD_REQUEST and self.fault is None and bool(self.operation)

    @property
    def is_rejected(self) -> bool:
        """Whether the response is a 4xx that the same request gets again until something changes.

        Its body, its path, or its token: the integration is disabled, or unknown.
        """
        return self.status in REJECTIONS and self.fault is None

    @property
    def acknowledged(self) -> bool:
        """Whether the response says that the requested change was made."""
        return self.status in {200, 204} and self.answered_ms is not None

    @property
    def is_served(self) -> bool:
        """Whether the emulator serves the operation; others are answered without a result."""
        return self.operation in OPERATIONS

    @property
    def asks_by_id(self) -> bool:
        """Whether the request names entities, even if `requested_ids` has none of them left."""
        ids = OPERATIONS[self.operation].ids if self.is_served else None
        return bool(self.requested_ids) or ids in self.filters

    def includes(self, at_ms: float) -> bool:
        """Return whether the request asks for no interval, or for one that has a moment."""
        start_s, end_s = self.interval_s or (None, None)
        after_s = (at_ms - self.received_ms) / 1000
        return (start_s is None or start_s <= after_s) and (end_s is None or after_s <= end_s)

    def follows(self, page: ApiCall) -> bool:
        """Return whether the request asks for the page after the response to another one."""
        return (
            self.is_next_page
            and (self.operation, self.enterprise_id) == (page.operation, page.enterprise_id)
            and page.answered_ms is not None
            and self.received_ms >= page.answered_ms
        )

    @property
    def concerns_commands(self) -> bool:
        """Whether the operation is about device commands: a WebSocket client calls these."""
        return self.operation.startswith("commands/")

    @property
    def answered_ok(self) -> bool:
        """Whether the response is a success that the partner can read."""
        return (
            self.status == 200  # noqa: PLR2004 - the only documented success
            and self.answered_ms is not None
            and self.fault is not ApiFault.NOT_JSON
        )


def calls_by_entity(
    calls: Iterable[ApiCall], ids: set[str] | None = None
) -> dict[str, list[ApiCall]]:
    """Return the calls that ask for an entity or return it, by its id; only for `ids` if given."""
    by_entity: dict[str, list[ApiCall]] = {}
    for call in calls:
        concerned = {*call.requested_ids, *call.returned_ids}
        for entity_id in concerned if ids is None else concerned & ids:
            by_entity.setdefault(entity_id, []).append(call)
    return by_entity
