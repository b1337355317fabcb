"""Causes that are about time, such as a service that stops: found at each instance of the service.

Instances run at the same time, so their attempts are no one sequence. What is found at several of
them is one cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.observations import Observations
from pytest_mews.model import Transcript

Find = Callable[[Observations], Iterator[Explanation]]


def find_at_each_instance(find: Find, observations: Observations) -> Iterator[Explanation]:
    """Yield what a function finds at the instances of the service.

    Explanations of one kind from different instances are one, with the summary of the first.
    """
    if len(observations.instances) <= 1:
        yield from find(observations)
        return
    groups: list[dict[int, Explanation]] = []  # by instance
    for number, instance in observations.instances.items():
        for explanation in find(instance):
            of_kind = (
                group
                for group in groups
                if number not in group and next(iter(group.values())).kind is explanation.kind
            )
            group = next(of_kind, None)
            if group is None:
                groups.append(group := {})
            group[number] = _only_at(instance, explanation)
    yield from (_merge(list(group.values())) for group in groups)


def _only_at(instance: Observations, explanation: Explanation) -> Explanation:
    """Return an explanation that accounts for nothing at other instances."""
    scenario_ids = {result.scenario.id for result in instance.results}
    transcripts = {
        id(evidence.transcript) for result in instance.results for evidence in result.evidence
    }

    def accounts_for_missing(transcript: Transcript) -> MissingEntity:
        if id(transcript) in transcripts:
            return explanation.accounts_for_missing(transcript)
        return lambda _: False

    return replace(
        explanation,
        accounts_for=lambda item: (
            item.scenario_id in scenario_ids and explanation.accounts_for(item)
        ),
        accounts_for_finding=lambda unmet: (
            unmet.result.scenario.id in scenario_ids and explanation.accounts_for_finding(unmet)
        ),
        accounts_for_missing=accounts_for_missing,
        accounts_for_result=lambda result: (
            result.scenario.id in scenario_ids and explanation.accounts_for_result(result)
        ),
    )


def _merge(alike: Sequence[Explanation]) -> Explanation:
    first, others = alike[0], len(alike) - 1
    if not others:
        return first

    def accounts_for_missing(transcript: Transcript) -> MissingEntity:
        accounts = [each.accounts_for_missing(transcript) for each in alike]
        return lambda fetch: any(each(fetch) for each in accounts)

    instances = "Another instance" if others == 1 else f"{others} other instances"
    return replace(
        first,
        summary=f"{first.summary} {instances} of the service did so, too.",
        accounts_for=lambda item: any(each.accounts_for(item) for each in alike),
        accounts_for_finding=lambda unmet: any(each.accounts_for_finding(unmet) for each in alike),
        accounts_for_missing=accounts_for_missing,
        accounts_for_result=lambda result: any(each.accounts_for_result(result) for each in alike),
        stands_alone=any(each.stands_alone for each in alike),
    )
