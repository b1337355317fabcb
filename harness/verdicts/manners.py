"""Words about how the partner asks: tokens, form, patience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from mews_harness.model import Call, Misstep, TokenState, Transcript
from mews_harness.verdicts.figures import Observed

TIGHT_MS = 50.0  # a retry so soon is no pause
EARLY_MS = 50.0  # clocks and rounding; what is told in whole seconds is not missed by less
GROWN = 1.5  # the longest pause as a multiple of the shortest from which on pauses grow
TRIES = 3  # pauses that are needed to see a growth
TOO_MANY = 429

FORM = frozenset(
    {
        Misstep.NOT_POST,
        Misstep.WRONG_PATH,
        Misstep.PATH_SPELLING,
        Misstep.CONTENT_TYPE,
        Misstep.NOT_JSON,
        Misstep.NO_CLIENT_TOKEN,
        Misstep.WRONG_CLIENT_TOKEN,
        Misstep.NO_ACCESS_TOKEN,
        Misstep.WRONG_ACCESS_TOKEN,
        Misstep.INVALID_BODY,
    }
)
NAMING = frozenset({Misstep.NO_CLIENT, Misstep.CLIENT_WITHOUT_VERSION})
DATED = frozenset({Misstep.DEPRECATED_OPERATION, Misstep.DEPRECATED_EXTENT})


def well_formed(transcript: Transcript) -> Observed:
    """Hold when every request had the exact path, the content type, the tokens and a valid body."""
    return _without(transcript.calls, FORM)


def names_client(transcript: Transcript) -> Observed:
    """Hold when every request said by `Client` which application it is, in which version."""
    return _without(transcript.calls, NAMING)


def up_to_date(transcript: Transcript) -> Observed:
    """Hold when no request used a deprecated operation or asked for a deprecated extent."""
    return _without(transcript.calls, DATED)


def own_token(transcript: Transcript) -> Observed:
    """Hold when entities were asked for with the AccessToken of their own enterprise alone."""
    owners = {
        event.entity_id: delivery.message.enterprise_id
        for delivery in transcript.deliveries
        for event in delivery.message.events
    }
    about = [call for call in transcript.calls if any(each in owners for each in call.asked)]
    wrong = [
        call
        for call in about
        if any(owners.get(each, call.enterprise_id) != call.enterprise_id for each in call.asked)
    ]
    if not wrong:
        enterprises = {call.enterprise_id for call in about}
        return Observed(
            met=True,
            observed=f"{len(about)} requests for {len(enterprises)} enterprises",
            judged=len(about),
        )
    first = wrong[0]
    foreign = next(
        each for each in first.asked if owners.get(each) not in {None, first.enterprise_id}
    )
    said = (
        f"{len(wrong)} of {len(about)} requests asked for another enterprise's entities; first: "
        f"{first.operation} for {foreign} of {owners[foreign]} with the AccessToken of "
        f"{first.enterprise_id or 'nobody'}"
    )
    return Observed(met=False, observed=said, judged=len(about))


def new_key(transcript: Transcript) -> Observed:
    """Hold when no request since the new key came used an older one."""
    rotations = [
        delivery.attempts[-1].last.ended_ms
        for delivery in transcript.deliveries
        if delivery.delivered
        and any(
            event.discriminator == "IntegrationApiKeyCreated" for event in delivery.message.events
        )
    ]
    if not rotations:
        return Observed(met=True, observed="no new key was acknowledged", judged=0)
    since = [call for call in transcript.calls if call.received_ms >= rotations[-1]]
    old = [call for call in since if call.token is TokenState.REPLACED]
    said = f"{len(old)} of {len(since)} requests after the new key came bore an older one"
    return Observed(met=not old, observed=said, judged=len(since))


def waits_as_told(transcript: Transcript) -> Observed:
    """Hold when nothing that was answered with 429 was asked again before Retry-After was over."""
    early, judged = [], 0
    for first, again in _retries(transcript.calls):
        if first.retry_after_s is None or first.answered_ms is None:
            continue
        judged += 1
        waited_ms = again.received_ms - first.answered_ms
        if waited_ms < first.retry_after_s * 1000 - EARLY_MS:
            early.append((waited_ms, first.retry_after_s))
    if not early:
        return Observed(
            met=True, observed=f"{judged} retries waited as they were told", judged=judged
        )
    waited_ms, told_s = early[0]
    said = (
        f"{len(early)} of {judged} retries came too early, the first {waited_ms:,.0f} ms after a "
        f"429 with Retry-After: {told_s:g}"
    )
    return Observed(met=False, observed=said, judged=judged)


def no_hammering(transcript: Transcript) -> Observed:
    """Hold when there is a pause before each retry of a request that was answered with 429."""
    pauses = _pauses(transcript.calls)
    if not pauses:
        return Observed(met=True, observed="no request was tried again", judged=0)
    said = f"{len(pauses)} retries, the shortest pause {min(pauses):,.0f} ms"
    return Observed(met=min(pauses) >= TIGHT_MS, observed=said, judged=len(pauses))


def backs_off(transcript: Transcript) -> Observed:
    """Hold when the pauses grow from one retry of the same request to the next."""
    pauses = _pauses(transcript.calls)
    said = (
        f"pauses of {', '.join(f'{pause:,.0f}' for pause in pauses)} ms" if pauses else "no retry"
    )
    if len(pauses) < TRIES:
        return Observed(met=True, observed=f"{said}: too few to see a growth", judged=0)
    return Observed(
        met=max(pauses[1:]) >= GROWN * min(pauses[:2]), observed=said, judged=len(pauses)
    )


def _without(calls: Sequence[Call], missteps: frozenset[Misstep]) -> Observed:
    wrong = [call for call in calls if missteps & set(call.missteps)]
    if not wrong:
        return Observed(met=True, observed=f"{len(calls)} requests", judged=len(calls))
    counts = Counter(each for call in wrong for each in call.missteps if each in missteps)
    (worst, _), *_ = counts.most_common(1)
    first = next(call for call in wrong if worst in call.missteps)
    detail = f" ({first.message})" if first.message else ""
    said = f"{len(wrong)} of {len(calls)} requests: {worst}, the first {first.path}{detail}"
    return Observed(met=False, observed=said, judged=len(calls))


def _retries(calls: Sequence[Call]) -> Iterable[tuple[Call, Call]]:
    """Pair each request that was answered with 429 with the next about the same, once answered."""
    for index, call in enumerate(calls):
        if call.status != TOO_MANY or call.answered_ms is None:
            continue
        for again in calls[index + 1 :]:
            if again.received_ms >= call.answered_ms and _same(call, again):
                yield call, again
                break


def _pauses(calls: Sequence[Call]) -> list[float]:
    """Give the pauses before the retries of the request that was refused most often, in order."""
    chains: dict[tuple[str, tuple[str, ...]], list[Call]] = {}
    for call in calls:
        chains.setdefault((call.operation, call.asked), []).append(call)
    refused = max(chains.values(), key=lambda c: sum(x.status == TOO_MANY for x in c), default=[])
    return [
        again.received_ms - first.answered_ms
        for first, again in pairwise(refused)
        if first.status == TOO_MANY and first.answered_ms is not None
    ]


def _same(call: Call, other: Call) -> bool:
    if (call.operation, call.enterprise_id) != (other.operation, other.enterprise_id):
        return False
    return not call.asked or not set(call.asked).isdisjoint(other.asked)
