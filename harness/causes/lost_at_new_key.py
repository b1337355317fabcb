"""Integrations of which nothing is requested any more once their AccessToken has changed.

A queue that is dropped with the client that had the old AccessToken is the usual reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pytest_mews.causes.cause_phrases import listed, of
from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.missing_entities import awaits_fetches, met_no_error, missing_entities
from pytest_mews.causes.observations import Observations
from pytest_mews.mews.lifecycle import API_KEY_CREATED, CREATED
from pytest_mews.model import (
    CauseKind,
    Delivery,
    EntityFetch,
    Transcript,
    WebhookKind,
    entity_fetches,
    entity_key,
    last_actions,
)
from pytest_mews.model.verdict import FAILURES, Verdict

LASTING = FAILURES - {Verdict.FLAKY}  # what is lost by chance is mostly not lost again
MIN_LOST = 2  # entities
MIN_OTHERS = 2  # entities of new integrations whose AccessToken has not changed
MIN_SHARE = 0.95  # of these that are asked for


def find_lost_at_new_key(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if the change of an AccessToken is the end of an integration's events.

    Events of others, whose AccessToken stays, are asked for.
    """
    lost: dict[str, str] = {}  # by id, the action that changed the AccessToken
    for result in observations.results:
        for unmet in unmet_findings(result) if result.verdict in LASTING else ():
            action_of = _actions_before_silence(unmet.evidence.transcript)
            found = {fetch.entity_id: action_of(fetch) for fetch in missing_entities(unmet)}
            lost |= {entity_id: action for entity_id, action in found.items() if action}
    others = [
        fetch.requested_ms is not None
        for result in observations.results
        if awaits_fetches(result)
        for evidence in result.evidence
        for fetch in _with_lasting_token(evidence.transcript)
    ]
    asked = sum(others)
    if len(lost) < MIN_LOST or asked < max(MIN_OTHERS, MIN_SHARE * len(others)):
        return

    def is_lost(transcript: Transcript) -> MissingEntity:
        action_of = _actions_before_silence(transcript)
        return lambda fetch: bool(action_of(fetch))

    yield Explanation(
        CauseKind.LOST_AT_NEW_KEY,
        "No request came for an integration once its AccessToken had changed, by "
        f"{listed(sorted(set(lost.values())))}: {len(lost):,} acknowledged events from before and "
        "after were not fetched, while of new integrations whose AccessToken stayed "
        f"{of(asked, len(others))} were asked for.",
        accounts_for_missing=is_lost,
    )


def _actions_before_silence(transcript: Transcript) -> Callable[[EntityFetch], str]:
    """Return a function with the action that ended all requests for an entity's integration.

    Empty if a request came after its AccessToken had changed, or if another action, such as
    IntegrationDisabled, may be the reason why none came.
    """
    changes = _token_changes(transcript.deliveries)
    last = last_actions(transcript.deliveries)
    asked_ms: dict[str | None, float] = {}
    for call in transcript.calls:
        asked_ms[call.enterprise_id] = call.received_ms

    def action_of(fetch: EntityFetch) -> str:
        owner = fetch.enterprise_id
        action, changed_ms = changes.get(owner, ("", 0.0))
        is_silent = asked_ms.get(owner, 0.0) < changed_ms
        return action if is_silent and last[owner, entity_key(fetch)] == CREATED else ""

    return action_of


def _token_changes(deliveries: Iterable[Delivery]) -> dict[str | None, tuple[str, float]]:
    """Return by enterprise the last acknowledged action that changed its AccessToken, and when."""
    enterprises: dict[str, str | None] = {}  # by integration id; only the creation names it
    changes: dict[str | None, tuple[str, float]] = {}
    for delivery in deliveries:
        message = delivery.message
        if not delivery.delivered or message.kind is not WebhookKind.INTEGRATION:
            continue
        for event in message.events:
            if event.discriminator == CREATED and event.entity_id not in enterprises:
                owner = message.token_owner
                if owner in enterprises.values():
                    changes[owner] = CREATED, delivery.started_ms
                enterprises[event.entity_id] = owner
            elif event.discriminator == API_KEY_CREATED and event.entity_id in enterprises:
                changes[enterprises[event.entity_id]] = API_KEY_CREATED, delivery.started_ms
    return changes


def _with_lasting_token(transcript: Transcript) -> Iterator[EntityFetch]:
    """Yield the entities of integrations that were created, and whose AccessToken did not change.

    Not of an execution with injected errors.
    """
    if not met_no_error(transcript):
        return
    changes = _token_changes(transcript.deliveries)
    last = last_actions(transcript.deliveries)
    for fetch in entity_fetches(transcript.deliveries, transcript.calls):
        owner = fetch.enterprise_id
        if owner not in changes and last[owner, entity_key(fetch)] == CREATED:
            yield fetch
