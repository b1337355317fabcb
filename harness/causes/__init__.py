"""Causes: what the failures of a run have in common, as pure functions of its results.

Each module finds one family of possible causes (explanations). A failed attempt that one
explanation accounts for is left out by those that follow. `explained_scenarios` decides which
scenarios they explain; an explanation that explains none, or no more than a finding says, is no
cause.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pytest_mews.causes.acceptance import find_acceptance
from pytest_mews.causes.after_reconnect import find_nothing_after_reconnect
from pytest_mews.causes.client_ended import find_client_ended
from pytest_mews.causes.commands import find_command_handling
from pytest_mews.causes.common_conditions import find_common_conditions
from pytest_mews.causes.deaths import find_deaths
from pytest_mews.causes.divided_requests import find_divided_requests
from pytest_mews.causes.each_instance import find_at_each_instance
from pytest_mews.causes.ended_tokens import find_ended_tokens
from pytest_mews.causes.explained_scenarios import Attribution, attribute, unmet_findings
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.fetching import find_fetching
from pytest_mews.causes.hasty_retries import find_hasty_retries
from pytest_mews.causes.idle_between_messages import find_idle_between_messages
from pytest_mews.causes.in_front import find_back_pressure, find_page, find_rate_limit
from pytest_mews.causes.intermittent import find_intermittent
from pytest_mews.causes.irregular_losses import find_irregular_losses
from pytest_mews.causes.kept_cursors import find_kept_cursors
from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.causes.limited_retries import find_limited_retries
from pytest_mews.causes.lost_at_new_key import find_lost_at_new_key
from pytest_mews.causes.lost_positions import find_lost_positions
from pytest_mews.causes.missing_entities import missing_entities
from pytest_mews.causes.observations import Observations, Observed
from pytest_mews.causes.one_at_a_time import find_one_at_a_time
from pytest_mews.causes.outages import find_outages
from pytest_mews.causes.reconnect_pauses import find_reconnect_pauses
from pytest_mews.causes.reconnecting import find_reconnecting
from pytest_mews.causes.repeated_fetches import find_repeated_fetches
from pytest_mews.causes.shared_ids import find_shared_ids
from pytest_mews.causes.stopped_answering import find_stopped_answering
from pytest_mews.causes.stopped_fetching import find_stopped_fetching
from pytest_mews.causes.time_per_event import find_time_per_event
from pytest_mews.causes.unmet_requirements import find_unmet_requirements
from pytest_mews.causes.unnoticed_changes import find_not_in_interval, find_unnoticed_changes
from pytest_mews.causes.unread_pages import find_unread_pages
from pytest_mews.causes.websocket_events import find_websocket_events
from pytest_mews.model import ApiCall, Cause, Level, ScenarioResult, Verdict
from pytest_mews.model.verdict import FAILURES

__all__ = ["find_causes"]


def find_causes(
    results: Sequence[ScenarioResult],
    late_ids: Collection[str] = (),
    last_calls: Mapping[int, Sequence[ApiCall]] = MappingProxyType({}),
    *,
    waits_for_messages: bool = False,
) -> tuple[Cause, ...]:
    """Return the causes of the failures in a run, the gravest first.

    A cause is graver if a MUST fails because of it, then if it explains more scenarios.

    Args:
        results: the results of all scenarios.
        late_ids: the entities that were fetched after the run had ceased to wait for them: a cause
            says how many of those that it explains.
        last_calls: by the number of the instance of the service, the last requests to its Connector
            API emulator, in order of arrival.
        waits_for_messages: whether these entities were requested only when another message came.

    """
    failed = [result for result in results if result.verdict in FAILURES | {Verdict.BLOCKED}]
    if not failed:
        return ()
    explanations = _explanations(
        Observations(results, late_ids, last_calls, waits_for_messages=waits_for_messages)
    )
    attributions = {result.scenario.id: attribute(result, explanations) for result in failed}
    # Without an explanation that is no cause, its scenarios stand by themselves.
    while True:
        kept = [each for each in explanations if _is_cause(each, attributions)]
        if len(kept) == len(explanations):
            break
        explanations = kept
        attributions = {result.scenario.id: attribute(result, explanations) for result in failed}
    late = [
        unmet
        for result in failed
        for unmet in unmet_findings(result)
        if any(fetch.entity_id in late_ids for fetch in missing_entities(unmet))
    ]
    causes = [
        replace(cause, summary=cause.summary + _late_sentence(explanation, cause, late, late_ids))
        for explanation in explanations
        for cause in [_cause(explanation, attributions)]
    ]
    return tuple(sorted(causes, key=_rank))


def _late_sentence(
    explanation: Explanation,
    cause: Cause,
    findings: Sequence[UnmetFinding],
    late_ids: Collection[str],
) -> str:
    """Return how many entities that an explanation accounts for were fetched too late, if any."""
    late: set[str] = set()
    for unmet in findings:
        if unmet.result.scenario.id in cause.explains:
            accounts_for = explanation.accounts_for_missing(unmet.evidence.transcript)
            missing = filter(accounts_for, missing_entities(unmet))
            late |= {fetch.entity_id for fetch in missing if fetch.entity_id in late_ids}
    if not late:
        return ""
    were = "was" if len(late) == 1 else "were"
    return (
        f" {len(late):,} of the entities that count as not fetched {were} fetched after the run "
        "had ceased to wait (--mews-fetch-timeout)."
    )


def _explanations(observations: Observations) -> list[Explanation]:
    """Return all explanations, those that say most about a failure first."""
    found = [
        *find_at_each_instance(find_reconnect_pauses, observations),
        *find_unmet_requirements(observations),
        *find_client_ended(observations),
        *find_deaths(observations),
        *find_at_each_instance(find_rate_limit, observations),
        *find_at_each_instance(find_back_pressure, observations),
        *find_page(observations),
        *find_at_each_instance(find_outages, observations),
        *find_at_each_instance(find_stopped_answering, observations),
        *find_time_per_event(observations),
        *find_at_each_instance(find_one_at_a_time, observations),
    ]

    def is_explained(item: Observed) -> bool:
        return any(explanation.accounts_for(item) for explanation in found)

    found += list(find_common_conditions(observations, is_explained))
    found += list(find_intermittent(observations, is_explained))
    found += [
        *find_acceptance(observations),
        *find_ended_tokens(observations),
        *find_kept_cursors(observations),
        *find_idle_between_messages(observations),
        *find_at_each_instance(find_stopped_fetching, observations),
        *find_unnoticed_changes(observations.results),
        *find_lost_at_new_key(observations),
        *find_reconnecting(observations),
        *find_nothing_after_reconnect(observations),
        *find_command_handling(observations),
        *find_websocket_events(observations),
        *find_lost_positions(observations),
        *find_divided_requests(observations),
        *find_limited_retries(observations),
        *find_fetching(observations),
        *find_repeated_fetches(observations),
        *find_hasty_retries(observations),
        *find_unread_pages(observations),
        *find_shared_ids(observations),
        *find_not_in_interval(observations.results),
    ]
    return [*found, *find_irregular_losses(observations, found)]


def _is_cause(explanation: Explanation, attributions: dict[str, Attribution]) -> bool:
    count = sum(explanation in attribution for attribution in attributions.values())
    return count > 1 or (count == 1 and explanation.stands_alone)


def _cause(explanation: Explanation, attributions: dict[str, Attribution]) -> Cause:
    explained = {
        scenario_id: attribution[explanation]
        for scenario_id, attribution in attributions.items()
        if explanation in attribution
    }
    level = min(explained.values(), key=list(Level).index)
    first = next(scenario_id for scenario_id, its in explained.items() if its is level)
    shown_by = explanation.shown_by if explanation.shown_by in explained else first
    remedy = explanation.remedy or load_kind_texts()[explanation.kind].remedy
    return Cause(explanation.kind, explanation.summary, remedy, level, tuple(explained), shown_by)


def _rank(cause: Cause) -> tuple[int, int]:
    return list(Level).index(cause.level), -len(cause.explains)
