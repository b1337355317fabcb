"""A service that goes on to use an AccessToken that a newer one has replaced."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.observations import Observations
from pytest_mews.model import ApiCall, CauseKind, TokenState, Transcript, calls_by_entity
from pytest_mews.model.key_rotation import calls_after_rotation

CHECK = "rotated-key-used"


def find_replaced_key(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if requests after `IntegrationApiKeyCreated` use an older key."""
    unmet = {
        result.scenario.id: evidence.transcript
        for result in observations.results
        for evidence in reversed(result.evidence)
        for finding in evidence.findings
        if finding.check == CHECK and not finding.met
    }
    calls = [call for transcript in unmet.values() for call in _calls(transcript)]
    outdated = sum(call.token_state is TokenState.REPLACED for call in calls)
    if not outdated:
        return

    def was_used_for(transcript: Transcript) -> MissingEntity:
        calls = calls_by_entity(transcript.calls)
        return lambda fetch: any(
            call.token_state is TokenState.REPLACED for call in calls.get(fetch.entity_id, ())
        )

    never = "" if outdated < len(calls) else " The new one was never used."
    yield Explanation(
        CauseKind.REPLACED_KEY_USED,
        "Requests use an AccessToken after IntegrationApiKeyCreated has replaced it: "
        f"{of(outdated, len(calls))} requests after a new key, in {len(unmet):,} "
        f"scenario{'s' * (len(unmet) > 1)}.{never}",
        accounts_for_finding=lambda item: item.finding.check == CHECK,
        accounts_for_missing=was_used_for,
    )


def _calls(transcript: Transcript) -> tuple[ApiCall, ...]:
    return calls_after_rotation(transcript) or ()
