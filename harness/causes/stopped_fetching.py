"""A service that requests nothing any more: what fetches has ended, and nobody noticed.

The endpoint goes on to answer, so no attempt shows it. A thread or task that ends at the first
exception is the usual reason. A scenario that restarts the service begins another life of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import comb, inf

from pytest_mews.causes.behind_failures import MAX_PAUSE_MS
from pytest_mews.causes.cause_phrases import listed
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.unnoticed_deletions import DELETION_NOTICED
from pytest_mews.model import (
    ApiCall,
    CauseKind,
    FetchRecord,
    ScenarioResult,
    Transcript,
    entity_fetches,
)
from pytest_mews.model.api_call import PERMANENT_FAULTS
from pytest_mews.model.verdict import FAILURES
from pytest_mews.sanitize import one_line

MIN_BEFORE = 5  # scenarios whose entities were requested
MAX_CHANCE = 0.05  # if they are fewer: that by chance they are all among the first
MIN_AFTER = 2  # scenarios of which nothing was requested
MIN_LOST = 10  # entities that were acknowledged while scenarios ran at the same time
LAST_REQUEST_MS = 2_000.0  # how long after the first of them another request may come

MIN_REPEATED = 5  # rejected requests, and no other, after that


def find_stopped_fetching(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if nothing was requested from some moment to the end of the run."""
    for start_ms, end_ms in _lives(observations.results):
        found = [*_find_since_scenario(observations, start_ms, end_ms)]
        if found:
            yield from found
            return
    yield from _find_since_last_request(observations)


