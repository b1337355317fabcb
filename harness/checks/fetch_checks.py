"""Words about what the partner fetched of that which it acknowledged.

An entity counts as fetched when it was in an answer that the partner could read, however it asked,
to a request that arrived since the API knew what the last message about it says, just before that
was first sent. What was not acknowledged is owed to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted, times
from pytest_mews.model import (
    OPERATIONS_BY_DISCRIMINATOR,
    ApiCall,
    Attempt,
    EntityFetch,
    TokenState,
    Transcript,
    entity_fetches,
)
from pytest_mews.model.exchange import INJECTED, TIMEOUTS

BATCHED = 0.2  # requests per entity from which on they are no batches
FEW = 10  # entities; of fewer nothing is said about batches
QUOTA = 200  # requests per AccessToken within 30 s (guidelines/requests)
STRAGGLERS = 2  # requests for one thing that may come while nothing is sent
PATIENT_MS = 1_000.0  # a request that takes so long is none to wait for before answering


def fetched(transcript: Transcript) -> Observed:
    """Hold when every entity of the acknowledged messages was fetched."""
    owed = entity_fetches(transcript.deliveries, transcript.calls)
    if not owed:
        return Observed(met=True, observed="no message was acknowledged", judged=0)
    missing = [link for link in owed if link.fetched_ms is None]
    if not missing:
        return Observed(met=True, observed=_in_figures(owed, transcript.calls), judged=len(owed))
    first = missing[0]
    said = (
        f"{len(missing)} of {_entities(len(owed))} not fetched after the acknowledgement; "
        f"first: {first.discriminator} {first.entity_id}{_fate(first, transcript.calls)}"
    )
    return Observed(met=False, observed=said + _excuse(transcript.calls), judged=len(owed))


def fetched_once(transcript: Transcript) -> Observed:
    """Hold when no entity was fetched by its id more often than messages about it came.

    A request by an interval may have been made for something else, and gives what it finds.
    """
    taken = [
        each for each in entity_fetches(transcript.deliveries, transcript.calls) if each.fetches
    ]
    often = [link for link in taken if link.named > link.copies]
    if not often:
        most = max((link.named for link in taken), default=0)
        said = f"{_entities(len(taken))} fetched, none by its id more than {times(most)}"
        if not most:
            said = f"{_entities(len(taken))} fetched, none by its id"
        return Observed(met=True, observed=said, judged=len(taken))
    worst = max(often, key=lambda link: link.named / link.copies)
    said = (
        f"{len(often)} of {_entities(len(taken))} fetched more often than delivered; "
        f"{worst.discriminator} {worst.entity_id} was delivered {times(worst.copies)} and fetched "
        f"{times(worst.named)}"
    )
    return Observed(met=False, observed=said, judged=len(taken))


def fetched_as_one(transcript: Transcript) -> Observed:
    """Hold when each entity was fetched once, however many events of the message named it.

    For a message that was sent again it may be once more; requests by an interval do not count.
    """
    taken = [
        each for each in entity_fetches(transcript.deliveries, transcript.calls) if each.fetches
    ]
    often = [link for link in taken if link.named > link.copies]
    said = f"{_entities(len(taken))} fetched"
    if often:
        first = often[0]
        said = (
            f"{len(often)} of {_entities(len(taken))} fetched for each event; {first.entity_id} "
            f"{times(first.named)} after {counted(first.copies, 'message')}"
        )
    return Observed(met=not often, observed=said, judged=len(taken))


def batched(transcript: Transcript) -> Observed:
    """Hold when the entities of a large batch were fetched by far fewer requests than entities."""
    owed = entity_fetches(transcript.deliveries, transcript.calls)
    taken = [link for link in owed if link.fetches]
    calls = [call for call in transcript.calls if call.returned and call.answered_ok]
    said = f"{_requests(len(calls))} for {_entities(len(taken))}; the limit is {QUOTA} within 30 s"
    if len(taken) < FEW:
        return Observed(met=True, observed=said, judged=0)
    return Observed(
        met=len(calls) <= max(FEW, BATCHED * len(taken)), observed=said, judged=len(taken)
    )


def not_fetched(transcript: Transcript) -> Observed:
    """Hold when nobody asked for an entity of these messages.

    Whoever reads by an interval does not say what for: that counts only where the integration of
    the message has no valid token any more, so that nothing at all is to be asked for it.
    """
    ids = {each.entity_id for d in transcript.deliveries for each in d.message.events}
    about = [
        call
        for call in transcript.calls
        if not ids.isdisjoint(call.asked) or _reads_in_vain(call, transcript)
    ]
    if not about:
        return Observed(
            met=True, observed=f"no request about {_entities(len(ids))}", judged=len(ids)
        )
    first = about[0]
    said = f"{_requests(len(about))} about them, the first {first.operation}{_whose(first)}"
    return Observed(met=False, observed=said, judged=len(ids))


def found_later(transcript: Transcript) -> Observed:
    """Tell whether what no message could tell was found all the same; nobody has to find it."""
    ids = {each.entity_id for d in transcript.deliveries for each in d.message.events}
    found = ids & {each for call in transcript.calls if call.answered_ok for each in call.returned}
    if not found:
        said = "not looked for as long as was watched; nothing documented asks for it"
        return Observed(met=True, observed=said, judged=0)
    said = f"{len(found)} of {_entities(len(ids))} found without a message"
    return Observed(met=True, observed=said, judged=len(ids))


def answers_first(transcript: Transcript) -> Observed:
    """Hold when no message's answer waited for a slow request about its entities."""
    waited = []
    judged = 0
    for delivery in transcript.deliveries:
        ids = {event.entity_id for event in delivery.message.events}
        about = [
            call for call in transcript.calls if not ids.isdisjoint({*call.asked, *call.returned})
        ]
        attempts = [each for each in delivery.attempts if each.outcome not in INJECTED]
        judged += bool(attempts)
        spent = [ms for each in attempts if (ms := _waited_ms(each, about)) >= PATIENT_MS]
        if spent:
            waited.append((delivery, spent[0]))
    if not waited:
        answers = (each.last.answer_ms for d in transcript.deliveries for each in d.attempts)
        slowest = max((ms for ms in answers if ms is not None), default=0.0)
        return Observed(
            met=True,
            observed=f"slowest answer {slowest:,.0f} ms while the API was slow",
            judged=judged,
        )
    delivery, ms = waited[0]
    said = (
        f"{len(waited)} of {counted(judged, 'message')} not answered before a request to the API "
        f"was; {delivery.message.description}: {ms:,.0f} ms after it was asked"
    )
    return Observed(met=False, observed=said, judged=judged)


