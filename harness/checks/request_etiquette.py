"""Words about how the partner asks: tokens, form, patience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_mews.checks.intervals import TRIES, grow
from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted
from pytest_mews.model import ApiCall, RequestProblem, TokenState, Transcript

TIGHT_MS = 50.0  # a retry so soon is no pause
EARLY_MS = 50.0  # clocks and rounding; what is told in whole seconds is not missed by less
ROUNDED_MS = 1_900.0  # a worker that looks every few seconds makes shorter pauses as long as that
TOO_MANY = 429

FORM = frozenset(
    {
        RequestProblem.NOT_POST,
        RequestProblem.WRONG_PATH,
        RequestProblem.PATH_SPELLING,
        RequestProblem.CONTENT_TYPE,
        RequestProblem.NOT_JSON,
        RequestProblem.NO_CLIENT_TOKEN,
        RequestProblem.WRONG_CLIENT_TOKEN,
        RequestProblem.NO_ACCESS_TOKEN,
        RequestProblem.WRONG_ACCESS_TOKEN,
        RequestProblem.INVALID_BODY,
    }
)
NAMING = frozenset({RequestProblem.NO_CLIENT, RequestProblem.CLIENT_WITHOUT_VERSION})
DATED = frozenset({RequestProblem.DEPRECATED_OPERATION, RequestProblem.DEPRECATED_EXTENT})


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
        if delivery.message.enterprise_id is not None
    }
    about = [call for call in transcript.calls if not owners.keys().isdisjoint(call.asked)]
    wrong = [
        call
        for call in about
        if any(owners.get(each, call.enterprise_id) != call.enterprise_id for each in call.asked)
    ]
    if not wrong:
        enterprises = {call.enterprise_id for call in about}
        return Observed(
            met=True,
            observed=f"{_requests(len(about))} for {counted(len(enterprises), 'enterprise')}",
            judged=len(about),
        )
    first = wrong[0]
    foreign = next(
        each for each in first.asked if owners.get(each, first.enterprise_id) != first.enterprise_id
    )
    shown = "an AccessToken that no enterprise has"
    if first.enterprise_id is not None:
        shown = f"the AccessToken of {first.enterprise_id}"
    said = (
        f"{len(wrong)} of {_requests(len(about))} asked for another enterprise's entities; first: "
        f"{first.operation} for {foreign} of {owners[foreign]} with {shown}"
    )
    return Observed(met=False, observed=said, judged=len(about))


def new_key(transcript: Transcript) -> Observed:
    """Hold when no request since the new key came used an older one.

    What was under way when it came may end as it began: where a message follows, only requests
    since that one count.
    """
    rotations = [
        place
        for place, delivery in enumerate(transcript.deliveries)
        if delivery.delivered
        and any(
            event.discriminator == "IntegrationApiKeyCreated" for event in delivery.message.events
        )
    ]
    if not rotations:
        return Observed(met=True, observed="no new key was acknowledged", judged=0)
    following = transcript.deliveries[rotations[-1] + 1 :]
    since_ms = transcript.deliveries[rotations[-1]].attempts[-1].last.ended_ms
    if following:
        since_ms = following[0].began_ms
    since = [call for call in transcript.calls if call.received_ms >= since_ms]
    old = [call for call in since if call.token is TokenState.REPLACED]
    said = f"{len(old)} of {_requests(len(since))} after the new key came bore an older one"
    return Observed(met=not old, observed=said, judged=len(since))


def waits_as_told(transcript: Transcript) -> Observed:
    """Hold when nothing that was answered with 429 was asked again before Retry-After was over.

    The time is counted from when the refused request came, not from when its answer had been
    handed over, which is noted a little late.
    """
    early, judged = [], 0
    for first, again in _retries(transcript.calls):
        if first.retry_after_s is None:
            continue
        judged += 1
        waited_ms = again.received_ms - first.received_ms
        if waited_ms < first.retry_after_s * 1000 - EARLY_MS:
            early.append((waited_ms, first.retry_after_s))
    retries = counted(judged, "retry", "retries")
    if not judged:
        return Observed(met=True, observed="no request that was told to wait came again", judged=0)
    if not early:
        return Observed(met=True, observed=f"{retries}, none before its time", judged=judged)
    waited_ms, told_s = early[0]
    said = (
        f"{len(early)} of {retries} came too early, the first {waited_ms:,.0f} ms after a request "
        f"that was answered with 429 and Retry-After: {told_s:g}"
    )
    return Observed(met=False, observed=said, judged=judged)


def no_hammering(transcript: Transcript) -> Observed:
    """Hold unless most retries of a request that was answered with 429 came at once.

    One that comes at once may be drawn by chance, or be the first of pauses that grow.
    """
    pauses = _pauses(transcript.calls)
    if not pauses:
        return Observed(met=True, observed="no request was tried again", judged=0)
    tight = sum(pause < TIGHT_MS for pause in pauses)
    said = f"{counted(len(pauses), 'retry', 'retries')}, the shortest pause {min(pauses):,.0f} ms"
    if tight:
        said += f", {tight} within {TIGHT_MS:.0f} ms"
    return Observed(met=tight * 2 <= len(pauses), observed=said, judged=len(pauses))


def backs_off(transcript: Transcript) -> Observed:
    """Hold unless the pauses before the retries of a request are all about as long: a fixed one.

    Where all are of two seconds or more they may be those of a worker that looks so often: the
    first that are meant to grow are rounded up to that.
    """
    pauses = _pauses(transcript.calls)
    said = (
        f"pauses of {', '.join(f'{pause:,.0f}' for pause in pauses)} ms" if pauses else "no retry"
    )
    if len(pauses) < TRIES:
        return Observed(met=True, observed=f"{said}: too few to see a growth", judged=0)
    grown = grow(pauses)
    if not grown and min(pauses) >= ROUNDED_MS:
        return Observed(met=True, observed=f"{said}: too long to see a growth", judged=0)
    return Observed(met=grown, observed=said, judged=len(pauses))


def _without(calls: Sequence[ApiCall], missteps: frozenset[RequestProblem]) -> Observed:
    wrong = [call for call in calls if missteps & set(call.request_problems)]
    if not wrong:
        return Observed(met=True, observed=_requests(len(calls)), judged=len(calls))
    counts = Counter(each for call in wrong for each in call.request_problems if each in missteps)
    (worst, _), *_ = counts.most_common(1)
    first = next(call for call in wrong if worst in call.request_problems)
    detail = f" ({first.message})" if first.message else ""
    said = f"{len(wrong)} of {_requests(len(calls))}: {worst}, the first {first.path}{detail}"
    return Observed(met=False, observed=said, judged=len(calls))


def _retries(calls: Sequence[ApiCall]) -> Iterable[tuple[ApiCall, ApiCall]]:
    """Pair each request that was answered with 429 with the next about the same, once answered.

    A request is the retry of one alone: of two workers that are refused at once, each comes again.
    """
    taken: set[int] = set()
    for index, call in enumerate(calls):
        if call.status != TOO_MANY or call.answered_ms is None:
            continue
        for place, again in enumerate(calls[index + 1 :], index + 1):
            late = again.received_ms >= call.answered_ms
            if late and place not in taken and _same(call, again):
                taken.add(place)
                yield call, again
                break


def _pauses(calls: Sequence[ApiCall]) -> list[float]:
    """Give the pauses before the retries of the request that was refused most often, in order."""
    chains: dict[int, list[float]] = {}  # by the place of the last request of each
    for first, again in _retries(calls):
        pause = again.received_ms - (first.answered_ms or first.received_ms)
        chains[again.number] = [*chains.pop(first.number, ()), pause]
    return max(chains.values(), key=len, default=[])


def _same(call: ApiCall, other: ApiCall) -> bool:
    """Tell whether two requests are about the same: any id in common, or none named by both."""
    if (call.operation, call.enterprise_id) != (other.operation, other.enterprise_id):
        return False
    if not call.asked:
        return not other.asked
    return not set(call.asked).isdisjoint(other.asked)


def _requests(count: int) -> str:
    return counted(count, "request")
