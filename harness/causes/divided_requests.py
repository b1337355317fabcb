"""Ids that are lost where a list of them is divided into requests: one with each full request.

A part that begins one too late or ends one too early, such as `ids[i : i + 99]` in steps of 100, is
the usual reason. The place of an event in its message does not show it if the list is that of one
type, or of several messages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.missing_entities import awaits_fetches, has_recovered
from pytest_mews.causes.observations import Observations
from pytest_mews.model import (
    OPERATIONS_BY_DISCRIMINATOR,
    ApiCall,
    CauseKind,
    EntityFetch,
    ScenarioResult,
    Transcript,
    entity_fetches,
    entity_key,
)
from pytest_mews.model.fetch_record import EntityKey
from pytest_mews.model.verdict import FAILURES

MIN_SIZE = 5  # ids of a full request
MIN_LOST = 5  # entities
MIN_SCENARIOS = 2
MIN_SHARE = 0.9  # of the lost entities, and of the full requests: a list may end one short of full
SOON_MS = 2_000.0  # from a message to a full request, perhaps with the events of other scenarios
MIN_OTHERS = 20  # entities of lists without a full request


@dataclass(frozen=True)
class _List:
    """The entities of one enterprise and type in an execution, and the requests for their ids.

    Attributes:
        scenario_id: the scenario.
        sizes: the number of ids in each successful request.
        asked: the number of entities that were asked for.
        lost: the entities that were never asked for.

    """

    scenario_id: str
    sizes: Sequence[int]
    asked: int
    lost: frozenset[EntityKey]

    def may_lose(self, size: int) -> bool:
        """Return whether no more is lost than one id with each full request.

        Some of the ids of such a request may be of a scenario that ran at the same time.
        """
        return 2 * self.asked >= size and len(self.lost) <= self.asked / size + 1


def find_divided_requests(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if as many entities are lost as there are requests of the largest size.

    Where all requests are smaller, hardly any is.
    """
    lists = list(_lists_of(observations.results))
    size = max((ids for each in lists for ids in each.sizes), default=0)
    divided = [each for each in lists if size in each.sizes]
    shorter = [each for each in lists if size not in each.sizes]
    full = sum(each.sizes.count(size) for each in divided)
    lost = sum(min(len(each.lost), each.sizes.count(size)) for each in divided)
    scenarios = {each.scenario_id for each in divided if each.lost}
    asked = sum(each.asked for each in shorter)
    if (
        size < MIN_SIZE
        or len(scenarios) < MIN_SCENARIOS
        or asked < MIN_OTHERS
        or lost < max(MIN_LOST, MIN_SHARE * full, MIN_SHARE * sum(len(each.lost) for each in lists))
    ):
        return

    full_at_ms = _times_of_requests(observations, size)

    def is_lost_in(transcript: Transcript) -> MissingEntity:
        instance = observations.instance_of(transcript)
        left_out = {
            key for each in _lists("", transcript) if each.may_lose(size) for key in each.lost
        }
        return lambda fetch: (
            fetch.requested_ms is None
            and (
                entity_key(fetch) in left_out
                or any(
                    0 <= at_ms - fetch.sent_ms <= SOON_MS
                    for operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
                    for at_ms in full_at_ms.get((instance, fetch.enterprise_id, operation), ())
                )
            )
        )

    count = asked + sum(len(each.lost) for each in shorter)
    yield Explanation(
        CauseKind.MESSAGE_PART_NOT_FETCHED,
        f"About one id is lost with each full request: {full:,} requests are for {size:,} ids, the "
        f"most in any, and {lost:,} acknowledged events beside them, in {len(scenarios):,} "
        f"scenarios, were never asked for. Where all requests are smaller, {of(asked, count)} "
        "events were.",
        accounts_for_missing=is_lost_in,
        remedy=remedy_if(
            CauseKind.MESSAGE_PART_NOT_FETCHED, "one id is lost with each full request"
        ),
    )


def _times_of_requests(
    observations: Observations, size: int
) -> dict[tuple[int, str | None, str], list[float]]:
    """Return when requests for as many ids came, by instance, enterprise and operation."""
    requests: dict[tuple[int, int], tuple[ApiCall, set[str]]] = {}
    for instance, call in observations.shown_calls:
        _, ids = requests.setdefault((instance, call.number), (call, set()))
        ids.update(call.requested_ids)
    times: dict[tuple[int, str | None, str], list[float]] = defaultdict(list)
    for (instance, _), (call, ids) in requests.items():
        if len(ids) == size:
            times[instance, call.enterprise_id, call.operation].append(call.received_ms)
    return times


def _lists_of(results: Iterable[ScenarioResult]) -> Iterator[_List]:
    """Yield the lists of a run; what a scenario that passed did not need to fetch is not lost."""
    for result in results:
        if awaits_fetches(result):
            for evidence in result.evidence:
                for ids in _lists(result.scenario.id, evidence.transcript):
                    if not ids.lost or result.verdict in FAILURES:
                        yield ids


def _lists(scenario_id: str, transcript: Transcript) -> Iterator[_List]:
    """Yield the lists of an execution, unless a request failed for good: others wait behind it."""
    if not has_recovered(transcript.calls):
        return
    requests: dict[tuple[str | None, str], set[tuple[str, ...]]] = defaultdict(set)
    for call in transcript.calls:
        if call.requested_ids and call.answered_ok:
            requests[call.enterprise_id, call.operation].add(call.requested_ids)
    fetches: dict[tuple[str, Collection[str]], list[EntityFetch]] = defaultdict(list)
    for fetch in entity_fetches(transcript.deliveries, transcript.calls):
        _, operations = entity_key(fetch)
        fetches[fetch.enterprise_id, operations].append(fetch)
    for (enterprise_id, operations), entities in fetches.items():
        sizes = [
            len(set(ids))
            for operation in operations
            for ids in requests.get((enterprise_id, operation), ())
        ]
        lost = frozenset(entity_key(fetch) for fetch in entities if fetch.requested_ms is None)
        yield _List(scenario_id, sizes, len(entities) - len(lost), lost)
