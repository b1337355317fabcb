"""Acknowledged events that are lost now and then, whatever they are.

Races, full queues and lists that are divided wrongly lose some events and fetch others of the same
types. What another explanation accounts for is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.lost_during_requests import describe_losses_during_requests
from pytest_mews.causes.missing_entities import awaits_fetches, met_no_error, missing_entities
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.websocket_events import missing_events
from pytest_mews.model import (
    ApiCall,
    CauseKind,
    EntityFetch,
    EventTrace,
    ScenarioResult,
    Transcript,
    Validity,
    Verdict,
    calls_by_entity,
    entity_fetches,
    entity_key,
    event_traces,
    foreign_token_owner,
    last_actions,
)
from pytest_mews.model.verdict import FAILURES

MIN_SCENARIOS = 3
MIN_SCENARIOS_DURING = 2  # if what is lost came during requests
MIN_LOST = 5  # entities, if most were not fetched when the same cases ran again
MIN_FLAKY_SHARE = 0.5  # of the scenarios; those that lose something each time may have other flaws
MAX_SHARE = 0.6  # of the entities of the run that are lost: else something regular is behind it
NEAR_MS = 1_000.0  # between the starts of messages that may interfere with each other
MIN_FULL = 5  # requests of the largest size, if that is a limit
MIN_FULL_SHARE = 0.4
MIN_ASKED = 0.95  # of the entities of messages that came alone
MIN_ALONE = 5  # entities of messages that came alone


def find_irregular_losses(
    observations: Observations, explanations: Sequence[Explanation]
) -> Iterator[Explanation]:
    """Yield an explanation if events of several scenarios are lost, and others alike are not.

    Those of WebSocket messages count as well: a queue may be that of both channels.

    Args:
        observations: of the run.
        explanations: those that come first.

    """
    requested_types = {
        record.discriminator
        for result in observations.results
        for record in result.fetches
        if record.requested
    }
    is_lost_in = partial(
        _is_lost,
        actions_served=_actions_served(observations.results),
        ids_like_served=_ids_like_served(observations.results),
    )
    lost: dict[str, list[EntityFetch]] = {}
    lost_events = _lost_websocket_events(observations.results, explanations)
    calls: list[ApiCall] = []
    for result in observations.results:
        if result.verdict not in FAILURES:
            continue
        for unmet in unmet_findings(result):
            missing = missing_entities(unmet)
            transcript = unmet.evidence.transcript
            if not missing or not met_no_error(transcript):
                continue
            known = [each.accounts_for_missing(transcript) for each in explanations]
            is_lost = is_lost_in(transcript)
            found = [
                fetch
                for fetch in missing
                if is_lost(fetch)
                and fetch.entity_id not in observations.late_ids
                and fetch.discriminator in requested_types
                and not any(accounts(fetch) for accounts in known)
            ]
            lost.setdefault(result.scenario.id, []).extend(found)
            calls += transcript.calls
    scenarios = sorted(name for name, found in lost.items() if found)
    entities = [fetch for found in lost.values() for fetch in found]
    known_count = sum(record.count for result in observations.results for record in result.fetches)
    lossy = {*scenarios, *lost_events}
    flaky = {
        result.scenario.id for result in observations.results if result.verdict is Verdict.FLAKY
    }
    during = describe_losses_during_requests(observations, explanations)
    is_flaky = len(lossy & flaky) >= MIN_FLAKY_SHARE * len(lossy)
    if (
        len(lossy) < (MIN_SCENARIOS_DURING if during else MIN_SCENARIOS)
        or (len(entities) + sum(lost_events.values()) < MIN_LOST and not is_flaky)
        or len(entities) > MAX_SHARE * known_count
    ):
        return

    def is_alone(instance: int, fetch: EntityFetch) -> bool:
        first_ms, last_ms = fetch.sent_ms - NEAR_MS, fetch.sent_ms + NEAR_MS
        return observations.delivered_between(instance, first_ms, last_ms) <= 1

    alone = [
        fetch.requested_ms is not None
        for result in observations.results
        if awaits_fetches(result)
        for evidence in result.evidence
        if met_no_error(evidence.transcript)
        for fetch in entity_fetches(evidence.transcript.deliveries, evidence.transcript.calls)
        if is_alone(result.instance, fetch)
    ]
    is_any_alone = any(
        is_alone(result.instance, fetch)
        for result in observations.results
        for fetch in lost.get(result.scenario.id, ())
    )
    together = ""
    if sum(alone) >= max(MIN_ALONE, MIN_ASKED * len(alone)) and not is_any_alone:
        together = (
            f" Each came within {NEAR_MS / 1000:g} s of another message; of those that came alone, "
            f"{of(sum(alone), len(alone))} were asked for."
        )
    what = "Acknowledged events" if entities else "Events of the WebSocket"
    count = len(entities) or sum(lost_events.values())
    events = ""
    if entities and lost_events:
        lost_there = sum(lost_events.values())
        were = "was" if lost_there == 1 else "were"
        events = f" So {were} {lost_there:,} of the WebSocket in {len(lost_events):,}."
    yield Explanation(
        CauseKind.SOME_NOT_FETCHED,
        f"{what} are lost now and then: {count:,} in {len(scenarios or lost_events):,} "
        "scenarios were never asked for, while others of the same types are."
        f"{events}{during or _full_requests(calls) or together}",
        accounts_for_missing=is_lost_in,
        accounts_for_finding=lambda unmet: bool(_lost_events(unmet)),
        remedy=remedy_if(
            CauseKind.SOME_NOT_FETCHED,
            "they come while a request is running" if during else "nothing tells them apart",
        ),
    )


def _lost_websocket_events(
    results: Iterable[ScenarioResult], explanations: Sequence[Explanation]
) -> dict[str, int]:
    """Return by scenario how many events of the WebSocket were lost for no known reason."""
    counts: dict[str, int] = {}
    for result in results:
        if result.verdict not in FAILURES:
            continue
        for unmet in unmet_findings(result):
            events = _lost_events(unmet)
            if events and not any(each.accounts_for_finding(unmet) for each in explanations):
                counts[result.scenario.id] = max(counts.get(result.scenario.id, 0), len(events))
    return counts


def _lost_events(unmet: UnmetFinding) -> list[EventTrace]:
    """Return the events that a finding misses, if nothing else than a loss can be the reason.

    They were never asked for, each connection lasted, and others were handled.
    """
    transcript, missing = unmet.evidence.transcript, missing_events(unmet)
    if (
        any(trace.requested_ms is not None for trace in missing)
        or any(connection.ended_ms is not None for connection in transcript.connections)
        or transcript.not_sent
        or transcript.undeliverable
        or not met_no_error(transcript)
    ):
        return []
    traces = event_traces(transcript.websocket_messages, transcript.calls)
    handled = {trace.event_type for trace in traces if trace.handled}
    return missing if all(trace.event_type in handled for trace in missing) else []


def _full_requests(calls: Iterable[ApiCall]) -> str:
    """Return a sentence about the size of requests if lists of ids are divided into such ones."""
    sizes = Counter(len(call.requested_ids) for call in calls if len(call.requested_ids) > 1)
    if not sizes:
        return ""
    largest = max(sizes)
    if sizes[largest] < MIN_FULL or sizes[largest] < MIN_FULL_SHARE * sizes.total():
        return ""
    return f" Requests are for at most {largest:,} ids: {sizes[largest]:,} of them are for as many."


def _actions_served(results: Iterable[ScenarioResult]) -> frozenset[str]:
    """Return the last actions (`FetchRecord.last_action`) after which most is requested."""
    counts: dict[str, list[int]] = {}
    for result in results:
        for record in result.fetches:
            of_action = counts.setdefault(record.last_action, [0, 0])
            of_action[record.requested] += record.count
    return frozenset(action for action, (lost, requested) in counts.items() if requested > lost) | {
        ""
    }


def _ids_like_served(results: Iterable[ScenarioResult]) -> frozenset[str]:
    """Return the entities of scenarios that send no documented message, and see most requested."""
    return frozenset(
        event.entity_id
        for result in results
        if sum(record.count * (1 if record.requested else -1) for record in result.fetches) > 0
        for evidence in result.evidence
        for delivery in evidence.transcript.deliveries
        if delivery.message.validity is Validity.UNDOCUMENTED
        for event in delivery.message.events
    )


def _is_lost(
    transcript: Transcript, *, actions_served: Collection[str], ids_like_served: Collection[str]
) -> MissingEntity:
    """Return whether an entity was never asked for, for no known reason.

    Its message is a documented one, or like others of its scenario that are not lost, and comes
    after no action that changed its integration, or one after which most is requested.
    """
    documented = {
        entity_key(event)
        for delivery in transcript.deliveries
        if delivery.message.validity is Validity.DOCUMENTED
        for event in delivery.message.events
    }
    actions = last_actions(transcript.deliveries)
    calls = calls_by_entity(transcript.calls)
    return lambda fetch: (
        fetch.requested_ms is None
        and (entity_key(fetch) in documented or fetch.entity_id in ids_like_served)
        and actions[fetch.enterprise_id, entity_key(fetch)] in actions_served
        and foreign_token_owner(fetch, calls.get(fetch.entity_id, ())) is None
    )
