"""How long the harness goes on waiting for a service that does nothing any more.

A wait for a request that never comes lasts for the whole fetch timeout, or for several. A flawed
service causes many of them, all for one reason. Once those that timed out have lasted for
`MIN_TIMEOUTS` fetch timeouts, a wait ends as soon as the service has been silent for several times
as long as it was ever silent before it did what it should; the longest of many such silences don't
count (`longest_usual`). One that collects events is silent for as long before each first request,
also if that finds nothing. To ask again for the same list is no more than silence, and so is what
it does about other entities, unless these are all older. A service that does everything is always
given the whole timeout.

What it once needed says nothing any more about a service whose worker has ended, or repeats one
rejected request: if a whole wait passed without any other call, and none came for `MIN_TIMEOUTS`
fetch timeouts, later waits end after `MIN_SILENCE_S`, until it calls again (`Standstill`).

Likewise a wait for a busy service is extended (`CallWait.extend`) until its backlog has outlasted
one: the run is incomplete then, and would take minutes for each case. The extended waits of other
scenarios end with it; later waits as soon as the backlog is seen to take longer than the timeout
(`CallWait.falls_behind`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum, auto
from functools import partial
from math import inf
from statistics import median
from threading import Lock
from typing import NamedTuple

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.waits import MAX_BUSY_FACTOR, CallWait, limited_until_ms
from pytest_mews.mews.limits import REQUEST_WINDOW_S
from pytest_mews.model import ApiCall

MIN_TIMEOUTS = 3  # a single wait of three fetch timeouts shows as much as three waits of one
MAX_SILENT_WINDOWS = 3
MIN_SILENCE_S = 2.0
STORM_CALLS = 300  # of one wait, without any success: one every 0.1 s of the longest wait
STORM_REPETITIONS = 10  # of each request, on average
SILENCE_FACTOR = 4.0
USUAL_DELAYS = 2.0  # in which a first request comes
# A busy machine delays what all concurrent scenarios wait for, 8 of about 200 waits, once or twice.
OUTLIER_SHARE = 0.05
FALLS_BEHIND_NOTE = (
    "The service falls behind: after {waited} it was still working through earlier messages. So "
    "later waits were short, and what it had not fetched is not observed. This run sends more than "
    "Mews, but full batches come from Mews too: let the service fetch many entities with one "
    "request. Or run scenarios that were not observed again without the others: there they meet no "
    "backlog."
)


class WaitEnd(Enum):
    """How a wait ended."""

    DONE = auto()
    OVER = auto()  # at the timeout, or after it
    STILL_BUSY = auto()  # while the service still worked through earlier messages


class Missing(Enum):
    """What the service did not do about an entity: request it, or go on after a request."""

    REQUEST = auto()
    CONTINUATION = auto()


class Awaited(NamedTuple):
    """An entity that the service should request, and perhaps do more about.

    Attributes:
        entity_id: the entity.
        is_done: whether the service has done everything.
        request_delay_s: from when it could know of the entity to its first request; None if there
            was none.
        work_s: from the first request to the last one that was needed, if it had to do more than
            that request.
        is_refused: whether its last request got a 400 for its body (`EntityFetch.is_refused`): a
            wait is not extended for it.

    """

    entity_id: str
    is_done: bool
    request_delay_s: float | None
    work_s: float = 0.0
    is_refused: bool = False

    @property
    def missing(self) -> Missing | None:
        """What the service did not do; None if it has done everything."""
        if self.is_done:
            return None
        return Missing.REQUEST if self.request_delay_s is None else Missing.CONTINUATION


class Chances:
    """A kind of wait that is given up for the run after some without success; thread-safe."""

    def __init__(self, count: int) -> None:
        self._lock, self._left = Lock(), count

    @property
    def are_left(self) -> bool:
        """Whether another such wait may help."""
        return self._left > 0

    def note_failure(self) -> None:
        """Note a wait without success."""
        with self._lock:
            self._left -= 1


class Standstill:
    """Whether the service makes no call at all, although it has something to do; thread-safe.

    Calls that are rejected, and nothing else, are a standstill too: it repeats them without end.

    Args:
        min_silence_s: how long it makes none, at least.

    """

    def __init__(self, min_silence_s: float) -> None:
        self._lock = Lock()
        self._min_silence_ms = min_silence_s * 1000
        self._last_call = 0  # that was looked at
        self._last_call_ms = self._waited_since_ms = -inf

    def note_timeout(self, began_ms: float) -> None:
        """Note a wait that timed out because something was not done, and when it began."""
        with self._lock:
            self._waited_since_ms = max(self._waited_since_ms, began_ms)

    def lasts(self, calls_since: Callable[[int], Sequence[ApiCall]], now_ms: float) -> bool:
        """Return whether a whole wait passed since the last call, which is long ago.

        Args:
            calls_since: returns the calls numbered above a number.
            now_ms: on the run's clock.

        """
        with self._lock:
            for call in calls_since(self._last_call):
                self._last_call = call.number
                if not call.is_rejected:
                    self._last_call_ms = call.received_ms
            is_long = now_ms - self._last_call_ms >= self._min_silence_ms
            return self._last_call_ms < self._waited_since_ms and is_long


class Learned:
    """What the waits at all instances of a service have shown: they run the same program.

    Attributes:
        lock: held while any of it is read or changed.
        missed_s: how long the waits lasted that timed out, by what was missing.
        silences_s: the longest silence of each wait before something was done after all.
        request_delays_s: the shortest seconds from a response to the first request, of each wait.
        is_unreliable: whether something came after its timeout, so that no silence is final.
        silent_windows: waits for a limit of the service's own.
        first_retries: waits for the first retry of a request that failed.

    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.missed_s = dict.fromkeys(Missing, 0.0)
        self.silences_s: dict[Missing, list[float]] = {kind: [] for kind in Missing}
        self.request_delays_s: list[float] = []
        self.is_unreliable = False
        self.silent_windows, self.first_retries = Chances(MAX_SILENT_WINDOWS), Chances(1)


