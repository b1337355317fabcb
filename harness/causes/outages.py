"""Outages: for a while nothing is accepted, whatever it is, often after a hostile message.

At least one of the failing messages is sent as Mews usually sends them, such as a health check: a
service that can't read chunked bodies is not down while a scenario sends nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pytest_mews.causes.cause_phrases import seconds
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.missing_entities import lost_with_messages
from pytest_mews.causes.observations import (
    DOWN,
    SERVER_ERRORS,
    Observations,
    Observed,
    symptom_of,
    total,
)
from pytest_mews.model import AttemptRecord, CauseKind, Fault, Validity

MIN_LONGEST = 3  # attempts that fail in a row: fewer may be chance
MIN_LENGTH = 2  # attempts in a row that count as an outage beside a longer one
MIN_SHARE = 0.9  # of the failures that are within outages
MAX_CHANCE = 0.01  # of so long a row, if failures were independent
TRIGGER_MS = 2_000.0  # a message this long before an outage may have caused it
MIN_OUTAGE_MS = 250.0  # of server errors: a service that is busy for a shorter time is not down


@dataclass(frozen=True)
class Outage:
    """Attempts in a row that failed alike; `trigger` is the message that preceded them.

    `ended_ms` is when the first attempt after them started; None if there was none.
    """

    attempts: tuple[Observed, ...]
    trigger: Observed | None
    ended_ms: float | None

    @property
    def started_ms(self) -> float:
        """When the first failing attempt started."""
        return self.attempts[0].record.started_ms

    @property
    def length_ms(self) -> float:
        """How long it lasted, from the first failing attempt to the next one that did not fail."""
        end_ms = self.attempts[-1].record.ended_ms if self.ended_ms is None else self.ended_ms
        return end_ms - self.started_ms

    def covers(self, record: AttemptRecord) -> bool:
        """Return whether an attempt started during the outage."""
        last_ms = self.attempts[-1].record.started_ms
        return self.started_ms <= record.started_ms <= last_ms


def find_outages(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation for a service that died, and one for each 5xx in long rows."""
    yield from _explain(
        observations, lambda record: record.outcome in DOWN, CauseKind.SERVICE_DIED, "nothing"
    )
    statuses = {item.record.status or 0 for item in observations.attempts}
    for status in sorted(statuses.intersection(SERVER_ERRORS)):
        yield from _explain(
            observations, _has_status(status), CauseKind.OUTAGE, f"{status} to everything"
        )


def _has_status(status: int) -> Callable[[AttemptRecord], bool]:
    return lambda record: record.status == status and not record.is_interrupted


def _explain(
    observations: Observations,
    failed: Callable[[AttemptRecord], bool],
    kind: CauseKind,
    answers: str,
) -> Iterator[Explanation]:
    rows = list(_rows(observations, failed))
    failures = [item for item in observations.attempts if failed(item.record)]
    if kind is CauseKind.OUTAGE:
        rows = [row for row in rows if row.ended_ms is None or row.length_ms >= MIN_OUTAGE_MS]
    outages = [row for row in rows if len(row.attempts) >= MIN_LENGTH]
    longest = max((len(row.attempts) for row in rows), default=0)
    within = sum(len(outage.attempts) for outage in outages)
    if longest < MIN_LONGEST or within < MIN_SHARE * len(failures):
        return
    if not any(item.record.is_usual for outage in outages for item in outage.attempts):
        return  # messages of one unusual kind fail in a row because they are sent in a row
    share = len(failures) / len(observations.attempts)
    chance = len(observations.attempts) * share**longest
    lasts = any(outage.ended_ms is None for outage in outages)
    if chance > MAX_CHANCE and not lasts:
        return
    known = [outage for outage in outages if outage.trigger is not None]
    triggers = {
        (outage.trigger.scenario_id, outage.trigger.record.description)
        for outage in known
        if outage.trigger is not None
    }

    def accounts_for(item: Observed) -> bool:
        if failed(item.record):
            return any(outage.covers(item.record) for outage in outages)
        return (item.scenario_id, item.record.description) in triggers

    # A message like the one that preceded an outage may have been lost with the service.
    lost = {outage.trigger.record.validity for outage in known if outage.trigger is not None}
    lost -= {Validity.DOCUMENTED}
    first = known[0] if known else outages[0]
    yield Explanation(
        kind,
        _summary(outages, first, answers, died=kind is CauseKind.SERVICE_DIED),
        accounts_for,
        accounts_for_missing=lambda transcript: lost_with_messages(transcript, lost),
        stands_alone=True,
        shown_by=first.trigger.scenario_id if first.trigger else "",
    )


def _rows(observations: Observations, failed: Callable[[AttemptRecord], bool]) -> Iterator[Outage]:
    """Yield the attempts in a row that failed alike."""
    attempts = [item for item in observations.attempts if not item.record.is_interrupted]
    starts = [
        index
        for index, item in enumerate(attempts)
        if failed(item.record) and (index == 0 or not failed(attempts[index - 1].record))
    ]
    for start, following in pairwise([*starts, len(attempts)]):
        end = next(
            (index for index in range(start, following) if not failed(attempts[index].record)),
            following,
        )
        ended_ms = attempts[end].record.started_ms if end < len(attempts) else None
        yield Outage(tuple(attempts[start:end]), _trigger(observations, attempts[start]), ended_ms)


def _trigger(observations: Observations, first: Observed) -> Observed | None:
    """Return the hostile message that the service got last before an outage began."""
    item = observations.previous(first)
    while item is not None and first.record.started_ms - item.record.ended_ms <= TRIGGER_MS:
        record = item.record
        is_hostile = record.validity is not Validity.DOCUMENTED or record.fault is not Fault.NONE
        if is_hostile and symptom_of(record) != symptom_of(first.record):
            return item
        item = observations.previous(item)
    return None


def _summary(
    outages: list[Outage],
    first: Outage,
    answers: str,
    *,
    died: bool,
) -> str:
    verb = "The service died" if died else "The service failed"
    after = ""
    if first.trigger is not None:
        record = first.trigger.record
        delay_ms = max(0.0, first.started_ms - record.ended_ms)
        fault = "" if record.fault is Fault.NONE else f", with {record.fault}"
        after = (
            f" within {seconds(delay_ms)} of a message of {first.trigger.scenario_id} "
            f"({record.description}{fault})"
        )
    count = total(item for outage in outages for item in outage.attempts)
    last = outages[-1]
    span = f"for {seconds(first.length_ms)}"
    if last.ended_ms is None:
        if last is first:
            span = "from then on"
        count_text = f"{count:,} requests failed, up to the end of the run"
    else:
        count_text = f"{count:,} requests failed"
    often = f", {len(outages)} times in this run" if len(outages) > 1 else ""
    return f"{verb}{after} and answered {answers} {span}{often}: {count_text}."
