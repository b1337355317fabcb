"""The vocabulary of steps that work on the twin: wait for the partner, disturb what it asks."""

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
    """What the twin sees during one play; faults that the play began end with it.

    Without a twin nothing is seen, and every step of this vocabulary does nothing.
    """

    def __init__(
        self,
        bench: CaseContext,
        messages: Mapping[str, Sequence[Message]],
        deliveries: list[Delivery],
    ) -> None:
        self._bench, self._messages, self._deliveries = bench, messages, deliveries
        self._twin: ConnectorApi | None = bench.twin
        before = () if bench.twin is None else bench.twin.calls()
        self._since = before[-1].number if before else 0
        self._faults = ExitStack()
        every = [message for drawn in messages.values() for message in drawn]
        self._ids = {event.entity_id for message in every for event in message.events}
        self._newcomers = {each.enterprise_id for each in every} - {None, *bench.enterprises}
        self._shown: tuple[ApiCall, ...] | None = None  # in the place of what came since then
        self._began_ms = bench.now_ms()
        self.patience_s = bench.fetch_timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear_api_faults()

    def show_connectivity_check(self) -> None:
        """Show the delivery that was to lead to a first request, and what came of it.

        No later request: by these alone it is said of other scenarios that they can't be played.
        """
        wiring = self._bench.connectivity()
        if wiring is not None:
            self._shown = wiring.calls
            self._ids |= {event.entity_id for event in wiring.delivery.message.events}
            self._deliveries.append(wiring.delivery)

    def calls(self, *, everything: bool) -> tuple[ApiCall, ...]:
        """List the play's requests, reduced to its own ids; with `everything` all since then."""
        if self._twin is None:
            return ()
        seen = self._twin.calls(self._since) if self._shown is None else self._shown
        return tuple(self._reduced(call) for call in seen if everything or self._concerns(call))

    def wait_until_fetched(self, seconds: float, calm_s: float) -> None:
        """Wait until all that was acknowledged is fetched, then until the partner is calm.

        Whatever the partner does, this ends: after `seconds`, and once more so long at the most.
        Only where it is still working off what it was told, this or something before, it has five
        times as long: the harness sends much faster than Mews does.
        With `calm_s` at 0 nothing is waited for once all is fetched.
        """
        if self._twin is None:
            return
        if not self._twin.wait_until(self._satisfied, self._since, seconds):
            wait_while_busy(
                self._twin, self._satisfied, self._since, seconds, told_ms=self._began_ms
            )
            return
        end_ms = self._in(seconds)
        while calm_s and self._bench.now_ms() < end_ms and self._stirs(self._twin, calm_s):
            pass

    def wait_if_asked(self, step: Step) -> None:
        """Wait after each delivery of a step that asks for it (`settling`) for what it leads to."""
        if step.arguments.get("wait_each"):
            self.wait_until_fetched(self.patience_s, 0.0)

    def _stirs(self, twin: ConnectorApi, within_s: float) -> bool:
        """Tell whether anything about the play is being answered, or comes within some seconds."""
        before = self._progress(twin.calls(self._since))
        more = twin.wait_until(lambda calls: self._progress(calls) != before, self._since, within_s)
        return more or (before[1] > 0 and not twin.closed)

    def _progress(self, calls: Sequence[ApiCall]) -> tuple[int, int]:
        """Count the play's requests, and those that are being answered."""
        own = [call for call in calls if self._concerns(call)]
        return len(own), sum(call.answered_ms is None for call in own)

    def wait_for_request(self) -> None:
        """Wait until a request about the play has come, at most so long as the user allows."""
        if self._twin is not None:
            self._twin.wait_until(
                lambda calls: any(map(self._concerns, calls)), self._since, self.patience_s
            )

    def wait_until_idle(self) -> None:
        """Wait for a second in which nothing is asked or answered, and forget what came before.

        As long as the user allows; a partner that works off what it was told has five times that.
        """
        if self._twin is None:
            return
        end_ms, last_ms = self._in(self.patience_s), self._in(self.patience_s * (1 + BUSY_FACTOR))
        while (now_ms := self._bench.now_ms()) < end_ms or (
            now_ms < last_ms and self._twin.is_working_on_backlog(now_ms)
        ):
            seen = self._twin.calls(self._since)
            self._since = seen[-1].number if seen else self._since
            asked = self._twin.wait_until(bool, self._since, QUIET_S)
            if not asked and (self._is_calm(self._twin) or self._twin.closed):
                return

    def inject_api_fault(
        self,
        fault: ApiFault,
        names: Sequence[str],
        times: int | None,
        slow_s: float = SLOW_S,
        operation: str = "",
    ) -> None:
        """Answer requests about the named draws' entities wrongly: the first `times`, or all."""
        if self._twin is None:
            return
        twin = self._twin
        messages = [message for name in names for message in self._messages[name]]
        ids = frozenset(event.entity_id for message in messages for event in message.events)
        handle = twin.inject_fault(fault, ids, times=times, slow_s=slow_s, operation=operation)
        self._faults.callback(twin.remove_fault, handle)

    def clear_api_faults(self) -> None:
        """End every fault of this play."""
        self._faults.close()

    def _is_calm(self, twin: ConnectorApi) -> bool:
        """Tell whether nothing is being answered, nor was within the last second."""
        since_ms = self._bench.now_ms() - QUIET_S * 1000
        return all(
            call.answered_ms is not None and call.answered_ms <= since_ms for call in twin.calls()
        )

    def _in(self, seconds: float) -> float:
        return self._bench.now_ms() + seconds * 1000

    def _satisfied(self, calls: Sequence[ApiCall]) -> bool:
        owed = entity_fetches(self._deliveries, calls)
        return all(link.fetched_ms is not None for link in owed)

    def _concerns(self, call: ApiCall) -> bool:
        if call.enterprise_id in self._newcomers:
            return True
        return not (self._ids.isdisjoint(call.asked) and self._ids.isdisjoint(call.returned))

    def _reduced(self, call: ApiCall) -> ApiCall:
        asked = tuple(each for each in call.asked if each in self._ids)
        returned = tuple(each for each in call.returned if each in self._ids)
        if (asked, returned) == (call.asked, call.returned):
            return call
        return replace(call, asked=asked, returned=returned)


