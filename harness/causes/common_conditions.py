"""What failing messages have in common that passing ones have not: one condition at a time.

Only usual attempts are compared: documented messages, sent as Mews sends them, which a sound
service accepts. For each way in which they fail, the condition is searched under which nearly all
of them fail and which covers the most failures; what it does not cover is searched again.

How many messages a service is busy with, the harness knows only roughly: just below its limit some
fail and some pass. So a number of messages in flight counts also if hardly any message fails with
fewer, though not nearly all of the others do. It does not count if it leaves failures that another
condition covers too, such as copies of a message, of which many are sent at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from pytest_mews.causes.cause_phrases import describe_symptom, of
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.observations import Observations, Observed, Symptom, symptom_of, total
from pytest_mews.model import CauseKind, Outcome, WebhookKind

MIN_FAILURES = 3
MIN_PRECISION = 0.9  # of the attempts under the condition that fail
MAX_CHANCE = 1e-3  # of that many failures in a row, if the condition did not matter
MIN_SHARE_WHEN_BUSY = 0.1  # of the attempts with as many in flight that fail
MAX_SHARE_BELOW = 0.02  # of the failures with fewer in flight, such as one that has another cause
MISS_PENALTY = 5  # failures that one passing attempt under the condition outweighs
ROUNDS = 4  # conditions for one way to fail

_KIND_NAMES = {
    WebhookKind.GENERAL: "General Webhooks",
    WebhookKind.INTEGRATION: "Integration Webhooks",
}


@dataclass(frozen=True)
class Condition:
    """What some attempts have in common.

    Attributes:
        kind: the cause, if attempts fail under this condition.
        holds: whether an attempt has it.
        subject: those attempts, as the subject of a sentence.
        others: the other attempts, as a subject.
        remedy: what to change if they fail; empty for that of the kind.

    """

    kind: CauseKind
    holds: Callable[[Observed], bool]
    subject: str
    others: str
    remedy: str = ""


def find_common_conditions(
    observations: Observations, is_explained: Callable[[Observed], bool]
) -> Iterator[Explanation]:
    """Yield an explanation for each condition under which nearly all attempts fail.

    Args:
        observations: of the run.
        is_explained: whether another explanation already accounts for a failed attempt.

    """
    passed = [item for item in observations.usual if item.record.delivered]
    groups: dict[Symptom, list[Observed]] = {}
    for item in observations.usual:
        symptom = symptom_of(item.record)
        if symptom is not None and not is_explained(item):
            groups.setdefault(symptom, []).append(item)
    for symptom, failed in groups.items():
        remaining = failed
        for _ in range(ROUNDS):
            condition = _best(observations, remaining, passed)
            if condition is None:
                break
            yield _explanation(observations, symptom, condition, remaining, passed)
            remaining = [item for item in remaining if not condition.holds(item)]


def _best(
    observations: Observations, failed: Sequence[Observed], passed: Sequence[Observed]
) -> Condition | None:
    """Return the condition that covers the most failures; None if no condition separates them."""
    if total(failed) < MIN_FAILURES:
        return None
    base = total(failed) / (total(failed) + total(passed))
    holding = []
    for condition in _conditions(observations, failed, passed):
        hits, misses = _hits_and_misses(condition, failed, passed)
        is_chance = condition.kind is not CauseKind.EVERY_MESSAGE and base**hits > MAX_CHANCE
        if _nearly_all_fail(hits, misses) and not is_chance:
            holding.append((hits - MISS_PENALTY * misses, hits, condition))
    if not holding:
        return _when_busy(observations, failed, passed)
    _, hits, best = max(holding, key=itemgetter(0))
    if best.kind is not CauseKind.CONCURRENCY:
        return best
    complete = [item for item in holding if item[1] == total(failed)]
    if complete and hits < total(failed):
        return max(complete, key=itemgetter(0))[2]
    return _when_busy(observations, failed, passed) or best


def _when_busy(
    observations: Observations, failed: Sequence[Observed], passed: Sequence[Observed]
) -> Condition | None:
    """Return the number of messages in flight with fewer than which none fails, or hardly any."""
    loads = sorted(
        observations.in_flight(item) for item in failed for _ in range(item.record.weight)
    )
    for limit in (loads[0], loads[int(MAX_SHARE_BELOW * len(loads))]):
        condition = _in_flight_condition(observations, limit)
        hits, misses = _hits_and_misses(condition, failed, passed)
        chance = (misses / total(passed)) ** hits if passed else 1.0
        if limit == 1 or chance > MAX_CHANCE or hits < MIN_SHARE_WHEN_BUSY * (hits + misses):
            continue
        if _nearly_all_fail(hits, misses):
            return condition
        subject = f"Some {condition.subject[0].lower()}{condition.subject[1:]}"
        return replace(condition, subject=subject)
    return None


def _in_flight_condition(observations: Observations, limit: int) -> Condition:
    return Condition(
        CauseKind.CONCURRENCY,
        lambda item: observations.in_flight(item) >= limit,
        f"Messages that arrive while {limit - 1:,} others or more are being answered",
        "other messages",
    )


def _hits_and_misses(
    condition: Condition, failed: Sequence[Observed], passed: Sequence[Observed]
) -> tuple[int, int]:
    """Return how many attempts under a condition fail, and how many pass."""
    return (
        total(item for item in failed if condition.holds(item)),
        total(item for item in passed if condition.holds(item)),
    )


def _nearly_all_fail(hits: int, misses: int) -> bool:
    """Return whether enough attempts under a condition fail, and few enough pass."""
    return hits >= MIN_FAILURES and hits >= MIN_PRECISION * (hits + misses)


def _explanation(
    observations: Observations,
    symptom: Symptom,
    condition: Condition,
    failed: Sequence[Observed],
    passed: Sequence[Observed],
) -> Explanation:
    hits, misses = _hits_and_misses(condition, failed, passed)
    other_hits = total(failed) - hits
    other_count = other_hits + total(passed) - misses
    how = describe_symptom(symptom, observations.limit_ms)
    summary = f"{condition.subject} are {how} ({of(hits, hits + misses)})"
    if condition.others and other_count:
        share = "not one" if not other_hits else f"{other_hits:,}"
        summary += f"; of {other_count:,} {condition.others}, {share}"

    def accounts_for(item: Observed) -> bool:
        if symptom_of(item.record) != symptom or not condition.holds(item):
            return False
        return item.record.is_usual or not observations.fails_elsewhere(item, condition.holds)

    return Explanation(condition.kind, f"{summary}.", accounts_for, remedy=condition.remedy)


def _conditions(
    observations: Observations, failed: Sequence[Observed], passed: Sequence[Observed]
) -> Iterator[Condition]:
    """Yield the conditions to try, simpler ones first: of equally good ones the first counts."""
    yield Condition(
        CauseKind.EVERY_MESSAGE,
        lambda _: True,
        "Valid messages",
        "",
    )
    yield Condition(
        CauseKind.KEPT_CONNECTION,
        lambda item: item.record.request_number > 1,
        "The second and later requests on a kept connection",
        "first requests on a connection",
    )
    yield from _kind_conditions(failed, passed)
    yield Condition(
        CauseKind.REPEATED_MESSAGE,
        lambda item: item.record.repeated,
        "Messages that were sent before",
        "messages that were new",
    )
    yield from _enterprise_conditions(failed, passed)
    yield from _event_type_conditions(failed, passed)
    yield from _threshold_conditions(observations, failed, passed)
    yield Condition(
        CauseKind.AFTER_OTHER_KIND,
        lambda item: _follows_other_kind(observations, item),
        "Messages that follow one of the other kind of webhook",
        "messages that follow one of the same kind",
    )


def _kind_conditions(failed: Sequence[Observed], passed: Sequence[Observed]) -> Iterator[Condition]:
    kinds = {item.record.kind for item in (*failed, *passed)}
    if len(kinds) > 1:
        yield _kind_condition(WebhookKind.GENERAL, WebhookKind.INTEGRATION)
        yield _kind_condition(WebhookKind.INTEGRATION, WebhookKind.GENERAL)


def _kind_condition(kind: WebhookKind, other: WebhookKind) -> Condition:
    name = _KIND_NAMES[kind]
    return Condition(
        CauseKind.WEBHOOK_KIND,
        lambda item: item.record.kind is kind,
        name,
        _KIND_NAMES[other],
    )


def _enterprise_conditions(
    failed: Sequence[Observed], passed: Sequence[Observed]
) -> Iterator[Condition]:
    for kind, name in _KIND_NAMES.items():
        passing = {item.record.enterprise_id for item in passed if item.record.kind is kind}
        if len(passing) == 1:
            yield _other_enterprises(kind, name, *passing)
    counts = Counter(item.record.enterprise_id for item in failed)
    for enterprise_id, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        if enterprise_id is not None and count >= MIN_FAILURES:
            yield _enterprise_condition(enterprise_id)


def _other_enterprises(kind: WebhookKind, name: str, only: str | None) -> Condition:
    return Condition(
        CauseKind.ENTERPRISE,
        lambda item: item.record.kind is kind and item.record.enterprise_id != only,
        f"{name} of every enterprise but {only}",
        "other messages",
    )


def _enterprise_condition(enterprise_id: str) -> Condition:
    return Condition(
        CauseKind.ENTERPRISE,
        lambda item: item.record.enterprise_id == enterprise_id,
        f"Messages of the enterprise {enterprise_id}",
        "messages of other enterprises",
    )


def _event_type_conditions(
    failed: Sequence[Observed], passed: Sequence[Observed]
) -> Iterator[Condition]:
    """Yield a condition for each event type, then one for all that fail, if they are several.

    Several types that fail in the same way have one flaw more often than several: a property that
    the service reads of every message, and that only some types have. A kind of webhook of which
    none passes has another flaw: its types are not among the several.
    """
    hits, misses = _count_by_event_type(failed), _count_by_event_type(passed)
    for name in sorted(hits):
        yield _event_type_condition(name)
    passing_kinds = {item.record.kind for item in passed}
    hits = _count_by_event_type([item for item in failed if item.record.kind in passing_kinds])
    base = total(failed) / (total(failed) + total(passed))
    failing = [
        name
        for name, count in sorted(hits.items())
        if _nearly_all_fail(count, misses[name]) and base**count <= MAX_CHANCE
    ]
    if len(failing) > 1:
        yield _event_types_condition(failing)


def _count_by_event_type(observed: Sequence[Observed]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for item in observed:
        counts.update(dict.fromkeys(item.record.event_types, item.record.weight))
    return counts


def _event_type_condition(name: str) -> Condition:
    return Condition(
        CauseKind.EVENT_TYPE,
        lambda item: name in item.record.event_types,
        f"Messages with {name}",
        "messages without it",
        remedy_if(CauseKind.EVENT_TYPE, "all of them fail"),
    )


def _event_types_condition(names: Sequence[str]) -> Condition:
    types = frozenset(names)
    *others, last = names
    return Condition(
        CauseKind.EVENT_TYPE,
        lambda item: not types.isdisjoint(item.record.event_types),
        f"Messages with {', '.join(others)} or {last}",
        "messages without these",
        remedy_if(CauseKind.EVENT_TYPE, "all of several types fail"),
    )


def _threshold_conditions(
    observations: Observations, failed: Sequence[Observed], passed: Sequence[Observed]
) -> Iterator[Condition]:
    """Yield the best lower limits of size, of events, and of requests in flight."""
    size = _lowest_limit(failed, passed, lambda item: item.record.size_bytes)
    largest = max((item.record.size_bytes for item in passed), default=0)
    if size is not None:
        late = Symptom(Outcome.TIMEOUT_ANSWER, None)
        are_late = all(symptom_of(item.record) == late for item in failed)
        case = "they are late from a size on" if are_late else "they fail from a size on"
        yield Condition(
            CauseKind.MESSAGE_SIZE,
            lambda item: item.record.size_bytes >= size,
            f"Messages of {size:,} bytes and more",
            f"smaller messages (the largest accepted has {largest:,} bytes)",
            remedy_if(CauseKind.MESSAGE_SIZE, case),
        )
    count = _lowest_limit(failed, passed, lambda item: item.record.event_count)
    if count is not None and count > 1:
        yield Condition(
            CauseKind.MESSAGE_SIZE,
            lambda item: item.record.event_count >= count,
            f"Messages with {count:,} events and more",
            "messages with fewer events",
            remedy_if(CauseKind.MESSAGE_SIZE, "they fail from a number of events on"),
        )
    in_flight = _lowest_limit(failed, passed, observations.in_flight)
    if in_flight is not None and in_flight > 1:
        yield _in_flight_condition(observations, in_flight)


def _lowest_limit(
    failed: Sequence[Observed], passed: Sequence[Observed], measure: Callable[[Observed], int]
) -> int | None:
    """Return the limit from which on nearly all fail and which has the best score, if any."""
    failing = sorted(((measure(item), item.record.weight) for item in failed), reverse=True)
    passing = sorted(((measure(item), item.record.weight) for item in passed), reverse=True)
    best, best_score = None, 0
    hits = misses = position = 0
    for value, weight in failing:
        hits += weight
        while position < len(passing) and passing[position][0] >= value:
            misses += passing[position][1]
            position += 1
        score = hits - MISS_PENALTY * misses
        if score > best_score and hits >= MIN_PRECISION * (hits + misses):
            best, best_score = value, score
    return best


def _follows_other_kind(observations: Observations, item: Observed) -> bool:
    previous = observations.previous(item)
    return previous is not None and previous.record.kind is not item.record.kind
