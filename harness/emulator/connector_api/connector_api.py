"""The Connector API emulator: state, injected faults, rate limit and the log of calls."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from pytest_mews.emulator.attribution import Origin, TokenFinder, ids_in
from pytest_mews.emulator.connector_api.api_http import BAD_REQUEST, ApiRequest, ApiResponse
from pytest_mews.emulator.connector_api.api_responses import references
from pytest_mews.emulator.connector_api.apply_message import add_enterprise, apply_message
from pytest_mews.emulator.connector_api.busy_silence import FACTOR, LATE_MS, BusySilence
from pytest_mews.emulator.connector_api.call_log import CallLog
from pytest_mews.emulator.connector_api.entities import ASSUMED_AGE
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.first_pages import FirstPages
from pytest_mews.emulator.connector_api.handler import ApiState, handle
from pytest_mews.emulator.connector_api.injected_faults import InjectedFault, InjectedFaults
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.emulator.connector_api.rate_limit import RateLimit
from pytest_mews.emulator.connector_api.request_parsing import ParsedRequest, parse_request
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.emulator.connector_api.usage_counter import UsageCounter
from pytest_mews.errors import did_you_mean
from pytest_mews.model import ApiUsage, Message, RateLimitUsage, Tenants
from pytest_mews.model.api_call import SLOW_S, ApiCall, ApiFault, RequestProblem, TokenState
from pytest_mews.redaction import MIN_LENGTH_ANYWHERE, REDACTED

BEHIND_MS = 1_000.0  # without a request for this long, a partner has no older work left
RECENT_MS = 5_000.0  # a partner may pause between two requests, or before a retry


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
        self._unread_messages: deque[tuple[Message, float]] = deque()  # with the time of each
        # A few at most, with the time of each. A hash would take all events of every message sent.
        self._changed_early: list[tuple[Message, float]] = []
        self._rate_limits: defaultdict[str, RateLimit] = defaultdict(RateLimit)
        self._faults, self._call_log = InjectedFaults(), CallLog()
        self._busy_silence = BusySilence()
        self._usage = {origin: UsageCounter() for origin in Origin}
        self._store, self._tokens = EntityStore(references), TokenRegistry(tenants)
        self._first_pages = FirstPages(self._store)
        self._token_finder = TokenFinder(lambda: self._tokens.secrets)
        self._state = ApiState(self._store, self._tokens, open_ids=open_ids)
        self._enforce_rate_limit = enforce_rate_limit
        for tenant in tenants.enterprises:
            add_enterprise(tenant.id, self._store, self._started_utc)

    def apply_message(self, message: Message) -> float:
        """Update the state with what a message says; call this before sending the message.

        The message is read when something asks for the state, so that a burst is not delayed.

        Returns:
            The time of the update on the run's clock: an earlier request can't see the change.

        """
        with self._lock:
            now_ms = self._now_ms()
            self._unread_messages.append((message, now_ms))
            changed_ms = self._changed_early_at(message)
            return now_ms if changed_ms is None else changed_ms

    def change_entities(self, message: Message) -> None:
        """Update the state with what a message says; later sending it changes nothing more."""
        with self._up_to_date():
            now_ms = self._now_ms()
            apply_message(message, self._store, self._tokens, self._utc(now_ms))
            self._changed_early.append((message, now_ms))

    def _changed_early_at(self, message: Message) -> float | None:
        return next((time_ms for early, time_ms in self._changed_early if early == message), None)

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        """Hold the lock, with the state updated by every message so far."""
        with self._lock:
            while self._unread_messages:
                message, now_ms = self._unread_messages.popleft()
                if self._changed_early_at(message) is None:
                    apply_message(message, self._store, self._tokens, self._utc(now_ms))
                self._busy_silence.note_message(now_ms)
                self._first_pages.fill(message)
            yield

    def add_command(self, enterprise_id: str, command_id: str, state: str = "Pending") -> None:
        """Add a command for a device of an enterprise, or change its state."""
        with self._up_to_date():
            now = self._utc(self._now_ms())
            self._store.upsert(enterprise_id, "command", command_id, now, state=state)

    def delete_entities(self, enterprise_id: str, kind: str, ids: Iterable[str]) -> None:
        """Delete entities of an enterprise; add those that don't exist, as deleted ones."""
        with self._up_to_date():
            now = self._utc(self._now_ms())
            created = now - ASSUMED_AGE
            for entity_id in ids:
                self._store.upsert(
                    enterprise_id, kind, entity_id, now, created=created, deleted=True
                )

    def refuse_replaced_keys(self, enterprise_id: str) -> None:
        """Answer requests with a replaced AccessToken of an enterprise with a 401 from now on."""
        with self._up_to_date():
            self._tokens.refuse_replaced(enterprise_id)

    def add_service(self, enterprise_id: str, product_ids: Iterable[str]) -> None:
        """Add a service to an enterprise, and products to the service."""
        with self._up_to_date():
            now = self._utc(self._now_ms())
            service_id = str(uuid.uuid4())
            self._store.upsert(enterprise_id, "service", service_id, now)
            for product_id in product_ids:
                self._store.upsert(enterprise_id, "product", product_id, now, parent_id=service_id)

    def add_to_portfolio(self, chain_id: str, enterprise_id: str) -> None:
        """Add an enterprise to those that the AccessToken of a chain covers."""
        with self._up_to_date():
            now = self._utc(self._now_ms())
            add_enterprise(enterprise_id, self._store, now, chain_id=chain_id)

    def inject_fault(  # noqa: PLR0913 - what defines a fault
        self,
        fault: ApiFault,
        ids: frozenset[str] | None,
        *,
        times: int | None,
        more_than: int = 0,
        retry_after_s: float = 1.0,
        slow_s: float = SLOW_S,
        operation: str = "",
    ) -> int:
        """Inject a fault into requests for certain entities.

        Args:
            fault: what happens to these requests.
            ids: a request must ask for one of these entities, or its response must contain one;
                None for any request.
            times: how many requests the fault affects, for each entity if there are ids; None for
                all until `remove_fault`.
            more_than: only requests about more than this many of these entities are affected.
            retry_after_s: the Retry-After of TOO_MANY_REQUESTS, rounded up to whole seconds.
            slow_s: the seconds that a SLOW response takes.
            operation: the only operation that the fault affects, such as `commands/update`; empty
                for all.

        Returns:
            The handle for `remove_fault`.

        Raises:
            TypeError: the ids are one string.
            ValueError: there is no such fault or operation, or `times` is not positive.

        """
        if isinstance(ids, str):
            raise TypeError(f"ids: give a set, such as {{{ids!r}}}")
        if times is not None and times < 1:
            raise ValueError(f"times: {times!r} is less than 1")
        if operation and operation not in OPERATIONS:
            known = did_you_mean(operation, tuple(OPERATIONS))
            raise ValueError(f"operation: there is no {operation!r}. {known}")
        lowered = None if ids is None else frozenset(id_.lower() for id_ in ids)
        with self._up_to_date():
            return self._faults.add(
                InjectedFault(
                    ApiFault(fault), lowered, times, retry_after_s, slow_s, operation, more_than
                )
            )

    def remove_fault(self, handle: int) -> frozenset[str]:
        """Remove a fault, if it is still in force; a slow response that has begun stays slow.

        Returns:
            The ids that the fault was injected for and that no affected request was about, in lower
            case; empty if the fault was not in force.

        """
        with self._up_to_date():
            return self._faults.remove(handle)

    def fill_first_pages(self, ids: frozenset[str]) -> int:
        """Put entities that a later message announces on the third page of what a request returns.

        Only requests that name no ids have such pages; see `FirstPages`.

        Returns:
            The handle for `empty_first_pages`.

        """
        with self._up_to_date():
            return self._first_pages.add(ids)

    def empty_first_pages(self, handle: int) -> None:
        """Remove the entities that fill the first pages."""
        with self._up_to_date():
            self._first_pages.remove(handle)

    def begin(self, request: ApiRequest) -> PendingResponse:
        """Handle a request; the caller sends the response and calls `mark_sent` or `mark_lost`."""
        parsed = parse_request(request)
        with self._up_to_date():
            now_ms = self._now_ms()
            origin = self._origin_of(request, parsed)
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
            description = f"{request.method} {call.path} from {request.address} ({call.message})"
            call = self._call_log.add(call, origin, description)
        return PendingResponse(call, response, partial(self._record_answer, origin=origin))

    def has_token(self, text: str) -> bool:
        """Return whether a text has a token of this run, or a part of one."""
        with self._up_to_date():
            return self._token_finder.is_in(text)

    def unknown_ids(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Return those ids of which no enterprise has an entity."""
        with self._up_to_date():
            return tuple(one for one in ids if one.lower() not in self._store.ids)

    def record_unreadable(self, address: str, reason: str) -> None:
        """Record what is no HTTP request; nobody knows whose it is, so it is noted only."""
        now_ms, message = self._now_ms(), f"no HTTP request: {reason}"
        call = ApiCall(0, "", "", now_ms, None, BAD_REQUEST, message=message)
        call = self._call_log.add(call, Origin.STRANGER, f"{message}, from {address}")
        self._record_answer(call, Origin.STRANGER)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the run: one about the requests of strangers, or none."""
        return self._call_log.notes

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

        That is so if a request since then, and of the last `RECENT_MS`, asked for an entity whose
        last event is older than `sent_ms`, or than `LATE_MS` before the request. A request without
        ids counts if its response has a page of such entities alone and more pages follow. One that
        is rejected is no work: a partner may repeat it without end.

        A partner may be silent for longer while it works: while something sent before `sent_ms` is
        not fetched, a request counts for as long as `BusySilence` says, also one before `sent_ms`.

        Args:
            sent_ms: on the run's clock.

        """
        with self._up_to_date():
            now_ms = self._now_ms()
            self._busy_silence.look_at(
                self._call_log.calls(self._busy_silence.last_call), self._announced_ms
            )
            since_ms = max(sent_ms, now_ms - RECENT_MS)
            silent_since_ms = self._busy_silence.allows_since_ms(now_ms)
            is_long = silent_since_ms < now_ms - RECENT_MS
            if is_long and self._store.count_unfetched(self._utc(sent_ms)):
                since_ms = min(since_ms, silent_since_ms)
            return any(
                announced_ms < call.received_ms - LATE_MS
                or announced_ms < sent_ms <= call.received_ms
                for call in self._call_log.calls()
                if call.received_ms >= since_ms
                and not call.is_rejected
                and (announced_ms := self._announced_ms(call)) is not None
            )

    def is_behind(self, sent_ms: float) -> bool:
        """Return whether the partner has not come yet to what was sent at a time.

        That is so if it has requested something older since then, nothing newer, and was silent no
        longer since then than it may be while it works. Rejected requests do not count.

        Args:
            sent_ms: on the run's clock.

        """
        with self._up_to_date():
            since_ms = self._now_ms() - max(BEHIND_MS, FACTOR * self._busy_silence.longest_ms)
            announced_ms = [
                (announced, call.answered_ms)
                for call in self._call_log.calls()
                if call.received_ms >= sent_ms
                and not call.is_rejected
                and (announced := self._announced_ms(call)) is not None
            ]
            return all(announced < sent_ms for announced, _ in announced_ms) and any(
                answered_ms is None or answered_ms >= since_ms for _, answered_ms in announced_ms
            )

    @property
    def messages_ms(self) -> tuple[float, ...]:
        """When messages were sent, on the run's clock, in order."""
        with self._up_to_date():
            return tuple(self._busy_silence.messages_ms)

    def note_final_silence(self) -> None:
        """Note that the partner did nothing more of its backlog until a wait for it was over."""
        with self._up_to_date():
            self._busy_silence.note_final()

    def count_unfetched(self, until_ms: float, enterprise_id: str | None = None) -> int:
        """Return how many entities were announced by a time, and are in no response since.

        Args:
            until_ms: on the run's clock.
            enterprise_id: only this one's entities; None for all.

        """
        with self._up_to_date():
            return self._store.count_unfetched(self._utc(until_ms), enterprise_id)

    @property
    def closed(self) -> bool:
        """Whether the run is over and every wait ends at once."""
        return self._call_log.waits_ended

    def end_waits(self) -> None:
        """End all current waits, because the run is over; later ones return at once."""
        self._call_log.end_waits()

    def enterprise_of(self, token: str) -> str | None:
        """Return the enterprise of an AccessToken, valid or not; None for an unknown token."""
        with self._up_to_date():
            return self._tokens.enterprise_of(token)

    def token_status(self, token: str) -> tuple[str | None, TokenState]:
        """Return the enterprise of an AccessToken and the token's state."""
        with self._up_to_date():
            return self._tokens.enterprise_of(token), self._tokens.state_of(token)

    def rate_limit_usage(self) -> tuple[RateLimitUsage, ...]:
        """Return the usage by enterprise, the highest peak first."""
        limits: defaultdict[str, list[RateLimit]] = defaultdict(list)
        with self._up_to_date():
            for token, rate_limit in self._rate_limits.items():
                enterprise = self._tokens.enterprise_of(token)
                if enterprise is not None:
                    limits[enterprise].append(rate_limit)
            usages = [_sum_usage(enterprise, group) for enterprise, group in limits.items()]
        return tuple(sorted(usages, key=lambda usage: -usage.peak))

    def api_usage(self) -> ApiUsage:
        """Return what the service's answered requests were; see `attribution`."""
        with self._up_to_date():
            peak = max((limit.peak for limit in self._rate_limits.values()), default=0)
        with self._sink_lock:
            usage = self._usage[Origin.PARTNER].usage(peak)
            return usage if usage.requests else self._usage[Origin.POSSIBLY_PARTNER].usage(peak)

    def _origin_of(self, request: ApiRequest, parsed: ParsedRequest) -> Origin:
        """Return who sent a request; see `attribution`."""
        if not request.address or self._tokens.enterprise_of(parsed.text("AccessToken")):
            return Origin.PARTNER
        text = " ".join((request.path, request.query, *request.headers.values()))
        text += " " + request.body.decode("latin-1")
        if self._token_finder.is_in(text) or not self._store.ids.isdisjoint(ids_in(text)):
            return Origin.PARTNER
        looks_documented = (
            parsed.operation is not None
            or RequestProblem.PATH_SPELLING in parsed.problems
            or not parsed.body.keys().isdisjoint({"ClientToken", "AccessToken", "Client"})
        )
        return Origin.POSSIBLY_PARTNER if looks_documented else Origin.STRANGER

    def _announced_ms(self, call: ApiCall) -> float | None:
        """Return when the oldest requested entity was announced; None if none was.

        On the run's clock.
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
        oldest = min(announced) if call.requested_ids else max(announced)
        return (oldest - self._started_utc) / timedelta(milliseconds=1)

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

    def _record_answer(self, call: ApiCall, origin: Origin) -> None:
        with self._sink_lock:
            answered = replace(call, answered_ms=self._now_ms())
            self._call_log.update(answered)
            self._usage[origin].count(answered)
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