def quiet(transcript: Transcript) -> Observed:
    """Hold when nothing was asked again and again while nothing was delivered.

    A look at everything once in a while is sound, so that it counts how often one operation was
    asked for an enterprise, further pages aside.

    What is refused is asked because of something earlier, and again after a growing pause: that of
    an integration that was switched off, which may be switched on again.
    """
    asked = [call for call in transcript.calls if not call.continues]
    calls = [call for call in asked if not call.refused]
    refused = len(asked) - len(calls)
    said = f"{_requests(len(calls))} while nothing was sent"
    aside = f"; {counted(refused, 'refused one')} aside" if refused else ""
    named = Counter((call.operation, call.enterprise_id) for call in calls)
    ((operation, _), most), *_ = named.most_common(1) or [(("", None), 0)]
    if most > STRAGGLERS:
        said += f", {most} of them {operation} for one enterprise"
    return Observed(met=most <= STRAGGLERS, observed=said + aside, judged=max(1, len(calls)))


def _waited_ms(attempt: Attempt, about: Sequence[ApiCall]) -> float:
    """Tell how long before the end of an attempt the first request came that it waited for.

    An answer that came before the one to a request did not wait for that; where none came at all
    the attempt may have waited for any. 0 where there is no such request.
    """
    began, ended = attempt.exchanges[0].started_ms, attempt.last.ended_ms
    timed_out = attempt.outcome in TIMEOUTS
    first = min(
        (
            call.received_ms
            for call in about
            if began <= call.received_ms <= ended
            and (timed_out or _over_by(call, ended) - call.received_ms >= PATIENT_MS)
        ),
        default=ended,
    )
    return ended - first


