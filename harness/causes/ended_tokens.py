"""A service that goes on to use an AccessToken that an action has ended: replaced, or inactive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from pytest_mews.causes.cause_phrases import listed, of
from pytest_mews.causes.explanation import Explanation, MissingEntity, UnmetFinding
from pytest_mews.causes.observations import Observations
from pytest_mews.mews.lifecycle import API_KEY_CREATED, STATE_AFTER, IntegrationState
from pytest_mews.model import ApiCall, CauseKind, TokenState, Transcript
from pytest_mews.model.key_rotation import calls_after_rotation

OUTDATED_CHECK = "rotated-key-used"
INACTIVE_CHECK = "not-fetched"
DEACTIVATING = frozenset(
    action for action, state in STATE_AFTER.items() if state is not IntegrationState.ENABLED
)


def find_ended_tokens(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if requests use an AccessToken after an action has ended it.

    One that a newer one has replaced is a kind of its own, unless other actions are ignored too.
    """
    unmet = [
        UnmetFinding(result, evidence, finding)
        for result in observations.results
        for evidence in result.evidence
        for finding in evidence.findings
        if not finding.met
    ]
    outdated = {
        item.result.scenario.id: item.evidence.transcript
        for item in reversed(unmet)
        if item.finding.check == OUTDATED_CHECK
    }
    calls = [call for transcript in outdated.values() for call in _after_rotation(transcript)]
    outdated_count = sum(call.token_state is TokenState.REPLACED for call in calls)
    counts = _count_inactive(item for item in unmet if item.finding.check == INACTIVE_CHECK)
    if outdated_count:
        counts[API_KEY_CREATED] = outdated_count
    if len(counts) > 1:
        figures = [f"{count:,} after {action}" for action, count in sorted(counts.items())]
        yield Explanation(
            CauseKind.ENDED_TOKEN_USED,
            f"Requests use an AccessToken that an action has ended: {listed(figures)}.",
            accounts_for_finding=_is_about_ended_token,
            accounts_for_missing=_last_requested_with(TokenState.REPLACED, TokenState.INACTIVE),
        )
    elif outdated_count:
        never = "" if outdated_count < len(calls) else " The new one was never used."
        yield Explanation(
            CauseKind.REPLACED_KEY_USED,
            "Requests use an AccessToken after IntegrationApiKeyCreated has replaced it: "
            f"{of(outdated_count, len(calls))} requests after a new key, in {len(outdated):,} "
            f"scenario{'s' * (len(outdated) > 1)}.{never}",
            accounts_for_finding=lambda item: item.finding.check == OUTDATED_CHECK,
            accounts_for_missing=_last_requested_with(TokenState.REPLACED),
        )


def _after_rotation(transcript: Transcript) -> tuple[ApiCall, ...]:
    return calls_after_rotation(transcript) or ()


def _count_inactive(unmet: Iterable[UnmetFinding]) -> Counter[str]:
    """Return how many requests had the token of an inactive integration, by the last action.

    Args:
        unmet: findings that entities were requested which must not be.

    """
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    for item in unmet:
        if item.result.scenario.id in seen:
            continue
        seen.add(item.result.scenario.id)
        transcript = item.evidence.transcript
        for call in _inactive(transcript):
            if (action := _last_action(transcript, call)) in DEACTIVATING:
                counts[action] += 1
    return counts


def _inactive(transcript: Transcript) -> Sequence[ApiCall]:
    return [call for call in transcript.calls if call.token_state is TokenState.INACTIVE]


def _last_action(transcript: Transcript, call: ApiCall) -> str:
    """Return the last known action that was accepted before a call; empty without one."""
    actions = [
        event.discriminator
        for delivery in transcript.deliveries
        if delivery.delivered and delivery.started_ms < call.received_ms
        for event in delivery.message.events
        if event.discriminator in STATE_AFTER
    ]
    return actions[-1] if actions else ""


def _is_about_ended_token(item: UnmetFinding) -> bool:
    """Return whether a finding is about an outdated key, or about an inactive integration."""
    if item.finding.check == INACTIVE_CHECK:
        return bool(_inactive(item.evidence.transcript))
    return item.finding.check == OUTDATED_CHECK


def _last_requested_with(*states: TokenState) -> Callable[[Transcript], MissingEntity]:
    """Account for entities whose last request had a token in one of these states."""

    def of_transcript(transcript: Transcript) -> MissingEntity:
        last = {
            entity_id: call.token_state
            for call in transcript.calls
            for entity_id in call.requested_ids
        }
        return lambda fetch: last.get(fetch.entity_id) in states

    return of_transcript
