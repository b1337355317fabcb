"""Observes the partner's calls to the Connector API emulator during one execution."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.connectivity import Connectivity
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.idleness import comes_to
from pytest_mews.execution.patience import (
    Awaited,
    WaitEnd,
    count_calls,
    is_storm,
    wait_until_done,
)
from pytest_mews.execution.waits import (
    QUIET_S,
    BacklogWait,
    CallWait,
    expected_retry_ms,
    first_retry_ms,
)
from pytest_mews.model import OPERATIONS_BY_DISCRIMINATOR, ApiCall, Delivery, Message
from pytest_mews.model.fetches import AcknowledgedEntities, EntityFetch, requests_by_interval


class CallObserver:
    """Observes the partner's calls during one execution. Without an emulator there are none.

    Args:
        context: the context of the case.
        messages: the messages of the case, by the name of their spec.
        deliveries: the deliveries so far; the execution appends to this list.

    Attributes:
        still_busy: whether a wait for fetches ended while the partner still worked through earlier
            messages.
        never_idle: whether a wait for idleness ended while it still did.

    """

    def __init__(
        self,
        context: CaseContext,
        messages: Mapping[str, Sequence[Message]],
        deliveries: Sequence[Delivery],
    ) -> None:
        self._context, self._deliveries = context, deliveries
        self._connector_api: ConnectorApi | None = context.connector_api
        earlier = () if context.connector_api is None else context.connector_api.calls()
        self._since = earlier[-1].number if earlier else 0  # the last call that does not count
        sent = [message for built in messages.values() for message in built]
        self._ids = {event.entity_id for message in sent for event in message.events}
        self._new_enterprises = {message.enterprise_id for message in sent} - {
            None,
            *context.enterprises,
        }
        self._connectivity_calls: tuple[ApiCall, ...] | None = None  # shown instead of new calls
        self._started_ms = context.now_ms()
        self.still_busy = self.never_idle = False

    def show_connectivity(self, connectivity: Connectivity) -> None:
        """Show the calls until the connectivity check ended, and no later ones.

        The preconditions of other scenarios depend on these alone.
        """
        self._connectivity_calls = connectivity.calls
        self._ids |= {
            event.entity_id for one in connectivity.deliveries for event in one.message.events
        }

    def calls(self, *, everything: bool) -> tuple[ApiCall, ...]:
        """Return the calls about this execution, with its own entity ids only.

        Calls by interval name no entity: those that could have returned what is not fetched are
        about it. With `everything`, return all calls since it started.
        """
        if self._connector_api is None:
            return ()
        calls = self._connectivity_calls
        if calls is None:
            calls = self._connector_api.calls(self._since)
        if not everything:
            by_interval = self._missing_by_interval(calls)
            calls = tuple(
                call for call in calls if self._is_relevant(call) or call.number in by_interval
            )
        return tuple(map(self._with_own_ids, calls))

    def wait_until_fetched(self, timeout_s: float, of: Collection[str] = ()) -> bool:
        """Wait until every acknowledged entity is fetched; return whether it is within the timeout.

        With `of`, the names of message specs, only the entities of their messages.

        If the partner still works through earlier messages at the timeout, the wait is extended
        (`CallWait.extend`); likewise if it pauses before its next retry (`expected_retry_ms`). It
        ends early after a silence that `Patience` knows to be final.
        """
        if self._connector_api is None:
            return False
        entities = AcknowledgedEntities(
            one for one in self._deliveries if not of or one.label in of
        )
        end = self._wait_until_done(self._connector_api, partial(_awaited, entities), timeout_s)
        if end is WaitEnd.DONE:
            return True
        self.still_busy |= end is WaitEnd.STILL_BUSY
        self._wait_for_retries(self._connector_api, entities)
        calls = self._connector_api.calls(self._since)
        if not is_storm(calls):  # what it repeats succeeds once the injected fault is over
            self._context.late_fetches.give_up(_missing(entities, calls), self._context.now_ms())
        return False

    def _wait_for_retries(
        self, connector_api: ConnectorApi, entities: AcknowledgedEntities
    ) -> None:
        """Extend a wait that timed out while the partner pauses before its next retry.

        Whether a first retry comes at all is found out once (`Patience.first_retries`): the waits
        of other scenarios end with the one that found out that none comes.
        """
        patience, began_ms = self._context.patience, self._context.now_ms()
        calls = connector_api.calls(self._since)
        while missing := _missing(entities, calls):
            about = [_calls_about(fetch, calls) for fetch in missing]
            until_ms = max(map(expected_retry_ms, about))
            first_ms = 0.0
            if patience.first_retries.are_left:
                timeout_s = self._context.fetch_timeout_s
                first_ms = max(first_retry_ms(each, timeout_s) for each in about)
            now_ms = self._context.now_ms()
            timeout_s = (max(until_ms, first_ms) - now_ms) / 1000
            if timeout_s <= 0 or connector_api.closed:
                if first_ms > 0:
                    patience.note_no_first_retry((now_ms - began_ms) / 1000)
                return
            last = calls[-1].number if calls else self._since
            if connector_api.wait_until(bool, last, min(timeout_s, QUIET_S)):
                connector_api.wait_until(
                    lambda calls: not _missing(entities, calls), self._since, QUIET_S
                )
                calls = connector_api.calls(self._since)

    @property
    def misses_fetch(self) -> bool:
        """Whether an acknowledged entity is not fetched yet."""
        connector_api = self._connector_api
        if connector_api is None:
            return False
        entities = AcknowledgedEntities(self._deliveries)
        return bool(_missing(entities, connector_api.calls(self._since)))

    def wait_until_quiet(self, quiet_s: float, timeout_s: float) -> None:
        """Wait until no call about this execution is in progress or came for `quiet_s` seconds."""
        deadline_ms = self._deadline_ms(timeout_s)
        while self._connector_api is not None and self._context.now_ms() < deadline_ms:
            if not self._is_active(self._connector_api, quiet_s):
                break

    def wait_for_request(self, timeout_s: float) -> None:
        """Wait until a call about this execution arrives.

        The wait is extended, or ends early, as in `wait_until_fetched`.
        """
        if self._connector_api is None:
            return
        end = self._wait_until_done(self._connector_api, self._awaited_request, timeout_s)
        self.still_busy |= end is WaitEnd.STILL_BUSY

    def comes_to_any(self, deliveries: Iterable[Delivery], timeout_s: float) -> bool:
        """Wait for a request about any entity of these deliveries; return whether one arrived."""
        connector_api, entities = self._connector_api, AcknowledgedEntities(deliveries)

        def is_requested(calls: Sequence[ApiCall]) -> bool:
            return any(fetch.requested_ms is not None for fetch in entities.fetches(calls))

        return connector_api is not None and connector_api.wait_until(
            is_requested, self._since, timeout_s
        )

    def wait_for_no_request(self, seconds: float) -> None:
        """Wait for a time, in which no call about this execution must arrive.

        The wait is extended until the partner has come to the last message (`comes_to`). If it has
        not, it was too busy to show anything.
        """
        connector_api, context = self._connector_api, self._context
        if connector_api is None:
            return
        context.wait(seconds)
        if not self._deliveries:
            return
        last = self._deliveries[-1]
        ids = {event.entity_id for event in last.message.events}
        calls = connector_api.calls(self._since)
        if any(not ids.isdisjoint(call.requested_ids) for call in calls):
            return
        self.still_busy |= not comes_to(
            connector_api,
            context.patience,
            last.started_ms,
            context.fetch_timeout_s,
            context.now_ms,
        )

    def _awaited_request(self, calls: Sequence[ApiCall]) -> list[Awaited]:
        """Return that a request is missing, for whichever entity; nothing if one arrived.

        One by interval that returned no entity has been made, but is not what is awaited.
        """
        if any(map(self._is_relevant, calls)):
            return []
        awaited = _awaited(AcknowledgedEntities(self._deliveries), calls)
        delays_s = [one.request_delay_s for one in awaited if one.request_delay_s is not None]
        return [Awaited("", is_done=False, request_delay_s=min(delays_s, default=None))]

    def _wait_until_done(
        self,
        connector_api: ConnectorApi,
        awaited: Callable[[Sequence[ApiCall]], Collection[Awaited]],
        timeout_s: float,
    ) -> WaitEnd:
        return wait_until_done(
            connector_api,
            awaited,
            self._since,
            timeout_s,
            patience=self._context.patience,
            started_ms=self._started_ms,
            now_ms=self._context.now_ms,
        )

    def wait_until_idle(self, timeout_s: float) -> None:
        """Wait for `QUIET_S` without a call or a response, and forget all earlier calls.

        At most for the timeout; longer while the partner works through a backlog (`BacklogWait`),
        unless one has outlasted such a wait before (`Patience.extensions`).
        """
        if self._connector_api is None:
            return
        patience = self._context.patience
        extensions = patience.extensions
        deadline_ms = self._deadline_ms(timeout_s)
        backlog: BacklogWait | None = None
        if patience.sees_backlog(self._call_wait(self._connector_api, lambda _: False, timeout_s)):
            self.never_idle = True
            return
        while True:
            if self._context.now_ms() >= deadline_ms:
                backlog = backlog or BacklogWait(
                    self._connector_api, timeout_s, self._context.now_ms
                )
                if not self._connector_api.is_working_on_backlog(self._started_ms):
                    return
                if not extensions.are_left:
                    self.never_idle = True
                    return
                if not backlog.goes_on():
                    self.never_idle = backlog.is_outlasted
                    if backlog.is_outlasted:
                        extensions.note_failure()
                    return
            calls = self._connector_api.calls(self._since)
            self._since = calls[-1].number if calls else self._since
            called = self._connector_api.wait_until(bool, self._since, QUIET_S)
            if not called and (self._is_idle(self._connector_api) or self._connector_api.closed):
                return

    def _call_wait(
        self,
        connector_api: ConnectorApi,
        is_over: Callable[[Sequence[ApiCall]], bool],
        timeout_s: float,
    ) -> CallWait:
        return CallWait(
            connector_api, is_over, self._since, timeout_s, self._started_ms, self._context.now_ms
        )

    def _is_active(self, connector_api: ConnectorApi, within_s: float) -> bool:
        """Return whether a call about this execution is in progress, or arrives within a time."""
        before = self._progress(connector_api.calls(self._since))
        changed = connector_api.wait_until(
            lambda calls: self._progress(calls) != before, self._since, within_s
        )
        return changed or (before[1] > 0 and not connector_api.closed)

    def _progress(self, calls: Sequence[ApiCall]) -> tuple[int, int]:
        """Return how many calls are about this execution, and how many of them have no response."""
        return count_calls([call for call in calls if self._is_relevant(call)])

    def _is_idle(self, connector_api: ConnectorApi) -> bool:
        """Return whether no call is in progress, or was within the last `QUIET_S`."""
        since_ms = self._context.now_ms() - QUIET_S * 1000
        return all(
            call.answered_ms is not None and call.answered_ms <= since_ms
            for call in connector_api.calls()
        )

    def _deadline_ms(self, timeout_s: float) -> float:
        return self._context.now_ms() + timeout_s * 1000

    def _is_relevant(self, call: ApiCall) -> bool:
        if call.enterprise_id in self._new_enterprises:
            return True
        requested, returned = call.requested_ids, call.returned_ids
        return not (self._ids.isdisjoint(requested) and self._ids.isdisjoint(returned))

    def _missing_by_interval(self, calls: Sequence[ApiCall]) -> set[int]:
        """Return the numbers of calls by interval that could have returned a missing entity."""
        earliest: dict[tuple[str, str], EntityFetch] = {}
        for fetch in _missing(AcknowledgedEntities(self._deliveries), calls):
            key = (fetch.discriminator, fetch.enterprise_id)
            earliest[key] = min(fetch, earliest.get(key, fetch), key=lambda each: each.sent_ms)
        return {
            call.number
            for fetch in earliest.values()
            for call in requests_by_interval(fetch, calls)
        }

    def _with_own_ids(self, call: ApiCall) -> ApiCall:
        requested = tuple(entity_id for entity_id in call.requested_ids if entity_id in self._ids)
        returned = tuple(entity_id for entity_id in call.returned_ids if entity_id in self._ids)
        if (requested, returned) == (call.requested_ids, call.returned_ids):
            return call
        return replace(call, requested_ids=requested, returned_ids=returned)


def _calls_about(fetch: EntityFetch, calls: Iterable[ApiCall]) -> list[ApiCall]:
    """Return the calls that ask for an entity, or for an interval that may have it."""
    return [
        call
        for call in calls
        if call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
        and (not call.requested_ids or fetch.entity_id in call.requested_ids)
    ]


def _missing(entities: AcknowledgedEntities, calls: Sequence[ApiCall]) -> list[EntityFetch]:
    """Return the acknowledged entities that are not fetched."""
    return [fetch for fetch in entities.fetches(calls) if fetch.fetched_ms is None]


def _awaited(entities: AcknowledgedEntities, calls: Sequence[ApiCall]) -> list[Awaited]:
    """Return the acknowledged entities, which the service should fetch.

    A request by interval that could have returned an entity is a request for it.
    """
    by_interval: dict[tuple[str, str, float], float | None] = {}

    def requested_ms(fetch: EntityFetch) -> float | None:
        if fetch.requested_ms is not None:
            return fetch.requested_ms
        key = fetch.discriminator, fetch.enterprise_id, fetch.sent_ms
        if key not in by_interval:
            by_interval[key] = next(
                (call.received_ms for call in requests_by_interval(fetch, calls)), None
            )
        return by_interval[key]

    return [
        Awaited(
            fetch.entity_id,
            is_done=fetch.fetched_ms is not None,
            request_delay_s=None
            if (first_ms := requested_ms(fetch)) is None
            else (first_ms - fetch.acknowledged_ms) / 1000,
            is_refused=fetch.is_refused,
        )
        for fetch in entities.fetches(calls)
    ]
