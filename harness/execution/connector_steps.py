"""The steps that use the Connector API emulator: wait for the partner's calls, inject faults.

A step function is named like its step in a scenario file. It takes the observer of the execution
and the step with its arguments. Without an emulator, every step does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.injected_faults import SLOW_S
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.waits import BUSY_FACTOR, QUIET_S, wait_while_busy
from pytest_mews.model import ApiCall, ApiFault, Delivery, Message, Step, entity_fetches


class ConnectorObserver:
    """Observes the partner's calls during one execution; its injected faults end with it.

    Args:
        context: the context of the case.
        messages: the messages of the case, by the name of their spec.
        deliveries: the deliveries so far; the execution appends to this list.

    Attributes:
        timeout_s: the value of --mews-fetch-timeout.

    """

    def __init__(
        self,
        context: CaseContext,
        messages: Mapping[str, Sequence[Message]],
        deliveries: list[Delivery],
    ) -> None:
        self._context, self._messages, self._deliveries = context, messages, deliveries
        self._connector_api: ConnectorApi | None = context.connector_api
        earlier = () if context.connector_api is None else context.connector_api.calls()
        self._since = earlier[-1].number if earlier else 0  # the last call that does not count
        self._faults = ExitStack()
        sent = [message for built in messages.values() for message in built]
        self._ids = {event.entity_id for message in sent for event in message.events}
        self._new_enterprises = {message.enterprise_id for message in sent} - {
            None,
            *context.enterprises,
        }
        self._connectivity_calls: tuple[ApiCall, ...] | None = None  # shown instead of new calls
        self._started_ms = context.now_ms()
        self.timeout_s = context.fetch_timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear_api_faults()

    def show_connectivity_check(self) -> None:
        """Show the delivery of the connectivity check, and the calls until it ended.

        Later calls are not shown: the preconditions of other scenarios depend on these alone.
        """
        connectivity = self._context.connectivity()
        if connectivity is not None:
            self._connectivity_calls = connectivity.calls
            self._ids |= {event.entity_id for event in connectivity.delivery.message.events}
            self._deliveries.append(connectivity.delivery)

    def calls(self, *, everything: bool) -> tuple[ApiCall, ...]:
        """Return the calls about this execution, with its own entity ids only.

        With `everything`, return all calls since it started.
        """
        if self._connector_api is None:
            return ()
        calls = self._connectivity_calls
        if calls is None:
            calls = self._connector_api.calls(self._since)
        return tuple(
            self._with_own_ids(call) for call in calls if everything or self._is_relevant(call)
        )

    def wait_until_fetched(self, timeout_s: float, quiet_s: float) -> None:
        """Wait until every acknowledged entity is fetched, then until the partner is quiet.

        The wait always ends: after `timeout_s` for the fetches, and after as long again for the
        quiet. If the partner still works through earlier messages, the first wait is extended
        (`wait_while_busy`). With a `quiet_s` of 0 it does not wait for quiet.
        """
        if self._connector_api is None:
            return
        if not self._connector_api.wait_until(self._all_fetched, self._since, timeout_s):
            wait_while_busy(
                self._connector_api,
                self._all_fetched,
                self._since,
                timeout_s,
                started_ms=self._started_ms,
            )
            return
        deadline_ms = self._deadline_ms(timeout_s)
        while quiet_s and self._context.now_ms() < deadline_ms:
            if not self._is_active(self._connector_api, quiet_s):
                break

    def wait_after_delivery(self, step: Step) -> None:
        """Wait after a delivery until its entities are fetched, if the step has `wait_each`."""
        if step.arguments.get("wait_each"):
            self.wait_until_fetched(self.timeout_s, 0.0)

    def wait_for_request(self) -> None:
        """Wait until a call about this execution arrives, at most the fetch timeout."""
        if self._connector_api is not None:
            self._connector_api.wait_until(
                lambda calls: any(map(self._is_relevant, calls)), self._since, self.timeout_s
            )

    def wait_until_idle(self) -> None:
        """Wait for `QUIET_S` without a call or a response, and forget all earlier calls.

        At most the fetch timeout; five times that while the partner works through a backlog.
        """
        if self._connector_api is None:
            return
        deadline_ms = self._deadline_ms(self.timeout_s)
        last_ms = self._deadline_ms(self.timeout_s * (1 + BUSY_FACTOR))
        while (now_ms := self._context.now_ms()) < deadline_ms or (
            now_ms < last_ms and self._connector_api.is_working_on_backlog(now_ms)
        ):
            calls = self._connector_api.calls(self._since)
            self._since = calls[-1].number if calls else self._since
            called = self._connector_api.wait_until(bool, self._since, QUIET_S)
            if not called and (self._is_idle(self._connector_api) or self._connector_api.closed):
                return

    def inject_api_fault(
        self,
        fault: ApiFault,
        names: Sequence[str],
        times: int | None,
        slow_s: float = SLOW_S,
        operation: str = "",
    ) -> None:
        """Inject a fault into the calls about the entities of some message specs.

        Into the first `times` calls, or into all if that is None.
        """
        if self._connector_api is None:
            return
        connector_api = self._connector_api
        messages = [message for name in names for message in self._messages[name]]
        ids = frozenset(event.entity_id for message in messages for event in message.events)
        handle = connector_api.inject_fault(
            fault, ids, times=times, slow_s=slow_s, operation=operation
        )
        self._faults.callback(connector_api.remove_fault, handle)

    def clear_api_faults(self) -> None:
        """End every injected fault of this execution."""
        self._faults.close()

    def _is_active(self, connector_api: ConnectorApi, within_s: float) -> bool:
        """Return whether a call about this execution is in progress, or arrives within a time."""
        before = self._progress(connector_api.calls(self._since))
        changed = connector_api.wait_until(
            lambda calls: self._progress(calls) != before, self._since, within_s
        )
        return changed or (before[1] > 0 and not connector_api.closed)

    def _progress(self, calls: Sequence[ApiCall]) -> tuple[int, int]:
        """Return how many calls are about this execution, and how many of them have no response."""
        relevant = [call for call in calls if self._is_relevant(call)]
        return len(relevant), sum(call.answered_ms is None for call in relevant)

    def _is_idle(self, connector_api: ConnectorApi) -> bool:
        """Return whether no call is in progress, or was within the last `QUIET_S`."""
        since_ms = self._context.now_ms() - QUIET_S * 1000
        return all(
            call.answered_ms is not None and call.answered_ms <= since_ms
            for call in connector_api.calls()
        )

    def _deadline_ms(self, timeout_s: float) -> float:
        return self._context.now_ms() + timeout_s * 1000

    def _all_fetched(self, calls: Sequence[ApiCall]) -> bool:
        fetches = entity_fetches(self._deliveries, calls)
        return all(fetch.fetched_ms is not None for fetch in fetches)

    def _is_relevant(self, call: ApiCall) -> bool:
        if call.enterprise_id in self._new_enterprises:
            return True
        requested, returned = call.requested_ids, call.returned_ids
        return not (self._ids.isdisjoint(requested) and self._ids.isdisjoint(returned))

    def _with_own_ids(self, call: ApiCall) -> ApiCall:
        requested = tuple(entity_id for entity_id in call.requested_ids if entity_id in self._ids)
        returned = tuple(entity_id for entity_id in call.returned_ids if entity_id in self._ids)
        if (requested, returned) == (call.requested_ids, call.returned_ids):
            return call
        return replace(call, requested_ids=requested, returned_ids=returned)


def show_connectivity_check(observer: ConnectorObserver, _step: Step) -> None:
    """Show the delivery and the calls of the connectivity check; nothing is sent again."""
    observer.show_connectivity_check()


def wait_until_fetched(observer: ConnectorObserver, step: Step) -> None:
    """Wait until every acknowledged entity is fetched, at most the fetch timeout.

    Arguments: `timeout_factor`, a multiple of the timeout for scenarios in which the partner has to
    retry; `quiet_s`, how many seconds without a further call mean that the partner has finished.
    """
    timeout_s = observer.timeout_s * step.arguments.get("timeout_factor", 1)
    observer.wait_until_fetched(timeout_s, step.arguments.get("quiet_s", 0.0))


def wait_until_idle(observer: ConnectorObserver, _step: Step) -> None:
    """Wait until the partner makes no calls, at most the fetch timeout; forget earlier calls."""
    observer.wait_until_idle()


def wait_for_request(observer: ConnectorObserver, _step: Step) -> None:
    """Wait until the partner calls about any entity of the case, at most the fetch timeout."""
    observer.wait_for_request()


def inject_api_fault(observer: ConnectorObserver, step: Step) -> None:
    """Inject a fault into the calls about the entities of some messages.

    Arguments: `fault`; `of`, the names of the message specs; `times`, how many calls, all by
    default; `seconds`, how long a slow response takes; `operation`, the only operation that is
    affected.
    """
    arguments = step.arguments
    observer.inject_api_fault(
        ApiFault(arguments["fault"]),
        arguments["of"],
        arguments.get("times"),
        arguments.get("seconds", SLOW_S),
        arguments.get("operation", ""),
    )


def clear_api_faults(observer: ConnectorObserver, _step: Step) -> None:
    """End the injected faults of this execution."""
    observer.clear_api_faults()


CONNECTOR_STEPS: Mapping[str, Callable[[ConnectorObserver, Step], None]] = {
    "show-connectivity-check": show_connectivity_check,
    "wait-until-fetched": wait_until_fetched,
    "wait-for-request": wait_for_request,
    "wait-until-idle": wait_until_idle,
    "inject-api-fault": inject_api_fault,
    "clear-api-faults": clear_api_faults,
}
