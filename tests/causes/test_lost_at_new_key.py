"""The cause of events that are lost when the AccessToken of their integration changes."""

from __future__ import annotations

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    CauseKind,
    Delivery,
    EventReference,
    Message,
    ScenarioResult,
    WebhookKind,
)
from tests.causes.observed_results import processing_result
from tests.transcript_builders import attempt, call, delivery

NEW_KEY = "IntegrationApiKeyCreated"
CHANGED_MS, SENT_MS = 300.0, 400.0


def action(name: str, integration: str, enterprise: str | None, at_ms: float) -> Delivery:
    """Script the delivery of an action; only a creation names the enterprise."""
    owner = enterprise if name == "IntegrationCreated" else None
    events = (EventReference(name, integration),)
    message = Message(WebhookKind.INTEGRATION, b"{}", events, name, enterprise_id=owner)
    return Delivery("action", message, (attempt(at_ms, 5.0),))


def new_integration(
    number: int,
    *changes: tuple[str, str],
    is_lost: bool = True,
    asks_with_new_key: bool = False,
) -> ScenarioResult:
    """Return the result of a new integration with an event before and after some actions.

    Args:
        number: of the scenario.
        changes: actions, each with the integration.
        is_lost: whether the later event leads to no request.
        asks_with_new_key: whether another request comes after the actions.

    """
    enterprise = f"enterprise-{number}"
    before, after = f"{number}-before", f"{number}-after"
    calls = [call(before, enterprise=enterprise, at_ms=200.0)]
    if asks_with_new_key or not is_lost:
        asked = before if is_lost else after
        calls.append(call(asked, enterprise=enterprise, at_ms=500.0))
    return processing_result(
        f"PROC-{number}",
        [
            action("IntegrationCreated", "first", enterprise, 0.0),
            delivery(before, enterprise=enterprise, at_ms=100.0),
            *(action(name, integration, enterprise, CHANGED_MS) for name, integration in changes),
            delivery(after, enterprise=enterprise, at_ms=SENT_MS),
        ],
        calls,
        met=not is_lost,
    )


OTHERS = new_integration(20, is_lost=False)
KEY_REPLACED = new_integration(21, (NEW_KEY, "first"))
CREATED_AGAIN = new_integration(
    31, ("IntegrationDeleted", "first"), ("IntegrationCreated", "second")
)


def test_nothing_is_requested_once_the_access_token_has_changed() -> None:
    """By a new key, or by another integration of the same enterprise."""
    (cause,) = find_causes([OTHERS, KEY_REPLACED, CREATED_AGAIN])
    assert cause.kind is CauseKind.LOST_AT_NEW_KEY
    assert cause.explains == ("PROC-21", "PROC-31")
    assert cause.summary == (
        "No request came for an integration once its AccessToken had changed, by "
        "IntegrationApiKeyCreated and IntegrationCreated: 2 acknowledged events from before and "
        "after were not fetched, while of new integrations whose AccessToken stayed all 2 were "
        "asked for."
    )


@pytest.mark.parametrize(
    "results",
    [
        [KEY_REPLACED, CREATED_AGAIN],
        [OTHERS, KEY_REPLACED, new_integration(53, (NEW_KEY, "first"), asks_with_new_key=True)],
        [
            OTHERS,
            KEY_REPLACED,
            new_integration(25, (NEW_KEY, "first"), ("IntegrationDisabled", "first")),
        ],
        [
            OTHERS,
            new_integration(21, ("IntegrationCreated", "first")),
            new_integration(31, (NEW_KEY, "unknown")),
        ],
    ],
    ids=["no-other-integration", "another-request", "another-action", "token-stays"],
)
def test_other_flaws(results: list[ScenarioResult]) -> None:
    """The change of the AccessToken explains nothing if something else may be the reason."""
    assert CauseKind.LOST_AT_NEW_KEY not in {cause.kind for cause in find_causes(results)}