def show_connectivity_check(watch: ConnectorObserver, _step: Step) -> None:
    """Show the message that was to lead to a first request; nothing is sent again."""
    watch.show_connectivity_check()


def wait_until_fetched(watch: ConnectorObserver, step: Step) -> None:
    """Wait until every acknowledged entity was fetched, at most so long as the user allows.

    `patience` multiplies that where the partner has to try again, `calm` is how many seconds
    without a further request mean that it has finished.
    """
    seconds = watch.patience_s * step.arguments.get("timeout_factor", 1)
    watch.wait_until_fetched(seconds, step.arguments.get("quiet_s", 0.0))


def wait_until_idle(watch: ConnectorObserver, _step: Step) -> None:
    """Wait until the partner asks nothing, at most so long as the user allows; then look anew."""
    watch.wait_until_idle()


def wait_for_request(watch: ConnectorObserver, _step: Step) -> None:
    """Wait until the partner has asked for any of it, at most so long as the user allows."""
    watch.wait_for_request()


def inject_api_fault(watch: ConnectorObserver, step: Step) -> None:
    """Answer requests about the entities of `of` by a fault, the first `times` or all of them.

    `seconds` is how long a slow answer takes, `operation` the one whose requests alone are meant.
    """
    said = step.arguments
    fault, slow_s = ApiFault(said["fault"]), said.get("seconds", SLOW_S)
    watch.inject_api_fault(fault, said["of"], said.get("times"), slow_s, said.get("operation", ""))


def clear_api_faults(watch: ConnectorObserver, _step: Step) -> None:
    """End the faults that this play began."""
    watch.clear_api_faults()


CONNECTOR_STEPS: Mapping[str, Callable[[ConnectorObserver, Step], None]] = {
    "show-connectivity-check": show_connectivity_check,
    "wait-until-fetched": wait_until_fetched,
    "wait-for-request": wait_for_request,
    "wait-until-idle": wait_until_idle,
    "inject-api-fault": inject_api_fault,
    "clear-api-faults": clear_api_faults,
}
