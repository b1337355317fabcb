"""Requests that are repeated only a few times: what they ask for is given up while errors last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from pytest_mews.causes.cause_phrases import listed
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.missing_entities import awaits_fetches, missing_entities
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.repeated_calls import repeated_calls
from pytest_mews.model import (
    OPERATIONS_BY_DISCRIMINATOR,
    ApiCall,
    ApiFault,
    CauseKind,
    EntityFetch,
    Transcript,
    calls_by_entity,
    entity_fetches,
)
from pytest_mews.model.api_call import API_FAULTS, PERMANENT_FAULTS
from pytest_mews.model.fetch_record import TOO_MUCH
from pytest_mews.model.verdict import FAILURES

HONOURS_RETRY_AFTER = "honours-retry-after"  # the check that no retry comes before its time
MIN_ATTEMPTS = 2  # fewer are no retries
MIN_SCENARIOS = 2  # with the same number of attempts, which is no chance


@dataclass(frozen=True)
class _Attempts:
    """The failed requests for an entity since its last message, in order, up to the first success.

    Attributes:
        faults: what each of them met.
        count: how many they are.
        in_row: how many requests of its enterprise had failed in a row with the last of them.

    """

    faults: tuple[ApiFault, ...]
    count: int
    in_row: int

    @property
    def asks_for_too_much(self) -> bool:
        """Whether they were perhaps repeated as large as before: their number says nothing."""
        return not TOO_MUCH.isdisjoint(self.faults[:-1])


_Measure = Callable[[_Attempts], int]
# Of measures that hold equally well, the first is told.
_MEASURES: tuple[tuple[_Measure, str], ...] = (
    (lambda attempts: attempts.count, "requests for it that failed"),
    (
        lambda attempts: attempts.in_row,
        "requests of an enterprise that failed one after another",
    ),
)


def find_limited_retries(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if entities are given up after the same number of failed requests."""
    lost: list[tuple[str, _Attempts]] = []
    for result in observations.results:
        for unmet in unmet_findings(result) if result.verdict in FAILURES else ():
            transcript = unmet.evidence.transcript
            attempts_of = _attempts_of(transcript)
            lost += [
                (result.scenario.id, attempts)
                for fetch in missing_entities(unmet)
                if not transcript.still_busy
                and fetch.entity_id not in observations.late_ids
                and (attempts := attempts_of(fetch)) is not None
                and not attempts.asks_for_too_much
            ]
    if len({scenario_id for scenario_id, _ in lost}) < MIN_SCENARIOS:
        return
    fetched = list(_attempts_of_fetched(observations))
    all_attempts = [*fetched, *(attempts for _, attempts in lost)]
    repeated = {fault for attempts in all_attempts for fault in attempts.faults[:-1]}
    repeated |= {attempts.faults[-1] for attempts in fetched}
    last = {attempts.faults[-1] for _, attempts in lost}
    if not last & repeated:
        return  # errors that are never repeated, another cause
    for measure, what in _MEASURES:
        limits = {measure(attempts) for _, attempts in lost}
        limit = max(limits)
        if (
            len(limits) == 1
            and limit >= MIN_ATTEMPTS
            and all(measure(attempts) < limit for attempts in fetched)
        ):
            faults = listed([API_FAULTS[fault] for fault in sorted(last)])
            count = len(lost)
            entities = "entity was" if count == 1 else "entities were"
            yield Explanation(
                CauseKind.LIMITED_RETRIES,
                f"What is to be fetched is given up after {limit:,} {what}: {count:,} {entities} "
                f"not asked for again while the run waited (the last error: {faults}).",
                accounts_for_finding=partial(_ends_pause, _given_up(measure, limit)),
                accounts_for_missing=_given_up(measure, limit),
            )
            return


def _given_up(measure: _Measure, limit: int) -> Callable[[Transcript], MissingEntity]:
    def is_given_up_in(transcript: Transcript) -> MissingEntity:
        attempts_of = _attempts_of(transcript)

        def is_given_up(fetch: EntityFetch) -> bool:
            attempts = attempts_of(fetch)
            return attempts is not None and measure(attempts) == limit

        return is_given_up

    return is_given_up_in


def _ends_pause(given_up: Callable[[Transcript], MissingEntity], unmet: UnmetFinding) -> bool:
    """Return whether requests that come before their Retry-After all follow one that is given up.

    A service that counts the failures of an enterprise forgets its pause with them.
    """
    if unmet.finding.check != HONOURS_RETRY_AFTER:
        return False
    transcript = unmet.evidence.transcript
    by_entity, is_given_up = calls_by_entity(transcript.calls), given_up(transcript)
    last_calls = {
        by_entity[fetch.entity_id][-1].number
        for fetch in entity_fetches(transcript.deliveries, transcript.calls)
        if fetch.fetched_ms is None and is_given_up(fetch)
    }
    before = list(_before_early_retries(transcript.calls))
    return bool(before) and all(call.number in last_calls for call in before)


def _before_early_retries(calls: Sequence[ApiCall]) -> Iterator[ApiCall]:
    """Yield the previous request of the enterprise for each one before its Retry-After."""
    for refused, retry in repeated_calls(calls):
        waited_ms = retry.received_ms - refused.received_ms
        if refused.retry_after_s is not None and waited_ms < refused.retry_after_s * 1000:
            earlier = calls[: calls.index(retry)]
            yield next(
                call for call in reversed(earlier) if call.enterprise_id == retry.enterprise_id
            )


def _attempts_of_fetched(observations: Observations) -> Iterator[_Attempts]:
    """Yield the failed requests for each entity that was fetched all the same."""
    for result in observations.results:
        for evidence in result.evidence if awaits_fetches(result) else ():
            transcript = evidence.transcript
            attempts_of = _attempts_of(transcript)
            for fetch in entity_fetches(transcript.deliveries, transcript.calls):
                attempts = attempts_of(fetch)
                if fetch.fetched_ms is not None and attempts is not None:
                    yield attempts


def _attempts_of(transcript: Transcript) -> Callable[[EntityFetch], _Attempts | None]:
    """Return a function that returns the failed requests for an entity; None if there are none."""
    by_entity = calls_by_entity(transcript.calls)
    in_row = _failures_in_row(transcript.calls)

    def attempts_of(fetch: EntityFetch) -> _Attempts | None:
        failed: list[tuple[ApiFault, int]] = []
        for call in by_entity.get(fetch.entity_id, ()):
            if (
                call.received_ms < fetch.sent_ms
                or call.enterprise_id != fetch.enterprise_id
                or call.operation not in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
            ):
                continue
            if not _has_failed(call):
                break
            assert call.fault is not None
            failed.append((call.fault, in_row[call.number]))
        if not failed:
            return None
        faults = tuple(fault for fault, _ in failed)
        return _Attempts(faults, len(faults), failed[-1][1])

    return attempts_of


def _failures_in_row(calls: Iterable[ApiCall]) -> dict[int, int]:
    """Return for each failed call the failures of its enterprise in a row, itself included."""
    current: Counter[str | None] = Counter()
    in_row = {}
    for call in calls:
        if _has_failed(call):
            current[call.enterprise_id] += 1
            in_row[call.number] = current[call.enterprise_id]
        elif call.answered_ok:
            current[call.enterprise_id] = 0
    return in_row


def _has_failed(call: ApiCall) -> bool:
    """Return whether a request met a fault that passes."""
    return call.fault is not None and call.fault not in PERMANENT_FAULTS and not call.answered_ok
