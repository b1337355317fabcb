"""The twin: what the partner would find behind the Connector API, and a record of its calls."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pytest_mews.emulator.connector_api.api_http import ApiRequest, ApiResponse
from pytest_mews.emulator.connector_api.apply_message import apply_message, enroll
from pytest_mews.emulator.connector_api.call_log import CallLog
from pytest_mews.emulator.connector_api.entity_store import EntityStore
from pytest_mews.emulator.connector_api.handler import ApiState, handle
from pytest_mews.emulator.connector_api.injected_faults import SLOW_S, InjectedFault, InjectedFaults
from pytest_mews.emulator.connector_api.operations import OPERATIONS
from pytest_mews.emulator.connector_api.rate_limit import RateLimit
from pytest_mews.emulator.connector_api.request_parsing import Reading, read
from pytest_mews.emulator.connector_api.token_registry import TokenRegistry
from pytest_mews.model import Message, RateLimitUsage, Tenants
from pytest_mews.model.api_call import ApiCall, ApiFault, TokenState
from pytest_mews.redaction import ANYWHERE, MASK

RECENT_MS = 5_000.0  # a partner may pause between two requests, or before it tries again
LATE_MS = 3_000.0  # who asks so long after it was told has had other things to ask for


@dataclass(frozen=True)
class Pending:
    """A request that has an answer which is not handed over yet.

    Attributes:
        call: as it stands; `answered_ms` is None.
        response: what to hand over, after its delay.

    """

    call: ApiCall
    response: ApiResponse
    _close: Callable[[ApiCall], None]

    def done(self) -> None:
        """Note that the answer was handed over."""
        self._close(self.call)

    def lost(self) -> None:
        """Note that the partner had left before the answer: it was given nothing."""
        self._close(replace(self.call, status=None, returned=(), cursor=None))


class ConnectorApi:
    """Plays the Connector API; every method may be called from any thread.

    Args:
        tenants: who exists from the start.
        now_ms: the run's clock.
        began: UTC, the moment when `now_ms` was 0.
        open_ids: whether any id is an entity as soon as it is asked for.
        enforce_quota: whether requests over the documented limit get 429.
        sink: called once per answered call, one after another.

    """

    def __init__(  # noqa: PLR0913 - two that every twin needs, four choices
        self,
        tenants: Tenants,
        now_ms: Callable[[], float],
        *,
        began: datetime,
        open_ids: bool = False,
        enforce_quota: bool = False,
        sink: Callable[[ApiCall], None] | None = None,
    ) -> None:
        self._now_ms, self._began, self._sink = now_ms, began.astimezone(UTC), sink
        self._lock, self._sink_lock = threading.Lock(), threading.Lock()
        self._quotas: defaultdict[str, RateLimit] = defaultdict(RateLimit)
        self._faults, self._journal = InjectedFaults(), CallLog()
        self._estate, self._tokens = EntityStore(), TokenRegistry(tenants)
        self._desk = ApiState(self._estate, self._tokens, open_ids=open_ids)
        self._enforce_quota = enforce_quota
        for tenant in tenants.enterprises:
            enroll(tenant.id, self._estate, self._began)

    def apply_message(self, message: Message) -> float:
        """Let what a message says be true from now on; call it before the message is sent.

        Returns:
            Since when it is, on the run's clock: a request that came earlier was not told of it.

        """
        with self._lock:
            now_ms = self._now_ms()
            apply_message(message, self._estate, self._tokens, self._at(now_ms))
        return now_ms

    def add_command(self, enterprise_id: str, command_id: str, state: str = "Pending") -> None:
        """Let a command for a device of an enterprise exist, or change its state."""
        with self._lock:
            at = self._at(self._now_ms())
            self._estate.upsert(enterprise_id, "command", command_id, at, state=state)

    def inject_fault(  # noqa: PLR0913 - all that a fault is
        self,
        fault: ApiFault,
        ids: frozenset[str] | None,
        *,
        times: int | None,
        retry_after_s: float = 1.0,
        slow_s: float = SLOW_S,
        operation: str = "",
    ) -> int:
        """Do a fault to requests that are about entities.

        Args:
            fault: what is done.
            ids: whom a request has to ask for, or would be answered with; None for any request.
            times: to how many such requests; None for all until `restore`.
            retry_after_s: what TOO_MANY tells the partner, rounded up to whole seconds.
            slow_s: how many seconds SLOW takes.
            operation: to requests for this one alone, such as `commands/update`; empty for all.

        Returns:
            The handle for `restore`.

        """
        lowered = None if ids is None else frozenset(each.lower() for each in ids)
        with self._lock:
            return self._faults.add(
                InjectedFault(fault, lowered, times, retry_after_s, slow_s, operation)
            )

    def remove_fault(self, handle: int) -> None:
        """End a fault; one that has ended already stays so, and a slow answer stays slow."""
        with self._lock:
            self._faults.remove(handle)

    def begin(self, request: ApiRequest) -> Pending:
        """Answer a request; whoever hands the answer over then says `done`, or `lost`."""
        reading = read(request)
        with self._lock:
            now_ms = self._now_ms()
            over, wait_s = self._count(reading, now_ms)
            call, response = handle(
                self._desk,
                reading,
                self._at(now_ms),
                minimal=_minimal(request),
                over_limit=over,
                retry_after_s=wait_s,
                strike=self._faults.strike,
            )
            call = replace(
                call,
                received_ms=now_ms,
                path=self._masked(request.path, reading),
                client=self._masked(call.client, reading),
            )
            call = self._journal.open(call)
        return Pending(call, response, self._close)

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Give the calls numbered above `since`, in order; only the last 50,000 are kept."""
        return self._journal.calls(since)

    def wait_until(
        self,
        predicate: Callable[[tuple[ApiCall, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until the predicate holds of `calls(since)`; tell whether it came to that."""
        return self._journal.wait_until(predicate, since, timeout_s)

    def is_working_on_backlog(self, sent_ms: float) -> bool:
        """Tell whether the partner is busy with news that are older than that moment, or late.

        It is where a request of the last five seconds asked for an entity that has not changed
        since, nor within three seconds before the request; or was given a page of such alone, and
        there are more pages.
        """
        with self._lock:
            now_ms = self._now_ms()
            recent = [c for c in self._journal.calls() if c.received_ms >= now_ms - RECENT_MS]
            told = [(self._told(call), call.received_ms - LATE_MS) for call in recent]
        return any(
            moment is not None and moment < self._at(max(sent_ms, late_ms))
            for moment, late_ms in told
        )

    @property
    def closed(self) -> bool:
        """Whether the run is over, so that every wait ends at once."""
        return self._journal.over

    def end_waits(self) -> None:
        """Let nobody wait any longer for what the partner may do: the run is over."""
        self._journal.end()

    def enterprise_of(self, token: str) -> str | None:
        """Tell whose AccessToken this is, current, replaced or inactive."""
        with self._lock:
            return self._tokens.enterprise_of(token)

    def token_status(self, token: str) -> tuple[str | None, TokenState]:
        """Tell whose AccessToken this is, and what is known of it."""
        with self._lock:
            return self._tokens.enterprise_of(token), self._tokens.state_of(token)

    def usage(self) -> tuple[RateLimitUsage, ...]:
        """Tell, by enterprise, when requests came, those that asked most at a time first."""
        quotas: defaultdict[str, list[RateLimit]] = defaultdict(list)
        with self._lock:
            for token, quota in self._quotas.items():
                enterprise = self._tokens.enterprise_of(token)
                if enterprise is not None:
                    quotas[enterprise].append(quota)
            found = [_usage(enterprise, own) for enterprise, own in quotas.items()]
        return tuple(sorted(found, key=lambda each: -each.peak))

    def _told(self, call: ApiCall) -> datetime | None:
        """Tell when the oldest that a request asks for was told; None where nothing was.

        Of a page, which shows whatever there is, the newest counts.
        """
        operation = OPERATIONS.get(call.operation)
        if operation is None or operation.kind is None or call.enterprise_id is None:
            return None
        about = call.asked or (call.returned if call.cursor else ())
        kind = operation.asked_kind if call.asked else operation.kind
        known = self._estate.all(call.enterprise_id, kind or "")
        stamps = [known[key] for each in about if (key := each.lower()) in known]
        # A command is told of once: then it is the partner itself who changes it.
        once = operation.kind == "command"
        told = [each.created if once else each.updated for each in stamps]
        ours = [each for each in told if each >= self._began]
        if not ours:
            return None
        return min(ours) if call.asked else max(ours)

    def _count(self, reading: Reading, now_ms: float) -> tuple[bool, float | None]:
        token = reading.text("AccessToken")
        if self._tokens.enterprise_of(token) is None:
            return False, None
        return self._quotas[token].request(now_ms, enforce=self._enforce_quota)

    def _at(self, now_ms: float) -> datetime:
        return self._began + timedelta(milliseconds=now_ms)

    def _masked(self, text: str, reading: Reading) -> str:
        own = (reading.text("AccessToken"), reading.text("ClientToken"))
        for secret in (*own, *self._tokens.secrets):
            if len(secret) >= ANYWHERE and secret in text:
                text = text.replace(secret, MASK)
        return text

    def _close(self, call: ApiCall) -> None:
        with self._sink_lock:
            answered = replace(call, answered_ms=self._now_ms())
            self._journal.close(answered)
            if self._sink is not None:
                self._sink(answered)


def _minimal(request: ApiRequest) -> bool:
    preferences = request.headers.get("prefer", "").split(",")
    return "return=minimal" in {each.strip().lower() for each in preferences}


def _usage(enterprise: str, quotas: list[RateLimit]) -> RateLimitUsage:
    seconds: Counter[int] = Counter()
    for quota in quotas:
        seconds.update(quota.seconds)
    return RateLimitUsage(
        enterprise, tuple(sorted(seconds.items())), max(each.peak for each in quotas)
    )
