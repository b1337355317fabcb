"""A share of all messages fails, or of those that have one thing in common.

That is one event type, or that they were sent before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import comb

from pytest_mews.causes.cause_phrases import MOST, describe_symptom, of, one_in
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.observations import Observations, Observed, Symptom, symptom_of, total
from pytest_mews.model import CauseKind, Outcome

MIN_FAILURES = 5
MIN_ATTEMPTS = 30  # for a claim about a share
MIN_SHARE = 0.02  # a smaller share may be a disturbance of the test itself
MIN_SCENARIOS = 3  # in which it was seen
MIN_ALIKE = 3  # attempts with one content: fewer do not show whether it is the content that fails
MIN_MIXED = 0.7  # of the failures among at least that many that are among some that also passed
MIN_CHANCE = 1e-4  # of the failures of one scenario, if they came by chance
MAX_COUNTED = 400  # attempts for an exact probability
MAX_CHANCE = 1e-3  # that all failures have one event type, if it did not matter


def find_intermittent(
    observations: Observations, is_explained: Callable[[Observed], bool]
) -> Iterator[Explanation]:
    """Yield an explanation for each way to fail that a share of all usual attempts has.

    Args:
        observations: of the run.
        is_explained: whether another explanation already accounts for a failed attempt.

    """
    usual = [
        item
        for item in observations.usual
        if item.scenario_id not in observations.with_api_faults
        and (item.record.delivered or not is_explained(item))
    ]
    symptoms = {symptom for item in usual if (symptom := symptom_of(item.record)) is not None}
    for symptom in sorted(symptoms, key=lambda each: (each.outcome, each.status or 0)):
        failed = [item for item in usual if symptom_of(item.record) == symptom]
        if _is_spread(failed, usual):
            event_type = _common_type(failed, usual)
            if _are_repeated(failed, usual):
                yield _of_repeated(observations, symptom, usual)
            elif event_type is None:
                yield _explanation(observations, symptom, total(failed), total(usual))
            else:
                yield _of_type(observations, symptom, event_type, usual)


def _is_spread(failed: Sequence[Observed], usual: Sequence[Observed]) -> bool:
    """Return whether there are enough failures, in several scenarios, among attempts that pass."""
    scenarios = {item.scenario_id for item in failed}
    if (
        total(failed) < max(MIN_FAILURES, MIN_SHARE * total(usual))
        or total(usual) < MIN_ATTEMPTS
        or len(scenarios) < MIN_SCENARIOS
    ):
        return False
    counts: Counter[tuple[object, ...]] = Counter()
    for item in usual:
        counts[_content(item)] += item.record.weight
    telling = [item for item in failed if counts[_content(item)] >= MIN_ALIKE]
    passing = {_content(item) for item in usual if item.record.delivered}
    mixed = total(item for item in telling if _content(item) in passing)
    return mixed >= max(MIN_FAILURES, MIN_MIXED * total(telling))


def _content(item: Observed) -> tuple[object, ...]:
    record = item.record
    return record.kind, record.description


def _are_repeated(failed: Sequence[Observed], usual: Sequence[Observed]) -> bool:
    """Return whether all failures are of messages sent before, which would hardly be chance."""
    share = total(item for item in usual if item.record.repeated) / total(usual)
    is_chance = share ** total(failed) > MAX_CHANCE
    return not is_chance and all(item.record.repeated for item in failed)


def _of_repeated(
    observations: Observations, symptom: Symptom, usual: Sequence[Observed]
) -> Explanation:
    repeated = [item for item in usual if item.record.repeated]
    failed, count = total(item for item in repeated if not item.record.delivered), total(repeated)
    how = describe_symptom(symptom, observations.limit_ms)
    return Explanation(
        CauseKind.REPEATED_MESSAGE,
        f"Some messages that were sent before are {how} ({of(failed, count)}); of "
        f"{total(usual) - count:,} messages that were new, not one.",
        lambda item: symptom_of(item.record) == symptom and item.record.repeated,
    )


def _common_type(failed: Sequence[Observed], usual: Sequence[Observed]) -> str | None:
    """Return the event type that all failures have, and that would hardly do so by chance."""
    common = frozenset.intersection(*(frozenset(item.record.event_types) for item in failed))
    counts = {
        name: total(item for item in usual if name in item.record.event_types) for name in common
    }
    rarest = min(sorted(counts), key=counts.__getitem__, default=None)
    if rarest is None or (counts[rarest] / total(usual)) ** total(failed) > MAX_CHANCE:
        return None
    return rarest


def _of_type(
    observations: Observations, symptom: Symptom, event_type: str, usual: Sequence[Observed]
) -> Explanation:
    having = [item for item in usual if event_type in item.record.event_types]
    failed, count = total(item for item in having if not item.record.delivered), total(having)
    how = describe_symptom(symptom, observations.limit_ms)

    def accounts_for(item: Observed) -> bool:
        return symptom_of(item.record) == symptom and event_type in item.record.event_types

    return Explanation(
        CauseKind.EVENT_TYPE,
        f"Some messages with {event_type} are {how} ({of(failed, count)}); of "
        f"{total(usual) - count:,} messages without it, not one.",
        accounts_for,
        remedy=remedy_if(CauseKind.EVENT_TYPE, "some of them fail"),
    )


def _explanation(
    observations: Observations, symptom: Symptom, failed: int, count: int
) -> Explanation:
    share = failed / count
    how = describe_symptom(symptom, observations.limit_ms)
    is_most = share > MOST
    subject = f"About {one_in(failed, count)} valid messages {'are' if is_most else 'is'}"
    is_timeout = symptom.outcome is Outcome.TIMEOUT_ANSWER
    case = "they are not answered in time" if is_timeout else "they are refused or broken off"

    def accounts_for(item: Observed) -> bool:
        if symptom_of(item.record) != symptom:
            return False
        if item.record.is_usual:
            return True
        alike = observations.alike(item)
        hits = total(other for other in alike if symptom_of(other.record) == symptom)
        return _chance(hits, total(alike), share) >= MIN_CHANCE

    return Explanation(
        CauseKind.INTERMITTENT_STATUS,
        f"{subject} {how} ({of(failed, count)}), whatever it contains: neither content, "
        "size, connection, order nor load sets these messages apart.",
        accounts_for,
        remedy=remedy_if(CauseKind.INTERMITTENT_STATUS, case),
    )


def _chance(hits: int, count: int, share: float) -> float:
    """Return the probability of `hits` failures or more among `count` attempts."""
    if count > MAX_COUNTED:
        hits, count = hits * MAX_COUNTED // count, MAX_COUNTED
    return sum(
        comb(count, number) * share**number * (1 - share) ** (count - number)
        for number in range(hits, count + 1)
    )
