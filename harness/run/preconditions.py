"""Why a scenario can't be played against this partner: what it needs was not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_mews.checks import HOW_TO_OBSERVE, all_refused, attempt_in_words
from pytest_mews.model import Scenario, Stage, Verdict
from pytest_mews.model.scenario import Requirement
from pytest_mews.run.applicability import why_not
from pytest_mews.run.environment import Environment

Precondition = tuple[Verdict, str]
"""The verdict on what was not played, and why."""

API_ANSWERED = Requirement.CONNECTOR_API_ANSWERED
UNWIRED = (
    "no request has reached the Connector API that the harness serves (PRE-02): point the service "
    "there (docs/processing.md)"
)
UNKNOCKED = (
    "no handshake has reached the WebSocket server of the harness (PRE-03): point the service "
    "there (docs/streaming.md)"
)
UNADMITTED = "no handshake was accepted for the first enterprise of --mews-tenants (STR-01)"
UNJOINED = "no client of the first enterprise is connected any more: it did not come back after {}"
UNHEEDED = (
    "no request about a command has reached the Connector API that the harness serves (PRE-04): "
    "point the service there (docs/streaming.md)"
)


def unmet_precondition(scenario: Scenario, rig: Environment, left_in: str) -> Precondition | None:
    """Return the verdict and reason of a scenario that cannot run; None if it can run.

    Args:
        scenario: the scenario to check.
        rig: the environment; only what the scenario requires is observed.
        left_in: the scenario after which the first enterprise's client was gone; empty if unknown.

    """
    if scenario.stage not in rig.settings.stages:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[scenario.stage]
    _ = rig.websocket  # the partner's clients may come while other scenarios run
    attempts = int(rig.settings.profile.number("attempts"))
    reason = why_not(scenario, rig.endpoint, rig.subject, attempts)
    if reason:
        return Verdict.NOT_APPLICABLE, reason
    if API_ANSWERED in scenario.requires and not rig.settings.has_webhooks:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.DELIVERY]
    for requirement in Requirement:
        if requirement in scenario.requires:
            unmet = CHECKS[requirement](requirement, rig, left_in)
            if unmet is not None:
                return unmet
    return None


def _endpoint(requirement: Requirement, rig: Environment, _left_in: str) -> Precondition | None:
    if rig.preflight.satisfies(requirement):
        return None
    attempt = attempt_in_words(rig.preflight.delivery.attempts[-1])
    return Verdict.BLOCKED, f"the preflight failed (PRE-01): {attempt}"


def _api_called(requirement: Requirement, rig: Environment, left_in: str) -> Precondition | None:
    unmet = _endpoint(requirement, rig, left_in)
    if unmet is None and rig.connectivity is not None and not rig.connectivity.called:
        return Verdict.BLOCKED, UNWIRED
    return unmet


def _api_answered(requirement: Requirement, rig: Environment, left_in: str) -> Precondition | None:
    unmet = _api_called(requirement, rig, left_in)
    if unmet is None and rig.connectivity is not None:
        refused = all_refused(rig.connectivity.calls)
        return (Verdict.BLOCKED, f"{refused} (PRE-02)") if refused else None
    return unmet


def _api_served(_requirement: Requirement, rig: Environment, _left_in: str) -> Precondition | None:
    if rig.connector_api is None:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.PROCESSING]
    return None


def _websocket_served(
    _requirement: Requirement, rig: Environment, _left_in: str
) -> Precondition | None:
    assert rig.clients is not None
    rig.clients.knocked()  # a client may still be on its way
    return None


def _handshake(_requirement: Requirement, rig: Environment, _left_in: str) -> Precondition | None:
    assert rig.clients is not None
    return None if rig.clients.knocked() else (Verdict.BLOCKED, UNKNOCKED)


def _client(requirement: Requirement, rig: Environment, left_in: str) -> Precondition | None:
    assert rig.clients is not None
    unmet = _handshake(requirement, rig, left_in)
    if unmet is None and not rig.clients.joined():
        gone = UNJOINED.format(left_in or "an earlier scenario")
        return Verdict.BLOCKED, gone if rig.clients.admitted else UNADMITTED
    return unmet


def _commands_requested(
    _requirement: Requirement, rig: Environment, _left_in: str
) -> Precondition | None:
    return None if rig.handles_commands else (Verdict.BLOCKED, UNHEEDED)


CHECKS: Mapping[Requirement, Callable[[Requirement, Environment, str], Precondition | None]] = {
    Requirement.TCP: _endpoint,
    Requirement.HTTP: _endpoint,
    Requirement.WEBHOOK: _endpoint,
    Requirement.CONNECTOR_API: _api_served,
    Requirement.WEBSOCKET_SERVER: _websocket_served,
    Requirement.WEBSOCKET_HANDSHAKE: _handshake,
    Requirement.WEBSOCKET_CLIENT: _client,
    Requirement.COMMANDS_REQUESTED: _commands_requested,
    Requirement.CONNECTOR_API_CALLED: _api_called,
    Requirement.CONNECTOR_API_ANSWERED: _api_answered,
}