def _over_by(call: ApiCall, ended_ms: float) -> float:
    """Give when a request was over; where it was not by then, as if it had taken no time."""
    over = call.answered_ms
    return over if over is not None and over <= ended_ms else call.received_ms


def _reads_in_vain(call: ApiCall, transcript: Transcript) -> bool:
    """Tell whether a request reads by an interval what a message is about, with a dead token."""
    if call.token is not TokenState.INACTIVE or call.asked:
        return False
    return any(
        delivery.message.enterprise_id == call.enterprise_id
        and call.received_ms >= delivery.began_ms
        and call.operation in OPERATIONS_BY_DISCRIMINATOR.get(event.discriminator, ())
        for delivery in transcript.deliveries
        for event in delivery.message.events
    )


def _in_figures(owed: Sequence[EntityFetch], calls: Sequence[ApiCall]) -> str:
    delays = [
        max(0.0, link.fetched_ms - link.acknowledged_ms)
        for link in owed
        if link.fetched_ms is not None
    ]
    requests = sum(bool(call.returned) and call.answered_ok for call in calls)
    said = f"{_entities(len(owed))} fetched by {_requests(requests)}"
    if len(delays) == 1:
        return f"{said}, {delays[0]:,.0f} ms after the answer"
    return (
        f"{said}, half of them within {median(delays):,.0f} ms of the answer, the last after "
        f"{max(delays):,.0f} ms"
    )


def _fate(link: EntityFetch, calls: Sequence[ApiCall]) -> str:
    if link.in_flight:
        return ", a request for it was still being answered"
    if unread := _unread(link, calls):
        return unread
    if link.asked_ms is not None:
        return ", it was asked for, but not given"
    foreign = [
        call
        for call in calls
        if link.entity_id in call.asked and call.enterprise_id != link.enterprise_id
    ]
    if foreign:
        return f", it was asked for{_whose(foreign[0]) or ' with a token that is not known'}"
    return ", never asked for" if not link.fetches else ", not asked for again after it changed"


def _unread(link: EntityFetch, calls: Sequence[ApiCall]) -> str:
    """Say what was left unread where it was asked for by its id; empty where nothing was.

    Of a look by an interval the pages that hold nothing of the play are not known.
    """
    about = [
        call
        for call in calls
        if link.entity_id in call.asked
        and call.enterprise_id == link.enterprise_id
        and call.operation in OPERATIONS_BY_DISCRIMINATOR[link.discriminator]
        and call.received_ms >= link.sent_ms
    ]
    paged = [call.cursor for call in about if call.answered_ok and call.cursor is not None]
    further = [call.cursor for call in about if call.continues]
    if not paged:
        return ""
    if not further:
        return ", the answer had further pages, and the next was not read"
    same = next((each for each in further if each is not None and paged.count(each) > 1), None)
    if same is None:
        return ""
    return f", one page was read {times(paged.count(same))}, and the one after it not"


def _excuse(calls: Sequence[ApiCall]) -> str:
    """Say what was answered to requests that failed, for there lies the cause."""
    failed = Counter(
        f"{call.status} {call.message}".strip()
        for call in calls
        if call.fault is None and call.refused
    )
    if not failed:
        return ""
    (answer, times), *_ = failed.most_common(1)
    were = "was" if times == 1 else "were"
    return f"; {times} of {_requests(len(calls))} {were} answered with {answer}"


def _whose(call: ApiCall) -> str:
    return f" with the AccessToken of {call.enterprise_id}" if call.enterprise_id else ""


def _entities(count: int) -> str:
    return counted(count, "entity", "entities")


def _requests(count: int) -> str:
    return counted(count, "request")
