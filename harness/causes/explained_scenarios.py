"""Decides which scenarios an explanation explains.

A scenario is explained only if the findings that it does not meet are accounted for: all of the
smallest failing execution, and of another one those that are not less severe. A finding
about single attempts is accounted for if each attempt that broke it is. A finding about entities
that were not fetched is accounted for if each of them is: by one explanation, or by several
together. A finding about a whole execution is accounted for by an explanation that says so, or if
it is a consequence: a valid message of that execution was not delivered, and an explanation
accounts for all its attempts. One about time is a consequence only if no message was delivered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.missing_entities import missing_entities
from pytest_mews.causes.observations import Observed, symptom_of
from pytest_mews.causes.time_per_event import TIME_CHECKS
from pytest_mews.model import Evidence, Level, ScenarioResult, attempt_records
from pytest_mews.model.verdict import FAILURES

FAILING_ROLES = frozenset({"smallest-failing", "first-failing"})

Attribution = dict[Explanation, Level]
"""The explanations of a scenario, each with the highest level that it accounts for."""


def attribute(result: ScenarioResult, explanations: Sequence[Explanation]) -> Attribution:
    """Return the explanations of a result; empty if something remains unexplained."""
    for explanation in explanations:
        if explanation.accounts_for_result(result):
            levels = [
                result.scenario.level,
                *(item.finding.level for item in unmet_findings(result)),
            ]
            return {explanation: min(levels, key=list(Level).index)}
    if result.verdict not in FAILURES:
        return {}
    attribution: Attribution = {}
    for unmet in unmet_findings(result):
        found = _explain(unmet, explanations)
        if not found:
            return {}
        for explanation in found:
            levels = [unmet.finding.level, attribution.get(explanation, Level.MAY)]
            attribution[explanation] = min(levels, key=list(Level).index)
    return attribution


def unmet_findings(result: ScenarioResult) -> Iterator[UnmetFinding]:
    """Yield the findings to account for: all that are not met in the execution that is shown.

    Of another failing execution only those of the same level or a higher one.
    """
    levels = list(Level)
    lowest = len(levels)
    for evidence in result.evidence:
        if evidence.role not in FAILING_ROLES:
            continue
        unmet = [
            UnmetFinding(result, evidence, finding)
            for finding in evidence.findings
            if not finding.met and levels.index(finding.level) <= lowest
        ]
        yield from unmet
        lowest = min([lowest, *(levels.index(item.finding.level) for item in unmet)])


def _explain(unmet: UnmetFinding, explanations: Sequence[Explanation]) -> set[Explanation]:
    for explanation in explanations:
        if explanation.accounts_for_finding(unmet):
            return {explanation}
    if found := _explain_missing(unmet, explanations):
        return found
    observed = _observed(unmet.result.scenario.id, unmet.evidence)
    if unmet.finding.broken_attempts:
        broken = [
            observed[delivery][attempt] for delivery, attempt in unmet.finding.broken_attempts
        ]
        return _explain_attempts(broken, explanations)
    deliveries = unmet.evidence.transcript.deliveries
    if unmet.finding.check in TIME_CHECKS and any(one.delivered for one in deliveries):
        return set()
    for delivery, attempts in zip(deliveries, observed, strict=True):
        failed = [item for item in attempts if symptom_of(item.record) is not None]
        if not delivery.delivered and failed and failed[0].record.is_usual:
            found = _explain_attempts(failed, explanations)
            if found:
                return found
    return set()


def _explain_missing(unmet: UnmetFinding, explanations: Sequence[Explanation]) -> set[Explanation]:
    """Return what accounts for all entities that a finding misses: one explanation if one does."""
    missing = missing_entities(unmet)
    if not missing:
        return set()
    accounts = {each: each.accounts_for_missing(unmet.evidence.transcript) for each in explanations}
    for_each = [[each for each in explanations if accounts[each](fetch)] for fetch in missing]
    if not all(for_each):
        return set()
    for explanation in explanations:
        if all(explanation in found for found in for_each):
            return {explanation}
    return {found[0] for found in for_each}


def _explain_attempts(
    attempts: Sequence[Observed], explanations: Sequence[Explanation]
) -> set[Explanation]:
    """Return the explanations of attempts; empty if one of them has none."""
    found = set()
    for item in attempts:
        explanation = next((each for each in explanations if each.accounts_for(item)), None)
        if explanation is None:
            return set()
        found.add(explanation)
    return found


def _observed(scenario_id: str, evidence: Evidence) -> list[list[Observed]]:
    return [
        [Observed(scenario_id, record) for record in records]
        for records in attempt_records(evidence.transcript.deliveries)
    ]