class Patience:
    """Learns from waits how long a silence means that nothing more comes; thread-safe.

    Args:
        fetch_timeout_s: the fetch timeout of the run.
        learned: what waits at any instance of the service have shown; nothing yet if None.

    Attributes:
        extensions: extended waits, without success if the service is still busy at their end.
        silent_windows: waits for a limit of the service's own, without success if it stays silent.
        standstill: whether the service makes no call any more.
        first_retries: waits for the first retry of a request that failed (`first_retry_ms`).

    """

    def __init__(self, fetch_timeout_s: float = 10.0, learned: Learned | None = None) -> None:
        self._learned = learned or Learned()
        self._lock = self._learned.lock
        self._fetch_timeout_s = fetch_timeout_s
        self._needed_s = MIN_TIMEOUTS * fetch_timeout_s
        self._given_up: dict[str, int] = {}  # entities, with the last call before their timeout
        self._last_call = 0  # that was looked at for them
        self.extensions = Chances(1)
        self.silent_windows = self._learned.silent_windows
        self.standstill = Standstill(self._needed_s)
        self.first_retries = self._learned.first_retries

    @property
    def has_learned(self) -> bool:
        """Whether enough waits timed out, so that a silence can be final."""
        with self._lock:
            return any(missed_s >= self._needed_s for missed_s in self._learned.missed_s.values())

    @property
    def usual_delay_s(self) -> float:
        """The median of the seconds from a response of the service to its first request; or 0."""
        with self._lock:
            return self._median_delay_s()

    def likely_delay_s(self, fetch_timeout_s: float) -> float:
        """Return within how many seconds of a response a first request would come, if one does."""
        return min(USUAL_DELAYS * self.usual_delay_s, fetch_timeout_s)

    def note_request_delay(self, seconds: float) -> None:
        """Note how long after its response the service made the first request."""
        with self._lock:
            self._learned.request_delays_s.append(seconds)

    def silence_s(
        self,
        missing: Collection[Missing],
        calls_since: Callable[[int], Sequence[ApiCall]],
        now_ms: float,
    ) -> float:
        """Return after how many seconds of silence nothing of what is missing comes any more.

        `inf` if that is not known: then the whole timeout is needed. It is needed for the rest of
        the run if an entity was requested after its timeout, for the service is only slow.

        Args:
            missing: what the service has not done yet.
            calls_since: returns the calls numbered above a number.
            now_ms: on the run's clock.

        """
        if self.standstill.lasts(calls_since, now_ms):
            return MIN_SILENCE_S
        with self._lock:
            if any(self._learned.missed_s[kind] < self._needed_s for kind in missing):
                return inf
            self._look_for_late_fetches(calls_since(self._last_call))
            if self._learned.is_unreliable:
                return inf
            longest_s = max(
                (longest_usual(self._learned.silences_s[kind]) for kind in missing), default=0
            )
            usual_s = USUAL_DELAYS * self._median_delay_s()
            return max(MIN_SILENCE_S, SILENCE_FACTOR * longest_s, usual_s)

    def note_end(
        self, awaited: Collection[Awaited], calls: Sequence[ApiCall], timeout_s: float
    ) -> None:
        """Note a wait that lasted until everything was done, or for its whole timeout.

        Args:
            awaited: what was waited for.
            calls: those meanwhile, in order of arrival.
            timeout_s: the timeout of the wait.

        """
        last_call = calls[-1].number if calls else 0
        pauses_s = longest_retry_pauses_s(calls)
        with self._lock:
            for kind in {one.missing for one in awaited if one.missing is not None}:
                self._learned.missed_s[kind] += timeout_s
            for one in awaited:
                if not one.is_done:
                    self._given_up[one.entity_id] = last_call
            done = [one for one in awaited if one.is_done and one.request_delay_s is not None]
            if done:
                delay_s = max(one.request_delay_s or 0.0 for one in done)
                pause_s = max(max(one.work_s, pauses_s.get(one.entity_id, 0.0)) for one in done)
                self._learned.silences_s[Missing.REQUEST].append(delay_s)
                self._learned.silences_s[Missing.CONTINUATION].append(pause_s)
        delays_s = [one.request_delay_s for one in awaited if one.request_delay_s is not None]
        if delays_s:
            self.note_request_delay(min(delays_s))

    def note_no_first_retry(self, waited_s: float) -> None:
        """Note an extended wait, in seconds, in which a failed request was not repeated once."""
        self.first_retries.note_failure()
        with self._lock:
            self._learned.missed_s[Missing.CONTINUATION] += waited_s

    def sees_backlog(self, wait: CallWait) -> bool:
        """Return whether a wait that begins is of no use; a look, once an extension was outlasted.

        Then nothing of it is decided, for the service works through its backlog too slowly.
        """
        return not self.extensions.are_left and wait.falls_behind()

    def outlasts_extension(self, wait: CallWait) -> bool:
        """Extend a wait that timed out, unless an extended one was outlasted before.

        Returns:
            Whether the service still works through its backlog, so that nothing is decided.

        """
        connector_api = wait.connector_api
        if not self.extensions.are_left:
            is_undecided = not wait.is_over(connector_api.calls(wait.since))
            return is_undecided and connector_api.is_working_on_backlog(wait.started_ms)
        is_still_busy = wait.extend(lambda: self.extensions.are_left)
        if is_still_busy:
            self.extensions.note_failure()
        return is_still_busy

    @property
    def notes(self) -> tuple[str, ...]:
        """The note of the run, if the service's backlog outlasted an extended wait; else none."""
        if self.extensions.are_left:
            return ()
        waited_s = (1 + MAX_BUSY_FACTOR) * self._fetch_timeout_s
        return (FALLS_BEHIND_NOTE.format(waited=f"{waited_s:,.0f} s"),)

    def _median_delay_s(self) -> float:
        return median(self._learned.request_delays_s) if self._learned.request_delays_s else 0.0

    def _look_for_late_fetches(self, calls: Sequence[ApiCall]) -> None:
        """Look for requests by id: an interval has whatever changed meanwhile."""
        for call in calls:
            self._last_call = call.number
            for entity_id in self._given_up.keys() & {*call.requested_ids}:
                if call.number > self._given_up[entity_id]:
                    self._learned.is_unreliable = True


