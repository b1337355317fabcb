"""Deaths: the service ended while it was certified, which the harness found by looking for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from pytest_mews.causes.cause_phrases import seconds
from pytest_mews.causes.explanation import Explanation, MissingEntity
from pytest_mews.causes.kind_texts import remedy_if
from pytest_mews.causes.observations import DOWN, Observations, Observed
from pytest_mews.model import CauseKind, Death, ScenarioResult, Transcript, Validity, Verdict
from pytest_mews.model.death import describe_death, describe_end
from pytest_mews.model.verdict import FAILURES

MAX_FURTHER = 3  # deaths after the first that the summary describes


def find_deaths(observations: Observations) -> Iterator[Explanation]:
    """Yield one explanation for all deaths of a run; it explains what they block as well.

    A death that only the blocked scenarios have is one of a scenario that passed, or of several
    that ran concurrently.
    """
    died = [
        (result, result.death)
        for result in observations.results
        if result.death is not None and result.verdict in FAILURES
    ]
    blocked = [
        (result, result.death)
        for result in observations.results
        if result.death is not None and result.verdict is Verdict.BLOCKED
    ]
    if not died and not blocked:
        return
    shown, first = (died or blocked)[0]
    deaths = [death for _, death in died] or [first]
    explained = {result.scenario.id for result, _ in (*died, *blocked)}
    statuses = {death.status for death in deaths if death.status is not None}
    validities = {death.validity for death in deaths} - {Validity.DOCUMENTED}

    def fails_alike(item: Observed) -> bool:
        is_down = item.record.outcome in DOWN or item.record.status in statuses
        return is_down and not first.is_restart  # which comes after all other scenarios

    yield Explanation(
        CauseKind.SERVICE_DIED if first.status is None else CauseKind.OUTAGE,
        _summary(first, [result for result, _ in blocked], deaths),
        fails_alike,
        accounts_for_missing=lambda transcript: _was_lost(transcript, validities),
        accounts_for_result=lambda result: result.scenario.id in explained,
        stands_alone=True,
        shown_by=shown.scenario.id,
        remedy=remedy_if(CauseKind.SERVICE_DIED, "a restart ended it") if first.is_restart else "",
    )


def _was_lost(transcript: Transcript, validities: Collection[Validity]) -> MissingEntity:
    """Return whether an entity was acknowledged together with a message that kills.

    The service had them in memory when it died, or the message itself had them. It may have been
    away while no message was sent, so that nothing else shows it.
    """
    kills = any(
        delivery.delivered and delivery.message.validity in validities
        for delivery in transcript.deliveries
    )
    return lambda _: kills


def _summary(first: Death, blocked: Sequence[ScenarioResult], deaths: Sequence[Death]) -> str:
    if first.suspects or not first.scenario_id:
        text = describe_death(first)
    else:
        waited = seconds(first.waited_s * 1000)
        fate = "came back after" if first.returned else "did not come back within"
        text = f"{describe_end(first, f' at {first.scenario_id},')}, and {fate} {waited}"
    further = [
        f"at {death.scenario_id}, "
        + (
            "when the harness restarted it"
            if death.is_restart
            else f'of the message "{death.message}"'
        )
        for death in [death for death in deaths[1:] if death.scenario_id][:MAX_FURTHER]
    ]
    if further:
        text += f"; again {', '.join(further)} ({len(deaths)} times in this run)"
    count = len(blocked)
    rest = f": {count:,} scenario{'s' * (count > 1)} could not run" if count else ""
    return f"{text[0].upper()}{text[1:]}{rest}."