def _find_since_last_request(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if scenarios that ran at the same time lost all that came after a time.

    The message that ended the work came while several scenarios ran, and none began afterwards.
    """
    results = [result for result in observations.results if result.fetches]
    requested = {
        _key(record) for result in results for record in result.fetches if record.requested
    }
    failed = [one for one in results if one.verdict in FAILURES and awaits_fetches(one)]
    fetches = [
        (fetch, result.scenario.id)
        for result in failed
        for evidence in result.evidence
        for fetch in entity_fetches(evidence.transcript.deliveries, evidence.transcript.calls)
    ]
    worked_ms = [fetch.sent_ms for fetch, _ in fetches if fetch.requested_ms is not None]
    worked_ms += [
        record.started_ms for one in results if one not in failed for record in one.attempts
    ]
    stopped_ms = max(worked_ms, default=0.0)
    lost = [
        (fetch, scenario_id)
        for fetch, scenario_id in fetches
        if fetch.sent_ms > stopped_ms and (fetch.discriminator, fetch.enterprise_id) in requested
    ]
    names = dict.fromkeys(scenario_id for _, scenario_id in lost)
    calls = (call for calls in observations.last_calls.values() for call in calls)
    last_ms = max((call.received_ms for call in calls), default=0.0)
    if (
        len(lost) < MIN_LOST
        or len(names) < MIN_AFTER
        or last_ms > min(fetch.sent_ms for fetch, _ in lost) + LAST_REQUEST_MS
    ):
        return
    yield Explanation(
        CauseKind.STOPPED_FETCHING,
        f"The service requests nothing any more since some moment while {listed([*names])} ran: "
        f"none of {len(lost):,} events that it acknowledged afterwards was asked for. It goes on "
        "to answer messages.",
        accounts_for_missing=lambda _: (
            lambda fetch: fetch.requested_ms is None and fetch.sent_ms > stopped_ms
        ),
        remedy=remedy_if(CauseKind.STOPPED_FETCHING, "no request is made"),
    )


def _find_since_scenario(
    observations: Observations, start_ms: float, end_ms: float
) -> Iterator[Explanation]:
    """Yield an explanation if from some scenario on nothing was requested, to the end of a life."""
    results = [
        result
        for result in observations.results
        if result.fetches
        and result.attempts
        and awaits_fetches(result)
        and start_ms < _started_ms(result) < end_ms
    ]
    results.sort(key=_started_ms)
    active = [index for index, result in enumerate(results) if _is_active(result.fetches)]
    if not active:
        return
    before, after = results[: active[-1] + 1], results[active[-1] + 1 :]
    requested = {_key(record) for result in before for record in result.fetches if record.requested}
    if len(after) < MIN_AFTER or any(result.verdict not in FAILURES for result in after):
        return
    # Entities of other types and enterprises, such as a new one, are perhaps never requested.
    alike = [
        result for result in after if any(_key(record) in requested for record in result.fetches)
    ]
    if len(alike) < MIN_AFTER or not _is_end(len(active), len(before), len(alike)):
        return
    calls = [
        call
        for call in observations.last_calls.get(results[-1].instance, ())
        if call.received_ms < end_ms
    ]
    if _is_pause(calls, before, after):
        return
    last, first = before[-1].scenario.id, after[0].scenario.id
    if before[-1].verdict in FAILURES:  # it began to fail there
        stopped_ms, since = _started_ms(before[-1]), f"since {last}"
    else:
        stopped_ms = _started_ms(after[0])
        since = f"since some moment between {last}, which passed, and {first}"
    names = [result.scenario.id for result in after]
    count = sum(record.count for result in after for record in result.fetches)

    def is_later(_: Transcript) -> MissingEntity:
        return lambda fetch: fetch.requested_ms is None and stopped_ms <= fetch.sent_ms < end_ms

    def is_unnoticed(unmet: UnmetFinding) -> bool:
        transcript = unmet.evidence.transcript
        return (
            unmet.finding.check == DELETION_NOTICED
            and not transcript.calls
            and all(
                stopped_ms <= delivery.started_ms < end_ms for delivery in transcript.deliveries
            )
        )

    last_calls = [call for call in calls if stopped_ms <= call.received_ms]
    is_stuck = len(last_calls) >= MIN_REPEATED and all(call.is_rejected for call in last_calls)
    case = "rejected requests are repeated" if is_stuck else "no request is made"
    meanwhile = (
        f"It goes on to answer messages. {first} began {_started_ms(after[0]) / 1000:.1f} s after "
        "the start of the run."
    )
    if is_stuck:
        call = last_calls[-1]
        meanwhile = (
            f"Its last {len(last_calls):,} requests were all rejected, the last one to "
            f"{one_line(call.operation or call.path)} ({call.status} "
            f"{call.message.rstrip('.')}): what is behind them waits."
        )
    restarts = [one for one in _restarts(observations.results) if _started_ms(one) == end_ms]
    if restarts and _is_active(restarts[0].fetches):
        name = restarts[0].scenario.id
        meanwhile += f" It requests something again after its restart in {name}."
    yield Explanation(
        CauseKind.STOPPED_FETCHING,
        f"The service requests nothing {'new' if is_stuck else 'any more'} {since}: none of "
        f"{count:,} acknowledged events of {len(after):,} scenarios was asked for "
        f"({listed(names)}). {meanwhile}",
        accounts_for_finding=is_unnoticed,
        accounts_for_missing=is_later,
        remedy=remedy_if(CauseKind.STOPPED_FETCHING, case),
    )


def _is_end(active: int, before: int, after: int) -> bool:
    """Return whether the last requests are an end, and no chance.

    Args:
        active: how many scenarios had a request.
        before: how many there are up to the last of these.
        after: how many came later.

    """
    return active >= MIN_BEFORE or comb(before, active) <= MAX_CHANCE * comb(before + after, active)


def _is_pause(
    last_calls: Sequence[ApiCall],
    before: Sequence[ScenarioResult],
    after: Sequence[ScenarioResult],
) -> bool:
    """Return whether the service may only pause after an error, as it went on after earlier ones.

    It has not repeated what met those, so that a pause ends with no repetition.

    Args:
        last_calls: the last requests of the service in this life.
        before: the scenarios up to the last with a request.
        after: the later ones.

    """
    shown = [
        call
        for result in before
        for evidence in result.evidence
        for call in evidence.transcript.calls
    ]
    start_ms = _started_ms(after[0])
    last = max(
        (call for call in (*shown, *last_calls) if call.received_ms < start_ms),
        key=lambda call: call.received_ms,
        default=None,
    )
    end_ms = max(record.started_ms for result in after for record in result.attempts)
    return (
        last is not None
        and last.fault is not None
        and not last.answered_ok
        and end_ms - last.received_ms <= MAX_PAUSE_MS
        and any(map(_lost_after_error, before[:-1]))
    )


def _lost_after_error(result: ScenarioResult) -> bool:
    """Return whether entities of a scenario met an error that passes, and were never fetched."""
    return any(
        record.fault is not None and record.fault not in PERMANENT_FAULTS and not record.fetched
        for record in result.fetches
    )


def _lives(results: Sequence[ScenarioResult]) -> Iterator[tuple[float, float]]:
    """Yield the start and the end of each life of the service: a scenario may restart it."""
    yield from pairwise([-inf, *sorted(map(_started_ms, _restarts(results))), inf])


def _restarts(results: Sequence[ScenarioResult]) -> list[ScenarioResult]:
    return [one for one in results if one.scenario.restarts_service and one.attempts]


def _started_ms(result: ScenarioResult) -> float:
    return min(record.started_ms for record in result.attempts)


def _is_active(records: Sequence[FetchRecord]) -> bool:
    """Return whether anything was asked for, be it with another enterprise's AccessToken."""
    return any(
        record.requested or record.by_interval or record.token_owner is not None
        for record in records
    )


def _key(record: FetchRecord) -> tuple[str, str | None]:
    return record.discriminator, record.enterprise_id