def longest_usual(silences_s: Iterable[float]) -> float:
    """Return the longest of the silences, without the outliers if there are many; 0 if none.

    Waits without a silence, such as those for a retry where nothing failed, say nothing.
    """
    ordered = sorted(silence_s for silence_s in silences_s if silence_s > 0)
    return ordered[-1 - int(len(ordered) * OUTLIER_SHARE)] if ordered else 0.0


def wait_until_done(  # noqa: PLR0913 - what for, how long, and what is known
    connector_api: ConnectorApi,
    awaited: Callable[[Sequence[ApiCall]], Collection[Awaited]],
    since: int,
    timeout_s: float,
    *,
    patience: Patience,
    started_ms: float,
    now_ms: Callable[[], float],
) -> WaitEnd:
    """Wait until everything is done, for the timeout, or until a silence that is final.

    The wait is extended while the service works through earlier messages (`CallWait.extend`). It
    begins again if the service was silent to keep within the request limit (`limited_until_ms`).

    Args:
        connector_api: where the service calls.
        awaited: returns what is waited for, as far as calls show it.
        since: the number of the last call that does not count.
        timeout_s: of the wait.
        patience: what the waits so far have shown.
        started_ms: when the execution started: events sent before are a backlog.
        now_ms: the run's clock.

    Returns:
        DONE if everything is done without an extension.

    """
    wait_once = partial(
        _wait_once, connector_api, awaited, since, timeout_s, patience, started_ms, now_ms
    )
    end = wait_once()
    until_ms = now_ms() + REQUEST_WINDOW_S * 1000
    while (
        end is WaitEnd.OVER
        and now_ms() < until_ms
        and _wait_while_limited(connector_api, patience, now_ms)
    ):
        end = wait_once()
    return end


