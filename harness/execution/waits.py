"""How long the harness waits for a busy partner, and how long a peak lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import ApiCall, ApiFault
from pytest_mews.model.fetch_record import TOO_MUCH

WINDOW_MS = REQUEST_WINDOW_S * 1000
MIN_SILENCE_MS = 2_000.0  # what was announced later than that may be requested any moment
QUIET_S = 1.0  # without a call for this long, the partner is idle
BUSY_FACTOR = 4  # times the timeout, while the partner works through earlier messages
MAX_BUSY_FACTOR = 12  # times the timeout, while its backlog shrinks: 2 minutes by default
LOOK_S = 2.5  # long enough to see how fast a backlog shrinks
MINUTE_S = 60.0
# Before a first retry, in times of the fetch timeout: queues of jobs often wait for 15 to 60 s.
FIRST_RETRY_FACTOR = 6
# Before another worker takes the job of one that has ended, in times of the fetch timeout. By
# default SQS hands it on after half a minute (visibility timeout), BullMQ after a minute.
REDELIVERY_FACTOR = 9
# Between two retries. "Up to about a minute" is what guidelines/requests says; queues of jobs make
# their fourth retry after two to three and a half.
MAX_PAUSE_S = 225.0
MAX_GROWTH = 5.0  # of the pauses between retries, from the longest to the next, with a random part
MAX_REPETITIONS = 5  # of a request by interval, before a client asks for less at a time
STEADY = 1.1  # times the pause before: what a busy machine adds to a fixed pause
RETRIED_FAULTS = frozenset(ApiFault) - {ApiFault.SLOW, ApiFault.UNKNOWN_FIELDS}
MIN_PEAK_S = 3.0  # a shorter peak does not show whether a service keeps up


class BacklogWait:
    """How long to wait for a partner that works through earlier messages.

    The harness sends much faster than Mews does, so a sound partner may lag behind. It has
    `BUSY_FACTOR` times the timeout, again since it last made progress, but `MAX_BUSY_FACTOR`
    times the timeout at most. Progress is that the backlog shrank, which is what was announced
    before this wait began, or that a response had an entity that none had since then: a partner
    that reads page after page may have to read many known entities before the new ones. Requests
    that return the same again are none.

    Args:
        connector_api: where the partner calls.
        timeout_s: the timeout of the wait before this one.
        now_ms: the run's clock.

    Attributes:
        is_outlasted: whether the partner still made progress when the time was over.

    """

    def __init__(
        self, connector_api: ConnectorApi, timeout_s: float, now_ms: Callable[[], float]
    ) -> None:
        self._connector_api, self._timeout_s, self._now_ms = connector_api, timeout_s, now_ms
        self._began_ms = self._progressed_ms = now_ms()
        self._left = connector_api.count_unfetched(self._began_ms)
        calls = connector_api.calls()
        self._last_call = calls[-1].number if calls else 0
        self._returned: set[str] = set()  # the entities in responses since then
        self.is_outlasted = False

    def goes_on(self) -> bool:
        """Return whether to go on waiting; call it every few seconds at least."""
        now_ms = self._now_ms()
        if self._has_progressed():
            self._progressed_ms = now_ms
        timeout_ms = max(self._timeout_s, QUIET_S) * 1000
        is_at_work = now_ms - self._progressed_ms < BUSY_FACTOR * timeout_ms
        self.is_outlasted = is_at_work and now_ms - self._began_ms >= MAX_BUSY_FACTOR * timeout_ms
        return is_at_work and not self.is_outlasted and not self._connector_api.closed

    def _has_progressed(self) -> bool:
        """Return whether there was progress since the last look."""
        before = -self._left, len(self._returned)
        self._left = min(self._left, self._connector_api.count_unfetched(self._began_ms))
        for call in self._connector_api.calls(self._last_call):
            self._last_call = call.number
            self._returned.update(call.returned_ids)
        return (-self._left, len(self._returned)) != before


@dataclass(frozen=True)
class CallWait:
    """A wait for calls, while the partner may still work through earlier messages.

    Attributes:
        connector_api: where the partner calls.
        is_over: what to wait for: whether the calls numbered above `since` are all that is needed.
        since: the number of the last call that does not count.
        timeout_s: of the wait, without an extension.
        started_ms: when the execution started: events sent before are its backlog.
        now_ms: the run's clock.

    """

    connector_api: ConnectorApi
    is_over: Callable[[Sequence[ApiCall]], bool]
    since: int
    timeout_s: float
    started_ms: float
    now_ms: Callable[[], float]

    def extend(self, may_go_on: Callable[[], bool]) -> bool:
        """Extend the wait, which timed out, while the partner works through earlier messages.

        It ends when it is over, when the partner no longer works on a backlog
        (`ConnectorApi.is_working_on_backlog`), or with `BacklogWait`.

        Args:
            may_go_on: returns whether a backlog is waited for any longer.

        Returns:
            Whether the partner was still working on its backlog when the time was over.

        """
        if not self.connector_api.is_working_on_backlog(self.started_ms):
            return False
        backlog = BacklogWait(self.connector_api, self.timeout_s, self.now_ms)
        while backlog.goes_on():
            if not may_go_on():
                return True
            if self.connector_api.wait_until(self.is_over, self.since, QUIET_S):
                return False
            if not self.connector_api.is_working_on_backlog(self.started_ms):
                break
        if not backlog.is_outlasted:
            self.connector_api.note_final_silence()
        return backlog.is_outlasted

    def falls_behind(self) -> bool:
        """Look for `LOOK_S` whether the partner is too slow for the wait; less if it is over.

        Returns:
            Whether its backlog shrinks, but at this pace not within the timeout.

        """
        before, began_ms = self.connector_api.count_unfetched(self.started_ms), self.now_ms()
        look_s = min(LOOK_S, self.timeout_s)
        if self.connector_api.wait_until(self.is_over, self.since, look_s):
            return False
        left = self.connector_api.count_unfetched(self.started_ms)
        looked_s = (self.now_ms() - began_ms) / 1000
        is_too_slow = left * looked_s > (before - left) * self.timeout_s > 0
        return is_too_slow and self.connector_api.is_working_on_backlog(self.started_ms)


def expected_retry_ms(calls: Sequence[ApiCall]) -> float:
    """Return until when a partner that backs off makes its next retry; 0 if unknown.

    Only calls that an injected fault made fail are retried for certain. Their pauses show how long
    the next one may be: they grow, are random, or are always the same, as those of many queues are.

    Args:
        calls: that could return one entity, in order of arrival.

    """
    failed = _failed_at_last(calls)
    times_ms = [call.received_ms for call in failed]
    pauses_ms = [later - earlier for earlier, later in pairwise(times_ms)]
    if not pauses_ms or _asks_again_for_as_much(failed, pauses_ms):
        return 0.0
    return times_ms[-1] + longest_next_pause_ms(pauses_ms)


def longest_next_pause_ms(pauses_ms: Sequence[float]) -> float:
    """Return how long a partner's next pause may be after these, of which there is one at least."""
    return min(MAX_GROWTH * max(pauses_ms), MAX_PAUSE_S * 1000)


