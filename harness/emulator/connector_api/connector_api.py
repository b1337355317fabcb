"""The Connector API emulator: state, injected faults, rate limit and the log of calls."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pytest_mews.emulator.connector_api.api_http import ApiRequest, ApiResponse
from pytest_mews.emulator.connector_api.apply_message import add_enterprise, apply_message
from pytest_mews.emulator.connector_api.call_log import CallLog
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.handler import ApiState, handle
from pytest_mews.emulator.connector_api.injected_faults import SLOW_S, InjectedFault, InjectedFaults
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.emulator.connector_api.rate_limit import RateLimit
from pytest_mews.emulator.connector_api.request_parsing import ParsedRequest, parse_request
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.model import Message, RateLimitUsage, Tenants
from pytest_mews.model.api_call import ApiCall, ApiFault, TokenState
from pytest_mews.redaction import MIN_LENGTH_ANYWHERE, REDACTED

RECENT_MS = 5_000.0  # a partner may pause between two requests, or before a retry
LATE_MS = 3_000.0  # a request this long after its event shows that the partner has a backlog


@dataclass(frozen=True)
class PendingResponse:
    """A response that the front end has not sent yet.

    Attributes:
        call: the record of the request; `answered_ms` is None.
        response: the response to send after its delay.

    """

    call: ApiCall
    response: ApiResponse
    _record_answer: Callable[[ApiCall], None]

    def mark_sent(self) -> None:
        """Record that the response was sent."""
        self._record_answer(self.call)

    def mark_lost(self) -> None:
        """Record that the client disconnected before the response was sent."""
        self._record_answer(replace(self.call, status=None, returned_ids=(), cursor=None))


class ConnectorApi:
    """Emulates the Connector API, without a transport; every method is thread-safe.

    Args:
        tenants: the client and the enterprises that exist from the start.
        now_ms: the run's clock.
        started_utc: when `now_ms` was 0.
        open_ids: whether every id exists as soon as a request asks for it.
        enforce_rate_limit: whether requests over the documented limit get a 429.
        sink: called with each answered call, one call at a time.

    """

    def __init__(  # noqa: PLR0913 - two required, four optional
        self,
        tenants: Tenants,
        now_ms: Callable[[], float],
        *,
        started_utc: datetime,
        open_ids: bool = False,
        enforce_rate_limit: bool = False,
        sink: Callable[[ApiCall], None] | None = None,
    ) -> None:
        self._now_ms, self._started_utc, self._sink = now_ms, started_utc.astimezone(UTC), sink
        self._lock, self._sink_lock = threading.Lock(), threading.Lock()
        self._rate_limits: defaultdict[str, RateLimit] = defaultdict(RateLimit)
        self._faults, self._call_log = InjectedFaults(), CallLog()
        self._store, self._tokens = EntityStore(), TokenRegistry(tenants)
        self._state = ApiState(self._store, self._tokens, open_ids=open_ids)
        self._enforce_rate_limit = enforce_rate_limit
        for tenant in tenants.enterprises:
            add_enterprise(tenant.id, self._store, self._started_utc)

    def apply_message(self, message: Message) -> float:
        """Update the state with what a message says; call this before sending the message.

        Returns:
            The time of the update on the run's clock: an earlier request can't see the change.

        """
        with self._lock:
            now_ms = self._now_ms()
            apply_message(message, self._store, self._tokens, self._utc(now_ms))
        return now_ms

    def add_command(self, enterprise_id: str, command_id: str, state: str = "Pending") -> None:
        """Add a command for a device of an enterprise, or change its state."""
        with self._lock:
            now = self._utc(self._now_ms())
            self._store.upsert(enterprise_id, "command", command_id, now, state=state)

    def inject_fault(  # noqa: PLR0913 - what defines a fault
        self,
        fault: ApiFault,
        ids: frozenset[str] | None,
        *,
        times: int | None,
        retry_after_s: float = 1.0,
        slow_s: float = SLOW_S,
        operation: str = "",
    ) -> int:
        """Inject a fault into requests for certain entities.

        Args:
            fault: what happens to these requests.
            ids: a request must ask for one of these entities, or its response must contain one;
                None for any request.
            times: how many requests the fault affects; None for all until `remove_fault`.
            retry_after_s: the Retry-After of TOO_MANY_REQUESTS, rounded up to whole seconds.
            slow_s: the seconds that a SLOW response takes.
            operation: the only operation that the fault affects, such as `commands/update`; empty
                for all.

        Returns:
            The handle for `remove_fault`.

        """
        lowered = None if ids is None else frozenset(id_.lower() for id_ in ids)
        with self._lock:
            return self._faults.add(
                InjectedFault(fault, lowered, times, retry_after_s, slow_s, operation)
            )

    def remove_fault(self, handle: int) -> None:
        """Remove a fault, if it is still in force; a slow response that has begun stays slow."""
        with self._lock:
            self._faults.remove(handle)

    def begin(self, request: ApiRequest) -> PendingResponse:
        """Handle a request; the caller sends the response and calls `mark_sent` or `mark_lost`."""
        parsed = parse_request(request)
        with self._lock:
            now_ms = self._now_ms()
            over_limit, retry_after_s = self._count_request(parsed, now_ms)
            call, response = handle(
                self._state,
                parsed,
                self._utc(now_ms),
                minimal=_prefers_minimal(request),
                over_limit=over_limit,
                retry_after_s=retry_after_s,
                take_fault=self._faults.take_fault,
            )
            call = replace(
                call,
                received_ms=now_ms,
                path=self._redact(request.path, parsed),
                client=self._redact(call.client, parsed),
            )
            call = self._call_log.add(call)
        return PendingResponse(call, response, self._record_answer)

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Return the calls with a number above `since`, in order; the log keeps at least 50,000."""
        return self._call_log.calls(since)

    def wait_until(
        self,
        predicate: Callable[[tuple[ApiCall, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until `predicate(calls(since))` is true; return whether it became true in time."""
        return self._call_log.wait_until(predicate, since, timeout_s)

    def is_working_on_backlog(self, sent_ms: float) -> bool:
        """Return whether the partner is still working through events sent before `sent_ms`.

        That is so if a request of the last `RECENT_MS` asked for an entity whose last event is
        older than `sent_ms`, or than `LATE_MS` before the request. A request without ids counts if
        its response has a page of such entities alone and more pages follow.

        Args:
            sent_ms: on the run's clock.

        """
        with self._lock:
            now_ms = self._now_ms()
            calls = self._call_log.calls()
            recent = [call for call in calls if call.received_ms >= now_ms - RECENT_MS]
            announced = [(self._announced_utc(call), call.received_ms - LATE_MS) for call in recent]
        return any(
            announced_utc is not None and announced_utc < self._utc(max(sent_ms, late_ms))
            for announced_utc, late_ms in announced
        )

    @property
    def closed(self) -> bool:
        """Whether the run is over and every wait ends at once."""
        return self._call_log.waits_ended

    def end_waits(self) -> None:
        """End all current waits, because the run is over; later ones return at once."""
        self._call_log.end_waits()

    def enterprise_of(self, token: str) -> str | None:
        """Return the enterprise of an AccessToken, valid or not; None for an unknown token."""
        with self._lock:
            return self._tokens.enterprise_of(token)

    def token_status(self, token: str) -> tuple[str | None, TokenState]:
        """Return the enterprise of an AccessToken and the token's state."""
        with self._lock:
            return self._tokens.enterprise_of(token), self._tokens.state_of(token)

    def rate_limit_usage(self) -> tuple[RateLimitUsage, ...]:
        """Return the usage by enterprise, the highest peak first."""
        limits: defaultdict[str, list[RateLimit]] = defaultdict(list)
        with self._lock:
            for token, rate_limit in self._rate_limits.items():
                enterprise = self._tokens.enterprise_of(token)
                if enterprise is not None:
                    limits[enterprise].append(rate_limit)
            usages = [_sum_usage(enterprise, group) for enterprise, group in limits.items()]
        return tuple(sorted(usages, key=lambda usage: -usage.peak))

    def _announced_utc(self, call: ApiCall) -> datetime | None:
        """Return when the oldest requested entity was announced; None if none was.

        For a request without ids return when the newest entity of its page was announced.
        """
        operation = OPERATIONS.get(call.operation)
        if operation is None or operation.kind is None or call.enterprise_id is None:
            return None
        ids = call.requested_ids or (call.returned_ids if call.cursor else ())
        kind = operation.requested_kind if call.requested_ids else operation.kind
        known = self._store.records_by_id(call.enterprise_id, kind or "")
        records = [known[key] for id_ in ids if (key := id_.lower()) in known]
        # Mews announces a command once; after that the partner itself changes it.
        once = operation.kind == "command"
        times = [record.created if once else record.updated for record in records]
        announced = [time for time in times if time >= self._started_utc]
        if not announced:
            return None
        return min(announced) if call.requested_ids else max(announced)

    def _count_request(self, request: ParsedRequest, now_ms: float) -> tuple[bool, float | None]:
        token = request.text("AccessToken")
        if self._tokens.enterprise_of(token) is None:
            return False, None
        return self._rate_limits[token].count_request(now_ms, enforce=self._enforce_rate_limit)

    def _utc(self, now_ms: float) -> datetime:
        return self._started_utc + timedelta(milliseconds=now_ms)

    def _redact(self, text: str, request: ParsedRequest) -> str:
        sent = (request.text("AccessToken"), request.text("ClientToken"))
        for secret in (*sent, *self._tokens.secrets):
            if len(secret) >= MIN_LENGTH_ANYWHERE and secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def _record_answer(self, call: ApiCall) -> None:
        with self._sink_lock:
            answered = replace(call, answered_ms=self._now_ms())
            self._call_log.update(answered)
            if self._sink is not None:
                self._sink(answered)


def _prefers_minimal(request: ApiRequest) -> bool:
    preferences = request.headers.get("prefer", "").split(",")
    return "return=minimal" in {preference.strip().lower() for preference in preferences}


def _sum_usage(enterprise: str, rate_limits: list[RateLimit]) -> RateLimitUsage:
    seconds: Counter[int] = Counter()
    for rate_limit in rate_limits:
        seconds.update(rate_limit.seconds)
    return RateLimitUsage(
        enterprise,
        tuple(sorted(seconds.items())),
        max(rate_limit.peak for rate_limit in rate_limits),
    )