def _wait_while_limited(
    connector_api: ConnectorApi, patience: Patience, now_ms: Callable[[], float]
) -> bool:
    """Wait while a limit of the service's own may keep it silent; return whether it calls again."""
    if connector_api.closed or not patience.silent_windows.are_left:
        return False
    calls = connector_api.calls()
    leaves_out = patience.silence_s({Missing.REQUEST}, connector_api.calls, now_ms()) < inf
    until_ms = limited_until_ms(connector_api, now_ms(), leaves_out=leaves_out)
    timeout_s = (until_ms - now_ms()) / 1000
    if timeout_s <= 0:
        return False
    calls_again = connector_api.wait_until(bool, calls[-1].number, timeout_s)
    if not calls_again:
        patience.silent_windows.note_failure()
    return calls_again


def _wait_once(  # noqa: PLR0913, PLR0917 - as wait_until_done
    connector_api: ConnectorApi,
    awaited: Callable[[Sequence[ApiCall]], Collection[Awaited]],
    since: int,
    timeout_s: float,
    patience: Patience,
    started_ms: float,
    now_ms: Callable[[], float],
) -> WaitEnd:
    """Wait as `wait_until_done` does, but as if the service had no limit of its own."""

    def is_decided(calls: Sequence[ApiCall]) -> bool:
        return all(one.is_done or one.is_refused for one in awaited(calls))

    wait = CallWait(connector_api, is_decided, since, timeout_s, started_ms, now_ms)
    began_ms = now_ms()
    deadline_ms = began_ms + timeout_s * 1000
    if patience.sees_backlog(wait):
        return WaitEnd.STILL_BUSY
    while True:
        calls = connector_api.calls(since)
        waited_for = awaited(calls)
        missing = {one.missing for one in waited_for if one.missing is not None}
        remaining_s = (deadline_ms - now_ms()) / 1000
        if not missing or remaining_s <= 0 or connector_api.closed:
            patience.note_end(waited_for, calls, timeout_s)
            if not missing:
                return WaitEnd.DONE
            patience.standstill.note_timeout(began_ms)
            break
        if is_storm(calls):
            return WaitEnd.OVER
        silence_s = patience.silence_s(missing, connector_api.calls, now_ms())
        wait_s = min(silence_s, remaining_s)
        # A call, or what other waits teach, can change how long a silence is final.
        own_ids = {one.entity_id for one in waited_for}
        own_calls = _calls_about(own_ids, calls)
        before = _count_activity(own_calls) if patience.has_learned else None
        changed = partial(_is_done_or_changed, awaited, patience, own_ids, before)
        has_changed = connector_api.wait_until(changed, since, wait_s)
        if has_changed or wait_s != silence_s or count_calls(own_calls)[1] > 0:
            continue
        if _count_activity(connector_api.calls(since)) == _count_activity(calls):
            break
        if not connector_api.is_behind(began_ms):
            return WaitEnd.OVER  # it has passed over what is missing, and does other things
    return WaitEnd.STILL_BUSY if patience.outlasts_extension(wait) else WaitEnd.OVER


