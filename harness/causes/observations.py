"""What was observed over a whole run, as the causes need it: attempts of all scenarios in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_mews.model import (
    ApiCall,
    AttemptRecord,
    Evidence,
    Outcome,
    ScenarioResult,
    attempt_records,
)
from pytest_mews.model.exchange import TIMEOUTS

SERVER_ERRORS = range(500, 600)  # statuses
# Outcomes of requests that no process took.
DOWN = frozenset({Outcome.CONNECTION_REFUSED, Outcome.CONNECTION_RESET, Outcome.TIMEOUT_CONNECT})
DEFAULT_LIMIT_S = 5.0  # seconds until the response, if no scenario ran


@dataclass(frozen=True)
class Observed:
    """The record of an attempt, with the scenario that made it."""

    scenario_id: str
    record: AttemptRecord


@dataclass(frozen=True)
class Symptom:
    """How an attempt failed: alike failures are equal. All timeouts after the connection are."""

    outcome: Outcome
    status: int | None


def symptom_of(record: AttemptRecord) -> Symptom | None:
    """Return how an attempt failed; None if it was delivered, or if the harness prevented it."""
    if record.delivered or record.is_interrupted:
        return None
    if record.outcome in TIMEOUTS - DOWN:
        return Symptom(Outcome.TIMEOUT_ANSWER, None)
    return Symptom(record.outcome, record.status if record.outcome not in DOWN else None)


def total(observed: Iterable[Observed]) -> int:
    """Return how many attempts the records stand for."""
    return sum(item.record.weight for item in observed)


def timed_records(evidence: Evidence) -> list[AttemptRecord]:
    """Return the attempts of an execution whose time the partner decided."""
    return [
        record
        for records in attempt_records(evidence.transcript.deliveries)
        for record in records
        if not record.is_interrupted
    ]


def busiest_window(attempts: Sequence[Observed], length_ms: float) -> int:
    """Return how many attempts started at most within `length_ms`; they are in order of start."""
    first = current = most = 0
    for item in attempts:
        current += item.record.weight
        while item.record.started_ms - attempts[first].record.started_ms >= length_ms:
            current -= attempts[first].record.weight
            first += 1
        most = max(most, current)
    return most


class Observations:
    """All attempts of a run.

    Args:
        results: the results of all scenarios.
        late_ids: the entities that were fetched after the run had ceased to wait for them.
        last_calls: the last requests to the Connector API emulator, in order of arrival.
        waits_for_messages: whether these entities were requested only when another message came.

    Attributes:
        results: as given.
        late_ids: as given.
        last_calls: as given.
        waits_for_messages: as given.
        attempts: all attempts, in the order in which they started.
        limit_ms: the time limit for a response.

    """

    def __init__(
        self,
        results: Sequence[ScenarioResult],
        late_ids: Collection[str] = (),
        last_calls: Sequence[ApiCall] = (),
        *,
        waits_for_messages: bool = False,
    ) -> None:
        self.results, self.late_ids = tuple(results), frozenset(late_ids)
        self.last_calls, self.waits_for_messages = tuple(last_calls), waits_for_messages
        self.attempts = tuple(
            sorted(
                (
                    Observed(result.scenario.id, record)
                    for result in results
                    for record in result.attempts
                ),
                key=lambda item: item.record.started_ms,
            )
        )
        limits = (
            evidence.transcript.limits.answer_timeout_s
            for result in results
            for evidence in result.evidence
        )
        self.limit_ms = 1000 * next(limits, DEFAULT_LIMIT_S)

    @cached_property
    def usual(self) -> tuple[Observed, ...]:
        """The attempts to deliver a message as Mews does: a sound service accepts all of them."""
        return tuple(item for item in self.attempts if item.record.is_usual)

    @cached_property
    def with_api_faults(self) -> frozenset[str]:
        """The ids of the scenarios in which a request to the Connector API got an injected fault.

        A service that answers only after its request then answers late, or with an error.
        """
        return frozenset(
            result.scenario.id
            for result in self.results
            if any(
                call.fault is not None
                for evidence in result.evidence
                for call in evidence.transcript.calls
            )
        )

    @cached_property
    def _starts(self) -> list[float]:
        return [item.record.started_ms for item in self.attempts]

    @cached_property
    def _ends(self) -> list[float]:
        return sorted(item.record.ended_ms for item in self.attempts)

    def in_flight(self, item: Observed) -> int:
        """Return how many requests were in flight when an attempt started, itself included."""
        started_ms = item.record.started_ms
        return bisect_right(self._starts, started_ms) - bisect_left(self._ends, started_ms)

    def previous(self, item: Observed) -> Observed | None:
        """Return the attempt that started last before another; None for the first."""
        index = bisect_left(self._starts, item.record.started_ms)
        return self.attempts[index - 1] if index else None

    def alike(self, item: Observed) -> tuple[Observed, ...]:
        """Return the attempts of the same scenario with messages of the same name and form."""
        return self._by_form.get(_form(item), ())

    @cached_property
    def _by_form(self) -> dict[tuple[object, ...], tuple[Observed, ...]]:
        groups: dict[tuple[object, ...], list[Observed]] = {}
        for item in self.attempts:
            groups.setdefault(_form(item), []).append(item)
        return {form: tuple(items) for form, items in groups.items()}

    def fails_elsewhere(self, item: Observed, holds: Callable[[Observed], bool]) -> bool:
        """Return whether attempts like this one also fail in the same way where `holds` is false.

        Then the condition does not account for the failure: the message would fail anyway.
        """
        symptom = symptom_of(item.record)
        return any(
            symptom_of(other.record) == symptom and not holds(other) for other in self.alike(item)
        )


def _form(item: Observed) -> tuple[object, ...]:
    record = item.record
    return (
        item.scenario_id,
        record.label,
        record.validity,
        record.changes,
        record.transfer_mode,
    )
