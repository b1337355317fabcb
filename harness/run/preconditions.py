"""Preconditions: what must have been observed before a scenario can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pytest_mews.checks import (
    HOW_TO_OBSERVE,
    describe_attempt,
    describe_refusals,
    how_to_observe,
    remedy_for,
)
from pytest_mews.documentation import name_page
from pytest_mews.model import BlockedBy, Death, Scenario, Stage, Verdict
from pytest_mews.model.death import describe_death
from pytest_mews.model.scenario import Requirement
from pytest_mews.run.applicability import reason_not_applicable
from pytest_mews.run.environment import Environment


@dataclass(frozen=True)
class Unmet:
    """The verdict on a scenario that cannot run, the reason, and what blocks it."""

    verdict: Verdict
    reason: str
    blocked_by: BlockedBy | None = None
    death: Death | None = None


# The scenarios that show why a requirement was not observed.
PREFLIGHT, API_CALLED = "PRE-01", "PRE-02"
HANDSHAKE_ATTEMPTED, HANDSHAKE_VALID, COMMANDS_REQUESTED = "PRE-03", "STR-01", "PRE-04"

API_ANSWERED = Requirement.CONNECTOR_API_ANSWERED
NO_API_CALL = (
    "the service has not called the Connector API emulator (PRE-02): point it there "
    f"({name_page('processing')})"
)
NO_HANDSHAKE = (
    "the service has not connected to the WebSocket emulator (PRE-03): point it there "
    f"({name_page('streaming')})"
)
NO_ACCEPTED_HANDSHAKE = (
    "no handshake was accepted for the first enterprise of --mews-tenants (STR-01)"
)
CLIENT_LOST = "the first enterprise's client has not reconnected since {}"
NO_COMMAND_CALL = (
    "the service has not called the Connector API emulator about a command (PRE-04): point it "
    f"there ({name_page('streaming')})"
)


def unmet_precondition(
    scenario: Scenario, environment: Environment, client_lost_in: str
) -> Unmet | None:
    """Return the verdict and reason of a scenario that cannot run; None if it can run.

    The options allow it (`not_for_this_run`).

    Args:
        scenario: the scenario to check.
        environment: the environment; only what the scenario requires is observed.
        client_lost_in: the scenario after which the first enterprise's client was gone; empty if
            unknown.

    """
    if API_ANSWERED in scenario.requires and not environment.settings.has_webhooks:
        return Unmet(Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.DELIVERY])
    for requirement in Requirement:
        if requirement in scenario.requires:
            unmet = PRECONDITIONS[requirement](requirement, environment, client_lost_in)
            if unmet is not None:
                return _with_remedy(unmet, environment)
    return None


def _with_remedy(unmet: Unmet, environment: Environment) -> Unmet:
    """Add the remedy of the scenario that shows why, if it is known and nothing else has one."""
    blocked_by = unmet.blocked_by
    if blocked_by is None or blocked_by.remedy:
        return unmet
    settings = environment.settings
    remedies = {
        scenario.id: scenario.remedy
        for scenario in (*settings.sender.scenarios(), *settings.own_scenarios)
    }
    remedy = remedies.get(blocked_by.scenario_id, "")
    return replace(unmet, blocked_by=replace(blocked_by, remedy=remedy))


def not_for_this_run(scenario: Scenario, environment: Environment) -> Unmet | None:
    """Return the verdict and reason of a scenario that the options exclude; sends nothing."""
    if scenario.stage not in environment.settings.stages:
        stages = environment.settings.stages
        return Unmet(Verdict.NOT_OBSERVED, how_to_observe(scenario.stage, stages))
    attempts = int(environment.settings.profile.number("attempts"))
    reason = reason_not_applicable(
        scenario,
        environment.endpoint,
        environment.authentication,
        environment.settings.sender,
        environment.target,
        attempts=attempts,
        can_restart=environment.can_restart,
    )
    if reason:
        return Unmet(Verdict.NOT_APPLICABLE, reason)
    return None


def _check_endpoint(
    requirement: Requirement, environment: Environment, _client_lost_in: str
) -> Unmet | None:
    if environment.death is not None:
        return _dead(environment.death)
    if environment.preflight.satisfies(requirement):
        return None
    return _preflight_failed(requirement, environment)


def _preflight_failed(requirement: Requirement, environment: Environment) -> Unmet:
    attempt = environment.preflight.delivery.attempts[-1]
    reason = f"the preflight failed (PRE-01): {describe_attempt(attempt)}"
    remedy = remedy_for(attempt, preflight=True) or ""
    return _blocked(reason, requirement, PREFLIGHT, remedy)


def _check_api_called(
    requirement: Requirement, environment: Environment, client_lost_in: str
) -> Unmet | None:
    """An endpoint that acknowledges nothing in time shows nothing of acknowledged events."""
    unmet = _check_endpoint(requirement, environment, client_lost_in)
    if unmet is None and environment.is_slow:
        return _preflight_failed(Requirement.WEBHOOK, environment)
    connectivity = environment.check_connectivity() if unmet is None else None
    if connectivity is not None and not connectivity.called:
        return _blocked(NO_API_CALL, Requirement.CONNECTOR_API_CALLED, API_CALLED)
    return unmet


def _check_api_answered(
    requirement: Requirement, environment: Environment, client_lost_in: str
) -> Unmet | None:
    unmet = _check_api_called(requirement, environment, client_lost_in)
    connectivity = environment.check_connectivity() if unmet is None else None
    if connectivity is not None:
        refused = describe_refusals(connectivity.calls)
        return _blocked(f"{refused} (PRE-02)", API_ANSWERED, API_CALLED) if refused else None
    return unmet


def _check_api_served(
    _requirement: Requirement, environment: Environment, _client_lost_in: str
) -> Unmet | None:
    if environment.connector_api is None:
        return Unmet(Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.PROCESSING])
    return None


def _wait_for_handshake(
    _requirement: Requirement, environment: Environment, _client_lost_in: str
) -> Unmet | None:
    assert environment.clients is not None
    environment.clients.wait_for_handshake()  # a client may be about to connect
    return None


def _check_handshake(
    requirement: Requirement, environment: Environment, _client_lost_in: str
) -> Unmet | None:
    assert environment.clients is not None
    if environment.clients.wait_for_handshake():
        return None
    return _blocked(NO_HANDSHAKE, requirement, HANDSHAKE_ATTEMPTED)


def _check_client(
    requirement: Requirement, environment: Environment, client_lost_in: str
) -> Unmet | None:
    assert environment.clients is not None
    unmet = _check_handshake(requirement, environment, client_lost_in)
    if unmet is None and not environment.clients.wait_for_client():
        if environment.death is not None:  # the client was part of the service
            return _dead(environment.death)
        if not environment.clients.was_connected:
            return _blocked(NO_ACCEPTED_HANDSHAKE, requirement, HANDSHAKE_VALID)
        lost = CLIENT_LOST.format(client_lost_in or "an earlier scenario")
        return _blocked(lost, requirement, client_lost_in)
    return unmet


def _check_command_call(
    requirement: Requirement, environment: Environment, _client_lost_in: str
) -> Unmet | None:
    if environment.handles_commands:
        return None
    return _blocked(NO_COMMAND_CALL, requirement, COMMANDS_REQUESTED)


def _blocked(reason: str, requirement: Requirement, scenario_id: str, remedy: str = "") -> Unmet:
    """Return what blocks a scenario; without a remedy, that of the scenario that shows why."""
    return Unmet(Verdict.BLOCKED, reason, BlockedBy(requirement, scenario_id, remedy))


def _dead(death: Death) -> Unmet:
    return Unmet(Verdict.BLOCKED, describe_death(death), death=death)


PRECONDITIONS: Mapping[Requirement, Callable[[Requirement, Environment, str], Unmet | None]] = {
    Requirement.TCP: _check_endpoint,
    Requirement.HTTP: _check_endpoint,
    Requirement.WEBHOOK: _check_endpoint,
    Requirement.CONNECTOR_API: _check_api_served,
    Requirement.WEBSOCKET_SERVER: _wait_for_handshake,
    Requirement.WEBSOCKET_HANDSHAKE: _check_handshake,
    Requirement.WEBSOCKET_CLIENT: _check_client,
    Requirement.COMMANDS_REQUESTED: _check_command_call,
    Requirement.CONNECTOR_API_CALLED: _check_api_called,
    Requirement.CONNECTOR_API_ANSWERED: _check_api_answered,
}
