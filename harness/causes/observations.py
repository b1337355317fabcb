"""What was observed over a whole run, as the causes need it: attempts of all scenarios in order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from pytest_mews.model import (
    ApiCall,
    AttemptRecord,
    Evidence,
    Outcome,
    ScenarioResult,
    Transcript,
    attempt_records,
)
from pytest_mews.model.exchange import TIMEOUTS

SERVER_ERRORS = range(500, 600)  # statuses
# Outcomes of requests that no process took.
DOWN = frozenset({Outcome.CONNECTION_REFUSED, Outcome.CONNECTION_RESET, Outcome.TIMEOUT_CONNECT})
DEFAULT_LIMIT_S = 5.0  # seconds until the response, if no scenario ran


@dataclass(frozen=True)
class Observed:
    """The record of an attempt, with the scenario that made it, and the instance that got it."""

    scenario_id: str
    record: AttemptRecord
    instance: int = 1


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


class _Timeline:
    """The attempts at one instance of the service, in the order in which they started."""

    def __init__(self, attempts: Sequence[Observed]) -> None:
        self._attempts = attempts
        self._starts = [item.record.started_ms for item in attempts]
        self._ends = sorted(item.record.ended_ms for item in attempts)
        self._delivered = [item.record.started_ms for item in attempts if item.record.delivered]

    def in_flight(self, at_ms: float) -> int:
        return bisect_right(self._starts, at_ms) - bisect_left(self._ends, at_ms)

    def previous(self, before_ms: float) -> Observed | None:
        index = bisect_left(self._starts, before_ms)
        return self._attempts[index - 1] if index else None

    def delivered_between(self, first_ms: float, last_ms: float) -> int:
        return bisect_right(self._delivered, last_ms) - bisect_left(self._delivered, first_ms)


class Observations:
    """All attempts of a run.

    Args:
        results: the results of all scenarios.
        late_ids: the entities that were fetched after the run had ceased to wait for them.
        last_calls: by the number of the instance of the service, the last requests to its Connector
            API emulator, in order of arrival.
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
        last_calls: Mapping[int, Sequence[ApiCall]] = MappingProxyType({}),
        *,
        waits_for_messages: bool = False,
    ) -> None:
        self.results, self.late_ids = tuple(results), frozenset(late_ids)
        self.last_calls, self.waits_for_messages = last_calls, waits_for_messages
        self.attempts = tuple(
            sorted(
                (
                    Observed(result.scenario.id, record, result.instance)
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
    def instances(self) -> Mapping[int, Observations]:
        """What was observed at each instance of the service, by its number."""
        numbers = {result.instance for result in self.results}
        if len(numbers) <= 1:
            return dict.fromkeys(numbers, self)
        return {
            number: Observations(
                [result for result in self.results if result.instance == number],
                self.late_ids,
                {number: self.last_calls.get(number, ())},
                waits_for_messages=self.waits_for_messages,
            )
            for number in sorted(numbers)
        }

    def instance_of(self, transcript: Transcript) -> int:
        """Return the number of the instance at which a transcript of the results was made."""
        return self._instance_by_transcript[id(transcript)]

    @cached_property
    def _instance_by_transcript(self) -> dict[int, int]:
        return {
            id(evidence.transcript): result.instance
            for result in self.results
            for evidence in result.evidence
        }

    @property
    def shown_calls(self) -> Iterator[tuple[int, ApiCall]]:
        """The calls that the report shows, each with the number of its instance.

        Scenarios that run at the same time share requests: each shows the ids of its own events.
        """
        for result in self.results:
            for evidence in result.evidence:
                for call in evidence.transcript.calls:
                    yield result.instance, call

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

    def in_flight(self, item: Observed) -> int:
        """Return how many requests its instance had when an attempt started, itself included."""
        return self._timelines[item.instance].in_flight(item.record.started_ms)

    def previous(self, item: Observed) -> Observed | None:
        """Return the attempt that its instance got last before another; None for the first."""
        return self._timelines[item.instance].previous(item.record.started_ms)

    def delivered_between(self, instance: int, first_ms: float, last_ms: float) -> int:
        """Return how many attempts an instance accepted that started within a time."""
        return self._timelines[instance].delivered_between(first_ms, last_ms)

    @cached_property
    def _timelines(self) -> defaultdict[int, _Timeline]:
        attempts: defaultdict[int, list[Observed]] = defaultdict(list)
        for item in self.attempts:
            attempts[item.instance].append(item)
        timelines = {instance: _Timeline(items) for instance, items in attempts.items()}
        return defaultdict(lambda: _Timeline(()), timelines)

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
