"""Scenarios that one observation blocks: a wrong set-up, or an endpoint that refuses everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus

from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, UnmetFinding
from pytest_mews.causes.in_front import describe_title, is_page
from pytest_mews.causes.kind_texts import load_kind_texts, remedy_if
from pytest_mews.causes.observations import DOWN, Observations, Observed, symptom_of
from pytest_mews.model import CauseKind, Evidence, RequestProblem, ScenarioResult, Verdict
from pytest_mews.model.scenario import Requirement
from pytest_mews.model.verdict import FAILURES

WELL_FORMED = "well-formed-requests"  # the check of what requests do wrong
RECONNECTS = "reconnects"
_KINDS: Mapping[Requirement, CauseKind] = {
    Requirement.CONNECTOR_API_CALLED: CauseKind.API_NOT_CALLED,
    Requirement.CONNECTOR_API_ANSWERED: CauseKind.API_CALLS_REFUSED,
    Requirement.WEBSOCKET_HANDSHAKE: CauseKind.NO_WEBSOCKET_CLIENT,
    Requirement.WEBSOCKET_CLIENT: CauseKind.NO_WEBSOCKET_CLIENT,
    Requirement.COMMANDS_REQUESTED: CauseKind.COMMANDS_NOT_REQUESTED,
}
ENDPOINT_KINDS = frozenset(
    {
        CauseKind.ENDPOINT_UNREACHABLE,
        CauseKind.PAGE_IN_FRONT,
        CauseKind.NOT_AUTHORIZED,
        CauseKind.VALID_MESSAGE_REFUSED,
    }
)
_NOT_AUTHORIZED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
_TOKEN_PROBLEMS = frozenset(
    {
        RequestProblem.NO_CLIENT_TOKEN,
        RequestProblem.WRONG_CLIENT_TOKEN,
        RequestProblem.NO_ACCESS_TOKEN,
        RequestProblem.WRONG_ACCESS_TOKEN,
    }
)


def find_unmet_requirements(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation for each scenario whose failure blocks others."""
    by_id = {result.scenario.id: result for result in observations.results}
    blocked: dict[str, list[ScenarioResult]] = {}
    for result in observations.results:
        if result.verdict is Verdict.BLOCKED and result.blocked_by is not None:
            blocked.setdefault(result.blocked_by.scenario_id, []).append(result)
    for scenario_id, results in blocked.items():
        shown = by_id.get(scenario_id)
        if shown is not None and shown.verdict in FAILURES:
            yield _explanation(shown, results)


def _explanation(shown: ScenarioResult, blocked: Sequence[ScenarioResult]) -> Explanation:
    explained = {shown.scenario.id, *(result.scenario.id for result in blocked)}
    blocked_by = blocked[0].blocked_by
    assert blocked_by is not None
    kind = _KINDS.get(blocked_by.requirement) or _endpoint_kind(shown)
    count = f"{len(blocked):,} scenario{'s' * (len(blocked) > 1)} could not run"
    title = "".join(describe_title(record) for record in shown.attempts[:1] if is_page(record))
    problems = {problem for evidence in shown.evidence for problem in _problems(evidence)}
    remedy = "" if kind is CauseKind.PAGE_IN_FRONT else shown.remedy
    if kind is CauseKind.API_CALLS_REFUSED and problems:
        are_tokens = problems & _TOKEN_PROBLEMS
        case = "its tokens are wrong" if are_tokens else "its requests are not as documented"
        remedy = remedy_if(kind, case)
    unmet = {item.finding.check for item in unmet_findings(shown)}
    if kind is CauseKind.NO_WEBSOCKET_CLIENT and RECONNECTS in unmet:
        remedy = remedy_if(kind, "it did not connect again")

    def is_about_requests(unmet: UnmetFinding) -> bool:
        found = _problems(unmet.evidence)
        return unmet.finding.check == WELL_FORMED and bool(found) and found <= problems

    symptom = symptom_of(shown.attempts[0]) if kind in ENDPOINT_KINDS and shown.attempts else None

    def fails_alike(item: Observed) -> bool:
        return symptom is not None and symptom_of(item.record) == symptom

    return Explanation(
        kind,
        f"{load_kind_texts()[kind].title}{title}: {shown.reason}. {count}.",
        fails_alike,
        accounts_for_finding=is_about_requests,
        accounts_for_result=lambda result: result.scenario.id in explained,
        remedy=remedy,
        stands_alone=True,
        shown_by=shown.scenario.id,
    )


def _problems(evidence: Evidence) -> set[RequestProblem]:
    """Return what the requests of an execution do wrong, apart from the rate limit."""
    problems = {problem for call in evidence.transcript.calls for problem in call.request_problems}
    return problems - {RequestProblem.OVER_LIMIT}


def _endpoint_kind(shown: ScenarioResult) -> CauseKind:
    """Return what the response to the simplest valid message says about the endpoint."""
    record = next(iter(shown.attempts), None)
    if record is None or record.outcome in DOWN or record.status is None:
        return CauseKind.ENDPOINT_UNREACHABLE
    if is_page(record):
        return CauseKind.PAGE_IN_FRONT
    if record.status in _NOT_AUTHORIZED:
        return CauseKind.NOT_AUTHORIZED
    return CauseKind.VALID_MESSAGE_REFUSED
