"""A service that requests nothing any more: what fetches has ended, and nobody noticed.

The endpoint goes on to answer, so no attempt shows it. A thread or task that ends at the first
exception is the usual reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf

from pytest_mews.causes.cause_phrases import listed
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.missing_entities import awaits_fetches
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind, FetchRecord, ScenarioResult, Transcript
from pytest_mews.model.verdict import FAILURES
from pytest_mews.sanitize import one_line

MIN_BEFORE = 5  # scenarios whose entities were requested
MIN_AFTER = 2  # scenarios of which nothing was requested
MIN_REPEATED = 5  # rejected requests, and no other, after that
DELETION_NOTICED = "deletion-noticed"


def find_stopped_fetching(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if nothing was requested from some scenario to the end of the run.

    Or until the harness restarts the service, which starts again what has ended.
    """
    results = [
        result
        for result in observations.results
        if result.fetches and result.attempts and awaits_fetches(result)
    ]
    results.sort(key=_started_ms)
    restarted = next((result for result in results if result.scenario.restarts_service), None)
    restart_ms = inf
    if restarted is not None:
        restart_ms = _started_ms(restarted)
        results = results[: results.index(restarted)]
    active = [index for index, result in enumerate(results) if _is_active(result.fetches)]
    if len(active) < MIN_BEFORE:
        return
    before, after = results[: active[-1] + 1], results[active[-1] + 1 :]
    requested = {_key(record) for result in before for record in result.fetches if record.requested}
    if len(after) < MIN_AFTER or any(result.verdict not in FAILURES for result in after):
        return
    # Entities of other types and enterprises, such as a new one, are perhaps never requested.
    alike = [
        result for result in after if any(_key(record) in requested for record in result.fetches)
    ]
    if len(alike) < MIN_AFTER:
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
        return lambda fetch: fetch.requested_ms is None and fetch.sent_ms >= stopped_ms

    def is_unnoticed(unmet: UnmetFinding) -> bool:
        transcript = unmet.evidence.transcript
        return (
            unmet.finding.check == DELETION_NOTICED
            and not transcript.calls
            and all(delivery.started_ms >= stopped_ms for delivery in transcript.deliveries)
        )

    last_calls = [
        call for call in observations.last_calls if stopped_ms <= call.received_ms < restart_ms
    ]
    is_stuck = len(last_calls) >= MIN_REPEATED and all(call.is_rejected for call in last_calls)
    case = "rejected requests are repeated" if is_stuck else "no request is made"
    meanwhile = "It goes on to answer messages."
    if is_stuck:
        call = last_calls[-1]
        meanwhile = (
            f"Its last {len(last_calls):,} requests were all rejected, the last one to "
            f"{one_line(call.operation or call.path)} ({call.status} "
            f"{call.message.rstrip('.')}): what is behind them waits."
        )
    if restarted is not None and _is_active(restarted.fetches):
        meanwhile += f" It requests something again after its restart in {restarted.scenario.id}."
    yield Explanation(
        CauseKind.STOPPED_FETCHING,
        f"The service requests nothing {'new' if is_stuck else 'any more'} {since}: none of "
        f"{count:,} acknowledged events of {len(after):,} scenarios was asked for "
        f"({listed(names)}). {meanwhile}",
        accounts_for_finding=is_unnoticed,
        accounts_for_missing=is_later,
        remedy=remedy_if(CauseKind.STOPPED_FETCHING, case),
    )


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