def is_storm(calls: Sequence[ApiCall]) -> bool:
    """Return whether the last `STORM_CALLS` calls failed, and repeat a few requests without end.

    They say what the service does, and more of them would only take the harness's time.
    """
    last = calls[-STORM_CALLS:]
    if len(last) < STORM_CALLS or any(call.answered_ok for call in last):
        return False
    requests = {(call.operation, call.enterprise_id, call.requested_ids) for call in last}
    return len(requests) * STORM_REPETITIONS <= STORM_CALLS


def longest_retry_pauses_s(calls: Iterable[ApiCall]) -> dict[str, float]:
    """Return by entity the longest time from a failed call for it to the next call for it."""
    longest_s: dict[str, float] = {}
    failed_ms: dict[str, float] = {}
    for call in calls:
        for entity_id in call.requested_ids:
            if entity_id in failed_ms:
                pause_s = (call.received_ms - failed_ms.pop(entity_id)) / 1000
                longest_s[entity_id] = max(longest_s.get(entity_id, 0.0), pause_s)
            if not call.answered_ok:
                failed_ms[entity_id] = call.received_ms
    return longest_s


def count_calls(calls: Sequence[ApiCall]) -> tuple[int, int]:
    """Return how many calls there are, and how many of them have no response yet."""
    return len(calls), sum(call.answered_ms is None for call in calls)


def _calls_about(entity_ids: AbstractSet[str], calls: Iterable[ApiCall]) -> list[ApiCall]:
    """Return the calls that ask for any of the entities, or for no ones by their ids."""
    return [
        call
        for call in calls
        if not call.requested_ids or not entity_ids.isdisjoint(call.requested_ids)
    ]


def _count_activity(calls: Sequence[ApiCall]) -> tuple[int, int]:
    """Return how many calls are a sign of work, and how many of them have a response.

    A service that polls asks for the same list without end. Such a request counts only if its
    response says something new, if it failed, or if there is a further page. One that is rejected
    does not count: a service may repeat it without end.
    """
    known: set[object] = set()
    count = answered_count = 0
    for call in calls:
        if call.is_rejected:
            continue
        is_answered = call.answered_ms is not None
        if not call.requested_ids and not call.is_next_page:
            if not is_answered:
                continue
            news = {*call.returned_ids, (call.operation, call.enterprise_id)} - known
            known |= news
            if call.answered_ok and call.cursor is None and not news:
                continue
        count += 1
        answered_count += is_answered
    return count, answered_count


def _is_done_or_changed(
    awaited: Callable[[Sequence[ApiCall]], Collection[Awaited]],
    patience: Patience,
    own_ids: AbstractSet[str],
    before: tuple[int, int] | None,
    calls: Sequence[ApiCall],
) -> bool:
    if is_storm(calls):
        return True
    if before is None:
        has_changed = patience.has_learned
    else:
        has_changed = _count_activity(_calls_about(own_ids, calls)) != before
    return has_changed or all(one.is_done for one in awaited(calls))
