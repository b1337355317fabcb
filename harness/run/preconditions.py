"""Why a scenario can't be played against this partner: what it needs was not seen."""

from __future__ import annotations

from pytest_mews.checks import HOW_TO_OBSERVE, all_refused, attempt_in_words
from pytest_mews.model import Scenario, Stage, Verdict
from pytest_mews.run.applicability import why_not
from pytest_mews.run.environment import Rig

Obstacle = tuple[Verdict, str]
"""The verdict on what was not played, and why."""

UNWIRED = (
    "no request has reached the Connector API that the harness serves (PRE-02): point the service "
    "there (docs/processing.md)"
)
STREAMED = frozenset({"stream", "knocked", "streamed", "streamed-api", "heeding", "both"})
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


def obstacle(scenario: Scenario, rig: Rig, left_in: str) -> Obstacle | None:
    """Say why a scenario can't be played; None where it can.

    Args:
        scenario: which one.
        rig: what is looked at, as far as the scenario needs it.
        left_in: the scenario after which the first enterprise's client was gone; empty if unknown.

    """
    if scenario.stage not in rig.settings.stages:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[scenario.stage]
    _ = rig.stream  # the partner's clients may come while other scenarios run
    attempts = int(rig.settings.profile.number("attempts"))
    reason = why_not(scenario, rig.endpoint, rig.subject, attempts)
    if reason:
        return Verdict.NOT_APPLICABLE, reason
    if scenario.needs in STREAMED:
        return _lacks_client(scenario.needs, rig, left_in)
    return _lacks(scenario.needs, rig)


def _lacks(need: str, rig: Rig) -> Obstacle | None:
    if not rig.preflight.provides(need):
        said = attempt_in_words(rig.preflight.delivery.attempts[-1])
        return Verdict.BLOCKED, f"the preflight failed (PRE-01): {said}"
    if need not in {"wired", "answered"} or rig.wiring is None:
        return None
    if not rig.wiring.called:
        return Verdict.BLOCKED, UNWIRED
    refused = all_refused(rig.wiring.calls)
    return (Verdict.BLOCKED, f"{refused} (PRE-02)") if refused and need == "answered" else None


def _lacks_client(need: str, rig: Rig, left_in: str) -> Obstacle | None:
    assert rig.joining is not None
    asks_api = need in {"heeding", "streamed-api", "both"}
    if asks_api and rig.twin is None:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.PROCESSING]
    if need == "both" and not rig.settings.has_webhooks:
        return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.DELIVERY]
    if not rig.joining.knocked():
        return None if need == "stream" else (Verdict.BLOCKED, UNKNOCKED)
    if need not in {"stream", "knocked"} and not rig.joining.joined():
        gone = UNJOINED.format(left_in or "an earlier scenario")
        return Verdict.BLOCKED, gone if rig.joining.admitted else UNADMITTED
    if need in {"heeding", "both"} and not rig.heeded:
        return Verdict.BLOCKED, UNHEEDED
    return _lacks("answered", rig) if need == "both" else None