def first_retry_ms(calls: Sequence[ApiCall], fetch_timeout_s: float) -> float:
    """Return until when a partner may make its first retry; 0 if it made one, or has no reason.

    Args:
        calls: as `expected_retry_ms`.
        fetch_timeout_s: the fetch timeout of the run.

    """
    failed = _failed_at_last(calls)
    if len(failed) != 1:
        return 0.0
    factor = REDELIVERY_FACTOR if _is_given_up(failed[0]) else FIRST_RETRY_FACTOR
    return failed[0].received_ms + factor * fetch_timeout_s * 1000


def _failed_at_last(calls: Sequence[ApiCall]) -> list[ApiCall]:
    """Return the calls that failed (`_has_failed`); none if the last call is not one."""
    failed = [call for call in calls if _has_failed(call)]
    return failed if failed and failed[-1] is calls[-1] else []


def _has_failed(call: ApiCall) -> bool:
    """Return whether an injected fault made a call fail."""
    return (call.fault in RETRIED_FAULTS and not call.answered_ok) or _is_given_up(call)


def _is_given_up(call: ApiCall) -> bool:
    """Return whether the client disconnected before a slow response, as one that restarts does."""
    is_over = call.answered_ms is not None
    return call.fault is ApiFault.SLOW and call.status is None and is_over


def _asks_again_for_as_much(failed: Sequence[ApiCall], pauses_ms: Sequence[float]) -> bool:
    """Return whether the partner repeats, as large as before, what has to become smaller.

    How large a request by interval is, the calls do not show: one that is repeated without end is
    known by pauses that grow no longer, or by their number, as one that is smaller is not refused.
    """
    *_, before, last = failed
    if not {before.fault, last.fault} <= TOO_MUCH:
        return False
    if last.requested_ids:
        return len(last.requested_ids) >= len(before.requested_ids)
    grows_no_longer = len(pauses_ms) > 1 and pauses_ms[-1] <= STEADY * pauses_ms[-2]
    return grows_no_longer or len(pauses_ms) >= MAX_REPETITIONS


def limited_until_ms(
    connector_api: ConnectorApi, now_ms: float, *, leaves_out: bool = False
) -> float:
    """Return until when a partner's own limit of requests may keep it silent; 0 if it does not.

    The harness sends much faster than Mews does, so a partner that counts its own requests, for
    each token or all of them, may reach its limit, and then wait for the window to pass. A careful
    one allows itself fewer than Mews allows: half of them, or more. It is silent although it has
    something to do: entities that were announced since the window began. Its last request may be
    about others of their message.

    Args:
        connector_api: where the partner calls.
        now_ms: on the run's clock.
        leaves_out: whether the partner is known to leave entities out. Then only those are
            something to do that were announced after its last request.

    """
    calls = connector_api.calls()
    groups: dict[str | None, list[ApiCall]] = {None: [*calls]}
    for call in calls:
        if call.enterprise_id is not None:
            groups.setdefault(call.enterprise_id, []).append(call)
    silent_since_ms = now_ms - MIN_SILENCE_MS
    return max(
        (
            group[-1].received_ms + WINDOW_MS + QUIET_S * 1000
            for enterprise_id, group in groups.items()
            if (began_ms := _burst_began_ms(group)) is not None
            and group[-1].received_ms <= silent_since_ms
            and connector_api.count_unfetched(
                group[-1].received_ms if leaves_out else began_ms, enterprise_id
            )
            < connector_api.count_unfetched(silent_since_ms, enterprise_id)
        ),
        default=0.0,
    )


def _burst_began_ms(calls: Sequence[ApiCall]) -> float | None:
    """Return when the window began that the last call ended, with half of what Mews allows."""
    most = REQUESTS_PER_TOKEN // 2
    if len(calls) < most or calls[-1].received_ms - calls[-most].received_ms >= WINDOW_MS:
        return None
    return calls[-most].received_ms


def peak_s(time_scale: float) -> float:
    """Return how long a peak lasts: a real minute at a time scale of 1, but at least 3 s."""
    return min(MINUTE_S, max(MIN_PEAK_S, MINUTE_S * time_scale))


def peak_messages(rate: float, time_scale: float) -> int:
    """Return how many messages a peak has at a rate per second; at least one."""
    return max(1, round(rate * peak_s(time_scale)))
