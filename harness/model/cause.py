"""A cause: what the failing exchanges of several scenarios have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_mews.model.scenario import Level


class CauseKind(StrEnum):
    """What is wrong, as a stable slug for programs: a closed list; docs/causes.md explains each."""

    # The endpoint or the set-up, seen before anything else.
    ENDPOINT_UNREACHABLE = "endpoint-unreachable"
    VALID_MESSAGE_REFUSED = "valid-message-refused"
    NOT_AUTHORIZED = "not-authorized"
    PAGE_IN_FRONT = "page-in-front"
    API_NOT_CALLED = "api-not-called"
    API_CALLS_REFUSED = "api-calls-refused"
    NO_WEBSOCKET_CLIENT = "no-websocket-client"
    COMMANDS_NOT_REQUESTED = "commands-not-requested"
    RATE_LIMITED = "rate-limited"
    BACK_PRESSURE = "back-pressure"
    # What happens over time.
    SERVICE_DIED = "service-died"
    OUTAGE = "outage"
    STOPPED_ANSWERING = "stopped-answering"
    TIME_PER_EVENT = "time-per-event"
    INTERMITTENT_STATUS = "intermittent-status"
    # What the failing messages have in common.
    KEPT_CONNECTION = "kept-connection"
    WEBHOOK_KIND = "webhook-kind"
    AFTER_OTHER_KIND = "after-other-kind"
    EVENT_TYPE = "event-type"
    ENTERPRISE = "enterprise"
    MESSAGE_SIZE = "message-size"
    REPEATED_MESSAGE = "repeated-message"
    CONCURRENCY = "concurrency"
    EVERY_MESSAGE = "every-message"
    # What is accepted, or makes the service fail, although it should be refused.
    ACCEPTS_ANYTHING = "accepts-anything"
    ACCEPTS_ANY_JSON = "accepts-any-json"
    ACCEPTS_INVALID_ENCODING = "accepts-invalid-encoding"
    FAILS_ON_INVALID = "fails-on-invalid"
    TOKEN_NOT_CHECKED = "token-not-checked"  # noqa: S105 - no password
    # What is fetched.
    FIRST_TOKEN_FOR_ALL = "first-token-for-all"  # noqa: S105 - no password
    OTHER_ENTERPRISES_TOKEN = "other-enterprises-token"  # noqa: S105 - no password
    REPLACED_KEY_USED = "replaced-key-used"
    ENDED_TOKEN_USED = "ended-token-used"  # noqa: S105 - no password
    IDLE_BETWEEN_MESSAGES = "idle-between-messages"
    STOPPED_FETCHING = "stopped-fetching"
    EVENT_TYPE_NOT_FETCHED = "event-type-not-fetched"
    LARGE_MESSAGE_NOT_FETCHED = "large-message-not-fetched"
    MESSAGE_PART_NOT_FETCHED = "message-part-not-fetched"
    ENTERPRISE_NOT_FETCHED = "enterprise-not-fetched"
    NOT_IN_INTERVAL = "not-in-interval"
    LOST_AT_NEW_KEY = "lost-at-new-key"
    RESUMED_NOT_FETCHED = "resumed-not-fetched"
    REPEATED_NOT_FETCHED = "repeated-not-fetched"
    FIRST_EVENT_ONLY = "first-event-only"
    CLIENT_ENDED = "client-ended"
    NOT_RECONNECTED = "not-reconnected"
    RECONNECT_PAUSE_NOT_RESET = "reconnect-pause-not-reset"
    NOT_HANDLED_AFTER_RECONNECT = "not-handled-after-reconnect"
    WEBSOCKET_FIRST_EVENT_ONLY = "websocket-first-event-only"
    WEBSOCKET_BATCH_NOT_HANDLED = "websocket-batch-not-handled"
    COMMANDS_NOT_REPORTED = "commands-not-reported"
    ACTIVE_COMMANDS_NOT_REQUESTED = "active-commands-not-requested"
    PAGES_NOT_READ = "pages-not-read"
    CURSOR_OF_ANOTHER_REQUEST = "cursor-of-another-request"
    SHARED_ID_NOT_FETCHED = "shared-id-not-fetched"
    REQUESTS_REFUSED = "requests-refused"
    WORK_NOT_CLAIMED = "work-not-claimed"
    FETCHED_REPEATEDLY = "fetched-repeatedly"
    HASTY_RETRIES = "hasty-retries"
    LIMITED_RETRIES = "limited-retries"
    ERRORS_NOT_RETRIED = "errors-not-retried"
    SOME_NOT_FETCHED = "some-not-fetched"


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong, and the scenarios that fail because of it.

    Attributes:
        kind: what is wrong.
        summary: one sentence with figures.
        remedy: what to change.
        level: the highest level that fails because of it.
        explains: the ids of the scenarios that it explains, in the order of the run. Everything
            that these scenarios do not meet is due to this cause, or to it and other causes.
        shown_by: the id of the scenario whose evidence shows it best: the first of its evidence.

    """

    kind: CauseKind
    summary: str
    remedy: str
    level: Level
    explains: tuple[str, ...]
    shown_by: str
